//! Answer a login with a signed token that expires in an hour.
//!
//! A token is a promise that this server signs: who the user is, and until when it may be believed.
//! Anybody can read it, so `Claims` lists what goes out, and nothing is copied from the account.
//! Whoever has the secret can sign for every user, so the source has none that is good for
//! production: without `JWT_SECRET` the server does not start there.
//!
//! The price of a token is that it cannot be taken back before it expires; a session in a store
//! could be, and would be looked up at every request. The one account stands in the source for the
//! sake of the exercise: real ones are in a database, with a hash in place of the password.
//!
//! Run it with `cargo run -p q24-jwt-generation`, then
//! `curl -i --json '{"username":"admin","password":"password"}' http://127.0.0.1:3000/login`.

use std::{env, fmt};

use actix_web::{
    App, HttpServer, Responder, ResponseError, Result,
    http::{StatusCode, header},
    web,
};
use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let issuer = web::Data::new(Issuer::from_env()?);
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(issuer.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/login").post(log_in));
}

async fn log_in(
    issuer: web::Data<Issuer>,
    credentials: web::Json<Credentials>,
) -> Result<impl Responder, InvalidCredentials> {
    if !ADMIN.accepts(&credentials) {
        return Err(InvalidCredentials);
    }
    let token = issuer.issue(&ADMIN);
    // Whoever finds the token in a cache is the user for an hour.
    Ok(web::Json(Login { token }).customize().insert_header((header::CACHE_CONTROL, "no-store")))
}

/// Has no `Debug`, so that no log can print a password by accident.
#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

#[derive(Serialize)]
struct Login {
    token: String,
}

/// What the token says of its owner, for everybody to read. Times are seconds since 1970.
#[derive(Serialize)]
struct Claims {
    id: u64,
    username: &'static str,
    iat: u64,
    exp: u64,
}

struct Account {
    id: u64,
    username: &'static str,
    password: &'static str,
}

const ADMIN: Account = Account { id: 1, username: "admin", password: "password" };

impl Account {
    /// Compares all of both texts, so that the time taken does not tell how much of them is right.
    fn accepts(&self, credentials: &Credentials) -> bool {
        let username = self.username.as_bytes().ct_eq(credentials.username.as_bytes());
        let password = self.password.as_bytes().ct_eq(credentials.password.as_bytes());
        (username & password).into()
    }
}

struct Issuer {
    /// Made of `JWT_SECRET`. Its `Debug` does not show it.
    key: EncodingKey,
}

impl Issuer {
    /// Seconds for which a token is valid.
    const LIFETIME: u64 = 3600;

    fn from_env() -> Result<Self, shared::StartError> {
        Ok(Self { key: EncodingKey::from_secret(jwt_secret()?.as_bytes()) })
    }

    fn issue(&self, account: &Account) -> String {
        let iat = get_current_timestamp();
        let exp = iat + Self::LIFETIME;
        let claims = Claims { id: account.id, username: account.username, iat, exp };
        // HS256 is the default of `Header`.
        encode(&Header::default(), &claims, &self.key).expect("an HMAC key signs any claims")
    }
}

fn jwt_secret() -> Result<String, shared::StartError> {
    let is_production = env::var("APP_ENV").is_ok_and(|name| name == "production");
    match env::var("JWT_SECRET").ok().filter(|secret| !secret.trim().is_empty()) {
        Some(secret) => Ok(secret),
        None if is_production => {
            Err(shared::StartError::new("JWT_SECRET must be set if APP_ENV is production"))
        }
        None => Ok("development-secret-do-not-deploy".to_owned()),
    }
}

/// 401: the user, the password or both are wrong, and which of them is nobody's business.
#[derive(Debug)]
struct InvalidCredentials;

impl fmt::Display for InvalidCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invalid credentials")
    }
}

impl ResponseError for InvalidCredentials {
    fn status_code(&self) -> StatusCode {
        StatusCode::UNAUTHORIZED
    }
}
