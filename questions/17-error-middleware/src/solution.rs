//! Give every error one shape, and leak nothing of what went wrong inside.
//!
//! Handlers return `Result<_, ApiError>`, and `?` turns whatever they meet into it: an error knows
//! its status and its cause. What a client sees of it is decided in one place, a middleware around
//! the app, which also sees what no handler returned: unknown routes, unreadable bodies, panics.
//!
//! A `ResponseError` could write its body itself, but then every extractor and the default service
//! need a hook of their own, and each must know whether details may be shown. They may with
//! `APP_ENV=development` only: what is missing or misspelt must not open the door.
//!
//! Run it with `APP_ENV=development cargo run -p q17-error-middleware`, then
//! `curl -i http://127.0.0.1:3000/crash`.

use std::{
    env, fmt,
    io::{self, Write},
    panic::AssertUnwindSafe,
};

use actix_web::{
    App, HttpResponse, HttpServer, ResponseError, Result,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    middleware::{Next, from_fn},
    web,
};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let app_env = web::Data::new(AppEnv::read());
    HttpServer::new(move || {
        App::new().app_data(app_env.clone()).wrap(from_fn(answer_errors)).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/error-test").get(refuse_request).post(echo_note))
        .service(web::resource("/crash").get(show_report))
        .service(web::resource("/panic").get(count_lines));
}

async fn answer_errors(
    app_env: web::Data<AppEnv>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>> {
    let asked = format!("{} {}", request.method(), request.path());
    let outcome = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    let response = match outcome.unwrap_or_else(|_| Err(ApiError::Panicked.into())) {
        Ok(response) => response,
        // The request is gone, so there is no response to change: the answer travels as an error.
        Err(error) => {
            let status = error.as_response_error().status_code();
            let body = error_body(status, Some(error.to_string()), &asked, **app_env);
            let answer = HttpResponse::build(status).json(body);
            return Err(InternalError::from_response(error, answer).into());
        }
    };
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return Ok(response.map_into_boxed_body());
    }
    let cause = response.response().error().map(ToString::to_string);
    let body = error_body(status, cause, &asked, **app_env);
    // The headers stay, since a 405 needs its `Allow`.
    Ok(response.map_body(|head, _| {
        head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        BoxBody::new(body.to_string())
    }))
}

/// What a client may know of an error. The cause of a 5xx goes to stderr instead.
fn error_body(status: StatusCode, cause: Option<String>, asked: &str, app_env: AppEnv) -> Value {
    let reason = status.canonical_reason().unwrap_or("Error");
    let cause = cause.unwrap_or_else(|| reason.to_owned());
    if status.is_client_error() {
        return json!({ "error": { "message": cause } });
    }
    // Escaped, or a cause of several lines could pass for several causes.
    let _ = writeln!(io::stderr(), "{} {asked}: {cause:?}", status.as_u16());
    match app_env {
        AppEnv::Development => json!({ "error": { "message": reason, "detail": cause } }),
        AppEnv::Production => json!({ "error": { "message": reason } }),
    }
}

async fn refuse_request() -> Result<HttpResponse, ApiError> {
    Err(ApiError::Refused("Something went wrong"))
}

async fn echo_note(note: web::Json<Note>) -> web::Json<Note> {
    note
}

async fn show_report() -> Result<HttpResponse, ApiError> {
    let report = load_report()?;
    Ok(HttpResponse::Ok().body(report))
}

async fn count_lines() -> HttpResponse {
    panic!("invoice 42 has no lines")
}

/// Stands for a database that is down.
fn load_report() -> io::Result<String> {
    Err(io::Error::other("no answer from db.internal:5432"))
}

#[derive(Serialize, Deserialize)]
struct Note {
    message: String,
}

#[derive(Clone, Copy)]
enum AppEnv {
    Development,
    Production,
}

impl AppEnv {
    fn read() -> Self {
        match env::var("APP_ENV").as_deref() {
            Ok("development") => Self::Development,
            _ => Self::Production,
        }
    }
}

#[derive(Debug)]
enum ApiError {
    /// 400: the client can do something about it, and the text says what.
    Refused(&'static str),
    /// 500: whatever else a handler met.
    Unexpected(Box<dyn std::error::Error>),
    /// 500: a handler panicked; the panic itself has printed where and why.
    Panicked,
}

/// For `?`. It is possible because `ApiError` itself is no `std::error::Error`.
impl<E: std::error::Error + 'static> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self::Unexpected(error.into())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(text) => f.write_str(text),
            Self::Unexpected(error) => error.fmt(f),
            Self::Panicked => f.write_str("the handler panicked"),
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Refused(_) => StatusCode::BAD_REQUEST,
            Self::Unexpected(_) | Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
