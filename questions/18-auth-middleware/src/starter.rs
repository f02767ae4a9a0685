//! Let only callers with the right key in, and tell the handler who is calling.
//!
//! The prompt is in README.md. The server, its routes and the public handler are given, and so is a
//! middleware around `/protected` that lets everybody through; who gets in, and how the handler
//! learns who it is, are yours. Change whatever you like.
//!
//! Run it with `cargo xtask run 18`, and judge it on every save with `cargo xtask watch 18`.

use actix_web::{
    App, HttpResponse, HttpServer, Result,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::{Next, from_fn},
    web,
};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let api_key = web::Data::new(ApiKey::read()?);
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(api_key.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/").get(greet))
        .service(web::resource("/protected").get(grant_access).wrap(from_fn(authenticate)));
}

async fn authenticate(
    api_key: web::Data<ApiKey>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>> {
    // TODO: 401 for who has not the right key; for who has, a user that the handler can see.
    drop(api_key);
    next.call(request).await
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

async fn grant_access() -> HttpResponse {
    // TODO: 200 with the user that the middleware has found.
    shared::not_implemented(())
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}

struct ApiKey {
    // TODO: the key that callers must have.
}

impl ApiKey {
    fn read() -> Result<Self, shared::StartError> {
        // TODO: the key from the environment, or an error that names the variable.
        Ok(Self {})
    }
}
