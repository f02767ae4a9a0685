//! Give every error one shape, and leak nothing of what went wrong inside.
//!
//! The prompt is in README.md. The server, its routes and what fails behind them are given; the
//! error type, what handlers return and what the middleware makes of it are yours.
//! `shared::json_errors()`, which the other starters wrap their app in, is left out: it would give
//! errors another shape.
//!
//! Run it with `cargo xtask run 17`, and judge it on every save with `cargo xtask watch 17`.

use std::{env, io};

use actix_web::{
    App, HttpResponse, HttpServer, Result,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::{Next, from_fn},
    web,
};
use serde::{Deserialize, Serialize};

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
) -> Result<ServiceResponse<impl MessageBody>> {
    // TODO: every error in one shape, the cause of a 5xx on stderr, and details for nobody but a
    // developer.
    drop(app_env);
    next.call(request).await
}

async fn refuse_request() -> HttpResponse {
    // TODO: 400, because something went wrong.
    shared::not_implemented(())
}

async fn echo_note(note: web::Json<Note>) -> HttpResponse {
    // TODO: 200 with the note.
    shared::not_implemented(note)
}

async fn show_report() -> HttpResponse {
    // TODO: the report, or whatever an unexpected error becomes.
    shared::not_implemented(load_report())
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
