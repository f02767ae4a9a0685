//! Respond to a login with a signed token that expires in an hour.
//!
//! A token is a statement that this server signs: who the user is, and until when to believe it.
//! Anybody can read it, so `Claims` lists what goes out, and nothing is copied from the account.
//! Anybody who has the secret can sign for every user, so the default is for development only:
//! in production the server refuses to start without a secret of at least 32 bytes.
//!
//! A token cannot be revoked before it expires. A session in a store can be deleted, but costs a
//! lookup per request. The single account is in the source to keep the example short:
//! real accounts are in a database, with a hash in place of the password.
//!
//! Run it with `cargo run -p q24-jwt-generation`, then
//! `curl -i --json '{"username":"admin","password":"password"}' http://127.0.0.1:3000/login`.

use actix_web::{
    App, HttpServer, Responder, ResponseError, Result,
    http::{StatusCode, header},
    web,
};
use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let secret = shared::secret("JWT_SECRET", "development-secret-do-not-deploy", 32)?;
    let issuer = web::Data::new(Issuer::new(&secret));
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
    // Anybody who finds the token in a cache is the user for an hour.
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

/// What the token says about its owner, readable by anybody. Times are seconds since 1970.
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
    fn accepts(&self, credentials: &Credentials) -> bool {
        self.username == credentials.username && self.password == credentials.password
    }
}

struct Issuer {
    /// Made from `JWT_SECRET`. Its `Debug` does not show it.
    key: EncodingKey,
}

impl Issuer {
    /// Seconds for which a token is valid.
    const LIFETIME: u64 = 3600;

    fn new(secret: &str) -> Self {
        Self { key: EncodingKey::from_secret(secret.as_bytes()) }
    }

    fn issue(&self, account: &Account) -> String {
        let iat = get_current_timestamp();
        let exp = iat + Self::LIFETIME;
        let claims = Claims { id: account.id, username: account.username, iat, exp };
        // HS256 is the default of `Header`.
        encode(&Header::default(), &claims, &self.key).expect("an HMAC key signs any claims")
    }
}

/// 401: the user or the password is wrong, and the response does not say which.
/// `shared::json_errors` writes the JSON body.
#[derive(Debug, thiserror::Error)]
#[error("Invalid credentials")]
struct InvalidCredentials;

impl ResponseError for InvalidCredentials {
    fn status_code(&self) -> StatusCode {
        StatusCode::UNAUTHORIZED
    }
}
