//! Let clients join rooms over a WebSocket and message everyone in them.
//!
//! Each connection is a task of its own that waits for two things: what its client says, and what
//! its queue holds for it. To speak to a room is to put a frame into the queue of every member, and
//! that never waits. So a client that stops reading fills its own queue and takes nobody else's
//! time; once that is full its only sender is dropped, which is how the task learns of the end.
//!
//! One `Mutex` over all rooms is held for some map accesses and never across an `.await`. A task
//! that owns the rooms and is sent commands would need no lock, and twice the types; with a
//! `tokio::sync::broadcast` per room, whoever is slow would go on with a hole in what was said.
//!
//! Run it with `cargo run -p q31-websocket`, then `websocat ws://127.0.0.1:3000/ws`.

use std::{
    collections::{BTreeSet, HashMap},
    io::ErrorKind::InvalidData,
    sync::Mutex,
    time::Duration,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Result, rt, web};
use actix_ws::{
    AggregatedMessage::{Binary, Close, Ping, Pong, Text},
    AggregatedMessageStream, CloseCode, CloseReason,
    ProtocolError::{Io, Overflow},
    Session,
};
use serde::{Deserialize, Serialize};
use tokio::{select, sync::mpsc};

/// The most that a message may have, in one frame or in several.
const MESSAGE_LIMIT: usize = 64 * 1024;

/// Frames that wait for a client. `Session` and the body behind it hold some dozens more.
const QUEUE: usize = 128;

const NOT_A_MEMBER: &str = "you are not in this room";

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let lobby = web::Data::new(Mutex::new(Lobby::default()));
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
    lobby: web::Data<Mutex<Lobby>>,
) -> Result<HttpResponse> {
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    let messages = messages
        .max_frame_size(MESSAGE_LIMIT)
        .aggregate_continuations()
        .max_continuation_size(MESSAGE_LIMIT);
    rt::spawn(serve_client(session, messages, namespace.map(web::Path::into_inner), lobby));
    Ok(response)
}

async fn serve_client(
    mut session: Session,
    mut messages: AggregatedMessageStream,
    namespace: Option<String>,
    lobby: web::Data<Mutex<Lobby>>,
) {
    let lobby = || lobby.lock().expect("nothing panics while it holds the lock");
    let (id, mut queue) = lobby().connect();
    let code = loop {
        let sent = select! {
            biased;
            frame = queue.recv() => match frame {
                Some(frame) => session.text(frame).await,
                None => break Some(CloseCode::Again),
            },
            message = messages.recv() => match message {
                Some(Ok(Text(text))) => {
                    let is_too_fast = lobby().hear(id, &namespace, &text);
                    if is_too_fast { rt::time::sleep(Duration::from_millis(2)).await }
                    Ok(())
                }
                Some(Ok(Binary(_))) => break Some(CloseCode::Unsupported),
                Some(Ok(Ping(payload))) => session.pong(&payload).await,
                Some(Ok(Pong(_))) => Ok(()),
                Some(Ok(Close(reason))) => break reason.map(|reason| reason.code),
                Some(Err(Io(error))) if error.kind() == InvalidData => break Some(CloseCode::Invalid),
                // One long frame is an `Overflow`, but too many fragments are an `Io`.
                Some(Err(Overflow | Io(_))) => break Some(CloseCode::Size),
                Some(Err(_)) => break Some(CloseCode::Protocol),
                None => break None,
            },
        };
        if sent.is_err() {
            break None;
        }
    };
    lobby().disconnect(id);
    let _ = session.close(code.map(CloseReason::from)).await;
}

#[derive(Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "lowercase")]
enum Command {
    Join { room: String },
    Leave { room: String },
    Message { room: String, text: String },
}

#[derive(Serialize)]
#[serde(tag = "event", content = "data", rename_all = "lowercase")]
enum Event {
    Welcome { id: u64 },
    Joined { room: String, members: BTreeSet<u64> },
    Left { room: String },
    Message { room: String, from: u64, text: String },
    Error { message: String },
}

/// Who is to be told, and what.
type Reply = (BTreeSet<u64>, Event);

#[derive(Default)]
struct Lobby {
    /// The id of the newest client. It only grows, so that an id is never used twice.
    last_id: u64,
    /// The only sender of each client's queue: to remove it is to disconnect the client.
    queues: HashMap<u64, mpsc::Sender<String>>,
    /// Who is where, by namespace (that of `/ws` has no name) and room. No room is empty.
    rooms: HashMap<(Option<String>, String), BTreeSet<u64>>,
}

impl Lobby {
    fn connect(&mut self) -> (u64, mpsc::Receiver<String>) {
        self.last_id += 1;
        let (sender, queue) = mpsc::channel(QUEUE);
        self.queues.insert(self.last_id, sender);
        self.send([self.last_id].into(), &Event::Welcome { id: self.last_id });
        (self.last_id, queue)
    }

    fn hear(&mut self, id: u64, namespace: &Option<String>, text: &str) -> bool {
        let reply = self.obey(id, namespace, text);
        let (to, event) = reply.unwrap_or_else(|message| ([id].into(), Event::Error { message }));
        self.send(to, &event)
    }

    fn obey(&mut self, id: u64, namespace: &Option<String>, text: &str) -> Result<Reply, String> {
        let place = |room: &str| (namespace.clone(), room.to_owned());
        Ok(match serde_json::from_str(text).map_err(|error| error.to_string())? {
            Command::Join { room } if room.trim().is_empty() => Err("a room needs a name")?,
            Command::Join { room } => {
                let members = self.rooms.entry(place(&room)).or_default();
                members.insert(id);
                ([id].into(), Event::Joined { room, members: members.clone() })
            }
            Command::Leave { room } => {
                let members = self.rooms.get_mut(&place(&room)).ok_or(NOT_A_MEMBER)?;
                members.take(&id).ok_or(NOT_A_MEMBER)?;
                self.rooms.retain(|_, members| !members.is_empty());
                ([id].into(), Event::Left { room })
            }
            Command::Message { room, text } => {
                let members = self.rooms.get(&place(&room)).filter(|members| members.contains(&id));
                let to = members.ok_or(NOT_A_MEMBER)?.clone();
                (to, Event::Message { room, from: id, text })
            }
        })
    }

    /// Whoever has no place for a frame is cut off. Returns whether the speaker should pause first.
    fn send(&mut self, to: BTreeSet<u64>, event: &Event) -> bool {
        let frame = serde_json::to_string(event).expect("an event is JSON");
        let mut is_crowded = false;
        for id in to {
            let Some(queue) = self.queues.get(&id) else { continue };
            is_crowded |= queue.capacity() < QUEUE / 2;
            if queue.try_send(frame.clone()).is_err() {
                self.disconnect(id);
            }
        }
        is_crowded
    }

    fn disconnect(&mut self, id: u64) {
        self.queues.remove(&id);
        self.rooms.retain(|_, members| !(members.remove(&id) && members.is_empty()));
    }
}
