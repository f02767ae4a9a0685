//! Append one line to a log file for every request.
//!
//! `middleware::Logger` knows when a response has ended and how long its body was. Two things are
//! added: Apache's time format, and escaping for the parts that a client chooses. It is the
//! outermost middleware, so it counts the bytes that are actually sent.
//!
//! Its lines go through the crate `log` to a thread that owns the file. Writing on the thread that
//! serves is simpler, but then a full disk or a stalled pipe holds up every request. The queue in
//! between is bounded, so lines are lost while the file stalls, and `main` keeps the guard that
//! writes the rest at the end.
//!
//! Run it with `APP_ENV=production cargo run -p q22-request-logging`, then
//! `curl -i http://127.0.0.1:3000/` and `cat access.log`.

use std::{fs::File, io::Write};

use actix_web::{App, HttpServer, dev::ServiceRequest, middleware::Logger, web};
use chrono::Utc;
use env_logger::Target;
use serde::Serialize;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

/// Names the lines of the access log among everything that is logged.
const ACCESS: &str = "access";

const DEVELOPMENT: &str = "%{request}xi %s %D ms - %b";

const COMBINED: &str =
    r#"%a - - [%{time}xi] "%{request}xi %{version}xi" %s %b "%{referer}xi" "%{agent}xi""#;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let format = match shared::AppEnv::read()? {
        shared::AppEnv::Development => DEVELOPMENT,
        shared::AppEnv::Production => COMBINED,
    };
    let _guard = start_logging(open_log()?);
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).wrap(access_log(format)).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/").get(greet));
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}

fn open_log() -> Result<File, shared::StartError> {
    let path = shared::path_setting("LOG_FILE", "access.log");
    File::options().append(true).create(true).open(&path).map_err(|error| {
        shared::StartError::new(format!("LOG_FILE {path:?} cannot be opened: {error}"))
    })
}

/// Sends everything that is logged as [`ACCESS`] to the file, on a thread that runs as long as the
/// guard lives.
fn start_logging(file: File) -> WorkerGuard {
    let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(10_000).finish(file);
    env_logger::Builder::new()
        .parse_filters(&format!("{ACCESS}=info"))
        .format(|line, record| writeln!(line, "{}", record.args()))
        .target(Target::Pipe(Box::new(writer)))
        .init();
    guard
}

fn access_log(format: &str) -> Logger {
    Logger::new(format)
        .log_target(ACCESS)
        .custom_request_replace("request", |request| {
            format!("{} {}", request.method(), escape(request.uri().to_string().as_bytes()))
        })
        .custom_request_replace("version", |request| format!("{:?}", request.version()))
        .custom_request_replace("time", |_| Utc::now().format("%d/%b/%Y:%H:%M:%S %z").to_string())
        .custom_request_replace("referer", |request| escaped_header(request, "referer"))
        .custom_request_replace("agent", |request| escaped_header(request, "user-agent"))
}

fn escaped_header(request: &ServiceRequest, name: &str) -> String {
    request.headers().get(name).map_or("-".to_owned(), |value| escape(value.as_bytes()))
}

/// Printable ASCII that cannot end a field: `\"`, `\\`, `\t` and `\x9b`, as Apache writes it.
fn escape(sent: &[u8]) -> String {
    sent.escape_ascii().to_string()
}
