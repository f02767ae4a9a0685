//! Stream a large file and a list of any length without holding either in memory.
//!
//! A body is a stream that actix-web asks for its next piece once the socket has taken the last
//! ones. So nothing is made for a client that does not read, and nothing is left to stop when one
//! hangs up: its stream is dropped. `NamedFile` reads a file in this way, on the threads for
//! blocking work, and knows ranges; the numbers are an iterator that is never collected.
//!
//! A task that fills a channel would do too, but has to be bounded and to end by itself when the
//! receiver is gone. `NamedFile` is wrong in one place: a range of an empty file overflows a
//! subtraction, so such a file is answered here. Of several ranges it sends the first, as it may.
//!
//! Run it with `cargo run -p q32-streaming-response`, then
//! `curl -N 'http://127.0.0.1:3000/numbers?count=1000000000000'`.

use std::{convert::Infallible, env, path::PathBuf};

use actix_files::NamedFile;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Result, web};
use futures_util::stream;
use serde::Deserialize;

/// Lines that are sent at once: one alone would cost a write and the framing of a chunk.
const BATCH: u64 = 1000;

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

async fn download_file(request: HttpRequest, file: web::Data<DataFile>) -> Result<HttpResponse> {
    let path = file.path.clone();
    // A file that is absent is an `io::Error` of kind `NotFound`, which actix-web answers with 404.
    let file = web::block(|| NamedFile::open(path)).await??;
    if file.metadata().len() == 0 {
        return Ok(HttpResponse::Ok().content_type(file.content_type().clone()).body(""));
    }
    Ok(file.into_response(&request))
}

async fn list_numbers(query: web::Query<Numbers>) -> HttpResponse {
    let count = query.count;
    let batches = (1..=count).step_by(BATCH as usize).map(move |first| {
        let last = first.saturating_add(BATCH - 1).min(count);
        // A number has nothing to escape, so this is JSON.
        let lines: String = (first..=last).map(|n| format!("{{\"n\":{n}}}\n")).collect();
        Ok::<_, Infallible>(web::Bytes::from(lines))
    });
    HttpResponse::Ok().content_type("application/x-ndjson").streaming(stream::iter(batches))
}

#[derive(Deserialize)]
struct Numbers {
    /// Unsigned, so that a negative one is refused like a word.
    count: u64,
}

struct DataFile {
    /// Where to look for the file, which may come and go while the server runs.
    path: PathBuf,
}

impl DataFile {
    /// `DATA_FILE`, or a sample that is found from any working directory.
    fn from_env() -> Self {
        let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        Self { path: env::var_os("DATA_FILE").unwrap_or_else(|| sample.into()).into() }
    }
}
