//! Append one line to a log file for every request.
//!
//! `middleware::Logger` knows when a response has ended and how long it was; what it lacks is
//! given to it: Apache's time, and the parts that a client chooses, escaped. It stands outside of
//! everything that may answer, so it counts the bytes that are sent in the end.
//!
//! Its lines go through the crate `log` to a thread that owns the file. Writing on the thread that
//! serves would be simpler, and a full disk or a stuck pipe would hold up every request. The price
//! is a queue: it is bounded, so lines are lost while the file stalls, and `main` has to keep the
//! guard that writes out the rest at the end.
//!
//! Run it with `APP_ENV=production cargo run -p q22-request-logging`, then
//! `curl -i http://127.0.0.1:3000/` and `cat access.log`.

use std::{env, fs::File, io::Write};

use actix_web::{
    App, HttpServer,
    dev::ServiceRequest,
    http::header::{self, HeaderName},
    middleware::Logger,
    web,
};
use chrono::Utc;
use env_logger::Target;
use serde::Serialize;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

/// Names the lines of the access log among all that is logged.
const ACCESS: &str = "access";

const DEVELOPMENT: &str = "%{request}xi %s %D ms - %b";

const COMBINED: &str =
    r#"%a - - [%{time}xi] "%{request}xi %{version}xi" %s %b "%{referer}xi" "%{agent}xi""#;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let _written_out_when_dropped = open_log()?;
    let production = env::var("APP_ENV").is_ok_and(|name| name == "production");
    let format = if production { COMBINED } else { DEVELOPMENT };
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

fn access_log(format: &str) -> Logger {
    Logger::new(format)
        .log_target(ACCESS)
        .custom_request_replace("request", |request| {
            format!("{} {}", request.method(), escape(request.uri().to_string().as_bytes()))
        })
        .custom_request_replace("version", |request| format!("{:?}", request.version()))
        .custom_request_replace("time", |_| Utc::now().format("%d/%b/%Y:%H:%M:%S %z").to_string())
        .custom_request_replace("referer", |request| escaped_header(request, header::REFERER))
        .custom_request_replace("agent", |request| escaped_header(request, header::USER_AGENT))
}

fn escaped_header(request: &ServiceRequest, name: HeaderName) -> String {
    request.headers().get(name).map_or("-".to_owned(), |value| escape(value.as_bytes()))
}

/// `\"`, `\\`, `\t` and `\x9b`, as Apache does it: printable ASCII that cannot end a field.
fn escape(sent: &[u8]) -> String {
    sent.escape_ascii().to_string()
}

/// Makes the file the place of what is logged as [`ACCESS`].
fn open_log() -> Result<WorkerGuard, shared::StartError> {
    let path = env::var("LOG_FILE").unwrap_or_else(|_| "access.log".to_owned());
    // A named pipe that is opened for writing alone keeps the opener waiting for a reader.
    let file = File::options().read(true).append(true).create(true).open(&path);
    let file =
        file.map_err(|error| shared::StartError::new(format!("LOG_FILE {path}: {error}")))?;

    let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(10_000).finish(file);
    env_logger::Builder::new()
        .parse_filters(&format!("{ACCESS}=info"))
        .format(|line, record| writeln!(line, "{}", record.args()))
        .target(Target::Pipe(Box::new(writer)))
        .init();
    Ok(guard)
}
