//! Print one line for every request, then let the request continue.
//!
//! The prompt is in README.md. The server and its route are given; write the middleware.
//! Change anything you like.
//!
//! Run it with `cargo xtask run 8`, and check it on every save with `cargo xtask watch 8`.

use actix_web::{App, HttpServer, web};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    // TODO: Print one line to stdout for every request, whether or not a route matches it.
    HttpServer::new(|| App::new().wrap(shared::json_errors()).configure(routes))
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

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}
