//! Allow every client five requests a minute and refuse the rest.
//!
//! The prompt is in README.md. The server, its one route and the settings are given, and the
//! middleware is wrapped around the app already; what it does, and what `Limiter` holds, is yours.
//!
//! Run it with `cargo xtask run 19`, and judge it on every save with `cargo xtask watch 19`.

use std::{
    env::{self, VarError},
    time::Duration,
};

use actix_web::{
    App, HttpServer, Result,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::{Next, from_fn},
    web,
};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let limiter = web::Data::new(Limiter::from_env()?);
    HttpServer::new(move || {
        App::new()
            .wrap(shared::json_errors())
            .wrap(from_fn(limit_requests))
            .app_data(limiter.clone())
            .configure(routes)
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

async fn limit_requests(
    limiter: web::Data<Limiter>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>> {
    // TODO: what `next` answers, or 429 if the client has used up its window.
    Ok(request.into_response(shared::not_implemented((limiter.max, limiter.window, next))))
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}

struct Limiter {
    /// How many requests of a client are let through in a window.
    max: u64,
    window: Duration,
    // TODO: what all workers know of the clients.
}

impl Limiter {
    fn from_env() -> Result<Self, shared::StartError> {
        Ok(Self {
            max: setting("RATE_LIMIT_MAX", 5)?,
            window: Duration::from_millis(setting("RATE_LIMIT_WINDOW_MS", 60_000)?),
        })
    }
}

fn setting(name: &str, default: u64) -> Result<u64, shared::StartError> {
    match env::var(name) {
        Err(VarError::NotPresent) => Some(default),
        value => value.ok().and_then(|value| value.parse().ok()),
    }
    .ok_or_else(|| shared::StartError::new(format!("{name} must be a whole number")))
}
