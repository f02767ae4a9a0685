//! Let browsers of every origin call the API with credentials.
//!
//! A browser hands an answer to a page of another origin only if headers say so, and asks with a
//! preflight first where the request could change something. With credentials `*` is no answer:
//! the origin itself has to come back, and `Vary: Origin` keeps caches from mixing up two origins.
//!
//! actix-cors does all of that, and allows credentials even if a request names no origin, so a
//! middleware around it takes this back. What is wrapped last runs first: `json_errors` sees the
//! preflights that are refused as well. Every origin is what the prompt asks; outside an exercise
//! it lends a user's session to any page, and `allowed_origin` names the few that are trusted.
//!
//! Run it with `cargo run -p q11-cors`, then
//! `curl -i -H 'origin: https://app.example' http://127.0.0.1:3000/`.

use actix_cors::Cors;
use actix_web::{
    App, HttpServer, Result,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::{Next, from_fn},
    web,
};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    HttpServer::new(|| {
        App::new()
            .wrap(cors())
            .wrap(from_fn(speak_cors_to_origins_only))
            .wrap(shared::json_errors())
            .configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/").get(greet));
}

fn cors() -> Cors {
    Cors::default()
        .allow_any_origin()
        .supports_credentials()
        .allowed_methods(["GET", "POST", "PUT", "DELETE"])
        .allowed_headers([header::CONTENT_TYPE, header::AUTHORIZATION])
}

async fn speak_cors_to_origins_only(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>> {
    let has_origin = request.headers().contains_key(header::ORIGIN);
    let mut response = next.call(request).await?;
    if !has_origin {
        response.headers_mut().remove(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
    }
    Ok(response)
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}
