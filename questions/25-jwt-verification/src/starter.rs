//! Show a profile only to who presents a valid token.
//!
//! The prompt is in README.md. The route and the secret are given; the extractor and what it
//! verifies are yours. Change whatever you like.
//!
//! Run it with `cargo xtask run 25`, and judge it on every save with `cargo xtask watch 25`.

use std::env;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let verifier = web::Data::new(Verifier::new(&jwt_secret()?));
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(verifier.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/profile").get(show_profile));
}

async fn show_profile(verifier: web::Data<Verifier>, request: HttpRequest) -> HttpResponse {
    // TODO: 200 with the user, who comes as a parameter in place of these two, or 401.
    shared::not_implemented((verifier, request, User {}))
}

/// Who is asking, as a valid token says.
#[derive(Serialize, Deserialize)]
struct User {
    // TODO: what a token tells of its owner, and how a request becomes one (`FromRequest`).
}

struct Verifier {
    // TODO: what it takes to verify a token.
}

impl Verifier {
    fn new(secret: &str) -> Self {
        // TODO: a verifier of tokens that are signed with this secret.
        let _ = secret;
        Self {}
    }
}

fn jwt_secret() -> Result<String, shared::StartError> {
    let is_production = env::var("APP_ENV").is_ok_and(|name| name == "production");
    match env::var("JWT_SECRET").ok().filter(|secret| !secret.trim().is_empty()) {
        Some(secret) => Ok(secret),
        None if is_production => {
            Err(shared::StartError::new("JWT_SECRET must be set if APP_ENV is production"))
        }
        None => Ok("development-secret-do-not-deploy".to_owned()),
    }
}
