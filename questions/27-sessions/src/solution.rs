//! Count views per visitor, and log users in and out with a session cookie.
//!
//! The cookie contains a random id and nothing else; everything that the server knows about a visitor
//! is in a store that all workers share. Logging out deletes the entry, so a copy of the cookie is
//! worthless. `renew` moves the session to a new id at login: an attacker who planted the old id in
//! the visitor's browser has the id of no session.
//!
//! actix-session's `CookieSessionStore` needs no store and survives a restart, but the server cannot
//! revoke a session that lives in a cookie alone. This store lives as long as the process; use Redis
//! in place of moka when there are several servers.
//!
//! Run it with `cargo run -p q27-sessions`, then
//! `curl -i -b /tmp/jar -c /tmp/jar http://127.0.0.1:3000/views`, several times.

use std::{collections::HashMap, future::ready, time::Duration};

use actix_session::{
    Session, SessionMiddleware,
    config::{PersistentSession, TtlExtensionPolicy},
    storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key},
};
use actix_web::{
    App, HttpResponse, HttpServer, ResponseError, Result,
    body::MessageBody,
    cookie::{Cookie, Key, time},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{COOKIE, HeaderValue},
    },
    middleware::{Next, from_fn},
    web,
};
use moka::{future::Cache, ops::compute::Op, policy::EvictionPolicy};
use serde::{Deserialize, Serialize};

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let settings = Settings::read()?;
    let store = MemoryStore::new(settings.idle);
    HttpServer::new(move || {
        App::new()
            .wrap(sessions(store.clone(), &settings))
            .wrap(from_fn(drop_unreadable_cookies))
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

/// The cookie is `HttpOnly`, `SameSite=Lax` and `Path=/` by default.
fn sessions(store: MemoryStore, settings: &Settings) -> SessionMiddleware<MemoryStore> {
    let idle = time::Duration::try_from(settings.idle).expect("milliseconds of 32 bits fit");
    // By default, only a change of the session renews the `Max-Age` of the cookie.
    let lifecycle = PersistentSession::default()
        .session_ttl(idle)
        .session_ttl_extension_policy(TtlExtensionPolicy::OnEveryRequest);
    SessionMiddleware::builder(store, settings.key.clone())
        .session_lifecycle(lifecycle)
        .cookie_secure(settings.is_production)
        .build()
}

/// actix-session finds no session if any cookie is unreadable, even one that another application set.
async fn drop_unreadable_cookies(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>> {
    let headers = request.headers().get_all(COOKIE);
    let cookies = headers.flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    let is_readable =
        |cookie: &&[u8]| str::from_utf8(cookie).is_ok_and(|it| Cookie::parse_encoded(it).is_ok());
    let readable = cookies.filter(is_readable).collect::<Vec<_>>().join(&b';');
    let readable = HeaderValue::from_bytes(&readable).expect("parts of headers are valid");
    request.headers_mut().insert(COOKIE, readable);
    next.call(request).await
}

async fn count_view(session: Session) -> Result<web::Json<Views>> {
    let views = session.get("views")?.unwrap_or(0) + 1;
    session.insert("views", views)?;
    Ok(web::Json(Views { views }))
}

async fn log_in(session: Session, credentials: web::Json<Credentials>) -> Result<web::Json<User>> {
    let Credentials { username, password } = credentials.into_inner();
    if (username.as_str(), password.as_str()) != ("admin", "password") {
        return Err(SessionError::InvalidCredentials.into());
    }
    session.renew();
    session.insert("username", &username)?;
    Ok(web::Json(User { username }))
}

async fn show_user(session: Session) -> Result<web::Json<User>> {
    let username = session.get("username")?.ok_or(SessionError::NotLoggedIn)?;
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
    /// The state of each session, by the id in the cookie. An entry that is neither read nor written
    /// for the time of `Settings::idle` is removed.
    by_id: Cache<String, State>,
}

type State = HashMap<String, String>;

impl MemoryStore {
    fn new(idle: Duration) -> Self {
        // With moka's default policy, new visitors lose to frequent ones when the store is full.
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
        // A request that is still running after the logout must not bring the session back.
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
struct Settings {
    is_production: bool,
    /// Encrypts the cookies, so the store is only asked for ids that this server made.
    key: Key,
    /// How long a session lives without being used.
    idle: Duration,
}

impl Settings {
    fn read() -> Result<Self, shared::StartError> {
        let is_production = shared::AppEnv::read()? == shared::AppEnv::Production;
        let secret = shared::secret("SESSION_SECRET", "development-secret-do-not-deploy", 32)?;
        if secret.len() < 32 {
            return Err(shared::StartError::new("SESSION_SECRET must have at least 32 bytes"));
        }
        let idle = shared::setting("SESSION_TTL_MS", 3_600_000, 1..=u32::MAX)?;
        let key = Key::derive_from(secret.as_bytes());
        Ok(Self { is_production, key, idle: Duration::from_millis(idle.into()) })
    }
}

/// `shared::json_errors` sends it as JSON.
#[derive(Debug, thiserror::Error)]
enum SessionError {
    /// 401: the username or the password is wrong.
    #[error("Invalid credentials")]
    InvalidCredentials,
    /// 401: the session has no user.
    #[error("Not logged in")]
    NotLoggedIn,
}

impl ResponseError for SessionError {
    fn status_code(&self) -> StatusCode {
        StatusCode::UNAUTHORIZED
    }
}
