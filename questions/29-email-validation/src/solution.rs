//! Validate email addresses, and say why an address is invalid.
//!
//! The crate has the rules of a browser's `<input type=email>`. This server adds rules for what they
//! leave open: dots, the top-level domain, letters beyond ASCII, and the length of the address. It
//! checks, measures and returns the domain as lower-case punycode. The local part stays as it was
//! typed, because only its own mail server knows what it means.
//!
//! One regular expression for everything cannot say what is wrong, and the grammar of RFC 5322 allows
//! comments, quotes and literals that a sign-up form does not want. No rule proves that the address
//! receives mail; only a message with a link does.
//!
//! Run it with `cargo run -p q29-email-validation`, then
//! `curl -i --json '{"email":"Ada@EXAMPLE.com"}' http://127.0.0.1:3000/validate-email`.

use std::{str::FromStr, sync::LazyLock};

use actix_web::{App, HttpResponse, HttpServer, ResponseError, http::StatusCode, web};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use regex::Regex;
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
    // An address has at most 254 octets, so a body of megabytes need not be parsed.
    cfg.app_data(web::JsonConfig::default().limit(4096))
        .service(web::resource("/validate-email").post(validate_email));
}

async fn validate_email(input: web::Json<Input>) -> Result<web::Json<ValidEmail>, InvalidEmail> {
    let Address(email) = input.email.trim().parse()?;
    Ok(web::Json(ValidEmail { email, valid: true }))
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

/// A valid address, with its domain in lower-case punycode.
struct Address(String);

impl FromStr for Address {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let (local, domain) = text
            .split_once('@')
            .filter(|(_, domain)| !domain.contains('@'))
            .ok_or(InvalidEmail::AtSign)?;

        // HTML allows dots anywhere, SMTP only between other characters.
        let has_loose_dot = local.split('.').any(str::is_empty);
        if has_loose_dot || !format!("{local}@example.com").validate_email() {
            return Err(InvalidEmail::LocalPart);
        }

        let domain = to_punycode(domain).ok_or(InvalidEmail::Domain)?;
        let address = format!("{local}@{domain}");
        if !address.validate_email() || !has_top_level_domain(&domain) || address.len() > 254 {
            return Err(InvalidEmail::Domain);
        }
        Ok(Self(address))
    }
}

/// UTS 46 drops invisible characters and accepts emoji; a domain consists of letters and digits.
fn to_punycode(domain: &str) -> Option<String> {
    static LETTERS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[[\p{L}\p{M}\p{N}.-]--\p{Default_Ignorable_Code_Point}]+$")
            .expect("the expression is valid")
    });
    let is_name = LETTERS.is_match(domain);
    let name = is_name.then(|| {
        let (list, hyphens) = (AsciiDenyList::STD3, Hyphens::CheckFirstLast);
        Uts46::new().to_ascii(domain.as_bytes(), list, hyphens, DnsLength::Verify)
    });
    Some(name?.ok()?.into_owned())
}

/// The crate accepts `localhost` and `192.0.2.1` as well, which a sign-up form does not want.
fn has_top_level_domain(domain: &str) -> bool {
    let last = domain.rsplit_once('.').map_or("", |(_, last)| last);
    last.contains(|c: char| c.is_ascii_alphabetic())
}

/// The part of the address that is at fault.
#[derive(Debug, thiserror::Error)]
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
