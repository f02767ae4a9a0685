//! Count views per visitor, and log users in and out with a session cookie.
//!
//! The prompt is in README.md. The routes, the bodies, the settings and a store are given. Write the
//! handlers, and configure the cookie and the store.
//! Change anything you like: names, signatures, types and crates.
//!
//! Run it with `cargo xtask run 27`, and check it on every save with `cargo xtask watch 27`.

use std::{collections::HashMap, future::ready, time::Duration};

use actix_session::{
    Session, SessionMiddleware,
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
use moka::{future::Cache, ops::compute::Op};
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

fn sessions(store: MemoryStore, settings: &Settings) -> SessionMiddleware<MemoryStore> {
    // TODO: the lifetime that the prompt asks for. By default the cookie is `HttpOnly`,
    // `SameSite=Lax` and `Path=/`, and ends with the session of the browser.
    SessionMiddleware::builder(store, settings.key.clone())
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

async fn count_view(session: Session) -> Result<HttpResponse> {
    // TODO: 200 with the number of views in this session.
    Ok(shared::not_implemented((session, Views { views: 0 })))
}

async fn log_in(session: Session, credentials: web::Json<Credentials>) -> Result<HttpResponse> {
    let Credentials { username, password } = credentials.into_inner();
    // TODO: 200 with the user, or 401.
    Ok(shared::not_implemented((session, username, password)))
}

async fn show_user(session: Session) -> Result<HttpResponse> {
    // TODO: 200 with the user of this session, or 401.
    Ok(shared::not_implemented((session, User { username: String::new() })))
}

async fn log_out(session: Session) -> HttpResponse {
    // TODO: 204, and the session has ended.
    shared::not_implemented(session)
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
    /// The state of each session, by the id in the cookie.
    by_id: Cache<String, State>,
}

type State = HashMap<String, String>;

impl MemoryStore {
    fn new(idle: Duration) -> Self {
        // TODO: a session that is in use does not end, and the number of sessions is limited.
        Self { by_id: Cache::builder().time_to_live(idle).build() }
    }
}

/// Given: sessions are loaded, saved, changed and deleted by their id.
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
#[allow(dead_code, reason = "the handlers that return it are still to be written")]
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
