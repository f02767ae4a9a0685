//! Let browsers of every origin call the API with credentials.
//!
//! The prompt is in README.md. The server is given, and `cors` is wrapped around it already; what
//! it allows is yours, and so is the handler.
//!
//! Run it with `cargo xtask run 11`, and judge it on every save with `cargo xtask watch 11`.

use actix_cors::Cors;
use actix_web::{App, HttpResponse, HttpServer, web};

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
    // TODO: every origin may call with credentials, with the methods and headers of the prompt.
    Cors::default()
}

async fn greet() -> HttpResponse {
    // TODO: 200 with any JSON.
    shared::not_implemented(())
}
