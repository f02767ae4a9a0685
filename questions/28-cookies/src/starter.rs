//! Set, sign, read and delete cookies.
//!
//! The prompt is in README.md. The routes, the bodies and the settings are given. Write the handlers.
//! Change anything you like: names, signatures, types and crates.
//!
//! Run it with `cargo xtask run 28`, and check it on every save with `cargo xtask watch 28`.

use std::collections::BTreeMap;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, cookie::Key, web};
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

async fn list_cookies(request: HttpRequest, settings: web::Data<Settings>) -> HttpResponse {
    // TODO: 200 with the cookies of the request, and among `signed_cookies` only those that this
    // server signed.
    shared::not_implemented((request, settings, Cookies::default()))
}

async fn set_cookie(new: web::Json<NewCookie>, settings: web::Data<Settings>) -> HttpResponse {
    let NewCookie { name, value } = new.into_inner();
    // TODO: 204 with a header that sets the cookie.
    shared::not_implemented((name, value, settings.is_secure))
}

async fn delete_cookie(name: web::Path<String>, settings: web::Data<Settings>) -> HttpResponse {
    // TODO: 204 with a header that expires the cookie.
    shared::not_implemented((name, settings))
}

async fn set_signed_cookie(
    new: web::Json<NewCookie>,
    settings: web::Data<Settings>,
) -> HttpResponse {
    // TODO: 204 with a header that sets a cookie the client cannot change unnoticed.
    shared::not_implemented((new, settings.key.signing().len()))
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cookies {
    cookies: BTreeMap<String, String>,
    signed_cookies: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct NewCookie {
    name: String,
    value: String,
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
}
