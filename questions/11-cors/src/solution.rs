//! Let web pages of any origin call the API with credentials.
//!
//! A browser lets a page read a response from another origin only if CORS headers allow it, and
//! sends a preflight before a request that could change something. With credentials, the wildcard
//! `*` does not count: the response must repeat the origin, and `Vary: Origin` keeps caches from
//! mixing origins.
//!
//! actix-cors does all of that, but rejects a preflight with an empty list of headers. The
//! middleware that is wrapped last runs first, so `json_errors` also sees rejected preflights. The
//! prompt asks for every origin; in production that lets any page act as its visitor, so list the
//! trusted origins with `allowed_origin`.
//!
//! Run it with `cargo run -p q11-cors`, then
//! `curl -i -H 'origin: https://app.example' http://127.0.0.1:3000/`.

use actix_cors::Cors;
use actix_web::{
    App, HttpServer, Result,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::{Next, from_fn},
    web,
};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    HttpServer::new(|| {
        App::new()
            .wrap(cors())
            .wrap(from_fn(ignore_empty_header_list))
            .wrap(shared::json_errors())
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

fn cors() -> Cors {
    Cors::default()
        .allow_any_origin()
        .supports_credentials()
        .allowed_methods(["GET", "POST", "PUT", "DELETE"])
        .allowed_headers([header::CONTENT_TYPE, header::AUTHORIZATION])
}

async fn ignore_empty_header_list(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>> {
    let list = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    if list.is_some_and(|list| list.as_bytes().trim_ascii().is_empty()) {
        request.headers_mut().remove(header::ACCESS_CONTROL_REQUEST_HEADERS);
    }
    next.call(request).await
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}
