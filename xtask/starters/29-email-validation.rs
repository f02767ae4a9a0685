//! Tell valid e-mail addresses from invalid ones, and say why.
//!
//! The prompt is in README.md. Route and signature are given; the rules and both answers are yours.
//! Change whatever you like.
//!
//! Run it with `cargo xtask run 29`, and judge it on every save with `cargo xtask watch 29`.

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
    cfg.service(web::resource("/validate-email").post(check_email));
}

async fn check_email(claim: web::Json<Claim>) -> HttpResponse {
    // TODO: 200 with the address in its normal form, or 400 with the reason why it is none.
    shared::not_implemented(claim.into_inner().email)
}

#[derive(Deserialize)]
struct Claim {
    email: String,
}
