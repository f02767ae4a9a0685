//! Stream a large file and a list of any length without holding either in memory.
//!
//! The prompt is in README.md. The routes and the path of the file are given; the handlers are
//! yours. Change whatever you like.
//!
//! Run it with `cargo xtask run 32`, and judge it on every save with `cargo xtask watch 32`.

use std::{env, path::PathBuf};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde::Deserialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let file = web::Data::new(DataFile::from_env());
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(file.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/download").get(download_file))
        .service(web::resource("/numbers").get(list_numbers));
}

async fn download_file(request: HttpRequest, file: web::Data<DataFile>) -> HttpResponse {
    // TODO: 200 with the bytes of the file, its length and its type, or 404.
    shared::not_implemented((request, file.path.is_absolute()))
}

async fn list_numbers(query: web::Query<Numbers>) -> HttpResponse {
    // TODO: 200 with the numbers from 1 to `count`, each in a line of its own, or 400.
    shared::not_implemented(query)
}

#[derive(Deserialize)]
struct Numbers {
    // TODO: the parameters of the list.
}

struct DataFile {
    path: PathBuf,
}

impl DataFile {
    /// `DATA_FILE`, or a path that depends on the working directory.
    fn from_env() -> Self {
        // TODO: a sample that is found from any working directory.
        Self { path: env::var_os("DATA_FILE").unwrap_or_else(|| "README.md".into()).into() }
    }
}
