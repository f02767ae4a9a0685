//! Answer every undefined route with one JSON 404.
//!
//! The prompt is in README.md. The server and its one route are given; what happens to all other
//! requests is yours. `shared::json_errors()`, which the other starters wrap their app in, is left
//! out: it would answer for you.
//!
//! Run it with `cargo xtask run 9`, and judge it on every save with `cargo xtask watch 9`.

use actix_web::{App, HttpServer, web};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    HttpServer::new(|| App::new().configure(routes))
        .workers(shared::workers())
        .shutdown_timeout(3)
        .listen(shared::listen!()?)?
        .run()
        .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/").get(greet));
    // TODO: 404 as JSON for what is not defined here, and a JSON answer to a wrong method.
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}
