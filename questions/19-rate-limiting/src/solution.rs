//! Allow every client five requests a minute and refuse the rest.
//!
//! A client is the address at the other end of its connection; headers are what it says of itself.
//! Its window begins with its first request, and the middleware looks and counts under one lock, so
//! no two requests can take the same place. Wrapped around the app, it counts 404s as well.
//!
//! Windows end in the order in which they began, so a queue tells whom to forget, without a timer
//! or a sweep over all clients. Around the end of a window twice the limit gets through; a log of
//! each client's last requests would prevent that and cost a timestamp for each. Behind a proxy all
//! clients have its address: then the proxy is the one to count, or to be trusted with a header.
//!
//! Run it with `cargo run -p q19-rate-limiting`, then `curl -i http://127.0.0.1:3000/` six times.

use std::{
    collections::{HashMap, VecDeque},
    env::{self, VarError},
    fmt,
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
            .wrap(shared::json_errors())
            .wrap(from_fn(limit_requests))
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
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>> {
    // Who has hung up may have no address any more; all of those share one window.
    let client = request.peer_addr().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip());
    limiter.admit(client)?;
    next.call(request).await
}

async fn greet() -> web::Json<Greeting> {
    web::Json(Greeting { message: "Hello World" })
}

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}

struct Limiter {
    /// How many requests of a client are let through in a window.
    max: u64,
    window: Duration,
    /// Held for a lookup, never across an `.await`.
    clients: Mutex<Clients>,
}

#[derive(Default)]
struct Clients {
    /// Clients whose window is open.
    windows: HashMap<IpAddr, Window>,
    /// The same clients, the oldest window first.
    by_age: VecDeque<IpAddr>,
}

struct Window {
    began: Instant,
    /// Requests let through since then; refused ones do not count.
    passed: u64,
}

impl Limiter {
    fn from_env() -> Result<Self, shared::StartError> {
        Ok(Self {
            max: setting("RATE_LIMIT_MAX", 5)?,
            window: Duration::from_millis(setting("RATE_LIMIT_WINDOW_MS", 60_000)?),
            clients: Mutex::default(),
        })
    }

    fn admit(&self, client: IpAddr) -> Result<(), TooManyRequests> {
        let mut clients = self.clients.lock().expect("nothing panics while it holds the lock");
        let Clients { windows, by_age } = &mut *clients;
        let now = Instant::now();

        while let Some(oldest) = by_age.front()
            && now - windows[oldest].began >= self.window
        {
            windows.remove(oldest);
            by_age.pop_front();
        }
        let window = windows.entry(client).or_insert_with(|| {
            by_age.push_back(client);
            Window { began: now, passed: 0 }
        });
        if window.passed >= self.max {
            return Err(TooManyRequests { retry_after: self.window - (now - window.began) });
        }
        window.passed += 1;
        Ok(())
    }
}

fn setting(name: &str, default: u64) -> Result<u64, shared::StartError> {
    match env::var(name) {
        Err(VarError::NotPresent) => Some(default),
        value => value.ok().and_then(|value| value.parse().ok()),
    }
    .ok_or_else(|| shared::StartError::new(format!("{name} must be a whole number")))
}

/// 429: the client has used up its window.
#[derive(Debug)]
struct TooManyRequests {
    retry_after: Duration,
}

impl fmt::Display for TooManyRequests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Too many requests")
    }
}

impl ResponseError for TooManyRequests {
    fn status_code(&self) -> StatusCode {
        StatusCode::TOO_MANY_REQUESTS
    }

    fn error_response(&self) -> HttpResponse {
        // Rounded up: whoever comes back that late is let through.
        let seconds = self.retry_after.as_secs() + u64::from(self.retry_after.subsec_nanos() > 0);
        HttpResponse::build(self.status_code())
            .insert_header((header::RETRY_AFTER, seconds))
            .json(ErrorBody { error: self.to_string() })
    }
}

#[derive(Serialize)]
struct ErrorBody {
    error: String,
}
