//! Give every error response one shape, and reveal nothing about internal causes.
//!
//! Handlers return `Result<_, ApiError>`: `?` turns an error into a variant with a status. What the
//! client sees is decided in a middleware around the app, which also sees the errors that no handler
//! returns: unknown routes, invalid bodies, errors of other middleware, and panics.
//!
//! `ResponseError::error_response` could write the body instead. Then each extractor and the default
//! service would need its own error handler, and a panic would still get no response. Details
//! are opt-in with `APP_ENV=development`, so a forgotten variable reveals nothing.
//!
//! Run it with `APP_ENV=development cargo run -p q17-error-middleware`, then
//! `curl -i http://127.0.0.1:3000/crash`.

use std::{
    env,
    io::{self, Write},
    panic::AssertUnwindSafe,
};

use actix_web::{
    App, HttpResponse, HttpServer, ResponseError, Result,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    guard::{self, GuardContext},
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    middleware::{Next, from_fn},
    web,
};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let details = web::Data::new(Details::read()?);
    HttpServer::new(move || {
        App::new().app_data(details.clone()).wrap(from_fn(send_errors_as_json)).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/error-test").get(reject_request).post(echo_note))
        .service(web::resource("/crash").get(show_report))
        .service(web::resource("/private").get(show_report).wrap(from_fn(require_login)))
        .service(web::resource("/panic").get(count_lines))
        .service(web::resource("/panic/guard").guard(guard::fn_guard(has_tenant)).get(count_lines));
}

async fn send_errors_as_json(
    details: web::Data<Details>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse> {
    let target = format!("{} {}", request.method(), request.path().escape_debug());
    // Guards run in `call` itself, before it returns a future. The block catches their panics too.
    let outcome = AssertUnwindSafe(async { next.call(request).await }).catch_unwind().await;
    match outcome.unwrap_or_else(|_| Err(ApiError::Panicked.into())) {
        Ok(response) if is_error(response.status()) => {
            let (request, response) = response.into_parts();
            let cause = response.error().map(ToString::to_string);
            Ok(ServiceResponse::new(request, with_error_body(response, cause, &target, &details)))
        }
        Ok(response) => Ok(response.map_into_boxed_body()),
        // The request went with the call, so there is nothing to build a `ServiceResponse` from.
        Err(error) => {
            let cause = Some(error.to_string());
            let response = with_error_body(error.error_response(), cause, &target, &details);
            Err(InternalError::from_response(error, response).into())
        }
    }
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// Replaces the body. Status and headers stay: a 401 needs its `WWW-Authenticate`, a 405 its `Allow`.
fn with_error_body<B>(
    response: HttpResponse<B>,
    cause: Option<String>,
    target: &str,
    details: &Details,
) -> HttpResponse {
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or("Error");
    let cause = cause.unwrap_or_else(|| reason.to_owned());
    let mut error = json!({ "message": if status.is_client_error() { &cause } else { reason } });
    if status.is_server_error() {
        // `Debug` escapes line breaks, so that one cause is one line.
        let _ = writeln!(io::stderr(), "{status} {target}: {cause:?}");
        if matches!(details, Details::Shown) {
            error["detail"] = json!(cause);
        }
    }
    let body = json!({ "error": error }).to_string();
    let mut response = response.set_body(body).map_into_boxed_body();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

async fn reject_request() -> Result<HttpResponse, ApiError> {
    Err(ApiError::BadRequest("Something went wrong"))
}

async fn echo_note(note: web::Json<Note>) -> web::Json<Note> {
    note
}

async fn show_report() -> Result<String, ApiError> {
    Ok(load_report()?)
}

async fn count_lines() -> HttpResponse {
    panic!("invoice 42 has no lines")
}

/// A guard that panics, as one with a bug would: it runs before any handler.
fn has_tenant(_: &GuardContext<'_>) -> bool {
    panic!("tenant 7 has no name")
}

/// A middleware that rejects every request, in the way that middleware often does: with an `Err`.
async fn require_login(_: ServiceRequest, _: Next<impl MessageBody>) -> Result<ServiceResponse> {
    Err(LoginRequired.into())
}

/// Stands for a database that is down.
fn load_report() -> io::Result<String> {
    Err(io::Error::other("no answer from db.internal:5432"))
}

#[derive(Serialize, Deserialize)]
#[serde(expecting = "an object with a message")]
struct Note {
    message: String,
}

/// Whether a 5xx response has `error.detail`.
enum Details {
    Shown,
    Hidden,
}

impl Details {
    /// Unlike in other questions, production is the default of `APP_ENV`.
    fn read() -> Result<Self, shared::StartError> {
        let is_set = env::var_os("APP_ENV").is_some();
        let show = is_set && shared::AppEnv::read()? == shared::AppEnv::Development;
        Ok(if show { Self::Shown } else { Self::Hidden })
    }
}

#[derive(Debug, thiserror::Error)]
enum ApiError {
    /// 400: the client can fix this, and the message says what is wrong.
    #[error("{0}")]
    BadRequest(&'static str),
    /// 500: the report could not be loaded.
    #[error("failed to load the report: {0}")]
    Report(#[from] io::Error),
    /// 500: code behind the middleware panicked. The panic hook has printed where and why.
    #[error("panicked")]
    Panicked,
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Report(_) | Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// 401: the caller did not log in.
#[derive(Debug, thiserror::Error)]
#[error("Log in first")]
struct LoginRequired;

impl ResponseError for LoginRequired {
    fn status_code(&self) -> StatusCode {
        StatusCode::UNAUTHORIZED
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::Unauthorized().insert_header((header::WWW_AUTHENTICATE, "Bearer")).finish()
    }
}
