//! Show a profile only to callers with a valid token.
//!
//! An extractor does the verification: a handler that takes a `User` cannot run without a valid
//! token, and the next route needs nothing but the same parameter. What counts as valid is decided
//! here and not by the header of the token, which anybody can write: HS256 and nothing else.
//!
//! A middleware can guard a whole scope, but it has to pass the user on as an extension, which a
//! handler may forget to read. Every invalid token gets the same response, because the reason helps
//! mostly those who forge tokens.
//!
//! Run it with `cargo run -p q25-jwt-verification`, then
//! `curl -i -H 'authorization: Bearer …' http://127.0.0.1:3000/profile`.

use std::future::{Ready, ready};

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
    let secret = shared::secret("JWT_SECRET", "development-secret-do-not-deploy", 32)?;
    let verifier = web::Data::new(Verifier::new(&secret));
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

/// The caller, according to a valid token. Nothing else creates one.
#[derive(Serialize, Deserialize)]
struct User {
    id: u64,
    username: String,
}

impl FromRequest for User {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // A verifier that `main` forgot to register is a 500 with its cause on stderr.
        let verifier = web::Data::<Verifier>::extract(request).into_inner();
        ready(verifier.and_then(|verifier| {
            let token = bearer_token(request).ok_or(Unauthorized::NoToken)?;
            Ok(verifier.verify(token)?)
        }))
    }
}

fn bearer_token(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

struct Verifier {
    key: DecodingKey,
    rules: Validation,
}

impl Verifier {
    fn new(secret: &str) -> Self {
        // By default it requires `exp`, allows clocks to differ by 60 s and rejects a token with an
        // `aud`, since this server has no audience of its own. It checks `nbf` only if told to.
        let mut rules = Validation::new(Algorithm::HS256);
        rules.validate_nbf = true;
        Self { key: DecodingKey::from_secret(secret.as_bytes()), rules }
    }

    fn verify(&self, token: &str) -> Result<User, Unauthorized> {
        let token =
            decode(token, &self.key, &self.rules).map_err(|_| Unauthorized::InvalidToken)?;
        // `crit` names extensions that a verifier must understand (RFC 7515, 4.1.11). The crate
        // ignores it, and this server understands none.
        if token.header.crit.is_some() {
            return Err(Unauthorized::InvalidToken);
        }
        Ok(token.claims)
    }
}

/// Why a request has no user. `shared::json_errors` writes the JSON body.
#[derive(Debug, thiserror::Error)]
enum Unauthorized {
    /// 401: the request has no bearer token.
    #[error("No token provided")]
    NoToken,
    /// 401: the token is not valid. The response does not say why.
    #[error("Invalid token")]
    InvalidToken,
}

impl ResponseError for Unauthorized {
    fn status_code(&self) -> StatusCode {
        StatusCode::UNAUTHORIZED
    }

    /// With the challenge that HTTP requires in a 401.
    fn error_response(&self) -> HttpResponse {
        let challenge = match self {
            Self::NoToken => "Bearer",
            Self::InvalidToken => r#"Bearer error="invalid_token""#,
        };
        HttpResponse::build(self.status_code())
            .insert_header((header::WWW_AUTHENTICATE, challenge))
            .finish()
    }
}
