//! Answer every undefined route with one JSON 404.
//!
//! The app has a default service: what no resource takes ends there, whatever its method. It is not
//! a route, so it can be registered first or last; a catch-all `/{path:.*}` would hide every route
//! that comes after it.
//!
//! A resource has a default of its own for the methods that it lacks. There the path is defined, so
//! the answer is 405 with the methods that `Allow` names; without it actix-web sends no body.
//! `shared::json_errors()`, which the other questions wrap their app in, would write both bodies
//! after the fact and is left out here.
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
    cfg.service(web::resource("/").get(greet).default_service(web::to(refuse_method)))
        .default_service(web::to(refuse_path));
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

async fn refuse_method() -> HttpResponse {
    HttpResponse::MethodNotAllowed()
        .insert_header((header::ALLOW, "GET"))
        .json(ErrorBody { error: "Method Not Allowed" })
}

async fn refuse_path() -> HttpResponse {
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
