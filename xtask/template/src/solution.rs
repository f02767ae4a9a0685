//! Respond to `GET /answer` with a number.
//!
//! A handler is an async function whose return type implements `Responder`: `web::Json` serializes
//! its value and sets the content type.
//!
//! `serde_json::json!` is shorter, but the compiler does not check the property names.
//!
//! Run it with `cargo run -p {{package}}`, then `curl -i http://127.0.0.1:3000/answer`.

use actix_web::{App, HttpServer, web};
use serde::Serialize;

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
    cfg.service(web::resource("/answer").get(get_answer));
}

async fn get_answer() -> web::Json<Answer> {
    web::Json(Answer { answer: 42 })
}

#[derive(Serialize)]
struct Answer {
    answer: u32,
}
