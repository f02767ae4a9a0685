//! Reject an invalid user and report every error at once.
//!
//! The prompt is in README.md. The route and the signature are given; declare the properties of a
//! user and their rules, and write the handler.
//! Change anything you like: names, signatures, types and crates.
//!
//! Run it with `cargo xtask run 12`, and check it on every save with `cargo xtask watch 12`.

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
    // TODO: Return 201 with the user, or 400 with one message per problem.
    shared::not_implemented(user)
}

#[derive(Serialize, Deserialize, Validate)]
struct User {
    // TODO: Declare the properties of a user, and the rules for each.
}
