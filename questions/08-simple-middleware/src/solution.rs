//! Print one line for every request, then let it continue.
//!
//! A middleware is a function from a request and the rest of the app to a response. `from_fn` makes
//! one of an async function: what stands before `next.call` happens before the handler, what stands
//! after it has the response. Wrapped around the app, it sees what no route matches as well.
//!
//! The path goes out as it came in: decoded, `%0a` would end the line and let a client write the
//! next. actix-web has `middleware::Logger`, which is the better choice outside an exercise.
//! Either writes on the thread that serves, so a reader of stdout who stalls holds up the server.
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
    // `println!` would panic, and drop the connection, once nobody reads stdout.
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
