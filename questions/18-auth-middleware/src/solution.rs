//! Let only callers with the right key in, and tell the handler who is calling.
//!
//! A middleware around the resource looks at the key before anything behind it runs. It leaves the
//! user in the request's extensions, and the handler takes it from there with `web::ReqData`; it
//! knows nothing of headers and keys.
//!
//! An extractor, `impl FromRequest for User`, is the alternative: a handler that takes a `User`
//! cannot be reached without one, so nobody can forget the `.wrap`. The middleware also guards what
//! does not ask who is calling, and one `.wrap` on a scope guards every route in it.
//!
//! Run it with `cargo run -p q18-auth-middleware`, then
//! `curl -i -H 'Authorization: Bearer secret123' http://127.0.0.1:3000/protected`.

use std::{env, fmt};

use actix_web::{
    App, HttpMessage, HttpResponse, HttpServer, ResponseError, Result,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderMap},
    },
    middleware::{Next, from_fn},
    web,
};
use serde::Serialize;
use subtle::ConstantTimeEq;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let api_key = web::Data::new(ApiKey::read()?);
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(api_key.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/").get(greet))
        .service(web::resource("/protected").get(grant_access).wrap(from_fn(authenticate)));
}

async fn authenticate(
    api_key: web::Data<ApiKey>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>> {
    match api_key.user(request.headers()) {
        Ok(user) => {
            request.extensions_mut().insert(user);
            Ok(next.call(request).await?.map_into_left_body())
        }
        // As an `Err` it would pass by `json_errors`, which looks at responses only.
        Err(refusal) => Ok(request.error_response(refusal).map_into_right_body()),
    }
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

async fn grant_access(user: web::ReqData<User>) -> web::Json<Granted> {
    web::Json(Granted { message: "Access granted", user: user.into_inner() })
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}

#[derive(Serialize)]
struct Granted {
    message: &'static str,
    user: User,
}

/// Who is calling.
#[derive(Clone, Serialize)]
struct User {
    id: u64,
    name: &'static str,
}

/// The key of the only user. No `Debug` and no `Serialize`: it has no way into a log or an answer.
struct ApiKey(String);

impl ApiKey {
    fn read() -> Result<Self, shared::StartError> {
        let key = env::var("API_KEY").ok().filter(|key| !key.trim().is_empty());
        if key.is_none() && env::var("APP_ENV").is_ok_and(|name| name == "production") {
            return Err(shared::StartError::new("API_KEY must be set if APP_ENV is production"));
        }
        Ok(Self(key.unwrap_or_else(|| "secret123".to_owned())))
    }

    fn user(&self, headers: &HeaderMap) -> Result<User, Refusal> {
        let token = bearer_token(headers).ok_or(Refusal::Unauthorized)?;
        // `==` stops at the first byte that differs, and time tells how many did not.
        if token.as_bytes().ct_eq(self.0.as_bytes()).into() {
            Ok(User { id: 1, name: "Test User" })
        } else {
            Err(Refusal::InvalidToken)
        }
    }
}

fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let credentials = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = credentials.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token)
}

#[derive(Debug)]
enum Refusal {
    /// 401: nobody said who is calling, or not by a bearer token.
    Unauthorized,
    /// 401: the token is not the key.
    InvalidToken,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unauthorized => "Unauthorized",
            Self::InvalidToken => "Invalid token",
        })
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        StatusCode::UNAUTHORIZED
    }

    fn error_response(&self) -> HttpResponse {
        let challenge = match self {
            Self::Unauthorized => "Bearer",
            Self::InvalidToken => r#"Bearer error="invalid_token""#,
        };
        HttpResponse::build(self.status_code())
            .insert_header((header::WWW_AUTHENTICATE, challenge))
            .finish()
    }
}
