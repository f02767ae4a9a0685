//! Answer a login with a signed token that expires in an hour.
//!
//! The prompt is in README.md. Route and signatures are given; the secret, the claims and the login
//! are yours. Change whatever you like.
//!
//! Run it with `cargo xtask run 24`, and judge it on every save with `cargo xtask watch 24`.

use actix_web::{App, HttpResponse, HttpServer, web};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let issuer = web::Data::new(Issuer::from_env()?);
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
    // TODO: 200 with a token for the right user and password, or 401.
    shared::not_implemented((issuer, credentials, Claims {}))
}

#[derive(Deserialize)]
struct Credentials {
    // TODO: what a client logs in with.
}

#[derive(Serialize)]
struct Claims {
    // TODO: what the token says of its owner.
}

struct Issuer {
    // TODO: what it takes to sign a token.
}

impl Issuer {
    fn from_env() -> Result<Self, shared::StartError> {
        // TODO: an issuer that signs with JWT_SECRET, or an error that names the variable.
        Ok(Self {})
    }
}
