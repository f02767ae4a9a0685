//! Strip all HTML from a comment before anyone reads it.
//!
//! A comment is parsed as a browser would parse it, and every tag is dropped from what came out:
//! only a parser knows where a tag ends, what is inside `<textarea>` and what a missing `>` means.
//! What is left is HTML for a text without tags. It is decoded once, so that trimming and counting
//! see the characters that a reader sees, and encoded again on its way out.
//!
//! Answering the decoded text would be the better API if every client escaped what it shows; here
//! the answer has to be safe as it is. A regular expression is shorter and wrong: it eats
//! `1 < 2 && 3 > 2`, and leaves `<img src=x onerror=alert(1)` for the next `>` on the page.
//!
//! Run it with `cargo run -p q23-input-sanitization`, then
//! `curl -i --json '{"text":"<b>a</b> < b"}' http://127.0.0.1:3000/comment`.

use std::fmt;

use actix_web::{App, HttpServer, ResponseError, http::StatusCode, web};
use serde::{Deserialize, Serialize};

/// In characters, as a reader sees them.
const LIMIT: usize = 500;

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
    // Nested tags cost a parser time with the square of their depth, so the input is bounded too.
    cfg.app_data(web::JsonConfig::default().limit(16 * 1024))
        .service(web::resource("/comment").post(create_comment));
}

async fn create_comment(new: web::Json<NewComment>) -> Result<web::Json<Comment>, Rejected> {
    Ok(web::Json(Comment { comment: clean(&new.text)? }))
}

/// The text of a comment as HTML without tags.
fn clean(dirty: &str) -> Result<String, Rejected> {
    let html = ammonia::Builder::empty().clean(dirty).to_string();
    let text = html_escape::decode_html_entities(&html);
    let text = text.trim();
    match text.chars().count() {
        0 => Err(Rejected::Empty),
        1..=LIMIT => Ok(html_escape::encode_text(text).into_owned()),
        _ => Err(Rejected::TooLong),
    }
}

#[derive(Deserialize)]
struct NewComment {
    text: String,
}

#[derive(Serialize)]
struct Comment {
    /// May stand between tags as it is.
    comment: String,
}

#[derive(Debug)]
enum Rejected {
    /// 400: nothing but markup and blanks.
    Empty,
    /// 400: more than [`LIMIT`] characters.
    TooLong,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Comment required",
            Self::TooLong => "Comment too long",
        })
    }
}

impl ResponseError for Rejected {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }
}
