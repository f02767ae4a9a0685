//! Validate email addresses, and say why an address is invalid.
//!
//! The prompt is in README.md. The route, the bodies and the errors are given. Write the rules.
//! Change anything you like: names, signatures, types and crates.
//!
//! Run it with `cargo xtask run 29`, and check it on every save with `cargo xtask watch 29`.

use actix_web::{App, HttpResponse, HttpServer, ResponseError, http::StatusCode, web};
use serde::{Deserialize, Serialize};
use serde_json::json;

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
    cfg.service(web::resource("/validate-email").post(validate_email));
}

async fn validate_email(input: web::Json<Input>) -> Result<HttpResponse, InvalidEmail> {
    // TODO: 200 with the address in its normal form, or 400 with the part that is at fault.
    let Input { email } = input.into_inner();
    Ok(shared::not_implemented(ValidEmail { email, valid: false }))
}

#[derive(Deserialize)]
struct Input {
    email: String,
}

#[derive(Serialize)]
struct ValidEmail {
    email: String,
    valid: bool,
}

/// The part of the address that is at fault.
#[derive(Debug, thiserror::Error)]
#[allow(dead_code, reason = "the rules that return it are still to be written")]
enum InvalidEmail {
    /// 400: there is no `@`, or more than one.
    #[error("an address has exactly one @")]
    AtSign,
    /// 400: the part before the `@` is empty or too long, or has a wrong character.
    #[error(
        "the local part must have 1 to 64 letters, digits and !#$%&'*+-/=?^_`{{|}}~, with single \
         dots between them"
    )]
    LocalPart,
    /// 400: the part after the `@` is not the name of a public host, or makes the address too long.
    #[error(
        "the domain must be a host name such as example.com, and the address must have at most \
         254 octets"
    )]
    Domain,
}

impl ResponseError for InvalidEmail {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }

    fn error_response(&self) -> HttpResponse {
        let error = self.to_string();
        HttpResponse::build(self.status_code()).json(json!({ "valid": false, "error": error }))
    }
}
