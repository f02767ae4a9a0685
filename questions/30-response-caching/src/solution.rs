//! Cache a slow product lookup, and never serve outdated values.
//!
//! The cache holds a cell for each product, which a `OnceCell` fills with one lookup, however many
//! requests wait. An update removes the cell from the cache: a lookup that has read the old values
//! still fills that cell, for the requests that wait already, and no later request finds it.
//!
//! With moka's `get_with` alone, such a lookup stores the old values after `invalidate` found nothing
//! to remove; a version in the key is another way out. The `ETag` is a SHA-256 of the body, so it
//! survives a restart and is the same on every server, which a time or a counter is not.
//!
//! Run it with `cargo run -p q30-response-caching`, then
//! `curl -i http://127.0.0.1:3000/products/1` twice.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_web::{
    App, HttpResponse, HttpServer, ResponseError,
    http::{
        StatusCode,
        header::{CacheControl, CacheDirective, ETag, EntityTag, IfNoneMatch},
    },
    rt, web,
};
use moka::future::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

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
    known: web::Header<IfNoneMatch>,
) -> Result<HttpResponse, NotFound> {
    let (rendered, x_cache) = products.find(*id).await.ok_or(NotFound)?;
    let is_known = rendered.is_among(&known);
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header(("x-cache", x_cache))
        .insert_header(products.cache_control.clone())
        .insert_header(ETag(rendered.etag));
    Ok(if is_known {
        response.finish()
    } else {
        response.content_type("application/json").body(rendered.body)
    })
}

async fn update_product(
    products: web::Data<Products>,
    id: web::Path<u32>,
    new: web::Json<Product>,
) -> Result<web::Json<Product>, NotFound> {
    let product = Product { id: *id, ..new.into_inner() };
    let product = products.database.replace(product).ok_or(NotFound)?;
    // After the update, because the lookup for the next cell must read the new values.
    products.cache.invalidate(&product.id).await;
    Ok(web::Json(product))
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

/// A response body that can be sent several times.
#[derive(Clone)]
struct Rendered {
    body: String,
    etag: EntityTag,
}

impl Rendered {
    fn new(product: &Product) -> Self {
        let body = serde_json::to_string(product).expect("a product can be written as JSON");
        let etag = EntityTag::new_strong(format!("{:x}", Sha256::digest(&body)));
        Self { body, etag }
    }

    fn is_among(&self, known: &IfNoneMatch) -> bool {
        match known {
            IfNoneMatch::Any => true,
            IfNoneMatch::Items(tags) => tags.iter().any(|tag| tag.weak_eq(&self.etag)),
        }
    }
}

struct Products {
    database: Database,
    /// By id. A cell is empty until its lookup ends, and holds `None` if the product does not exist.
    cache: Cache<u32, Arc<OnceCell<Option<Rendered>>>>,
    cache_control: CacheControl,
}

impl Products {
    fn read() -> Result<Self, shared::StartError> {
        let delay = Duration::from_millis(shared::setting("SLOW_MS", 200, 0..=3_600_000)?);
        let ttl = shared::setting("CACHE_TTL_MS", 60_000, 1..=u32::MAX)?;
        let max_entries = shared::setting("CACHE_MAX_ENTRIES", 1000, 1..=1_000_000)?;
        let cache = Cache::builder().max_capacity(max_entries);
        let max_age = CacheDirective::MaxAge(ttl / 1000);
        Ok(Self {
            database: Database::new(delay),
            cache: cache.time_to_live(Duration::from_millis(ttl.into())).build(),
            cache_control: CacheControl(vec![CacheDirective::Public, max_age]),
        })
    }

    async fn find(&self, id: u32) -> Option<(Rendered, &'static str)> {
        let cell = self.cache.get_with(id, async { Arc::default() }).await;
        let x_cache = if cell.initialized() { "HIT" } else { "MISS" };
        let lookup = async || self.database.find(id).await.as_ref().map(Rendered::new);
        Some((cell.get_or_init(lookup).await.clone()?, x_cache))
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
