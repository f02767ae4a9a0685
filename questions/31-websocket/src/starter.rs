//! Let clients join rooms over a WebSocket and message everyone in them.
//!
//! The prompt is in README.md. The events, the settings and the routes are given. Write the handler,
//! the connection behind it, and what `Lobby` holds.
//! Change anything you like: names, signatures, types and crates.
//!
//! Run it with `cargo xtask run 31`, and check it on every save with `cargo xtask watch 31`.
#![allow(dead_code, reason = "the code that uses the events is still to be written")]

use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Result, web};
use serde::{Deserialize, Serialize};

/// The largest message from a client in bytes, in one frame or in several.
const MAX_MESSAGE: usize = 64 * 1024;
/// The most rooms that one client may be in.
const MAX_ROOMS: usize = 100;

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let heartbeat = Duration::from_millis(shared::setting("HEARTBEAT_MS", 5000, 1..=3_600_000)?);
    let lobby = web::Data::new(Lobby { heartbeat });
    HttpServer::new(move || {
        App::new().wrap(shared::json_errors()).app_data(lobby.clone()).configure(routes)
    })
    .workers(shared::workers())
    .shutdown_timeout(3)
    .listen(shared::listen!()?)?
    .run()
    .await?;
    Ok(())
}

fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/ws").get(open_socket))
        .service(web::resource("/ws/{namespace}").get(open_socket));
}

async fn open_socket(
    request: HttpRequest,
    body: web::Payload,
    namespace: Option<web::Path<String>>,
    lobby: web::Data<Lobby>,
) -> Result<HttpResponse> {
    // Ends the stream of messages with an error when a frame announces more than `MAX_MESSAGE`.
    let body = shared::limit_frames(&request, body, MAX_MESSAGE);
    // TODO: a 101 response, and a task that sends `Welcome`, runs the commands of the client and
    // sends it the events of its rooms. `actix_ws::handle` returns the response, a session to send
    // with, and the stream of messages.
    Ok(shared::not_implemented((request, body, namespace, lobby)))
}

/// An event from a client.
#[derive(Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "lowercase")]
enum Command {
    Join { room: String },
    Leave { room: String },
    Message { room: String, text: String },
}

/// An event from the server.
#[derive(Serialize)]
#[serde(tag = "event", content = "data", rename_all = "lowercase")]
enum Event {
    Welcome { id: u64 },
    Joined { room: String, members: Vec<u64> },
    Left { room: String },
    Message { room: String, from: u64, text: String },
    Error { message: String },
}

/// Why a command changes nothing. The client gets the text in an `error` event.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("a room must have a name")]
    BlankRoom,
    #[error("you are not in this room")]
    NotAMember,
    #[error("you are already in {MAX_ROOMS} rooms")]
    TooManyRooms,
    #[error("invalid event: {0}")]
    Invalid(#[from] serde_json::Error),
}

struct Lobby {
    /// The time between two pings. A client that sends nothing for three of them is gone.
    heartbeat: Duration,
    // TODO: the members of each room, and how to reach them.
}
