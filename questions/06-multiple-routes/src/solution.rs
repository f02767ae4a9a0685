//! Serve three collections from routes that stay organized as they grow.
//!
//! `routes` is the table of contents: one line per collection. Everything that belongs to a
//! collection is in one place below it, with paths relative to its scope. A new route changes one
//! place, and a collection can move into a module of its own by cut and paste.
//!
//! Three `web::resource` lines with full paths would be shorter today. Use scopes when a collection
//! gets items, filters or a guard of its own.
//!
//! Run it with `cargo run -p q06-multiple-routes`, then `curl -i http://127.0.0.1:3000/users`.

use actix_web::{App, HttpServer, web};
use serde::Serialize;

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
    cfg.service(web::scope("/users").configure(user_routes))
        .service(web::scope("/posts").configure(post_routes))
        .service(web::scope("/comments").configure(comment_routes));
}

fn user_routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("").get(list_users));
}

async fn list_users() -> web::Json<&'static [User]> {
    web::Json(USERS)
}

#[derive(Serialize)]
struct User {
    id: u64,
    name: &'static str,
}

const USERS: &[User] = &[User { id: 1, name: "Ada" }, User { id: 2, name: "Grace" }];

fn post_routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("").get(list_posts));
}

async fn list_posts() -> web::Json<&'static [Post]> {
    web::Json(POSTS)
}

#[derive(Serialize)]
struct Post {
    id: u64,
    title: &'static str,
}

const POSTS: &[Post] =
    &[Post { id: 1, title: "On engines" }, Post { id: 2, title: "On compilers" }];

fn comment_routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("").get(list_comments));
}

async fn list_comments() -> web::Json<&'static [Comment]> {
    web::Json(COMMENTS)
}

#[derive(Serialize)]
struct Comment {
    id: u64,
    text: &'static str,
}

const COMMENTS: &[Comment] =
    &[Comment { id: 1, text: "Well put." }, Comment { id: 2, text: "Is there more?" }];
