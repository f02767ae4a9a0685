//! Append one line to a log file for every request.
//!
//! The prompt is in README.md. The server, its one route and the settings are given; you write the
//! log.
//! Change anything you like: types, signatures and crates.
//!
//! Run it with `cargo xtask run 22`, and check it on every save with `cargo xtask watch 22`.

use std::fs::File;

use actix_web::{App, HttpServer, web};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    shared::AppEnv::read()?;
    open_log()?;
    // TODO: append one line to that file for every request, in the format for that environment.
    HttpServer::new(|| App::new().wrap(shared::json_errors()).configure(routes))
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
