//! Respond with the status code that the path names.
//!
//! The prompt is in README.md. The route is given; write the handler.
//! Change anything you like: the signature, the return type and the routes are a starting point.
//!
//! Run it with `cargo xtask run 7`, and check it on every save with `cargo xtask watch 7`.

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
    cfg.service(web::resource("/status/{code}").get(respond_with_status));
}

async fn respond_with_status(code: web::Path<String>) -> HttpResponse {
    // TODO: Return the requested status and its JSON body, or 400 if the code is invalid.
    shared::not_implemented(code)
}
