//! Cache a slow product lookup, and never serve what was replaced.
//!
//! The prompt is in README.md. Routes, settings and the slow database are given; the handlers are
//! yours, and so is what stands between them and the database.
//!
//! Run it with `cargo xtask run 30`, and judge it on every save with `cargo xtask watch 30`.

use std::{
    collections::BTreeMap,
    env,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_web::{App, HttpResponse, HttpServer, Result, rt, web};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let products = web::Data::new(Products::from_env()?);
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

async fn get_product(products: web::Data<Products>, id: web::Path<u32>) -> HttpResponse {
    // TODO: 200 with the product and its headers, from the cache if it is there, or 404.
    let product = products.database.find(*id).await;
    shared::not_implemented((product, products.ttl, products.max_entries))
}

async fn update_product(
    products: web::Data<Products>,
    id: web::Path<u32>,
    new: web::Json<Product>,
) -> HttpResponse {
    // TODO: 200 with the product, whose old values nobody gets from now on, or 404.
    let product = Product { id: *id, ..new.into_inner() };
    shared::not_implemented(products.database.replace(product))
}

async fn show_stats(products: web::Data<Products>) -> web::Json<Stats> {
    web::Json(Stats { computations: products.database.lookups.load(Ordering::Relaxed) })
}

#[derive(Clone, Serialize, Deserialize)]
struct Product {
    /// Comes from the path, whatever a body says.
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
    // TODO: what is kept of the products that were looked up.
}

impl Products {
    fn from_env() -> Result<Self, shared::StartError> {
        Ok(Self {
            database: Database::new(Duration::from_millis(setting("SLOW_MS", 200)?)),
            ttl: Duration::from_millis(setting("CACHE_TTL_MS", 60_000)?),
            max_entries: setting("CACHE_MAX_ENTRIES", 1000)?,
        })
    }
}

/// Stands for a database far away: a lookup reads, and then the answer takes a while.
struct Database {
    products: Mutex<BTreeMap<u32, Product>>,
    /// Lookups that have begun.
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

fn setting(name: &str, default: u64) -> Result<u64, shared::StartError> {
    let refuse = |_| shared::StartError::new(format!("{name} must be a whole number"));
    env::var(name).map_or(Ok(default), |value| value.parse().map_err(refuse))
}
