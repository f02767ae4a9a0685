//! Count views per visitor, and log users in and out with a session cookie.
//!
//! The cookie carries a random id and nothing else; what the server knows of a visitor stays in a
//! store that all workers share. Logging out deletes the entry, so a copy of the cookie opens
//! nothing any more. `renew` moves the session to a new id at login: whoever planted the old one in
//! the visitor's browser is left with the id of nobody.
//!
//! actix-session's `CookieSessionStore` would need no store and survive a restart, but what lives
//! in cookies alone cannot be revoked. This one lives as long as the process; with several servers,
//! Redis takes the place of moka.
//!
//! Run it with `cargo run -p q27-sessions`, then
//! `curl -i -b /tmp/jar -c /tmp/jar http://127.0.0.1:3000/views`, several times.

use std::{collections::HashMap, env, fmt, future::ready, time::Duration};

use actix_session::{
    Session, SessionMiddleware,
    config::{PersistentSession, TtlExtensionPolicy},
    storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key},
};
use actix_web::{
    App, HttpResponse, HttpServer, ResponseError, Result,
    cookie::{Key, time},
    http::StatusCode,
    web,
};
use moka::{future::Cache, ops::compute::Op, policy::EvictionPolicy};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let config = Config::load()?;
    let store = MemoryStore::new(config.idle);
    HttpServer::new(move || {
        App::new()
            .wrap(sessions(store.clone(), &config))
            .wrap(shared::json_errors())
            .configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/views").get(count_view))
        .service(web::resource("/login").post(log_in))
        .service(web::resource("/me").get(show_user))
        .service(web::resource("/logout").post(log_out));
}

/// The cookie is `HttpOnly`, `SameSite=Lax` and `Path=/` unless it is told otherwise.
fn sessions(store: MemoryStore, config: &Config) -> SessionMiddleware<MemoryStore> {
    let idle = time::Duration::try_from(config.idle).expect("milliseconds of 32 bits fit");
    // By default only a change of the session would keep the browser from forgetting the cookie.
    let lifecycle = PersistentSession::default()
        .session_ttl(idle)
        .session_ttl_extension_policy(TtlExtensionPolicy::OnEveryRequest);
    SessionMiddleware::builder(store, config.key.clone())
        .session_lifecycle(lifecycle)
        .cookie_secure(config.is_production)
        .build()
}

async fn count_view(session: Session) -> Result<web::Json<Views>> {
    let views = session.get("views")?.unwrap_or(0) + 1;
    session.insert("views", views)?;
    Ok(web::Json(Views { views }))
}

async fn log_in(session: Session, credentials: web::Json<Credentials>) -> Result<web::Json<User>> {
    let Credentials { username, password } = credentials.into_inner();
    if (username.as_str(), password.as_str()) != ("admin", "password") {
        return Err(Unauthorized("Invalid credentials").into());
    }
    session.renew();
    session.insert("username", &username)?;
    Ok(web::Json(User { username }))
}

async fn show_user(session: Session) -> Result<web::Json<User>> {
    let username = session.get("username")?.ok_or(Unauthorized("Not logged in"))?;
    Ok(web::Json(User { username }))
}

async fn log_out(session: Session) -> HttpResponse {
    session.purge();
    HttpResponse::NoContent().finish()
}

#[derive(Serialize)]
struct Views {
    views: u64,
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

#[derive(Serialize)]
struct User {
    username: String,
}

/// A clone is another handle on the same sessions.
#[derive(Clone)]
struct MemoryStore {
    /// What is known of each visitor, by the id in the cookie. Reading an entry is use of it, and
    /// one that is not used goes.
    by_id: Cache<String, State>,
}

type State = HashMap<String, String>;

impl MemoryStore {
    fn new(idle: Duration) -> Self {
        // moka's usual policy would rather turn a new visitor away than forget a busy one.
        let by_id = Cache::builder().eviction_policy(EvictionPolicy::lru());
        Self { by_id: by_id.time_to_idle(idle).max_capacity(100_000).build() }
    }
}

impl SessionStore for MemoryStore {
    async fn load(&self, id: &SessionKey) -> Result<Option<State>, LoadError> {
        Ok(self.by_id.get(id.as_ref()).await)
    }

    async fn save(&self, state: State, _: &time::Duration) -> Result<SessionKey, SaveError> {
        let id = generate_session_key();
        self.by_id.insert(id.as_ref().to_owned(), state).await;
        Ok(id)
    }

    async fn update(
        &self,
        id: SessionKey,
        state: State,
        _: &time::Duration,
    ) -> Result<SessionKey, UpdateError> {
        // A request that was under way at the logout must not bring the session back.
        let entry = self.by_id.entry_by_ref(id.as_ref());
        entry.and_compute_with(|old| ready(old.map_or(Op::Nop, |_| Op::Put(state)))).await;
        Ok(id)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &time::Duration) -> anyhow::Result<()> {
        Ok(())
    }

    async fn delete(&self, id: &SessionKey) -> anyhow::Result<()> {
        self.by_id.invalidate(id.as_ref()).await;
        Ok(())
    }
}

#[derive(Clone)]
struct Config {
    is_production: bool,
    /// Cookies are encrypted with it, so no id reaches the store that was not handed out.
    key: Key,
    /// How long a session lives without being used.
    idle: Duration,
}

impl Config {
    fn load() -> Result<Self, shared::StartError> {
        let is_production = env::var("APP_ENV").is_ok_and(|name| name == "production");
        let key = match env::var("SESSION_SECRET") {
            Ok(secret) if secret.len() >= 32 => Key::derive_from(secret.as_bytes()),
            // The sessions do not survive the process either.
            Err(_) if !is_production => Key::generate(),
            _ => return Err(shared::StartError::new("SESSION_SECRET must have 32 bytes or more")),
        };
        let idle = env::var("SESSION_TTL_MS").map_or(Ok(3_600_000), |ttl| ttl.parse::<u32>());
        let idle = idle.map_err(|_| shared::StartError::new("SESSION_TTL_MS must be a number"))?;
        Ok(Self { is_production, key, idle: Duration::from_millis(idle.into()) })
    }
}

/// 401: why the visitor counts as nobody.
#[derive(Debug)]
struct Unauthorized(&'static str);

impl fmt::Display for Unauthorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl ResponseError for Unauthorized {
    fn status_code(&self) -> StatusCode {
        StatusCode::UNAUTHORIZED
    }
}
