//! Let clients join rooms over a WebSocket and message everyone in them.
//!
//! Each connection has a reader, which runs the commands of its client, and a writer with a bounded
//! queue. A message is serialized once, and all queues share it. The reader waits, without the lock,
//! until every queue has room for it, so a client that reads loses nothing. The writer of a client
//! that takes nothing for `MAX_WAIT` gives up: its queue closes, and the connection ends.
//!
//! Lossless delivery in bounded memory costs speed: the slowest member sets the pace of a room. Use
//! `tokio::sync::broadcast` when a client may miss messages, and a task per room when all members
//! must see the messages of different senders in the same order.
//!
//! Run it with `cargo run -p q31-websocket`, then `websocat ws://127.0.0.1:3000/ws`.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::ErrorKind,
    slice,
    sync::{Mutex, MutexGuard, atomic},
    time::Duration,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Result, rt, rt::time::timeout, web};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, ProtocolError, Session};
use bytestring::ByteString;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::{select, sync::mpsc};

/// The largest message from a client in bytes, in one frame or in several.
const MAX_MESSAGE: usize = 64 * 1024;
/// The most rooms that one client may be in.
const MAX_ROOMS: usize = 100;
/// Events that wait for one client. `Session` and the response body behind it hold up to 64 more.
const QUEUE: usize = 128;
/// How long one event may wait until the connection takes it. actix-http waits without a limit, so
/// the connection itself ends through `TCP_USER_TIMEOUT`, which `shared::listen!` sets on Linux.
const MAX_WAIT: Duration = Duration::from_secs(5);

#[actix_web::main]
async fn main() -> Result<(), shared::StartError> {
    let heartbeat = Duration::from_millis(shared::setting("HEARTBEAT_MS", 5000, 1..=3_600_000)?);
    let lobby = web::Data::new(Lobby { heartbeat, last_id: 0.into(), rooms: Mutex::default() });
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
    let body = shared::limit_frames(&request, body, MAX_MESSAGE);
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    let messages = messages.aggregate_continuations().max_continuation_size(MAX_MESSAGE);
    let id = lobby.last_id.fetch_add(1, atomic::Ordering::Relaxed) + 1;
    let namespace = namespace.map(web::Path::into_inner);
    let (queue, events) = mpsc::channel(QUEUE);
    let writer = rt::spawn(write(session.clone(), events, lobby.heartbeat));
    let client = Client { id, namespace, queue, rooms: HashSet::new(), lobby };
    rt::spawn(serve(client, messages, session, writer));
    Ok(response)
}

async fn serve(
    mut client: Client,
    mut messages: AggregatedMessageStream,
    mut session: Session,
    mut writer: rt::task::JoinHandle<()>,
) {
    client.reply(&Event::Welcome { id: client.id }).await;
    let code = loop {
        // The end of the writer ends the wait for a message, but never the handling of one.
        let message = select! {
            message = timeout(3 * client.lobby.heartbeat, messages.recv()) => message,
            _ = &mut writer => break Some(CloseCode::Again),
        };
        match message {
            Ok(Some(Ok(AggregatedMessage::Text(text)))) => client.handle(&text).await,
            Ok(Some(Ok(AggregatedMessage::Ping(payload)))) => {
                let _ = timeout(MAX_WAIT, session.pong(&payload)).await;
            }
            Ok(Some(Ok(AggregatedMessage::Pong(_)))) => {}
            Ok(Some(Ok(AggregatedMessage::Binary(_)))) => break Some(CloseCode::Unsupported),
            Ok(Some(Ok(AggregatedMessage::Close(reason)))) => break reason.map(|it| it.code),
            Ok(Some(Err(error))) => break Some(close_code(&error)),
            Ok(None) | Err(_) => break None,
        }
    };
    writer.abort();
    client.rooms.iter().for_each(|room| client.leave(room));
    let _ = timeout(MAX_WAIT, session.close(code.map(Into::into))).await;
}

