//! Create a user from a JSON body and give it an id of its own.
//!
//! `web::Json` fills a struct from the body and refuses what does not fit with 400 before the
//! handler runs. The ids come from one counter that is made outside the factory in `main`, because
//! actix-web calls that once per worker.
//!
//! An `AtomicU64` hands out every number once without a lock. The time would give two users that
//! come in the same millisecond one id; a random UUID would need no counter, but is no number.
//! Nothing else is kept, since nothing asks for the users yet.
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
    name: Text,
    email: Text,
}

#[derive(Deserialize)]
struct NewUser {
    name: Text,
    email: Text,
}

/// Text that is not blank.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "String")]
struct Text(String);

impl TryFrom<String> for Text {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() { Err("text must not be blank") } else { Ok(Self(text)) }
    }
}

/// Hands out every id once, whichever worker asks.
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
