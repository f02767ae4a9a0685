//! Allow every client five requests a minute and reject the rest.
//!
//! A client is the IP address at the other end of its connection, because any header can be forged.
//! Its window begins with its first request. The middleware looks up the count and raises it under
//! one lock, so two parallel requests never take the same place. It wraps the whole app, so a 404
//! counts as well.
//!
//! Two maps forget clients without a timer and without a sweep: once per window the recent map
//! becomes the older one, and the older one, in which every window is over, is dropped. A client can
//! send twice the limit around the end of a window. A log of its last requests prevents that and
//! costs a timestamp per request.
//!
//! Run it with `cargo run -p q19-rate-limiting`, then `curl -i http://127.0.0.1:3000/` six times.

use std::{
    collections::HashMap,
    mem,
    net::{IpAddr, Ipv4Addr},
    sync::Mutex,
    time::{Duration, Instant},
};

use actix_web::{
    App, HttpResponse, HttpServer, ResponseError, Result,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::{Next, from_fn},
    web,
};
use serde::Serialize;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let limiter = web::Data::new(Limiter::from_env()?);
    HttpServer::new(move || {
        App::new()
            .wrap(from_fn(limit_requests))
            .wrap(shared::json_errors())
            .app_data(limiter.clone())
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
    cfg.service(web::resource("/").get(greet));
}

async fn limit_requests(
    limiter: web::Data<Limiter>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>> {
    // A client that has hung up may have no peer address; those clients share one window.
    let client = request.peer_addr().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip());
    match limiter.admit(client) {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        // An `Err` would skip the middleware between this one and the client, such as `Logger`.
        Err(refused) => Ok(request.error_response(refused).map_into_right_body()),
    }
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}

struct Limiter {
    /// How many requests of a client pass in a window.
    max: u64,
    window: Duration,
    /// Locked for a lookup, never across an `.await`.
    clients: Mutex<Clients>,
}

struct Clients {
    /// When `recent` was last emptied.
    rotated: Instant,
    /// Windows that began since then.
    recent: HashMap<IpAddr, Window>,
    /// Windows that began earlier; each of them may be over.
    older: HashMap<IpAddr, Window>,
}

struct Window {
    began: Instant,
    /// Requests that passed since then; refused ones do not count.
    passed: u64,
}

impl Limiter {
    fn from_env() -> Result<Self, shared::StartError> {
        let milliseconds = shared::setting("RATE_LIMIT_WINDOW_MS", 60_000, 1..=86_400_000)?;
        Ok(Self {
            max: shared::setting("RATE_LIMIT_MAX", 5, 1..=1_000_000)?,
            window: Duration::from_millis(milliseconds),
            clients: Mutex::new(Clients {
                rotated: Instant::now(),
                recent: HashMap::new(),
                older: HashMap::new(),
            }),
        })
    }

    fn admit(&self, client: IpAddr) -> Result<(), TooManyRequests> {
        let mut clients = self.clients.lock().expect("nothing panics while it holds the lock");
        let Clients { rotated, recent, older } = &mut *clients;
        let now = Instant::now();
        if now - *rotated >= self.window {
            *older = mem::take(recent);
            *rotated = now;
        }

        let still_open = older.get_mut(&client).filter(|known| now - known.began < self.window);
        let window = match still_open {
            Some(window) => window,
            None => recent.entry(client).or_insert(Window { began: now, passed: 0 }),
        };
        if window.passed >= self.max {
            return Err(TooManyRequests { retry_after: self.window - (now - window.began) });
        }
        window.passed += 1;
        Ok(())
    }
}

/// 429: the client has used up its window. `shared::json_errors` writes the JSON body.
#[derive(Debug, thiserror::Error)]
#[error("Too many requests")]
struct TooManyRequests {
    retry_after: Duration,
}

impl ResponseError for TooManyRequests {
    fn status_code(&self) -> StatusCode {
        StatusCode::TOO_MANY_REQUESTS
    }

    fn error_response(&self) -> HttpResponse {
        // Rounded up, so that a client that waits that long is served.
        let seconds = self.retry_after.as_secs_f64().ceil() as u64;
        HttpResponse::build(self.status_code())
            .insert_header((header::RETRY_AFTER, seconds))
            .finish()
    }
}
