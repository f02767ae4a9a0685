//! Register users and log them in without ever storing a password.
//!
//! The prompt is in README.md. The routes, the bodies and the errors are given. Write the two handlers
//! and what `Users` holds.
//! Change anything you like: names, signatures, types and crates.
//!
//! Run it with `cargo xtask run 26`, and check it on every save with `cargo xtask watch 26`.

use actix_web::{App, HttpResponse, HttpServer, ResponseError, http::StatusCode, web};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let users = web::Data::new(Users::new(shared::setting("BCRYPT_COST", 10, 4..=31)?)?);
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
) -> Result<HttpResponse, UserError> {
    let Credentials { username, password } = credentials.into_inner();
    // TODO: 201 when the user can log in, or 400 if the name is taken.
    Ok(shared::not_implemented((users.cost, username, password)))
}

async fn log_in(
    users: web::Data<Users>,
    credentials: web::Json<Credentials>,
) -> Result<HttpResponse, UserError> {
    let Credentials { username, password } = credentials.into_inner();
    // TODO: 200 for the right password, or 401.
    Ok(shared::not_implemented((users, username, password)))
}

async fn show_health() -> web::Json<Message> {
    web::Json(Message { message: "OK" })
}

/// Has no `Debug`, so that no log prints a password by accident.
#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

struct Users {
    /// The logarithm of how often bcrypt repeats its work.
    cost: u32,
    // TODO: what the workers share to register users and to log them in.
}

impl Users {
    fn new(cost: u32) -> Result<Self, shared::StartError> {
        Ok(Self { cost })
    }
}

/// `shared::json_errors` sends it as JSON.
#[derive(Debug, thiserror::Error)]
#[allow(dead_code, reason = "the handlers that return it are still to be written")]
enum UserError {
    /// 400: another user has this name.
    #[error("User already exists")]
    Taken,
    /// 401: no user has this name, or the password is wrong.
    #[error("Invalid credentials")]
    InvalidCredentials,
}

impl ResponseError for UserError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Taken => StatusCode::BAD_REQUEST,
            Self::InvalidCredentials => StatusCode::UNAUTHORIZED,
        }
    }
}
