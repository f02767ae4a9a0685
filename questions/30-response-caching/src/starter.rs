//! Cache a slow product lookup, and never serve outdated values.
//!
//! The prompt is in README.md. The routes, the settings and the slow database are given. Write the
//! handlers, and the cache between them and the database.
//! Change anything you like: names, signatures, types and crates.
//!
//! Run it with `cargo xtask run 30`, and check it on every save with `cargo xtask watch 30`.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_web::{App, HttpResponse, HttpServer, ResponseError, http::StatusCode, rt, web};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let products = web::Data::new(Products::read()?);
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(products.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/products/{id}").get(get_product).put(update_product))
        .service(web::resource("/stats").get(show_stats));
}

async fn get_product(
    products: web::Data<Products>,
    id: web::Path<u32>,
) -> Result<HttpResponse, NotFound> {
    // TODO: 200 with the product and its headers, from the cache if possible, or 404.
    let product = products.database.find(*id).await.ok_or(NotFound)?;
    Ok(shared::not_implemented((product, products.ttl, products.max_entries)))
}

async fn update_product(
    products: web::Data<Products>,
    id: web::Path<u32>,
    new: web::Json<Product>,
) -> Result<HttpResponse, NotFound> {
    // TODO: 200 with the product, or 404. No later response has the old values.
    let product = Product { id: *id, ..new.into_inner() };
    let product = products.database.replace(product).ok_or(NotFound)?;
    Ok(shared::not_implemented(product))
}

async fn show_stats(products: web::Data<Products>) -> web::Json<Stats> {
    web::Json(Stats { computations: products.database.lookups.load(Ordering::Relaxed) })
}

#[derive(Clone, Serialize, Deserialize)]
struct Product {
    /// Comes from the path; an `id` in a body is ignored.
    #[serde(skip_deserializing)]
    id: u32,
    name: String,
    price: f64,
}

#[derive(Serialize)]
struct Stats {
    computations: u64,
}

struct Products {
    database: Database,
    ttl: Duration,
    max_entries: u64,
    // TODO: the cache of the products that were looked up.
}

impl Products {
    fn read() -> Result<Self, shared::StartError> {
        let delay = Duration::from_millis(shared::setting("SLOW_MS", 200, 0..=3_600_000)?);
        let ttl = shared::setting("CACHE_TTL_MS", 60_000, 1..=u32::MAX)?;
        let max_entries = shared::setting("CACHE_MAX_ENTRIES", 1000, 1..=1_000_000)?;
        let ttl = Duration::from_millis(ttl.into());
        Ok(Self { database: Database::new(delay), ttl, max_entries })
    }
}

/// Stands for a slow database: a lookup reads the product and then takes a while.
struct Database {
    products: Mutex<BTreeMap<u32, Product>>,
    /// The number of lookups that have begun.
    lookups: AtomicU64,
    delay: Duration,
}

impl Database {
    fn new(delay: Duration) -> Self {
        let products = [(1, "Laptop", 999.5), (2, "Phone", 499.0), (3, "Tea", 4.25)]
            .map(|(id, name, price)| (id, Product { id, name: name.to_owned(), price }));
        Self { products: Mutex::new(products.into()), lookups: AtomicU64::new(0), delay }
    }

    async fn find(&self, id: u32) -> Option<Product> {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        let product = self.products.lock().expect("never poisoned").get(&id).cloned();
        rt::time::sleep(self.delay).await;
        product
    }

    fn replace(&self, product: Product) -> Option<Product> {
        *self.products.lock().expect("never poisoned").get_mut(&product.id)? = product.clone();
        Some(product)
    }
}

/// 404: no product has this id. `shared::json_errors` sends it as JSON.
#[derive(Debug, thiserror::Error)]
#[error("Product not found")]
struct NotFound;

impl ResponseError for NotFound {
    fn status_code(&self) -> StatusCode {
        StatusCode::NOT_FOUND
    }
}
