//! Return a fixed list of typed products.
//!
//! The prompt is in README.md. The server and its route are given; write the handler and the data.
//! Change anything you like: the signature, the return type and the routes are a starting point.
//!
//! Run it with `cargo xtask run 5`, and check it on every save with `cargo xtask watch 5`.

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
    // TODO: Return 200 with all products as JSON.
    shared::not_implemented(())
}
