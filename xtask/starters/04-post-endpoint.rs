//! Create a user from a JSON body and give it a unique id.
//!
//! The prompt is in README.md. The route and the shared state are given; write the handler, and the
//! fields of `NewUser` and `UserIds`.
//! Change anything you like: the signature, the return type and the types are a starting point.
//!
//! Run it with `cargo xtask run 4`, and check it on every save with `cargo xtask watch 4`.

use actix_web::{App, HttpResponse, HttpServer, web};
use serde::Deserialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let ids = web::Data::new(UserIds::default());
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(ids.clone()).configure(routes)
    })
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

async fn create_user(ids: web::Data<UserIds>, new: web::Json<NewUser>) -> HttpResponse {
    // TODO: Return 201 with the new user, or 400 if the name or the email is missing.
    shared::not_implemented((ids, new))
}

#[derive(Deserialize)]
struct NewUser {
    // TODO: Declare the properties of the request body.
}

#[derive(Default)]
struct UserIds {
    // TODO: Keep what is needed to give every user a different id.
}
