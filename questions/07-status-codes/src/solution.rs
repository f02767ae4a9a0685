//! Answer with the status code the path asks for.
//!
//! The path is text until it has been parsed, and `StatusCode` parses it: three digits from 100 to
//! 999, with the registered reason phrase to be had from the result. What is left to decide is
//! which of them can end an exchange: 1xx announce a later answer, and nothing is defined from 600.
//!
//! `web::Path<u16>` would be typed one step earlier, but it answers `abc` with 404 and a text of
//! its own unless a `PathConfig` says otherwise; taking the text keeps all refusals in one place.
//!
//! Run it with `cargo run -p q07-status-codes`, then `curl -i http://127.0.0.1:3000/status/404`.

use std::fmt;

use actix_web::{App, HttpResponse, HttpServer, ResponseError, Result, http::StatusCode, web};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    HttpServer::new(|| App::new().wrap(shared::json_errors()).configure(routes))
        .workers(shared::workers())
        .shutdown_timeout(3)
        .listen(shared::listen!()?)?
        .run()
        .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/status/{code}").get(answer_with_status));
}

async fn answer_with_status(code: web::Path<String>) -> Result<HttpResponse, InvalidCode> {
    let status = parse_final_status(&code)?;
    let mut response = HttpResponse::build(status);
    Ok(match status {
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED => {
            response.finish()
        }
        _ => response.json(StatusReport {
            status: status.as_u16(),
            message: status.canonical_reason().unwrap_or("Unassigned"),
        }),
    })
}

fn parse_final_status(code: &str) -> Result<StatusCode, InvalidCode> {
    let status: StatusCode = code.parse().map_err(|_| InvalidCode)?;
    if (200..=599).contains(&status.as_u16()) { Ok(status) } else { Err(InvalidCode) }
}

#[derive(Serialize)]
struct StatusReport {
    status: u16,
    message: &'static str,
}

/// 400: this is no code that a final response can have.
#[derive(Debug)]
struct InvalidCode;

impl fmt::Display for InvalidCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invalid status code")
    }
}

impl ResponseError for InvalidCode {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }
}
