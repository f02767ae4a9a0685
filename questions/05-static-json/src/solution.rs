//! Return a fixed list of typed products.
//!
//! The products are a constant of a type that implements `Serialize`: the list is part of the
//! program, and a product without a price does not compile. Nothing would check a JSON string
//! before a client reads it.
//!
//! A price is an `f64` because it is only displayed. Use whole cents where prices are added: most
//! decimal fractions have no exact binary form, and `0.1 + 0.2` is not `0.3`.
//!
//! Run it with `cargo run -p q05-static-json`, then `curl -i http://127.0.0.1:3000/products`.

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
    cfg.service(web::resource("/products").get(list_products));
}

async fn list_products() -> web::Json<&'static [Product]> {
    web::Json(PRODUCTS)
}

#[derive(Serialize)]
struct Product {
    id: u32,
    name: &'static str,
    price: f64,
}

const PRODUCTS: &[Product] = &[
    Product { id: 1, name: "Teapot", price: 24.5 },
    Product { id: 2, name: "Cup", price: 6.25 },
    Product { id: 3, name: "Strainer", price: 3.0 },
];
