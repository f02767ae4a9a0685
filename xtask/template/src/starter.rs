//! Respond to `GET /answer` with a number.
//!
//! The prompt is in README.md. The server and its route are given; write the handler.
//! Change anything you like: names, signatures, types and crates.
//!
//! Run it with `cargo xtask run {{number}}`, and check it on every save with `cargo xtask watch {{number}}`.

use actix_web::{App, HttpResponse, HttpServer, web};

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
    cfg.service(web::resource("/answer").get(get_answer));
}

async fn get_answer() -> HttpResponse {
    // TODO: respond with 200 and the number as JSON.
    shared::not_implemented(())
}
