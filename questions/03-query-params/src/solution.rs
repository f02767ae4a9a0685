//! Read a search term and a limit from the query, with defaults and bounds.
//!
//! `web::Query` fills a struct from the query and refuses what does not fit with 400 before the
//! handler runs. `#[serde(default)]` takes what is missing from `Search::default()`, and a `Limit`
//! cannot be made outside its bounds, so the handler has nothing left to check.
//!
//! With `try_from = "u8"` the parsing would be serde's as well, but its error is "invalid digit
//! found in string" and does not say of which parameter. A `HashMap` would take any query: the
//! defaults, the bounds and a parameter given twice would then be the handler's work.
//!
//! Run it with `cargo run -p q03-query-params`, then
//! `curl -i 'http://127.0.0.1:3000/search?q=term&limit=10'`.

use actix_web::{App, HttpServer, web};
use serde::{Deserialize, Serialize};

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

async fn echo_search(search: web::Query<Search>) -> web::Json<Search> {
    web::Json(search.into_inner())
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Search {
    q: String,
    limit: Limit,
}

/// How many results are wanted: from 1 to 100.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "String")]
struct Limit(u8);

impl Default for Limit {
    fn default() -> Self {
        Self(10)
    }
}

impl TryFrom<String> for Limit {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let limit = text.parse().ok().filter(|limit| (1..=100).contains(limit));
        limit.map(Self).ok_or("limit must be a whole number from 1 to 100")
    }
}
