//! Remove all HTML from a comment before anyone reads it.
//!
//! The prompt is in README.md. The route and the signature are given; you write the cleaning, the
//! rules and the responses.
//! Change anything you like: types, signatures and crates. Cargo.toml has `html5ever`, a parser with
//! a tokenizer, and `html-escape`; you may add others, such as `ammonia`.
//!
//! Run it with `cargo xtask run 23`, and check it on every save with `cargo xtask watch 23`.

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
    cfg.service(web::resource("/comment").post(create_comment));
}

async fn create_comment(new: web::Json<NewComment>) -> HttpResponse {
    // TODO: respond with 200 and the cleaned comment, or with 400 and the error from the prompt.
    shared::not_implemented(new.into_inner().text)
}

#[derive(Deserialize)]
struct NewComment {
    text: String,
}
