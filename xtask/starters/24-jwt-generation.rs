//! Respond to a login with a signed token that expires in an hour.
//!
//! The prompt is in README.md. The route, the secret and the signatures are given; you write the
//! credentials, the claims and the login.
//! Change anything you like: types, signatures and crates.
//!
//! Run it with `cargo xtask run 24`, and check it on every save with `cargo xtask watch 24`.

use actix_web::{App, HttpResponse, HttpServer, web};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let secret = shared::secret("JWT_SECRET", "development-secret-do-not-deploy", 32)?;
    let issuer = web::Data::new(Issuer { secret });
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(issuer.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/login").post(log_in));
}

async fn log_in(issuer: web::Data<Issuer>, credentials: web::Json<Credentials>) -> HttpResponse {
    // TODO: respond with 200 and a token for the right user and password, otherwise with 401.
    shared::not_implemented((&issuer.secret, credentials, Claims {}))
}

#[derive(Deserialize)]
struct Credentials {
    // TODO: what a client logs in with.
}

#[derive(Serialize)]
struct Claims {
    // TODO: what the token says about its owner.
}

struct Issuer {
    /// The value of `JWT_SECRET`, or its default in development.
    secret: String,
}