/// Passes on events and sends pings, until the client takes nothing or is gone.
async fn write(mut session: Session, mut events: mpsc::Receiver<ByteString>, heartbeat: Duration) {
    let mut heartbeats = rt::time::interval(heartbeat);
    let mut is_open = true;
    while is_open {
        let written = select! {
            Some(event) = events.recv() => timeout(MAX_WAIT, session.text(event)).await,
            _ = heartbeats.tick() => timeout(MAX_WAIT, session.ping(b"")).await,
        };
        is_open = matches!(written, Ok(Ok(())));
    }
}

fn close_code(error: &ProtocolError) -> CloseCode {
    match error {
        ProtocolError::Io(error) if error.kind() == ErrorKind::InvalidData => CloseCode::Invalid,
        // Both limits end the stream with an `Io`, and so does a connection that broke.
        ProtocolError::Overflow | ProtocolError::Io(_) => CloseCode::Size,
        _ => CloseCode::Protocol,
    }
}

/// Returns when every queue has taken the event or is closed.
async fn send(event: &Event, queues: &[Queue]) {
    let event = ByteString::from(serde_json::to_string(event).expect("an event is JSON"));
    join_all(queues.iter().map(|queue| queue.send(event.clone()))).await;
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

type Queue = mpsc::Sender<ByteString>;
/// The members of each room, by namespace (`None` for `/ws`) and name. No room is empty.
type Rooms = HashMap<(Option<String>, String), BTreeMap<u64, Queue>>;

struct Lobby {
    /// The time between two pings. A client that sends nothing for three of them is gone.
    heartbeat: Duration,
    /// The id of the newest client. Ids are never used again.
    last_id: atomic::AtomicU64,
    /// Locked for map accesses only, never across an `.await`.
    rooms: Mutex<Rooms>,
}

impl Lobby {
    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().expect("nothing panics while it holds the lock")
    }
}

struct Client {
    id: u64,
    namespace: Option<String>,
    queue: Queue,
    /// The rooms that the client is in: at most `MAX_ROOMS`.
    rooms: HashSet<String>,
    lobby: web::Data<Lobby>,
}

impl Client {
    async fn handle(&mut self, text: &str) {
        let command = serde_json::from_str(text).map_err(Refusal::from);
        match command.and_then(|command| self.run(command)) {
            Ok((event, queues)) => send(&event, &queues).await,
            Err(refusal) => self.reply(&Event::Error { message: refusal.to_string() }).await,
        }
    }

    async fn reply(&self, event: &Event) {
        send(event, slice::from_ref(&self.queue)).await;
    }

    /// The event that a command leads to, and the queues that it goes into.
    fn run(&mut self, command: Command) -> Result<(Event, Vec<Queue>), Refusal> {
        match command {
            Command::Join { room } if room.trim().is_empty() => Err(Refusal::BlankRoom),
            Command::Join { room } => {
                self.rooms.insert(room.clone());
                if self.rooms.len() > MAX_ROOMS {
                    self.rooms.remove(&room);
                    return Err(Refusal::TooManyRooms);
                }
                let mut rooms = self.lobby.rooms();
                let members = rooms.entry(self.key(&room)).or_default();
                members.insert(self.id, self.queue.clone());
                let members = members.keys().copied().collect();
                Ok((Event::Joined { room, members }, vec![self.queue.clone()]))
            }
            Command::Leave { room } => {
                self.rooms.take(&room).ok_or(Refusal::NotAMember)?;
                self.leave(&room);
                Ok((Event::Left { room }, vec![self.queue.clone()]))
            }
            Command::Message { room, text } => {
                self.rooms.get(&room).ok_or(Refusal::NotAMember)?;
                let members = self.lobby.rooms()[&self.key(&room)].values().cloned().collect();
                Ok((Event::Message { room, from: self.id, text }, members))
            }
        }
    }

    fn key(&self, room: &str) -> (Option<String>, String) {
        (self.namespace.clone(), room.to_owned())
    }

    fn leave(&self, room: &str) {
        let mut rooms = self.lobby.rooms();
        let members = rooms.entry(self.key(room)).or_default();
        members.remove(&self.id);
        if members.is_empty() {
            rooms.remove(&self.key(room));
        }
    }
}
