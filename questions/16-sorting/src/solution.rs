//! Sort products by a field and a direction from a list of allowed ones.
//!
//! Field and direction are enums: what a client may sort by is a list that the compiler knows, and
//! nothing else reaches the handler. Every comparison ends with the id, so that no two products
//! are equal, and a direction turns round the field alone, not the ties.
//!
//! `total_cmp` orders all floats; `partial_cmp` gives up at NaN, and a sort may panic if its order
//! contradicts itself. Prices that are added up should be whole cents, which compare with `cmp`.
//! Every request sorts a copy, and puts names into lower case as it compares them. That is right
//! for a dozen products; a long list would keep the keys, or one sorted copy per field.
//!
//! Run it with `cargo run -p q16-sorting`, then
//! `curl -i 'http://127.0.0.1:3000/products?sort=price&order=desc'`.

use std::cmp::Ordering;

use actix_web::{
    App, Error, HttpRequest, HttpServer,
    error::{self, QueryPayloadError},
    web,
};
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
    cfg.app_data(web::QueryConfig::default().error_handler(refuse_query))
        .service(web::resource("/products").get(list_products));
}

async fn list_products(query: web::Query<Sorting>) -> web::Json<Vec<Product>> {
    let Sorting { sort, order } = query.into_inner();
    let mut products = PRODUCTS.to_vec();
    products.sort_unstable_by(|a, b| order.of(sort.compare(a, b)).then(a.id.cmp(&b.id)));
    web::Json(products)
}

/// 400: the message is that of the parameter, without what actix-web would put before it.
fn refuse_query(error: QueryPayloadError, _: &HttpRequest) -> Error {
    match error {
        QueryPayloadError::Deserialize(error) => error::ErrorBadRequest(error.to_string()),
        error => error.into(),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Sorting {
    sort: Field,
    order: Order,
}

/// Deserialised by hand, because the prompt has a message for what is no field.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(try_from = "String")]
enum Field {
    #[default]
    Id,
    Name,
    Price,
}

impl TryFrom<String> for Field {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        match name.as_str() {
            "id" => Ok(Self::Id),
            "name" => Ok(Self::Name),
            "price" => Ok(Self::Price),
            _ => Err("Invalid sort field"),
        }
    }
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
enum Order {
    #[default]
    Asc,
    Desc,
}

impl Order {
    fn of(self, ascending: Ordering) -> Ordering {
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

/// In no order.
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
