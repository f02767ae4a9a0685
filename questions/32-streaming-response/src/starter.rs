//! Stream a large file and a list of any length without holding either in memory.
//!
//! The prompt is in README.md. The routes and the errors are given. Write the handlers.
//! Change anything you like: names, signatures, types and crates.
//!
//! Run it with `cargo xtask run 32`, and check it on every save with `cargo xtask watch 32`.

use std::path::PathBuf;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, ResponseError, http::StatusCode, web};
use serde::Deserialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let file = web::Data::new(DataFile::read());
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

async fn download_file(
    request: HttpRequest,
    file: web::Data<DataFile>,
) -> Result<HttpResponse, DownloadError> {
    // TODO: 200 with the bytes of the file, its length and its type, or 404.
    Ok(shared::not_implemented((request, file.path.clone())))
}

async fn list_numbers(query: web::Query<Numbers>) -> HttpResponse {
    // TODO: 200 with the numbers from 1 to `count`, one per line, or 400.
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
    fn read() -> Self {
        // TODO: a sample that is found from any working directory.
        Self { path: shared::path_setting("DATA_FILE", "README.md") }
    }
}

/// `shared::json_errors` sends it as JSON.
#[derive(Debug, thiserror::Error)]
#[allow(dead_code, reason = "the handler that returns it is still to be written")]
enum DownloadError {
    /// 404: there is no file at the path, or something that is not a file.
    #[error("there is no such file")]
    NotFound,
}

impl ResponseError for DownloadError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
        }
    }
}
