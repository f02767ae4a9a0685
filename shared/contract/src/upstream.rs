use std::{
    collections::{BTreeMap, VecDeque},
    io::Write,
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::Value;

use crate::{Connection, RecordedRequest, check, expect, limits, port, status};

/// Longer than any check takes.
const FOREVER: Duration = Duration::from_secs(3600);

/// A service that the subject calls, and that does what the check tells it: a stub upstream.
///
/// It listens on a free port of 127.0.0.1. Once it is dropped, its port refuses connections and those
/// that are open have ended.
pub struct Upstream {
    address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
    listener: Option<JoinHandle<()>>,
}

/// What an [`Upstream`] does with one request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Reply {
    /// A status and a JSON body.
    Json(u16, Value),
    /// Bytes that are sent as they are, head included.
    Raw(Vec<u8>),
    /// Another reply, after a delay.
    After(Duration, Box<Reply>),
    /// No reply, and the connection stays open.
    Hang,
    /// Bytes that are not HTTP.
    Garbage,
    /// A head that promises more body than comes.
    HalfBody,
}

struct State {
    /// Used up from the front; the last one stays.
    replies: VecDeque<Reply>,
    requests: Vec<RecordedRequest>,
    /// By the address of the client.
    connections: BTreeMap<SocketAddr, TcpStream>,
    ended: bool,
}

impl Upstream {
    /// Starts one that gives `replies` in turn, and the last one from then on.
    pub fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap_or_else(|error| check::not_run(&format!("Failed to start a stub: {error}")));
        let address = listener.local_addr().expect("it is bound");
        check::add_stub(address.port());
        let replies = replies.into_iter().collect();
        let state =
            State { replies, requests: Vec::new(), connections: BTreeMap::new(), ended: false };
        let state = Arc::new((Mutex::new(state), Condvar::new()));

        let shared = Arc::clone(&state);
        let listener = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut state = lock(&shared);
                if state.ended {
                    return;
                }
                if let (Ok(client), Ok(handle)) = (stream.peer_addr(), stream.try_clone()) {
                    state.connections.insert(client, handle);
                }
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, state, listener: Some(listener) }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Gives these replies from here on.
    pub fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        lock(&self.state).replies = replies.into_iter().collect();
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.state).requests.clone()
    }

    /// How many requests there have been.
    pub fn calls(&self) -> usize {
        lock(&self.state).requests.len()
    }

    /// Waits until there have been `calls` requests.
    ///
    /// # Panics
    ///
    /// Fails the check if that takes more than 5 s, or more where the subject or the machine is slow.
    #[track_caller]
    pub fn wait_for_calls(&self, calls: usize) {
        let limit = limits::patience(Duration::from_secs(5));
        let waited = (self.state.1)
            .wait_timeout_while(lock(&self.state), limit, |state| state.requests.len() < calls);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let seen = state.requests.len();
        drop(state);
        expect(seen >= calls, &format!("{calls} calls of the upstream"), format!("{seen} calls"));
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.ended = true;
        for connection in state.connections.values() {
            let _ = connection.shutdown(Shutdown::Both);
        }
        drop(state);
        self.state.1.notify_all();
        // Wakes the listener, which then sees that it is over.
        if TcpStream::connect(self.address).is_ok() {
            let _ = self.listener.take().map(JoinHandle::join);
            drop(port::without_spawning());
        }
    }
}

fn lock(state: &(Mutex<State>, Condvar)) -> MutexGuard<'_, State> {
    state.0.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: TcpStream, state: &(Mutex<State>, Condvar)) {
    let (Ok(writer), Ok(client)) = (stream.try_clone(), stream.peer_addr()) else { return };
    let mut connection = Connection::accepted(stream, FOREVER);
    while let Some(request) = connection.read_request() {
        let mut guard = lock(state);
        guard.requests.push(request);
        let reply = match guard.replies.len() {
            0 | 1 => guard.replies.front().cloned(),
            _ => guard.replies.pop_front(),
        };
        drop(guard);
        state.1.notify_all();
        if !give(reply.unwrap_or(Reply::Hang), &writer, state) {
            break;
        }
    }
    lock(state).connections.remove(&client);
}

/// Whether the connection can take another request.
fn give(reply: Reply, mut stream: &TcpStream, state: &(Mutex<State>, Condvar)) -> bool {
    match reply {
        Reply::Json(status, body) => {
            let body = body.to_string();
            let head = format!(
                "HTTP/1.1 {status} {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                status::reason(status),
                body.len()
            );
            stream.write_all((head + &body).as_bytes()).is_ok()
        }
        Reply::Raw(bytes) => {
            let _ = stream.write_all(&bytes);
            false
        }
        Reply::After(delay, reply) => {
            rest(state, delay);
            give(*reply, stream, state)
        }
        Reply::Hang => {
            rest(state, FOREVER);
            false
        }
        Reply::Garbage => {
            let _ = stream.write_all(b"\x00\x01\x02 this is not HTTP \xff\xfe\r\n\r\n");
            false
        }
        Reply::HalfBody => {
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n";
            let _ = stream.write_all(format!("{head}{{\"half\":").as_bytes());
            false
        }
    }
}

/// Until `delay` has passed or the upstream has ended.
fn rest(state: &(Mutex<State>, Condvar), delay: Duration) {
    drop(state.1.wait_timeout_while(lock(state), delay.min(FOREVER), |state| !state.ended));
}
