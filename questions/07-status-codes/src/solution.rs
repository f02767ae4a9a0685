//! Respond with the status code that the path names.
//!
//! The path is a string until it is parsed. `StatusCode` parses three digits from 100 to 999 and
//! knows the registered reason phrases. The handler only decides which codes a final response can
//! have: a 1xx response announces a later one, and codes above 599 are not defined.
//!
//! `web::Path<u16>` would parse one step earlier, but gives `abc` a 404 with a message of its own
//! unless a `PathConfig` changes that. A string keeps all rejections in one place.
//!
//! Run it with `cargo run -p q07-status-codes`, then `curl -i http://127.0.0.1:3000/status/404`.

use actix_web::{App, HttpResponse, HttpServer, ResponseError, http::StatusCode, web};
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
    cfg.service(web::resource("/status/{code}").get(respond_with_status));
}

async fn respond_with_status(code: web::Path<String>) -> Result<HttpResponse, InvalidCode> {
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

/// 400: a final response cannot have this status code.
///
/// `shared::json_errors` turns the message into the JSON body.
#[derive(Debug, thiserror::Error)]
#[error("Invalid status code")]
struct InvalidCode;

impl ResponseError for InvalidCode {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }
}
