//! Allow every client five requests a minute and reject the rest.
//!
//! The prompt is in README.md. The server, its one route and the settings are given, and the
//! middleware is already wrapped around the app; you write what it does and what `Limiter` stores.
//! Change anything you like: types, signatures and crates.
//!
//! `shared::json_errors` turns an error that the middleware returns into JSON, whether you return
//! it as `Err(error)` or as `Ok(request.error_response(error))`. If the middleware returns responses
//! of two body types, `map_into_left_body()` and `map_into_right_body()` make one type of them.
//!
//! Run it with `cargo xtask run 19`, and check it on every save with `cargo xtask watch 19`.

use std::time::Duration;

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
            .wrap(from_fn(limit_requests))
            .wrap(shared::json_errors())
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
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>> {
    // TODO: respond with what `next.call(request)` returns, or with 429 if the client has used up
    // its window.
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
    /// How many requests of a client pass in a window.
    max: u64,
    window: Duration,
    // TODO: what the limiter remembers about each client, shared by all workers.
}

impl Limiter {
    fn from_env() -> Result<Self, shared::StartError> {
        let milliseconds = shared::setting("RATE_LIMIT_WINDOW_MS", 60_000, 1..=86_400_000)?;
        Ok(Self {
            max: shared::setting("RATE_LIMIT_MAX", 5, 1..=1_000_000)?,
            window: Duration::from_millis(milliseconds),
        })
    }
}
