//! Register users and log them in without ever keeping a password.
//!
//! What is kept is a bcrypt hash, slow to compute on purpose. That is work for a thread of the
//! blocking pool: on a worker, every request that comes after it would wait. The name is taken only
//! when the hash is there, in one step under the lock, so of two registrations one is refused.
//!
//! bcrypt reads 72 bytes and ignores the rest, so `Password` refuses what it would not tell apart.
//! Hashing a SHA-256 digest instead would take passwords of any length, for one more step to get
//! wrong. New systems take Argon2id, which costs memory as well; the code around it is the same.
//!
//! Run it with `cargo run -p q26-password-hashing`, then `curl -i
//! --json '{"username":"ada","password":"correct horse"}' http://127.0.0.1:3000/register`.

use std::{
    collections::{HashMap, hash_map::Entry},
    env, fmt,
    sync::{Mutex, MutexGuard},
};

use actix_web::{
    App, HttpResponse, HttpServer, ResponseError, Result, error::ErrorInternalServerError,
    http::StatusCode, web,
};
use bcrypt::BcryptResult;
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let users = web::Data::new(Users::new(bcrypt_cost()?)?);
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
) -> Result<HttpResponse> {
    let Credentials { username, password } = credentials.into_inner();
    let cost = users.cost;
    let hash = off_the_workers(move || bcrypt::hash(password.0, cost)).await?;
    match users.lock().entry(username) {
        Entry::Occupied(_) => Err(UserError::Taken.into()),
        Entry::Vacant(name) => {
            name.insert(hash);
            Ok(HttpResponse::Created().json(Message { message: "User registered" }))
        }
    }
}

async fn log_in(
    users: web::Data<Users>,
    credentials: web::Json<Credentials>,
) -> Result<web::Json<Message>> {
    let Credentials { username, password } = credentials.into_inner();
    let known = users.lock().get(&username).cloned();
    let is_known = known.is_some();
    let hash = known.unwrap_or_else(|| users.decoy.clone());
    let is_right = off_the_workers(move || bcrypt::verify(password.0, &hash)).await?;
    if is_known && is_right {
        Ok(web::Json(Message { message: "Login successful" }))
    } else {
        Err(UserError::InvalidCredentials.into())
    }
}

async fn show_health() -> web::Json<Message> {
    web::Json(Message { message: "OK" })
}

async fn off_the_workers<T: Send + 'static>(
    work: impl FnOnce() -> BcryptResult<T> + Send + 'static,
) -> Result<T> {
    web::block(work).await?.map_err(ErrorInternalServerError)
}

fn bcrypt_cost() -> Result<u32, shared::StartError> {
    match env::var("BCRYPT_COST") {
        Err(env::VarError::NotPresent) => Some(10),
        value => value.ok().and_then(|cost| cost.parse().ok()),
    }
    .filter(|cost| (4..=31).contains(cost))
    .ok_or_else(|| shared::StartError::new("BCRYPT_COST must be a whole number from 4 to 31"))
}

/// Has no `Debug`, so that no log can print a password by accident.
#[derive(Deserialize)]
struct Credentials {
    username: Username,
    password: Password,
}

/// Text that is not blank.
#[derive(Deserialize, PartialEq, Eq, Hash)]
#[serde(try_from = "String")]
struct Username(String);

impl TryFrom<String> for Username {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() { Err("username must not be blank") } else { Ok(Self(text)) }
    }
}

/// Text of which bcrypt sees every byte: it stops after 72, and its own NUL at the end is one.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Password(String);

impl TryFrom<String> for Password {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if (1..72).contains(&text.len()) && !text.contains('\0') {
            Ok(Self(text))
        } else {
            Err("password must have 1 to 71 bytes, none of them NUL")
        }
    }
}

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

struct Users {
    /// The logarithm of how often bcrypt repeats its work.
    cost: u32,
    /// A hash that is verified in place of one that is not there, so that a login of nobody takes
    /// as long as any other.
    decoy: String,
    /// The hash of the password by name. The lock is held for a lookup, never while hashing.
    hashes: Mutex<HashMap<Username, String>>,
}

impl Users {
    fn new(cost: u32) -> Result<Self, shared::StartError> {
        let decoy = bcrypt::hash("decoy", cost)
            .map_err(|error| shared::StartError::new(format!("failed to hash: {error}")))?;
        Ok(Self { cost, decoy, hashes: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Username, String>> {
        self.hashes.lock().expect("no handler panics while it holds the lock")
    }
}

#[derive(Debug)]
enum UserError {
    /// 400: somebody has this name already.
    Taken,
    /// 401: nobody has this name, or the password is another one.
    InvalidCredentials,
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Taken => "User already exists",
            Self::InvalidCredentials => "Invalid credentials",
        })
    }
}

impl ResponseError for UserError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Taken => StatusCode::BAD_REQUEST,
            Self::InvalidCredentials => StatusCode::UNAUTHORIZED,
        }
    }
}
