//! Respond to `GET /` with a JSON greeting.
//!
//! The prompt is in README.md. The server is given; write the handler.
//! Change anything you like: the signature, the return type and the routes are a starting point.
//!
//! Run it with `cargo xtask run 1`, and check it on every save with `cargo xtask watch 1`.

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
    cfg.service(web::resource("/").get(greet));
}

async fn greet() -> HttpResponse {
    // TODO: Return 200 with the greeting as JSON.
    shared::not_implemented(())
}
