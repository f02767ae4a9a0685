//! Refuse an invalid user and name every mistake at once.
//!
//! The prompt is in README.md. Route and signature are given; the members of a user, their rules
//! and the answer are yours. Change whatever you like.
//!
//! Run it with `cargo xtask run 12`, and judge it on every save with `cargo xtask watch 12`.

use actix_web::{App, HttpResponse, HttpServer, web};
use serde::{Deserialize, Serialize};
use validator::Validate;

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
    cfg.service(web::resource("/users").post(create_user));
}

async fn create_user(user: web::Json<User>) -> HttpResponse {
    // TODO: 201 with the user, or 400 with everything that is wrong with it.
    shared::not_implemented(user)
}

#[derive(Serialize, Deserialize, Validate)]
struct User {
    // TODO: the members of a user, and what must hold of each.
}
