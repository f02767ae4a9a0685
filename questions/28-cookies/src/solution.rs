//! Set, sign, read and delete cookies.
//!
//! A signature must cover the name too: otherwise a value that was signed as `theme` is accepted as
//! `user`. `SignedJar` signs only the value of a cookie, so the value in the jar is `name=value`.
//! `PrivateJar` covers the name by itself, and encrypts: use it when clients must not read the value.
//!
//! Names and values are sent percent-encoded, because `HttpResponse::cookie` would send them as they
//! are: a `;` in a value would start an attribute.
//!
//! Run it with `cargo run -p q28-cookies`, then
//! `curl -i --json '{"name":"user","value":"ada"}' http://127.0.0.1:3000/signed`.

use std::collections::BTreeMap;

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    cookie::{Cookie, CookieJar, Key, SameSite},
    http::header,
    web,
};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let settings = web::Data::new(Settings::read()?);
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(settings.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/cookies").get(list_cookies).post(set_cookie))
        .service(web::resource("/cookies/{name}").delete(delete_cookie))
        .service(web::resource("/signed").post(set_signed_cookie));
}

async fn list_cookies(request: HttpRequest, settings: web::Data<Settings>) -> web::Json<Cookies> {
    let mut found = Cookies::default();
    for cookie in readable_cookies(&request) {
        let name = cookie.name().to_owned();
        match settings.verify(&cookie) {
            Some(value) => found.signed_cookies.insert(name, value),
            None => found.cookies.insert(name, cookie.value().to_owned()),
        };
    }
    web::Json(found)
}

async fn set_cookie(new: web::Json<NewCookie>, settings: web::Data<Settings>) -> HttpResponse {
    let NewCookie { name, value } = new.into_inner();
    send(&settings.cookie(name, value))
}

async fn delete_cookie(name: web::Path<Name>, settings: web::Data<Settings>) -> HttpResponse {
    let mut cookie = settings.cookie(name.into_inner(), String::new());
    cookie.make_removal();
    send(&cookie)
}

async fn set_signed_cookie(
    new: web::Json<NewCookie>,
    settings: web::Data<Settings>,
) -> HttpResponse {
    let NewCookie { name, value } = new.into_inner();
    let signed = format!("{}={value}", name.0);
    let mut jar = CookieJar::new();
    jar.signed_mut(&settings.key).add(settings.cookie(name, signed));
    send(jar.iter().next().expect("a cookie was added"))
}

/// `request.cookies()` fails if any cookie cannot be read, even one that another application set.
fn readable_cookies(request: &HttpRequest) -> impl Iterator<Item = Cookie<'_>> {
    let headers = request.headers().get_all(header::COOKIE);
    headers
        .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|cookie| Cookie::parse_encoded(str::from_utf8(cookie).ok()?).ok())
}

fn send(cookie: &Cookie) -> HttpResponse {
    let cookie = cookie.encoded().to_string();
    HttpResponse::NoContent().insert_header((header::SET_COOKIE, cookie)).finish()
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cookies {
    cookies: BTreeMap<String, String>,
    signed_cookies: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct NewCookie {
    name: Name,
    value: String,
}

/// A token, which RFC 6265 requires for the name of a cookie.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Name(String);

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if !text.is_empty() && text.chars().all(is_token) {
            Ok(Self(text))
        } else {
            Err("name must consist of letters, digits and !#$%&'*+-.^_`|~")
        }
    }
}

struct Settings {
    key: Key,
    /// Whether clients send the cookies over HTTPS only.
    is_secure: bool,
}

impl Settings {
    fn read() -> Result<Self, shared::StartError> {
        let secret = shared::secret("COOKIE_SECRET", "development-secret-do-not-deploy", 32)?;
        if secret.len() < 32 {
            return Err(shared::StartError::new("COOKIE_SECRET must have at least 32 bytes"));
        }
        let is_secure = shared::AppEnv::read()? == shared::AppEnv::Production;
        Ok(Self { key: Key::derive_from(secret.as_bytes()), is_secure })
    }

    /// A client replaces or removes a cookie only if its name and path are the same.
    fn cookie(&self, Name(name): Name, value: String) -> Cookie<'static> {
        Cookie::build(name, value)
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.is_secure)
            .finish()
    }

    fn verify(&self, cookie: &Cookie) -> Option<String> {
        let signed = CookieJar::new().signed(&self.key).verify(cookie.clone().into_owned())?;
        let value = signed.value().strip_prefix(cookie.name())?.strip_prefix('=')?;
        Some(value.to_owned())
    }
}
