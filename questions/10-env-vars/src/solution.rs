//! Read port and API key from the environment and a `.env` file.
//!
//! `.env` is loaded into the environment before anything reads it, and dotenvy leaves alone what
//! is set there already: the file is a developer's default, the environment has the last word.
//! `Config` is parsed from it once, so a wrong setting stops the start and never meets a handler.
//!
//! `env::var` in each handler would be shorter, and a typing error in `PORT` would turn into 3000
//! without a word. `Config` implements neither `Serialize` nor `Debug`: the key has no way into an
//! answer or a log, and what a client may see is a type of its own.
//!
//! Run it with `API_KEY=secret cargo run -p q10-env-vars`, then
//! `curl -i http://127.0.0.1:3000/config`.

use std::env::{self, VarError};

use actix_web::{App, HttpServer, web};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let config = web::Data::new(Config::load()?);
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(config.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/config").get(show_config));
}

async fn show_config(config: web::Data<Config>) -> web::Json<ConfigView> {
    web::Json(ConfigView { port: config.port, api_key_set: config.api_key.is_some() })
}

/// What a client may know of the configuration.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfigView {
    port: u16,
    api_key_set: bool,
}

struct Config {
    /// The port that `shared::listen!` takes from the same environment.
    port: u16,
    /// Not blank; absent in development only.
    api_key: Option<String>,
}

impl Config {
    fn load() -> Result<Self, shared::StartError> {
        match dotenvy::from_path(".env") {
            Err(error) if !error.not_found() => {
                // The error itself quotes the line that is wrong, and that may be the key's.
                return Err(shared::StartError::new(".env is not lines of NAME=value"));
            }
            _ => {}
        }
        let config = Self { port: port()?, api_key: api_key() };
        if config.api_key.is_none() && env::var("APP_ENV").is_ok_and(|name| name == "production") {
            return Err(shared::StartError::new("API_KEY must be set if APP_ENV is production"));
        }
        Ok(config)
    }
}

fn port() -> Result<u16, shared::StartError> {
    match env::var("PORT") {
        Err(VarError::NotPresent) => Some(3000),
        value => value.ok().and_then(|port| port.parse().ok()),
    }
    .ok_or_else(|| shared::StartError::new("PORT must be a whole number from 0 to 65535"))
}

fn api_key() -> Option<String> {
    env::var("API_KEY").ok().filter(|key| !key.trim().is_empty())
}
