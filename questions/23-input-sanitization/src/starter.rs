//! Strip all HTML from a comment before anyone reads it.
//!
//! The prompt is in README.md. Route and signature are given; the cleaning, the rules and the
//! answers are yours. Change whatever you like.
//!
//! Run it with `cargo xtask run 23`, and judge it on every save with `cargo xtask watch 23`.

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
    // TODO: 200 with the cleaned comment, or 400 with the error that the prompt names.
    shared::not_implemented(new.into_inner().text)
}

#[derive(Deserialize)]
struct NewComment {
    text: String,
}
