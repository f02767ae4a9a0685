//! What a check asks of a server: single requests, bursts, connections.

use std::{
    sync::{Arc, Barrier},
    thread,
};

use crate::{
    Connection, Request, Response, Server, TransportError, WebSocket, check, failure::Failure,
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
    /// answers in the order of the requests.
    ///
    /// # Panics
    ///
    /// Fails the check if one of them gets no complete answer.
    #[track_caller]
    pub fn burst(&self, requests: Vec<Request>) -> Vec<Response> {
        let answers = self.try_burst(&requests);
        (requests.iter().zip(answers))
            .map(|(request, answer)| answer.unwrap_or_else(|error| request.fail(&error)))
            .collect()
    }

    fn try_burst(&self, requests: &[Request]) -> Vec<Result<Response, TransportError>> {
        let released = Barrier::new(requests.len());
        thread::scope(|scope| {
            let senders: Vec<_> = (requests.iter())
                .map(|request| {
                    let released = &released;
                    scope.spawn(move || {
                        let connection = request.connect();
                        released.wait();
                        connection.and_then(|mut connection| request.exchange_on(&mut connection))
                    })
                })
                .collect();
            let answers: Vec<_> = (senders.into_iter())
                .map(|sender| sender.join().expect("sending does not panic"))
                .collect();
            for (request, answer) in requests.iter().zip(&answers) {
                request.record(answer.as_ref().ok().map(Response::status));
            }
            answers
        })
    }

    /// A connection for several requests, raw bytes, or both.
    ///
    /// # Panics
    ///
    /// Fails the check if it is refused.
    #[track_caller]
    pub fn connect(&self) -> Connection {
        Connection::open_to(self.instance.address(), None, self.instance.timeout()).unwrap_or_else(
            |error| check::fail(Failure::new("a connection", &self.instance.explain(&error))),
        )
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
