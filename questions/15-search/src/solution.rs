//! Find products by a part of their name, in upper or lower case.
//!
//! Two strings that differ only in case are equal in lower case. The names are converted once, when
//! the server starts, and the term once per request. The rest is `contains`, for which `%` and
//! `.*` are characters like any other.
//!
//! `to_lowercase` knows Unicode, `to_ascii_lowercase` only 26 letters. It has limits as well:
//! `STRASSE` does not find `Straße`, and é does not find e with a combining accent; that takes case
//! folding and normalization. Each search scans every product, which is fine for thousands; for
//! millions, use an index of trigrams.
//!
//! Run it with `cargo run -p q15-search`, then `curl -i 'http://127.0.0.1:3000/search?q=phone'`.

use actix_web::{App, HttpServer, web};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let catalog = web::Data::new(Catalog::new(&PRODUCTS));
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(catalog.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/search").get(search_products));
}

async fn search_products(
    catalog: web::Data<Catalog>,
    search: web::Query<Search>,
) -> web::Json<Vec<Product>> {
    web::Json(catalog.find(&search.q))
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
}

#[derive(Clone, Copy, Serialize)]
struct Product {
    id: u32,
    name: &'static str,
    price: f64,
}

struct Catalog {
    /// Every product with its name in the form in which it is searched, see [`normalize`].
    entries: Vec<(String, Product)>,
}

impl Catalog {
    fn new(products: &[Product]) -> Self {
        let entries = products.iter().map(|product| (normalize(product.name), *product));
        Self { entries: entries.collect() }
    }

    fn find(&self, term: &str) -> Vec<Product> {
        let term = normalize(term);
        if term.is_empty() {
            return Vec::new();
        }
        let found = self.entries.iter().filter(|(name, _)| name.contains(&term));
        found.map(|(_, product)| *product).collect()
    }
}

/// The form in which names and terms are compared: lower case, no whitespace around it.
fn normalize(text: &str) -> String {
    text.trim().to_lowercase()
}

const PRODUCTS: [Product; 9] = [
    Product { id: 1, name: "Laptop", price: 999.99 },
    Product { id: 2, name: "Phone", price: 599.5 },
    Product { id: 3, name: "Headphones", price: 89.9 },
    Product { id: 4, name: "Café Table", price: 149.0 },
    Product { id: 5, name: "Laptop Stand", price: 39.95 },
    Product { id: 6, name: "Écran 27", price: 229.0 },
    Product { id: 7, name: "Самовар", price: 75.0 },
    Product { id: 8, name: "USB 3.0 Hub (4 Ports)", price: 24.9 },
    Product { id: 9, name: "Desk Lamp", price: 35.0 },
];
