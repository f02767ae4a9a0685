//! Find products by a part of their name, whatever its case.
//!
//! Two texts that differ only in case are equal once both are in lower case. The names get there
//! once, when the server starts, and the term once per request: what is left is `contains`, for
//! which `%` and `.*` are characters like any other.
//!
//! `to_lowercase` knows Unicode, `to_ascii_lowercase` only 26 letters. It has limits too:
//! `STRASSE` finds no `Straße`, and é finds no e with a combining accent; that takes case folding
//! and normalisation. Every search looks at every product, which is right for some thousands of
//! them; for millions, an index of trigrams would find the candidates.
//!
//! Run it with `cargo run -p q15-search`, then `curl -i 'http://127.0.0.1:3000/search?q=phone'`.

use actix_web::{App, HttpServer, web};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let catalogue = web::Data::new(Catalogue::new(&PRODUCTS));
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(catalogue.clone()).configure(routes)
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
    catalogue: web::Data<Catalogue>,
    search: web::Query<Search>,
) -> web::Json<Vec<Product>> {
    web::Json(catalogue.find(&search.q))
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

struct Catalogue {
    /// Every product with what is searched in place of its name, see [`normalise`].
    entries: Vec<(String, Product)>,
}

impl Catalogue {
    fn new(products: &[Product]) -> Self {
        let entries = products.iter().map(|product| (normalise(product.name), *product));
        Self { entries: entries.collect() }
    }

    fn find(&self, term: &str) -> Vec<Product> {
        let term = normalise(term);
        if term.is_empty() {
            return Vec::new();
        }
        let found = self.entries.iter().filter(|(name, _)| name.contains(&term));
        found.map(|(_, product)| *product).collect()
    }
}

/// What names and terms have in common if they match: no blanks around them, and no case.
fn normalise(text: &str) -> String {
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
