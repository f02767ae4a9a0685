//! Read the port and an API key from the environment and a `.env` file.
//!
//! The prompt is in README.md. The route is given; decide what `Config` contains and where its
//! values come from. `shared::listen!` reads `PORT` from the environment when `main` reaches it.
//! Change anything you like: names, signatures, types and crates.
//!
//! Run it with `cargo xtask run 10`, and check it on every save with `cargo xtask watch 10`.

use actix_web::{App, HttpResponse, HttpServer, web};
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

async fn show_config(config: web::Data<Config>) -> HttpResponse {
    // TODO: Return 200 with what a client may know about the configuration.
    shared::not_implemented((config, ConfigView {}))
}

/// What a client may know about the configuration.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfigView {
    // TODO: Declare the properties of the response.
}

struct Config {
    // TODO: Declare the settings, in types that cannot hold an invalid value.
}

impl Config {
    fn read() -> Result<Self, shared::StartError> {
        // TODO: Read the settings, or return an error that names the invalid variable.
        Ok(Self {})
    }
}

fn load_env_file() -> Result<(), shared::StartError> {
    // TODO: Copy the variables of `.env` into the environment, except those that are already set.
    Ok(())
}
