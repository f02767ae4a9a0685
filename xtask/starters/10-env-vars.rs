//! Read port and API key from the environment and a `.env` file.
//!
//! The prompt is in README.md. The route is given; what `Config` holds and where it comes from is
//! yours. `shared::listen!` takes `PORT` from the environment when `main` gets to it.
//!
//! Run it with `cargo xtask run 10`, and judge it on every save with `cargo xtask watch 10`.

use actix_web::{App, HttpResponse, HttpServer, web};
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

async fn show_config(config: web::Data<Config>) -> HttpResponse {
    // TODO: 200 with what a client may know of the configuration.
    shared::not_implemented((config, ConfigView {}))
}

/// What a client may know of the configuration.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfigView {
    // TODO: the members of the answer.
}

struct Config {
    // TODO: what is configured, in types that can hold nothing wrong.
}

impl Config {
    fn load() -> Result<Self, shared::StartError> {
        // TODO: the configuration from .env and the environment, or an error that names the
        // variable that is wrong.
        Ok(Self {})
    }
}
