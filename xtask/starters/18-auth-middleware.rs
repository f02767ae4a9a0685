//! Let only callers with the right key in, and tell the handler who is calling.
//!
//! The prompt is in README.md. The server, its routes, the public handler and the key are given; the
//! middleware around `/protected`, and how the handler learns who is calling, are yours.
//! Change anything you like: names, signatures, types and crates.
//!
//! Run it with `cargo xtask run 18`, and check it on every save with `cargo xtask watch 18`.

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
) -> Result<ServiceResponse> {
    // TODO: 401 without the right key. With it, call `next`, so that the handler runs and can see
    // the user. `map_into_boxed_body()` gives both responses one type.
    let response = shared::not_implemented((&api_key.0, next));
    Ok(request.into_response(response))
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

async fn grant_access() -> HttpResponse {
    // TODO: 200 with the message and the user that the middleware found.
    shared::not_implemented("Access granted")
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}

/// The key of the only user. Without `Debug` and `Serialize` it cannot get into a log or a response.
struct ApiKey(String);

impl ApiKey {
    fn read() -> Result<Self, shared::StartError> {
        shared::secret("API_KEY", "secret123", 1).map(Self)
    }
}
