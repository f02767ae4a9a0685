//! Find products by a part of their name, in upper or lower case.
//!
//! The prompt is in README.md. The products, the route and the signature are given; the handler and
//! what `Search` and `Catalog` contain are yours.
//! Change anything you like: names, signatures, types and crates.
//!
//! Run it with `cargo xtask run 15`, and check it on every save with `cargo xtask watch 15`.

use actix_web::{App, HttpResponse, HttpServer, web};
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

async fn search_products(catalog: web::Data<Catalog>, search: web::Query<Search>) -> HttpResponse {
    // TODO: 200 with the products whose names contain the term.
    shared::not_implemented((&catalog.products, search))
}

#[derive(Deserialize)]
struct Search {
    // TODO: the search term.
}

#[derive(Clone, Copy, Serialize)]
struct Product {
    id: u32,
    name: &'static str,
    price: f64,
}

struct Catalog {
    // TODO: the products, in the form in which they are searched.
    products: Vec<Product>,
}

impl Catalog {
    fn new(products: &[Product]) -> Self {
        Self { products: products.to_vec() }
    }
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
