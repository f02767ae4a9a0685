//! Export all users as a CSV file that a spreadsheet opens safely.
//!
//! The `csv` crate writes the rows: it knows when a field needs quotes and how to escape them. It
//! does not know that a spreadsheet evaluates a cell that starts with `=`, quoted or not, so such
//! cells get an apostrophe first, which makes them text.
//!
//! The body is an iterator over chunks of the file. actix-web asks for the next chunk when it has
//! sent the last one, so a million rows need the memory of a thousand, and a client that stops
//! reading stops the work. A single `String` is simpler and has a `Content-Length`, but each export
//! stays in memory until its client has read it. Rows from a database would be a stream already.
//!
//! Run it with `cargo run -p q21-csv-export`, then `curl -i http://127.0.0.1:3000/export/users`.

use std::{borrow::Cow, iter};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::{ConnectionType, Version, header::ContentDisposition},
    web,
};
use csv::{Terminator, Writer, WriterBuilder};
use futures_util::stream;
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

async fn export_users(query: web::Query<ExportQuery>, request: HttpRequest) -> HttpResponse {
    let count = query.count.unwrap_or(USERS.len() as u64);
    let mut response = HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(ContentDisposition::attachment("users.csv"))
        .streaming(stream::iter(chunks(count)));
    if request.version() < Version::HTTP_11 {
        // HTTP/1.0 has no chunked encoding: the file ends where the connection ends.
        response.head_mut().no_chunking(true);
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    response
}

#[derive(Deserialize)]
struct ExportQuery {
    /// The number of rows; by default all users once.
    count: Option<u64>,
}

/// The header, then the rows in chunks of about 50 kB: quick to format, and large enough for one
/// write each.
fn chunks(count: u64) -> impl Iterator<Item = csv::Result<web::Bytes>> {
    const ROWS: u64 = 1000;
    let header = iter::once_with(|| to_csv(|csv| csv.write_record(["id", "name", "email"])));
    let rows = (0..count).step_by(ROWS as usize).map(move |start| {
        let end = start.saturating_add(ROWS).min(count);
        to_csv(|csv| (start..end).try_for_each(|index| csv.serialize(row(index))))
    });
    header.chain(rows)
}

fn to_csv(write: impl FnOnce(&mut Writer<Vec<u8>>) -> csv::Result<()>) -> csv::Result<web::Bytes> {
    let mut csv = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    write(&mut csv)?;
    let text = csv.into_inner().map_err(|error| error.into_error())?;
    Ok(text.into())
}

fn row(index: u64) -> (u64, Cow<'static, str>, Cow<'static, str>) {
    let (name, email) = USERS[(index % USERS.len() as u64) as usize];
    (index + 1, as_text(name), as_text(email))
}

/// The cell as a spreadsheet shows it, also if it starts like a formula.
fn as_text(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}").into()
    } else {
        cell.into()
    }
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
