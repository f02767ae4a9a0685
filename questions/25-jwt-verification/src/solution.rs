//! Show a profile only to who presents a valid token.
//!
//! Verifying is the work of an extractor: a handler that takes a `User` cannot be reached without
//! a valid token, and the next route needs nothing but the same parameter. What counts as valid is
//! decided here, not by the header of the token, which anybody can write: HS256 and nothing else.
//!
//! A middleware could guard a whole scope, and would have to hand the user on as an extension that
//! each handler may forget to read. Whatever is wrong with a token, the answer is the same, since
//! the difference helps only who forges one.
//!
//! Run it with `cargo run -p q25-jwt-verification`, then
//! `curl -i -H 'authorization: Bearer …' http://127.0.0.1:3000/profile`.

use std::{
    env, fmt,
    future::{Ready, ready},
};

use actix_web::{
    App, FromRequest, HttpRequest, HttpResponse, HttpServer, ResponseError, Result,
    dev::Payload,
    http::{StatusCode, header},
    web,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let verifier = web::Data::new(Verifier::new(&jwt_secret()?));
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(verifier.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/profile").get(show_profile));
}

async fn show_profile(user: User) -> web::Json<Profile> {
    web::Json(Profile { user })
}

#[derive(Serialize)]
struct Profile {
    user: User,
}

/// Who is asking, as a valid token says. Nothing else makes one.
#[derive(Serialize, Deserialize)]
struct User {
    id: u64,
    username: String,
}

impl FromRequest for User {
    type Error = Unauthorized;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let verifier = request.app_data::<web::Data<Verifier>>().expect("main provides it");
        let token = bearer_token(request).ok_or(Unauthorized::NoToken);
        ready(token.and_then(|token| verifier.verify(token)))
    }
}

fn bearer_token(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

struct Verifier {
    key: DecodingKey,
    rules: Validation,
}

impl Verifier {
    fn new(secret: &str) -> Self {
        // It wants `exp` and forgives clocks that differ by 60 s, but looks at `nbf` only if told.
        let mut rules = Validation::new(Algorithm::HS256);
        rules.validate_nbf = true;
        Self { key: DecodingKey::from_secret(secret.as_bytes()), rules }
    }

    fn verify(&self, token: &str) -> Result<User, Unauthorized> {
        let token = decode(token, &self.key, &self.rules).map_err(|_| Unauthorized::BadToken)?;
        Ok(token.claims)
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

#[derive(Debug)]
enum Unauthorized {
    /// 401: there is no bearer token in the request.
    NoToken,
    /// 401: there is one, and it is not valid. Why is nobody's business.
    BadToken,
}

impl fmt::Display for Unauthorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoToken => "No token provided",
            Self::BadToken => "Invalid token",
        })
    }
}

impl ResponseError for Unauthorized {
    fn status_code(&self) -> StatusCode {
        StatusCode::UNAUTHORIZED
    }

    /// The challenge that HTTP wants with a 401; `json_errors` adds the body.
    fn error_response(&self) -> HttpResponse {
        let challenge = match self {
            Self::NoToken => "Bearer",
            Self::BadToken => r#"Bearer error="invalid_token""#,
        };
        HttpResponse::build(self.status_code())
            .insert_header((header::WWW_AUTHENTICATE, challenge))
            .finish()
    }
}
