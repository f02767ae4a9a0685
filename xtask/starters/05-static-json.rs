//! Answer with a fixed list of typed products.
//!
//! The prompt is in README.md. The server and its route are given; the handler is yours, and so
//! are the products.
//!
//! Run it with `cargo xtask run 5`, and judge it on every save with `cargo xtask watch 5`.

use actix_web::{App, HttpResponse, HttpServer, web};

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

async fn list_products() -> HttpResponse {
    // TODO: 200 with all products as JSON.
    shared::not_implemented(())
}
