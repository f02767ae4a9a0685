//! Register users and log them in without ever keeping a password.
//!
//! The prompt is in README.md. Routes, signatures and the cost are given; the two handlers are
//! yours, and so is what `Users` holds. Change whatever you like.
//!
//! Run it with `cargo xtask run 26`, and judge it on every save with `cargo xtask watch 26`.

use std::env;

use actix_web::{App, HttpResponse, HttpServer, web};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let users = web::Data::new(Users::new(bcrypt_cost()?)?);
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(users.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/register").post(register_user))
        .service(web::resource("/login").post(log_in))
        .service(web::resource("/health").get(show_health));
}

async fn register_user(
    users: web::Data<Users>,
    credentials: web::Json<Credentials>,
) -> HttpResponse {
    // TODO: 201 once the user can log in, or 400 if the name is taken.
    shared::not_implemented((users, credentials))
}

async fn log_in(users: web::Data<Users>, credentials: web::Json<Credentials>) -> HttpResponse {
    // TODO: 200 for the right password, or 401.
    shared::not_implemented((users, credentials))
}

async fn show_health() -> web::Json<Message> {
    web::Json(Message { message: "OK" })
}

fn bcrypt_cost() -> Result<u32, shared::StartError> {
    match env::var("BCRYPT_COST") {
        Err(env::VarError::NotPresent) => Some(10),
        value => value.ok().and_then(|cost| cost.parse().ok()),
    }
    .filter(|cost| (4..=31).contains(cost))
    .ok_or_else(|| shared::StartError::new("BCRYPT_COST must be a whole number from 4 to 31"))
}

#[derive(Deserialize)]
struct Credentials {
    // TODO: what a client registers and logs in with.
}

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

struct Users {
    // TODO: what all workers share.
}

impl Users {
    fn new(cost: u32) -> Result<Self, shared::StartError> {
        // TODO: no users yet, whose passwords will cost this much.
        let _ = cost;
        Ok(Self {})
    }
}
