//! Read the port and an API key from the environment and a `.env` file.
//!
//! The file is loaded into the environment before anything reads it, and dotenvy does not change
//! variables that are already set: the file has defaults for a developer, and the environment
//! overrides them. The settings are read once, so an invalid one is a startup error.
//!
//! `env::var` in the handler would be shorter, but nobody could list what the server needs. `Config`
//! implements neither `Serialize` nor `Debug`, so the key cannot get into a response or a log;
//! the response has its own type.
//!
//! Run it with `API_KEY=secret cargo run -p q10-env-vars`, then
//! `curl -i http://127.0.0.1:3000/config`.

use std::{
    env::{self, VarError},
    fs, io,
};

use actix_web::{App, HttpRequest, HttpServer, web};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    load_env_file()?;
    let config = web::Data::new(Config::read()?);
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

async fn show_config(request: HttpRequest, config: web::Data<Config>) -> web::Json<ConfigView> {
    // The address of the listener: with `PORT=0` the system has chosen the port.
    let port = request.app_config().local_addr().port();
    web::Json(ConfigView { port, api_key_set: config.api_key.is_some() })
}

/// What a client may know about the configuration.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfigView {
    port: u16,
    api_key_set: bool,
}

struct Config {
    /// Not empty and not only whitespace; `None` in development only.
    api_key: Option<String>,
}

impl Config {
    fn read() -> Result<Self, shared::StartError> {
        let api_key = match env::var("API_KEY") {
            Ok(key) => Some(key).filter(|key| !key.trim().is_empty()),
            Err(VarError::NotPresent) => None,
            Err(VarError::NotUnicode(_)) => {
                return Err(shared::StartError::new("API_KEY must be UTF-8"));
            }
        };
        if shared::AppEnv::read()? == shared::AppEnv::Production && api_key.is_none() {
            return Err(shared::StartError::new("API_KEY must be set when APP_ENV is production"));
        }
        Ok(Self { api_key })
    }
}

/// Loads `.env` from the working directory; a missing file is fine.
///
/// One line at a time, because an error of dotenvy has no line number and quotes the line, which may
/// be the one with the key.
fn load_env_file() -> Result<(), shared::StartError> {
    let text = match fs::read_to_string(".env") {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        text => {
            text.map_err(|error| shared::StartError::new(format!("failed to read .env: {error}")))?
        }
    };
    for (index, line) in text.lines().enumerate() {
        if has_substitution(line) || dotenvy::from_read(line.as_bytes()).is_err() {
            let number = index + 1;
            let name = line.split_once('=').map_or("the variable", |(name, _)| name.trim());
            return Err(shared::StartError::new(format!(
                "failed to read {name} in .env line {number}: write NAME='value', in single quotes"
            )));
        }
    }
    Ok(())
}

/// Whether dotenvy would replace a `$NAME` in the value, with nothing if there is no such variable.
fn has_substitution(line: &str) -> bool {
    let value = line.split_once('=').map_or("", |(_, value)| value.trim_start());
    !line.trim_start().starts_with('#') && value.contains('$') && !value.starts_with('\'')
}
