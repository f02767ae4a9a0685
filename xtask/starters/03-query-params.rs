//! Read a search term and a limit from the query, with defaults and bounds.
//!
//! The prompt is in README.md. The route is given; write the handler and the fields of `Search`.
//! Change anything you like: the signature, the return type and the types are a starting point.
//!
//! Run it with `cargo xtask run 3`, and check it on every save with `cargo xtask watch 3`.

use actix_web::{App, HttpResponse, HttpServer, web};
use serde::Deserialize;

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
    cfg.service(web::resource("/search").get(echo_search));
}

async fn echo_search(search: web::Query<Search>) -> HttpResponse {
    // TODO: Return 200 with the term and the limit, or 400 for an invalid limit.
    shared::not_implemented(search)
}

#[derive(Deserialize)]
struct Search {
    // TODO: Declare the two parameters with their defaults and bounds.
}
