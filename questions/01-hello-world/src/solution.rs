//! Answer `GET /` with a JSON greeting.
//!
//! A handler is an async function whose return value knows how to become a response. A
//! `#[derive(Serialize)]` struct keeps the body typed, so a misspelt key does not compile;
//! `serde_json::json!` would be shorter, and nothing would check it.
//!
//! `HEAD` is a route like any other in actix-web: it is registered with the same handler, and the
//! server leaves the body out.
//!
//! Run it with `cargo run -p q01-hello-world`, then `curl -i http://127.0.0.1:3000/`.

use actix_web::{App, HttpServer, web};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    HttpServer::new(|| App::new().wrap(shared::json_errors()).configure(routes))
        .workers(shared::workers())
        .shutdown_timeout(3)
        .listen(shared::listen!()?)?
        .run()
        .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/").get(greet).head(greet));
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}
