//! Respond to `GET /` with a JSON greeting.
//!
//! A handler is an async function whose return value can be turned into a response. `web::Json`
//! serializes any value that implements `Serialize`, and sets the content type.
//!
//! A `#[derive(Serialize)]` struct costs four lines and makes a misspelled property a compile
//! error; use `serde_json::json!` when a shape appears only once. `HEAD` needs a route of its own
//! in actix-web; it can share the handler because the server leaves out the body. The house rules
//! allow 5 seconds for a shutdown, and the default of `shutdown_timeout` is 30.
//!
//! Run it with `cargo run -p q01-hello-world`, then `curl -i http://127.0.0.1:3000/`.

use actix_web::{App, HttpServer, web};
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
    cfg.service(web::resource("/").get(greet).head(greet));
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}
