//! Serve three collections from routes that stay in order as they grow.
//!
//! The prompt is in README.md. The server and a first route are given; the rest is yours, and so
//! is the order of it. Change whatever you like.
//!
//! Run it with `cargo xtask run 6`, and judge it on every save with `cargo xtask watch 6`.

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
    // TODO: users, posts and comments, in an order that a tenth collection would not spoil.
    cfg.service(web::resource("/users").get(list_users));
}

async fn list_users() -> HttpResponse {
    // TODO: 200 with the users.
    shared::not_implemented(())
}
