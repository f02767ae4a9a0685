//! What a check asks of a server: single requests, bursts, connections.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Connection, Request, Response, Server, TransportError, WebSocket, check, failure::Failure,
    limits,
};

impl Server {
    /// A `GET` request; `target` is sent as it is.
    pub fn get(&self, target: impl AsRef<[u8]>) -> Request {
        self.request("GET", target)
    }

    /// A `POST` request.
    pub fn post(&self, target: impl AsRef<[u8]>) -> Request {
        self.request("POST", target)
    }

    /// A `PUT` request.
    pub fn put(&self, target: impl AsRef<[u8]>) -> Request {
        self.request("PUT", target)
    }

    /// A `DELETE` request.
    pub fn delete(&self, target: impl AsRef<[u8]>) -> Request {
        self.request("DELETE", target)
    }

    /// A request with any method, legal or not.
    pub fn request(&self, method: &str, target: impl AsRef<[u8]>) -> Request {
        Request::new(Arc::clone(&self.instance), method, target.as_ref())
    }

    /// Sends `requests` at the same moment, each on a connection of its own, and returns the
    /// responses in the order of the requests.
    ///
    /// They are held back until all are connected, though not for longer than a second: a server may
    /// accept no more connections than it serves at a time.
    ///
    /// # Panics
    ///
    /// Fails the check if one of them gets no complete response.
    #[track_caller]
    pub fn burst(&self, requests: Vec<Request>) -> Vec<Response> {
        let responses = self.try_burst(&requests);
        (requests.iter().zip(responses))
            .map(|(request, response)| response.unwrap_or_else(|error| request.fail(&error)))
            .collect()
    }

    fn try_burst(&self, requests: &[Request]) -> Vec<Result<Response, TransportError>> {
        let gate = Gate::new(requests.len());
        thread::scope(|scope| {
            let senders: Vec<_> = (requests.iter())
                .map(|request| {
                    let gate = &gate;
                    scope.spawn(move || {
                        let connection = request.connect();
                        gate.pass();
                        connection.and_then(|mut connection| {
                            // Holding back does not count.
                            connection.restart_clock();
                            request.exchange_on(&mut connection)
                        })
                    })
                })
                .collect();
            let responses: Vec<_> = (senders.into_iter())
                .map(|sender| sender.join().expect("sending does not panic"))
                .collect();
            for (request, response) in requests.iter().zip(&responses) {
                request.record(response.as_ref().ok().map(Response::status));
            }
            responses
        })
    }

    /// A connection for several requests, raw bytes, or both.
    ///
    /// # Panics
    ///
    /// Fails the check if it is refused.
    #[track_caller]
    pub fn connect(&self) -> Connection {
        match Connection::open_to(self.instance.address(), None, limits::exchange()) {
            Ok(connection) => connection,
            Err(TransportError::Machine(what)) => check::not_run(&what),
            Err(error) => check::fail(Failure::new("a connection", &self.instance.explain(&error))),
        }
    }

    /// Opens a WebSocket at `target`.
    ///
    /// # Panics
    ///
    /// Fails the check if the handshake does.
    #[track_caller]
    pub fn websocket(&self, target: &str) -> WebSocket {
        WebSocket::open(&self.get(target))
    }
}

/// Holds threads back until all are there or its time is over.
struct Gate {
    missing: Mutex<usize>,
    opened: Condvar,
    deadline: Instant,
}

impl Gate {
    fn new(threads: usize) -> Self {
        let deadline = Instant::now() + Duration::from_secs(1);
        Self { missing: Mutex::new(threads), opened: Condvar::new(), deadline }
    }

    fn pass(&self) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        *missing -= 1;
        if *missing == 0 {
            self.opened.notify_all();
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        drop(self.opened.wait_timeout_while(missing, left, |missing| *missing > 0));
    }
}
