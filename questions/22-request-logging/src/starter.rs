//! Append one line to a log file for every request.
//!
//! The prompt is in README.md. The server and its one route are given; the log is yours.
//! Change whatever you like.
//!
//! Run it with `cargo xtask run 22`, and judge it on every save with `cargo xtask watch 22`.

use actix_web::{App, HttpServer, web};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    // TODO: one line in LOG_FILE for every request, in the format that APP_ENV asks for.
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
