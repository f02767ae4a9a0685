//! Print one line for every request, then let the request continue.
//!
//! A middleware is a function from a request and the rest of the app to a response. `from_fn` turns
//! an async function into one: code before `next.call` runs before the handler, code after it sees
//! the response. A middleware that wraps the app also sees requests that no route matches.
//!
//! The path is printed as it was sent: decoded, `%0a` would end the line and let a client forge the
//! next one. Use `middleware::Logger` outside an exercise. Both write on the thread that serves
//! requests, so a reader that stops reading stdout blocks the server.
//!
//! Run it with `cargo run -p q08-simple-middleware`, then `curl -i http://127.0.0.1:3000/`.

use std::io::{self, Write};

use actix_web::{
    App, HttpServer, Result,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::{Next, from_fn},
    web,
};
use chrono::{SecondsFormat, Utc};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    HttpServer::new(|| {
        App::new().wrap(shared::json_errors()).wrap(from_fn(log_request)).configure(routes)
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

async fn log_request(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>> {
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    // `println!` would panic and drop the connection if stdout is closed.
    let _ = writeln!(io::stdout(), "[{}] {} - {now}", request.method(), request.path());
    next.call(request).await
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}
