//! Sort products by a field and a direction from a list of allowed ones.
//!
//! The prompt is in README.md. The products, the route and the signature are given; the handler and
//! what `Sorting` contains are yours.
//! Change anything you like: names, signatures, types and crates.
//!
//! Run it with `cargo xtask run 16`, and check it on every save with `cargo xtask watch 16`.

use actix_web::{App, HttpResponse, HttpServer, web};
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
    cfg.service(web::resource("/products").get(list_products));
}

async fn list_products(query: web::Query<Sorting>) -> HttpResponse {
    // TODO: 200 with all products in the requested order, or 400.
    shared::not_implemented((PRODUCTS, query))
}

#[derive(Deserialize)]
struct Sorting {
    // TODO: the field and the direction.
}

#[derive(Clone, Copy, Serialize)]
struct Product {
    id: u32,
    name: &'static str,
    price: f64,
}

/// In no particular order.
const PRODUCTS: [Product; 12] = [
    Product { id: 7, name: "Stapler", price: 12.5 },
    Product { id: 2, name: "Pencil", price: 1.2 },
    Product { id: 12, name: "Whiteboard", price: 100.0 },
    Product { id: 11, name: "Mug", price: 12.5 },
    Product { id: 9, name: "Notebook", price: 3.75 },
    Product { id: 8, name: "binder", price: 9.5 },
    Product { id: 1, name: "Desk", price: 250.0 },
    Product { id: 5, name: "eraser", price: 1.2 },
    Product { id: 10, name: "Lamp", price: 35.0 },
    Product { id: 4, name: "mug", price: 9.5 },
    Product { id: 6, name: "Ink", price: 12.5 },
    Product { id: 3, name: "Chair", price: 129.9 },
];
