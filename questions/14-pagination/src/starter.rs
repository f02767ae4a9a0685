//! Serve a list in pages, with the numbers that a client needs to navigate.
//!
//! The prompt is in README.md. The items, the route and the signature are given; the handler and what
//! `PageQuery` contains are yours.
//! Change anything you like: names, signatures, types and crates.
//!
//! Run it with `cargo xtask run 14`, and check it on every save with `cargo xtask watch 14`.

use actix_web::{App, HttpResponse, HttpServer, web};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let items = web::Data::new(all_items());
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(items.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/items").get(list_items));
}

async fn list_items(items: web::Data<Vec<Item>>, query: web::Query<PageQuery>) -> HttpResponse {
    // TODO: 200 with the items of the page and the four numbers, or 400.
    shared::not_implemented((items, query))
}

#[derive(Deserialize)]
struct PageQuery {
    // TODO: the parameters, with their defaults and bounds.
}

#[derive(Serialize)]
struct Item {
    id: u32,
    name: String,
}

/// In order of id.
fn all_items() -> Vec<Item> {
    (1..=100).map(|id| Item { id, name: format!("Item {id}") }).collect()
}
