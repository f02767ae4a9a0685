//! Let web pages of any origin call the API with credentials.
//!
//! The prompt is in README.md. The server and its route are given, and `cors()` is already wrapped
//! around the app; configure what it allows.
//! Change anything you like: the signature, the middleware and the routes are a starting point.
//!
//! Run it with `cargo xtask run 11`, and check it on every save with `cargo xtask watch 11`.

use actix_cors::Cors;
use actix_web::{App, HttpServer, web};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    HttpServer::new(|| App::new().wrap(cors()).wrap(shared::json_errors()).configure(routes))
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
    // TODO: Allow every origin, credentials, and the methods and headers of the prompt.
    Cors::default()
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}
