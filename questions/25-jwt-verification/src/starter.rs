//! Show a profile only to callers with a valid token.
//!
//! The prompt is in README.md. The route and the secret are given; you write the extractor and the
//! verification.
//! Change anything you like: types, signatures and crates.
//!
//! Run it with `cargo xtask run 25`, and check it on every save with `cargo xtask watch 25`.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let secret = shared::secret("JWT_SECRET", "development-secret-do-not-deploy", 32)?;
    let verifier = web::Data::new(Verifier { secret });
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
    // TODO: respond with 200 and the user of a valid token, otherwise with 401. Take the user as a
    // parameter (`user: User`), so that other handlers can require one too.
    shared::not_implemented((&verifier.secret, request, User {}))
}

/// The caller, according to a valid token.
#[derive(Serialize, Deserialize)]
struct User {
    // TODO: what a token says about its owner, and an `impl FromRequest for User`.
}

struct Verifier {
    /// The value of `JWT_SECRET`, or its default in development.
    secret: String,
}
