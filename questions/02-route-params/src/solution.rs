//! Read an id from the path and return it.
//!
//! `{id}` in the route matches one segment that is not empty, and `web::Path` percent-decodes it.
//! The type that the handler asks for defines what an id is: a `String` accepts `007` as well as a
//! name.
//!
//! Use `web::Path<u64>` when only numbers are ids: everything else gets 404 before the handler
//! runs. `HttpRequest::match_info` also returns a string, but leaves `%25`, `%2B` and `%2F`
//! encoded.
//!
//! Run it with `cargo run -p q02-route-params`, then `curl -i http://127.0.0.1:3000/users/123`.

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
    cfg.service(web::resource("/users/{id}").get(find_user));
}

async fn find_user(id: web::Path<String>) -> web::Json<FoundUser> {
    web::Json(FoundUser { id: id.into_inner(), message: "User found" })
}

#[derive(Serialize)]
struct FoundUser {
    id: String,
    message: &'static str,
}
