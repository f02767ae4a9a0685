//! Register users and log them in without ever storing a password.
//!
//! The server stores a bcrypt hash, which is slow to compute on purpose. It is computed on a thread of
//! the blocking pool: on a worker thread, every later request of that worker would wait for it. The
//! name is taken when the hash is ready, in one step under the lock, so of two registrations of one
//! name only the first succeeds.
//!
//! bcrypt reads 72 bytes, so registration rejects longer passwords. Hashing a SHA-256 digest instead
//! allows any length and costs one more step that can go wrong. Use Argon2id in a new system: it
//! costs an attacker memory as well, and the code around it stays the same.
//!
//! Run it with `cargo run -p q26-password-hashing`, then `curl -i
//! --json '{"username":"ada","password":"correct horse"}' http://127.0.0.1:3000/register`.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Mutex, MutexGuard},
};

use actix_web::{
    App, HttpResponse, HttpServer, ResponseError, error::BlockingError, http::StatusCode, web,
};
use bcrypt::{BcryptError, BcryptResult};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let users = web::Data::new(Users::new(shared::setting("BCRYPT_COST", 10, 4..=31)?)?);
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(users.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/register").post(register_user))
        .service(web::resource("/login").post(log_in))
        .service(web::resource("/health").get(show_health));
}

async fn register_user(
    users: web::Data<Users>,
    credentials: web::Json<Credentials>,
) -> Result<HttpResponse, UserError> {
    let Credentials { username, password } = credentials.into_inner();
    if username.trim().is_empty() {
        return Err(UserError::BlankUsername);
    }
    if password.is_empty() || password.contains('\0') {
        return Err(UserError::UnusablePassword);
    }
    let cost = users.cost;
    let hash = hash_blocking(move || bcrypt::non_truncating_hash(password, cost)).await?;
    match users.hashes().entry(username) {
        Entry::Occupied(_) => Err(UserError::Taken),
        Entry::Vacant(entry) => {
            entry.insert(hash);
            Ok(HttpResponse::Created().json(Message { message: "User registered" }))
        }
    }
}

async fn log_in(
    users: web::Data<Users>,
    credentials: web::Json<Credentials>,
) -> Result<web::Json<Message>, UserError> {
    let Credentials { username, password } = credentials.into_inner();
    let known = users.hashes().get(&username).cloned();
    let is_known = known.is_some();
    let hash = known.unwrap_or_else(|| users.decoy.clone());
    // bcrypt repeats a short password with a NUL after it, so `tea` and `tea\0tea` have one hash.
    let has_nul = password.contains('\0');
    let is_right = hash_blocking(move || bcrypt::verify(password, &hash)).await?;
    if is_known && is_right && !has_nul {
        Ok(web::Json(Message { message: "Login successful" }))
    } else {
        Err(UserError::InvalidCredentials)
    }
}

async fn show_health() -> web::Json<Message> {
    web::Json(Message { message: "OK" })
}

async fn hash_blocking<T: Send + 'static>(
    work: impl FnOnce() -> BcryptResult<T> + Send + 'static,
) -> Result<T, UserError> {
    web::block(work).await?.map_err(|error| match error {
        BcryptError::Truncation(_) => UserError::UnusablePassword,
        error => UserError::Hashing(error),
    })
}

/// Has no `Debug`, so that no log prints a password by accident.
#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

struct Users {
    /// The logarithm of how often bcrypt repeats its work.
    cost: u32,
    /// The hash to verify for a name that does not exist, so that this takes as long as any login.
    decoy: String,
    /// The hash of each user's password. The lock is held for a lookup, never while hashing.
    hashes: Mutex<HashMap<String, String>>,
}

impl Users {
    fn new(cost: u32) -> Result<Self, shared::StartError> {
        let decoy = bcrypt::hash("decoy", cost)
            .map_err(|error| shared::StartError::new(format!("failed to hash: {error}")))?;
        Ok(Self { cost, decoy, hashes: Mutex::default() })
    }

    fn hashes(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.hashes.lock().expect("no handler panics while it holds the lock")
    }
}

/// `shared::json_errors` sends it as JSON.
#[derive(Debug, thiserror::Error)]
enum UserError {
    /// 400: the name of a new user is only whitespace.
    #[error("username must not be blank")]
    BlankUsername,
    /// 400: bcrypt could not distinguish the password from every other one.
    #[error("password must have 1 to 71 bytes, none of them NUL")]
    UnusablePassword,
    /// 400: another user has this name.
    #[error("User already exists")]
    Taken,
    /// 401: no user has this name, or the password is wrong.
    #[error("Invalid credentials")]
    InvalidCredentials,
    /// 500: bcrypt failed.
    #[error("failed to hash a password")]
    Hashing(#[source] BcryptError),
    /// 500: the blocking pool is gone.
    #[error("failed to run a hash")]
    Blocking(#[from] BlockingError),
}

impl ResponseError for UserError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BlankUsername | Self::UnusablePassword | Self::Taken => StatusCode::BAD_REQUEST,
            Self::InvalidCredentials => StatusCode::UNAUTHORIZED,
            Self::Hashing(_) | Self::Blocking(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
