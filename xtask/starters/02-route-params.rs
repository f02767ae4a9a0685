//! Read an id from the path and hand it back.
//!
//! The prompt is in README.md. The server and its route are given; the handler is yours.
//!
//! Run it with `cargo xtask run 2`, and judge it on every save with `cargo xtask watch 2`.

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
    cfg.service(web::resource("/users/{id}").get(find_user));
}

async fn find_user() -> HttpResponse {
    // TODO: 200 with the id from the path.
    shared::not_implemented(())
}
