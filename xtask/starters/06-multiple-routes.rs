//! Serve three collections from routes that stay organized as they grow.
//!
//! The prompt is in README.md. The server and a first route are given; add the other routes, the
//! handlers and the data.
//! Change anything you like: how the routes are organized is the question.
//!
//! Run it with `cargo xtask run 6`, and check it on every save with `cargo xtask watch 6`.

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
    // TODO: Add /posts and /comments, organized so that ten collections stay readable.
    cfg.service(web::resource("/users").get(list_users));
}

async fn list_users() -> HttpResponse {
    // TODO: Return 200 with all users as a JSON array.
    shared::not_implemented(())
}
