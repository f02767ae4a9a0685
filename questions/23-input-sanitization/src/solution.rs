//! Remove all HTML from a comment before anyone reads it.
//!
//! The tokenizer of an HTML parser splits the comment as a browser does: only such a parser knows
//! where a tag ends, what is inside `<textarea>`, and what a missing `>` means. Tags and HTML comments
//! are dropped. What remains is text with its entities decoded, so trimming and counting see the
//! characters that a reader sees. It is encoded as HTML on its way out.
//!
//! A regular expression is shorter and wrong: it removes part of `1 < 2 && 3 > 2`, and keeps
//! `<img src=x onerror=alert(1)`, which the next `>` on the page completes. `ammonia` is the crate to
//! use when some tags may stay; it builds a tree, which costs more, and drops the text in elements
//! that it takes for misplaced SVG or MathML.
//!
//! Run it with `cargo run -p q23-input-sanitization`, then
//! `curl -i --json '{"text":"<b>a</b> < b"}' http://127.0.0.1:3000/comment`.

use std::cell::{Cell, RefCell};

use actix_web::{App, HttpServer, ResponseError, http::StatusCode, web};
use html5ever::tokenizer::{
    BufferQueue, StartTag, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
    states::{Rawtext, Rcdata, ScriptData},
};
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
    // Parsing happens on the worker thread, so its input is bounded.
    cfg.app_data(web::JsonConfig::default().limit(16 * 1024))
        .service(web::resource("/comment").post(create_comment));
}

async fn create_comment(new: web::Json<NewComment>) -> Result<web::Json<Comment>, Rejected> {
    let text = visible_text(&new.text);
    let text = text.trim();
    match text.chars().count() {
        0 => Err(Rejected::Empty),
        1..=LIMIT => {
            let comment = html_escape::encode_text(text).into_owned();
            Ok(web::Json(Comment { comment }))
        }
        _ => Err(Rejected::TooLong),
    }
}

fn visible_text(html: &str) -> String {
    let input = BufferQueue::default();
    input.push_back(html.into());
    let tokenizer = Tokenizer::new(VisibleText::default(), TokenizerOpts::default());
    // It pauses only if the sink asks it to run a script.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.text.into_inner()
}

#[derive(Default)]
struct VisibleText {
    text: RefCell<String>,
    /// Whether the tokenizer is inside `<script>` or `<style>`.
    is_code: Cell<bool>,
}

impl TokenSink for VisibleText {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::CharacterTokens(text) if !self.is_code.get() => {
                self.text.borrow_mut().push_str(&text);
            }
            Token::TagToken(tag) => {
                let name = if tag.kind == StartTag { &*tag.name } else { "" };
                self.is_code.set(matches!(name, "script" | "style"));
                return match name {
                    "script" => TokenSinkResult::RawData(ScriptData),
                    "style" | "xmp" | "iframe" | "noembed" | "noframes" => {
                        TokenSinkResult::RawData(Rawtext)
                    }
                    "textarea" | "title" => TokenSinkResult::RawData(Rcdata),
                    "plaintext" => TokenSinkResult::Plaintext,
                    _ => TokenSinkResult::Continue,
                };
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

#[derive(Deserialize)]
struct NewComment {
    text: String,
}

#[derive(Serialize)]
struct Comment {
    /// HTML without tags: safe between the tags of a page.
    comment: String,
}

/// Why a comment is not shown. `shared::json_errors` writes the JSON body.
#[derive(Debug, thiserror::Error)]
enum Rejected {
    /// 400: nothing but markup and whitespace.
    #[error("Comment required")]
    Empty,
    /// 400: more than [`LIMIT`] characters.
    #[error("Comment too long")]
    TooLong,
}

impl ResponseError for Rejected {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }
}
