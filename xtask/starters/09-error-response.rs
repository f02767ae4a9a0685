//! Return the same JSON 404 for every unknown path.
//!
//! The prompt is in README.md. The server and its route are given; handle all other requests.
//! The other starters wrap their app in `shared::json_errors()`, which would solve this question.
//! Change anything you like, but do not add that.
//!
//! Run it with `cargo xtask run 9`, and check it on every save with `cargo xtask watch 9`.

use actix_web::{App, HttpServer, web};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    HttpServer::new(|| App::new().configure(routes))
        .workers(shared::workers())
        .shutdown_timeout(3)
        .listen(shared::listen!()?)?
        .run()
        .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/").get(greet));
    // TODO: Return the JSON 404 for every other path, and a JSON error for a wrong method on /.
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}
