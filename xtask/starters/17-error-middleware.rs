//! Give every error response one shape, and reveal nothing about internal causes.
//!
//! The prompt is in README.md. The server, its routes and everything that fails are given; the error
//! type, what handlers return, and the middleware are yours. Unlike other starters, this one does not
//! use `shared::json_errors()`, which would send errors in another shape.
//! Change anything you like: names, signatures, types and crates.
//!
//! Run it with `cargo xtask run 17`, and check it on every save with `cargo xtask watch 17`.

use std::{env, io};

use actix_web::{
    App, HttpResponse, HttpServer, ResponseError, Result,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    guard::{self, GuardContext},
    http::{StatusCode, header},
    middleware::{Next, from_fn},
    web,
};
use serde::{Deserialize, Serialize};

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
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse> {
    // TODO: send every error in the one shape, with `error.detail` only if details are shown, and
    // write the cause of every 5xx to stderr. For the setting, add the parameter
    // `details: web::Data<Details>` before `request`; `**details` is its value.
    //
    // Copy what you need of `request` before the call. actix-web panics on every route if a clone of
    // the request is alive during the call.
    Ok(next.call(request).await?.map_into_boxed_body())
}

async fn reject_request() -> HttpResponse {
    // TODO: an error with status 400 and this message.
    shared::not_implemented("Something went wrong")
}

async fn echo_note(note: web::Json<Note>) -> HttpResponse {
    // TODO: 200 with the note.
    shared::not_implemented(note)
}

async fn show_report() -> HttpResponse {
    // TODO: 200 with the report, or 500 if it cannot be loaded.
    shared::not_implemented(load_report())
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
