//! Read a search term and a limit from the query, with defaults and bounds.
//!
//! `web::Query` fills a struct from the query and rejects invalid values with 400 before the
//! handler runs. `#[serde(default)]` takes missing parameters from `Search::default()`. A `Limit`
//! cannot be created outside its bounds, so the handler has nothing left to check.
//!
//! With `try_from = "u8"` serde would parse the number too, but its error message, "invalid digit
//! found in string", does not name the parameter. A `HashMap` would accept any query: the handler
//! would have to apply the defaults, check the bounds and notice a repeated parameter.
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

/// How many results the client wants: from 1 to 100.
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
        let limit = text.parse::<u8>().ok().filter(|limit| (1..=100).contains(limit));
        limit.map(Self).ok_or("limit must be a whole number from 1 to 100")
    }
}
