//! Export all users as a CSV file that a spreadsheet opens safely.
//!
//! The prompt is in README.md. The route and the users are given; you write the handler and the
//! parameters of the query.
//! Change anything you like, except the users: types, signatures and crates.
//!
//! Run it with `cargo xtask run 21`, and check it on every save with `cargo xtask watch 21`.

use actix_web::{App, HttpResponse, HttpServer, web};
use serde::Deserialize;

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
    cfg.service(web::resource("/export/users").get(export_users));
}

async fn export_users(query: web::Query<ExportQuery>) -> HttpResponse {
    // TODO: respond with 200 and all users as a CSV file, or with `count` rows if the query has it.
    shared::not_implemented((query, USERS))
}

#[derive(Deserialize)]
struct ExportQuery {
    // TODO: the parameter `count`, once you support it.
}

/// Name and email. The first user has the id 1.
const USERS: [(&str, &str); 13] = [
    ("Ada Lovelace", "ada@example.com"),
    ("José Álvarez", "jose@example.com"),
    ("Hopper, Grace", "grace@example.com"),
    ("William \"Bill\" Gosset", "bill@example.com"),
    ("Alan\nTuring", "alan@example.com"),
    ("'t Hooft, Gerard", "gerard@example.com"),
    ("Gerty - née R.", "gerty+cori@example.com"),
    ("=HYPERLINK(\"https://evil.example\",\"Click\")", "eve@example.com"),
    ("+1 555 0100", "phone@example.com"),
    ("-2+3", "=1+1@example.com"),
    ("@SUM(A1:A9)", "sum@example.com"),
    ("\tTab", "tab@example.com"),
    ("\rReturn", "return@example.com"),
];
