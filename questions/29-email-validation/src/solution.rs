//! Tell valid e-mail addresses from invalid ones, and say why.
//!
//! The rules of a browser's `<input type=email>` come from the crate; what they leave open is
//! decided here: dots, the top-level domain, the length of the whole. The domain is brought into
//! its normal form first, lower-case punycode, and that form is checked, measured and returned.
//! The local part stays as it was typed: only its own mail server knows what it means.
//!
//! One regular expression for all of it could not say what is wrong. The grammar of RFC 5322 lets
//! through comments, quotes and literals that no sign-up form wants. None of it proves that the
//! address takes mail; only a message with a link does.
//!
//! Run it with `cargo run -p q29-email-validation`, then
//! `curl -i --json '{"email":"Ada@EXAMPLE.com"}' http://127.0.0.1:3000/validate-email`.

use std::{fmt, str::FromStr};

use actix_web::{App, HttpResponse, HttpServer, ResponseError, http::StatusCode, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use validator::ValidateEmail;

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
    // An address has 254 octets: nobody needs to parse, let alone check, a body of megabytes.
    cfg.app_data(web::JsonConfig::default().limit(4096))
        .service(web::resource("/validate-email").post(check_email));
}

async fn check_email(claim: web::Json<Claim>) -> Result<web::Json<Verdict>, Invalid> {
    let Address(email) = claim.email.trim().parse()?;
    Ok(web::Json(Verdict { email, valid: true }))
}

#[derive(Deserialize)]
struct Claim {
    email: String,
}

#[derive(Serialize)]
struct Verdict {
    email: String,
    valid: bool,
}

/// A valid address, its domain in lower-case punycode.
struct Address(String);

impl FromStr for Address {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (local, domain) =
            text.split_once('@').filter(|(_, domain)| !domain.contains('@')).ok_or(Invalid::At)?;

        // HTML allows dots wherever they stand, SMTP only between atoms.
        let has_loose_dot = local.split('.').any(str::is_empty);
        if has_loose_dot || !format!("{local}@example.com").validate_email() {
            return Err(Invalid::LocalPart);
        }

        let domain = idna::domain_to_ascii(domain).map_err(|_| Invalid::Domain)?;
        let address = format!("{local}@{domain}");
        if !address.validate_email() || !has_top_level_domain(&domain) || address.len() > 254 {
            return Err(Invalid::Domain);
        }
        Ok(Self(address))
    }
}

/// The crate takes `localhost`, `192.0.2.1` and `[192.0.2.1]` as well, which no sign-up form wants.
fn has_top_level_domain(domain: &str) -> bool {
    let last = domain.rsplit_once('.').map_or("", |(_, last)| last);
    last.contains(|c: char| c.is_ascii_alphabetic())
}

/// Which part of the address is at fault.
#[derive(Debug)]
enum Invalid {
    /// 400: nothing to split at, or several places.
    At,
    /// 400: empty, longer than 64, with a dot or a character out of place.
    LocalPart,
    /// 400: no name of a public host, or more of it than fits into 254 octets.
    Domain,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::At => "an address has exactly one @",
            Self::LocalPart => {
                "the local part must be 1 to 64 letters, digits and !#$%&'*+-/=?^_`{|}~, \
                 with single dots between them"
            }
            Self::Domain => {
                "the domain must be a host name such as example.com, \
                 and the address no longer than 254 octets"
            }
        })
    }
}

impl ResponseError for Invalid {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }

    fn error_response(&self) -> HttpResponse {
        let error = self.to_string();
        HttpResponse::build(self.status_code()).json(json!({ "valid": false, "error": error }))
    }
}
