//! Sort products by a field and a direction from a list of allowed ones.
//!
//! Field and direction are enums: the compiler knows everything that a client may sort by, and
//! nothing else reaches the handler. Each comparison ends with the id, so that no two products are
//! equal, and the direction reverses the field only, not the ties.
//!
//! `total_cmp` orders all floats; `partial_cmp` has no result for NaN, and a sort may panic if its
//! order contradicts itself. Prices that are added up should be whole cents, which compare with
//! `cmp`. Each request sorts a copy and converts names to lower case while it compares them, which is
//! fine for a dozen products; for a long list, keep the keys or one sorted copy per field.
//!
//! Run it with `cargo run -p q16-sorting`, then
//! `curl -i 'http://127.0.0.1:3000/products?sort=price&order=desc'`.

use std::cmp::Ordering;

use actix_web::{
    App, Error, HttpRequest, HttpServer,
    error::{self, QueryPayloadError},
    web,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

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
    cfg.app_data(web::QueryConfig::default().error_handler(reject_query))
        .service(web::resource("/products").get(list_products));
}

async fn list_products(query: web::Query<Sorting>) -> web::Json<Vec<Product>> {
    let Sorting { sort, order } = query.into_inner();
    let mut products = PRODUCTS.to_vec();
    products.sort_unstable_by(|a, b| order.apply(sort.compare(a, b)).then(a.id.cmp(&b.id)));
    web::Json(products)
}

/// 400, with the message of the parameter alone: actix-web would put `Query deserialize error` first.
fn reject_query(error: QueryPayloadError, _: &HttpRequest) -> Error {
    match error {
        QueryPayloadError::Deserialize(error) => error::ErrorBadRequest(error.to_string()),
        error => error.into(),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Sorting {
    #[serde(deserialize_with = "sort_field")]
    sort: Field,
    order: Direction,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Field {
    #[default]
    Id,
    Name,
    Price,
}

/// Replaces the message of the derive, which lists the variants.
fn sort_field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Field, D::Error> {
    Field::deserialize(deserializer).map_err(|_| D::Error::custom("Invalid sort field"))
}

impl Field {
    fn compare(self, a: &Product, b: &Product) -> Ordering {
        let lower_case = |name: &'static str| name.chars().flat_map(char::to_lowercase);
        match self {
            Self::Id => a.id.cmp(&b.id),
            Self::Name => lower_case(a.name).cmp(lower_case(b.name)),
            Self::Price => a.price.total_cmp(&b.price),
        }
    }
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    #[default]
    Asc,
    Desc,
}

impl Direction {
    fn apply(self, ascending: Ordering) -> Ordering {
        match self {
            Self::Asc => ascending,
            Self::Desc => ascending.reverse(),
        }
    }
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
