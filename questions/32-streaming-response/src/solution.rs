//! Stream a large file and a list of any length without holding either in memory.
//!
//! A body is a stream: actix-web asks for the next piece when the socket has taken the last one. So the
//! server produces nothing for a client that does not read, and drops the stream when a client hangs
//! up. `NamedFile` reads a file this way, on the threads for blocking work, and handles ranges. The
//! numbers are an iterator that is never collected.
//!
//! A task that fills a channel works too, but it needs a bound and must end when the receiver is gone.
//! `NamedFile` fails for a range of an empty file (a subtraction overflows), so the handler responds to
//! that itself. Of several ranges it sends the first, which HTTP allows.
//!
//! Run it with `cargo run -p q32-streaming-response`, then
//! `curl -N 'http://127.0.0.1:3000/numbers?count=1000000000000'`.

use std::{convert::Infallible, io, path::PathBuf};

use actix_files::NamedFile;
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, ResponseError,
    error::BlockingError,
    http::{StatusCode, Version},
    web,
};
use futures_util::stream;
use serde::Deserialize;

/// Lines per chunk. A chunk for each line costs a write and its framing.
const BATCH: u64 = 1000;

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
    let path = file.path.clone();
    // A folder can be opened as well, and opening a named pipe waits for a writer.
    let open = || if path.is_file() { NamedFile::open(path) } else { Err(NOT_FOUND.into()) };
    let file = web::block(open).await??;
    if file.metadata().len() == 0 {
        return Ok(HttpResponse::Ok().content_type(file.content_type().clone()).body(""));
    }
    Ok(file.into_response(&request))
}

async fn list_numbers(request: HttpRequest, query: web::Query<Numbers>) -> HttpResponse {
    let count = query.count;
    let batches = (1..=count).step_by(BATCH as usize).map(move |first| {
        let last = first.saturating_add(BATCH - 1).min(count);
        // A number has nothing to escape, so this is JSON.
        let lines: String = (first..=last).map(|n| format!("{{\"n\":{n}}}\n")).collect();
        Ok::<_, Infallible>(web::Bytes::from(lines))
    });
    let mut response = HttpResponse::Ok();
    response.content_type("application/x-ndjson");
    // HTTP/1.0 has no chunks: the end of the connection is the end of the body.
    let has_chunks = request.version() >= Version::HTTP_11;
    if !has_chunks {
        response.force_close();
    }
    let mut response = response.streaming(stream::iter(batches));
    response.head_mut().no_chunking(!has_chunks);
    response
}

#[derive(Deserialize)]
struct Numbers {
    /// Unsigned, so that a negative number is rejected.
    count: u64,
}

struct DataFile {
    /// The file may appear, change and disappear while the server runs.
    path: PathBuf,
}

impl DataFile {
    /// `DATA_FILE`, or a sample that is found from any working directory.
    fn read() -> Self {
        let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        Self { path: shared::path_setting("DATA_FILE", sample) }
    }
}

const NOT_FOUND: io::ErrorKind = io::ErrorKind::NotFound;

/// `shared::json_errors` sends it as JSON.
#[derive(Debug, thiserror::Error)]
enum DownloadError {
    /// 404: there is no file at the path, or something that is not a file.
    #[error("there is no such file")]
    NotFound,
    /// 500: the file cannot be opened.
    #[error("failed to open the file")]
    Io(#[source] io::Error),
    /// 500: the blocking pool is gone.
    #[error("failed to open the file")]
    Blocking(#[from] BlockingError),
}

impl From<io::Error> for DownloadError {
    fn from(error: io::Error) -> Self {
        if error.kind() == NOT_FOUND { Self::NotFound } else { Self::Io(error) }
    }
}

impl ResponseError for DownloadError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Io(_) | Self::Blocking(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
