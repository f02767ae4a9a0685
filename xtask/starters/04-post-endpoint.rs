//! Create a user from a JSON body and give it an id of its own.
//!
//! The prompt is in README.md. Route and signature are given; the handler is yours, and so is what
//! `NewUser` and `UserIds` hold. Change whatever you like.
//!
//! Run it with `cargo xtask run 4`, and judge it on every save with `cargo xtask watch 4`.

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
    // TODO: 201 with the new user, or 400 without a name or an email.
    shared::not_implemented((ids, new))
}

#[derive(Deserialize)]
struct NewUser {
    // TODO: the members of a new user.
}

#[derive(Default)]
struct UserIds {
    // TODO: what makes every id a new one.
}
