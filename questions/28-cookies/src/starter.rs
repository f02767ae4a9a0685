//! Set, sign, read and delete cookies.
//!
//! The prompt is in README.md. Routes and signatures are given, and a key that differs from start to
//! start; the handlers are yours. Change whatever you like.
//!
//! Run it with `cargo xtask run 28`, and judge it on every save with `cargo xtask watch 28`.

use std::collections::BTreeMap;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Result, cookie::Key, web};
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

async fn list_cookies(request: HttpRequest, key: web::Data<Key>) -> HttpResponse {
    // TODO: 200 with the cookies of the request; only what this server has signed is signed.
    shared::not_implemented((request, key, Cookies::default()))
}

async fn set_cookie(new: web::Json<NewCookie>) -> HttpResponse {
    // TODO: 204, and the client has the cookie.
    shared::not_implemented(new)
}

async fn delete_cookie(name: web::Path<String>) -> HttpResponse {
    // TODO: 204, and the client has no such cookie any more.
    shared::not_implemented(name)
}

async fn set_signed_cookie(new: web::Json<NewCookie>, key: web::Data<Key>) -> HttpResponse {
    // TODO: 204, and the client has a cookie that it cannot change without being noticed.
    shared::not_implemented((new, key))
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cookies {
    cookies: BTreeMap<String, String>,
    signed_cookies: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct NewCookie {
    // TODO: the members of a new cookie.
}

fn load_key() -> Result<Key, shared::StartError> {
    // TODO: the key from COOKIE_SECRET, or an error that names it.
    Ok(Key::generate())
}
