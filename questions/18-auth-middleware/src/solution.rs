//! Let only callers with the right key in, and tell the handler who is calling.
//!
//! A middleware around the resource checks the key before anything behind it runs. It puts the user
//! into the extensions of the request, and the handler takes the user from there with
//! `web::ReqData`. The handler knows nothing about headers and keys.
//!
//! An extractor, `impl FromRequest for User`, is the alternative: a handler that takes a `User`
//! cannot run without one, so nobody can forget the `.wrap`. The middleware also guards handlers
//! that do not need the user, and one `.wrap` on a scope guards every route in it.
//!
//! Run it with `cargo run -p q18-auth-middleware`, then
//! `curl -i -H 'Authorization: Bearer secret123' http://127.0.0.1:3000/protected`.

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
) -> Result<ServiceResponse> {
    match api_key.user(request.headers()) {
        Ok(user) => {
            request.extensions_mut().insert(user);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        // Not as an `Err`: a `Logger` further out records responses only.
        Err(unauthorized) => Ok(request.error_response(unauthorized)),
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

/// The caller.
#[derive(Clone, Serialize)]
struct User {
    id: u64,
    name: &'static str,
}

/// The key of the only user. Without `Debug` and `Serialize` it cannot get into a log or a response.
struct ApiKey(String);

impl ApiKey {
    fn read() -> Result<Self, shared::StartError> {
        shared::secret("API_KEY", "secret123", 1).map(Self)
    }

    /// The user that the credentials belong to.
    fn user(&self, headers: &HeaderMap) -> Result<User, Unauthorized> {
        let token = bearer_token(headers).ok_or(Unauthorized::NoToken)?;
        // `==` may stop at the first byte that differs, so its time reveals how much of a guess is
        // right. The time of `ct_eq` reveals the length only.
        if token.as_bytes().ct_eq(self.0.as_bytes()).into() {
            Ok(User { id: 1, name: "Test User" })
        } else {
            Err(Unauthorized::InvalidToken)
        }
    }
}

fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let credentials = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = credentials.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// 401. `shared::json_errors` makes the message a JSON body.
#[derive(Debug, thiserror::Error)]
enum Unauthorized {
    /// 401: the request has no bearer token.
    #[error("Unauthorized")]
    NoToken,
    /// 401: the token is not the key.
    #[error("Invalid token")]
    InvalidToken,
}

impl ResponseError for Unauthorized {
    fn status_code(&self) -> StatusCode {
        StatusCode::UNAUTHORIZED
    }

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
