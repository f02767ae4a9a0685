//! Serve a list in pages, with the numbers that a client needs to navigate.
//!
//! The bounds are types: page 0 and limits of 0 or of a million do not parse. So the handler has
//! nothing left to check, and never divides by zero. The client chooses both factors of the offset,
//! whose product may overflow: `saturating_mul` puts such a page past the end, where `skip` finds
//! nothing and a slice would panic. A page of 2^64 does not parse and gets a 400.
//!
//! Numbered pages let a client jump to any page, but items move between pages while others are added
//! or deleted, and a database has to count up to each page. `?after=42&limit=10` has neither problem,
//! but no jumps.
//!
//! Run it with `cargo run -p q14-pagination`, then
//! `curl -i 'http://127.0.0.1:3000/items?page=2&limit=20'`.

use std::num::NonZero;

use actix_web::{
    App, Error, HttpRequest, HttpResponse, HttpServer,
    error::{self, QueryPayloadError},
    web,
};
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
    cfg.app_data(web::QueryConfig::default().error_handler(reject_query))
        .service(web::resource("/items").get(list_items));
}

async fn list_items(items: web::Data<Vec<Item>>, query: web::Query<PageQuery>) -> HttpResponse {
    let PageQuery { page, limit: Limit(limit) } = query.into_inner();
    let start = (page.get() - 1).saturating_mul(limit);
    HttpResponse::Ok().json(Page {
        data: items.iter().skip(start).take(limit).collect(),
        page: page.get(),
        limit,
        total: items.len(),
        total_pages: items.len().div_ceil(limit),
    })
}

/// 400, with a message that names the parameters: the messages of serde name Rust types.
fn reject_query(_: QueryPayloadError, _: &HttpRequest) -> Error {
    error::ErrorBadRequest("page must be a whole number from 1, and limit one from 1 to 100")
}

#[derive(Deserialize)]
#[serde(default)]
struct PageQuery {
    page: NonZero<usize>,
    limit: Limit,
}

impl Default for PageQuery {
    fn default() -> Self {
        Self { page: NonZero::<usize>::MIN, limit: Limit(10) }
    }
}

/// The number of items on a page, from 1 to 100.
#[derive(Deserialize)]
#[serde(try_from = "usize")]
struct Limit(usize);

impl TryFrom<usize> for Limit {
    type Error = &'static str;

    fn try_from(limit: usize) -> Result<Self, Self::Error> {
        if (1..=100).contains(&limit) { Ok(Self(limit)) } else { Err("limit must be 1 to 100") }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    data: Vec<&'a Item>,
    page: usize,
    limit: usize,
    total: usize,
    total_pages: usize,
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
