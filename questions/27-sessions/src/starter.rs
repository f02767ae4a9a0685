//! Count views per visitor, and log users in and out with a session cookie.
//!
//! The prompt is in README.md. Routes and signatures are given, and sessions are wrapped around
//! them; the handlers, the store and the cookie are yours. Change whatever you like.
//!
//! Run it with `cargo xtask run 27`, and judge it on every save with `cargo xtask watch 27`.

use std::{collections::HashMap, env, time::Duration};

use actix_session::{
    Session, SessionMiddleware,
    storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key},
};
use actix_web::{
    App, HttpResponse, HttpServer,
    cookie::{Key, time},
    web,
};
use moka::future::Cache;
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

fn sessions(store: MemoryStore, config: &Config) -> SessionMiddleware<MemoryStore> {
    // TODO: a cookie with the attributes of the prompt.
    SessionMiddleware::builder(store, config.key.clone()).build()
}

async fn count_view(session: Session) -> HttpResponse {
    // TODO: 200 with the number of views in this session.
    shared::not_implemented((session, Views {}))
}

async fn log_in(session: Session, credentials: web::Json<Credentials>) -> HttpResponse {
    // TODO: 200 with the user, or 401.
    shared::not_implemented((session, credentials))
}

async fn show_user(session: Session) -> HttpResponse {
    // TODO: 200 with the user of this session, or 401.
    shared::not_implemented((session, User {}))
}

async fn log_out(session: Session) -> HttpResponse {
    // TODO: 204, and the session is over.
    shared::not_implemented(session)
}

#[derive(Serialize)]
struct Views {
    // TODO: the members of the answer.
}

#[derive(Deserialize)]
struct Credentials {
    // TODO: the members of a login.
}

#[derive(Serialize)]
struct User {
    // TODO: the members of the answer.
}

/// A clone is another handle on the same sessions.
#[derive(Clone)]
struct MemoryStore {
    by_id: Cache<String, State>,
}

type State = HashMap<String, String>;

impl MemoryStore {
    fn new(idle: Duration) -> Self {
        // TODO: sessions that are idle for as long as that go.
        let _ = idle;
        Self { by_id: Cache::builder().build() }
    }
}

impl SessionStore for MemoryStore {
    async fn load(&self, id: &SessionKey) -> Result<Option<State>, LoadError> {
        // TODO: what is known of the visitor with this id.
        drop((self.by_id.clone(), id));
        Ok(None)
    }

    async fn save(&self, state: State, _: &time::Duration) -> Result<SessionKey, SaveError> {
        // TODO: a new session with this state.
        drop(state);
        Ok(generate_session_key())
    }

    async fn update(
        &self,
        id: SessionKey,
        state: State,
        _: &time::Duration,
    ) -> Result<SessionKey, UpdateError> {
        // TODO: another state for the session with this id.
        drop(state);
        Ok(id)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &time::Duration) -> anyhow::Result<()> {
        Ok(())
    }

    async fn delete(&self, _: &SessionKey) -> anyhow::Result<()> {
        // TODO: no session with this id any more.
        Ok(())
    }
}

#[derive(Clone)]
struct Config {
    key: Key,
    /// How long a session lives without being used.
    idle: Duration,
}

impl Config {
    fn load() -> Result<Self, shared::StartError> {
        // TODO: the key from SESSION_SECRET, which must be there if APP_ENV is production.
        let key = Key::generate();
        let idle = env::var("SESSION_TTL_MS").map_or(Ok(3_600_000), |ttl| ttl.parse::<u32>());
        let idle = idle.map_err(|_| shared::StartError::new("SESSION_TTL_MS must be a number"))?;
        Ok(Self { key, idle: Duration::from_millis(idle.into()) })
    }
}
