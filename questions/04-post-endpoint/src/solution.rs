//! Create a user from a JSON body and give it a unique id.
//!
//! `web::Json` fills a struct from the body and rejects an invalid body with 400 before the handler
//! runs. All workers share one counter, which is created outside the closure in `main`: actix-web
//! calls that closure once per worker.
//!
//! An `AtomicU64` returns every number once without a lock. A timestamp would give two users the
//! same id if they are created in the same millisecond. A random UUID needs no counter, but is not
//! a number. The users are not kept because no route reads them.
//!
//! Run it with `cargo run -p q04-post-endpoint`, then
//! `curl -i --json '{"name":"Ada","email":"ada@example.com"}' http://127.0.0.1:3000/users`.

use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::{App, HttpResponse, HttpServer, http::header, web};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let ids = web::Data::new(UserIds::default());
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(ids.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/users").post(create_user));
}

async fn create_user(ids: web::Data<UserIds>, new: web::Json<NewUser>) -> HttpResponse {
    let NewUser { name, email } = new.into_inner();
    let user = User { id: ids.next(), name, email };
    HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/users/{}", user.id)))
        .json(user)
}

#[derive(Serialize)]
struct User {
    id: u64,
    name: NonBlank,
    email: NonBlank,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with name and email")]
struct NewUser {
    name: NonBlank,
    email: NonBlank,
}

/// A string that is not empty and not only whitespace.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "String")]
struct NonBlank(String);

impl TryFrom<String> for NonBlank {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_blank = text.trim().is_empty();
        if is_blank { Err("name and email must not be blank") } else { Ok(Self(text)) }
    }
}

/// Returns every id once, across all workers.
#[derive(Default)]
struct UserIds {
    /// The id of the newest user.
    last: AtomicU64,
}

impl UserIds {
    fn next(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }
}
