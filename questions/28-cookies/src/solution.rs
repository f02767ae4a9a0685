//! Set, sign, read and delete cookies.
//!
//! A signature has to cover the name as well: otherwise the value that was signed as `theme` is
//! accepted as `user`. The obvious `SignedJar` covers the value only; a `PrivateJar` authenticates
//! both, and encrypts on top, which costs nothing where no script may read the cookie anyway.
//!
//! Signing `name=value` inside a `SignedJar` would do as well and leave the value readable. Names
//! and values go out percent-encoded, as `request.cookies()` reads them; `HttpResponse::cookie`
//! would send them as they are.
//!
//! Run it with `cargo run -p q28-cookies`, then
//! `curl -i --json '{"name":"user","value":"ada"}' http://127.0.0.1:3000/signed`.

use std::{
    collections::BTreeMap,
    env::{self, VarError},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, Result,
    cookie::{Cookie, CookieJar, Key, SameSite},
    error::ErrorBadRequest,
    http::header,
    web,
};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let key = web::Data::new(load_key()?);
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(key.clone()).configure(routes)
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

async fn list_cookies(request: HttpRequest, key: web::Data<Key>) -> Result<web::Json<Cookies>> {
    let jar = CookieJar::new();
    let mut found = Cookies::default();
    for cookie in request.cookies().map_err(ErrorBadRequest)?.iter() {
        let (kind, cookie) = match jar.private(&key).decrypt(cookie.clone()) {
            Some(signed) => (&mut found.signed_cookies, signed),
            None => (&mut found.cookies, cookie.clone()),
        };
        kind.insert(cookie.name().to_owned(), cookie.value().to_owned());
    }
    Ok(web::Json(found))
}

async fn set_cookie(new: web::Json<NewCookie>) -> HttpResponse {
    let NewCookie { name, value } = new.into_inner();
    answer_with(&cookie(name, value))
}

async fn delete_cookie(name: web::Path<Name>) -> HttpResponse {
    let mut cookie = cookie(name.into_inner(), String::new());
    cookie.make_removal();
    answer_with(&cookie)
}

async fn set_signed_cookie(new: web::Json<NewCookie>, key: web::Data<Key>) -> HttpResponse {
    let NewCookie { name, value } = new.into_inner();
    let mut jar = CookieJar::new();
    jar.private_mut(&key).add(cookie(name, value));
    answer_with(jar.iter().next().expect("a cookie has been added"))
}

/// A client removes a cookie only if name and path are those with which it was set.
fn cookie(name: Name, value: String) -> Cookie<'static> {
    Cookie::build(name.0, value).path("/").http_only(true).same_site(SameSite::Lax).finish()
}

fn answer_with(cookie: &Cookie) -> HttpResponse {
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

/// A token, as RFC 6265 wants the name of a cookie.
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
            Err("name must be of letters, digits and !#$%&'*+-.^_`|~")
        }
    }
}

fn load_key() -> Result<Key, shared::StartError> {
    let is_production = env::var("APP_ENV").is_ok_and(|name| name == "production");
    match env::var("COOKIE_SECRET") {
        Ok(secret) if secret.len() >= 32 => Ok(Key::derive_from(secret.as_bytes())),
        Err(VarError::NotPresent) if !is_production => Ok(Key::generate()),
        _ => Err(shared::StartError::new("COOKIE_SECRET must have 32 bytes or more")),
    }
}
