//! Answer with the status code the path asks for.
//!
//! The prompt is in README.md. The route is given; the handler is yours. Change whatever you like.
//!
//! Run it with `cargo xtask run 7`, and judge it on every save with `cargo xtask watch 7`.

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
    cfg.service(web::resource("/status/{code}").get(answer_with_status));
}

async fn answer_with_status(code: web::Path<String>) -> HttpResponse {
    // TODO: the status that was asked for, with a report as JSON, or 400 if there is no such code.
    shared::not_implemented(code)
}
