//! Return the same JSON 404 for every unknown path.
//!
//! The default service of the app handles every request that no resource matches, whatever its
//! method. It is not a route, so the order of registration does not matter; a catch-all
//! `/{path:.*}` would hide every route that is registered after it.
//!
//! A resource has its own default service for methods without a handler. The path exists there, so
//! the status is 405, and `Allow` lists the methods; by default actix-web sends no body. The other
//! questions get both bodies from `shared::json_errors()`, which is left out here.
//!
//! Run it with `cargo run -p q09-error-response`, then `curl -i http://127.0.0.1:3000/nowhere`.

use actix_web::{App, HttpResponse, HttpServer, http::header, web};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    HttpServer::new(|| App::new().configure(routes))
        .workers(shared::workers())
        .shutdown_timeout(3)
        .listen(shared::listen!()?)?
        .run()
        .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/").get(greet).default_service(web::to(method_not_allowed)))
        .default_service(web::to(not_found));
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

async fn method_not_allowed() -> HttpResponse {
    HttpResponse::MethodNotAllowed()
        .insert_header((header::ALLOW, "GET"))
        .json(ErrorBody { error: "Method Not Allowed" })
}

async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().json(ErrorBody { error: "Not Found" })
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}

#[derive(Serialize)]
struct ErrorBody {
    error: &'static str,
}
