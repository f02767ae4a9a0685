use std::{
    fmt::Write as _,
    net::{IpAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;

use crate::{
    BodyStream, Connection, Response, TransportError, check,
    failure::Failure,
    instance::Instance,
    limits,
    text::{excerpt, quote},
};

/// A request that is being put together. Nothing is encoded or corrected: what is said is sent.
#[derive(Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    server: Arc<Instance>,
    method: String,
    target: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
    chunked: bool,
    from: Option<IpAddr>,
    timeout: Duration,
}

impl Request {
    pub(crate) fn new(server: Arc<Instance>, method: &str, target: &[u8]) -> Self {
        let timeout = limits::exchange();
        Self {
            server,
            method: method.to_owned(),
            target: target.to_vec(),
            headers: Vec::new(),
            body: None,
            chunked: false,
            from: None,
            timeout,
        }
    }

    /// Adds a header; the same name may be added again. Values are bytes, legal or not.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Adds a cookie as it is, in one header with those that have been added before.
    pub fn cookie(mut self, name: &str, value: &str) -> Self {
        let pair = format!("{name}={value}").into_bytes();
        match self.headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case("cookie")) {
            Some((_, pairs)) => *pairs = [&pairs[..], b"; ", &pair].concat(),
            None => self.headers.push(("cookie".to_owned(), pair)),
        }
        self
    }

    /// Sets the body to `value` as JSON, with its content type.
    pub fn json(self, value: Value) -> Self {
        self.header("content-type", "application/json").body(value.to_string())
    }

    /// Sets the body as it is, without a content type.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends the body in chunks, without a `Content-Length`.
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// Sends from another loopback address, such as 127.0.0.2. The check is not run where the machine
    /// does not have it (macOS, until an alias is set up).
    #[track_caller]
    pub fn from_ip(mut self, address: impl Into<IpAddr>) -> Self {
        let address = address.into();
        if !is_here(address) {
            check::not_run(&format!("this machine has no address {address}"));
        }
        self.from = Some(address);
        self
    }

    /// How long the whole exchange may take (default: `CONTRACT_TIMEOUT_MS`, or 10 s and
    /// more where the subject or the machine is slow).
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sends the request on a connection of its own and reads the whole response.
    ///
    /// # Panics
    ///
    /// Fails the check if no complete response comes.
    #[track_caller]
    pub fn send(self) -> Response {
        let request = self.clone();
        match self.try_send() {
            Ok(response) => response,
            Err(error) => request.fail(&error),
        }
    }

    /// As [`send`](Self::send), for checks in which no response may be right.
    ///
    /// # Errors
    ///
    /// Says what happened instead of a complete response.
    pub fn try_send(self) -> Result<Response, TransportError> {
        let sent = self.connect().and_then(|mut connection| self.exchange_on(&mut connection));
        self.record(sent.as_ref().ok().map(Response::status));
        sent
    }

    /// Sends the request and returns as soon as the head of the response is there.
    ///
    /// # Panics
    ///
    /// Fails the check if no head comes.
    #[track_caller]
    pub fn stream(self) -> BodyStream {
        let request = self.clone();
        let opened = self.connect().and_then(|connection| self.open_on(connection));
        self.record(opened.as_ref().ok().map(BodyStream::status));
        match opened {
            Ok(stream) => stream,
            Err(error) => request.fail(&error),
        }
    }

    /// Sends the request on a connection of its own and does not wait for the response, which
    /// [`Connection::read_response`] reads.
    ///
    /// # Panics
    ///
    /// Fails the check if the connection is refused.
    #[track_caller]
    pub fn begin(self) -> Connection {
        match self.connect() {
            Ok(mut connection) => {
                connection.send_bytes(self.bytes(false));
                self.server.record(self.line(), "begun".to_owned());
                connection
            }
            Err(error) => self.fail(&error),
        }
    }

    #[track_caller]
    pub(crate) fn fail(&self, error: &TransportError) -> ! {
        if let TransportError::Machine(what) = error {
            check::not_run(what);
        }
        check::fail(
            Failure::new("a response", &self.explain(error)).request(self.summary(), self.curl()),
        )
    }

    /// A transport error in terms of what the server did.
    pub(crate) fn explain(&self, error: &TransportError) -> String {
        self.server.explain(error)
    }

    pub(crate) fn connect(&self) -> Result<Connection, TransportError> {
        Connection::open_to(self.server.address(), self.from, self.timeout)
    }

    /// The only exchange of `connection`, which the server is asked to close afterwards.
    pub(crate) fn exchange_on(
        &self,
        connection: &mut Connection,
    ) -> Result<Response, TransportError> {
        connection.send_bytes(self.bytes(false));
        connection.read_last_response(&self.method).map(|response| self.with_response(response))
    }

    fn open_on(&self, mut connection: Connection) -> Result<BodyStream, TransportError> {
        connection.send_bytes(self.bytes(false));
        connection.into_stream(&self.method, |head| self.with_response(head))
    }

    fn with_response(&self, response: Response) -> Response {
        response.to(self.summary(), self.curl())
    }

    /// Remembers the status of the response, or that there was none, for reports.
    pub(crate) fn record(&self, status: Option<u16>) {
        let outcome = status.map_or("no response".to_owned(), |status| status.to_string());
        self.server.record(self.line(), outcome);
    }

    /// All bytes on the wire.
    fn bytes(&self, keep_alive: bool) -> Vec<u8> {
        let mut bytes = self.head(keep_alive);
        match &self.body {
            Some(body) if self.chunked => {
                for chunk in body.chunks(64 * 1024) {
                    bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    bytes.extend_from_slice(chunk);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(b"0\r\n\r\n");
            }
            Some(body) => bytes.extend_from_slice(body),
            None => {}
        }
        bytes
    }

    /// The bytes on the wire up to the body; `Connection: close` unless a check says otherwise.
    pub(crate) fn head(&self, keep_alive: bool) -> Vec<u8> {
        let mut head = format!("{} ", self.method).into_bytes();
        head.extend_from_slice(&self.target);
        head.extend_from_slice(b" HTTP/1.1\r\n");
        let mut add = |name: &str, value: &[u8]| {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        };
        let given = |name: &str| self.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        if !given("host") {
            add("host", self.server.host().as_bytes());
        }
        if !given("connection") && !keep_alive {
            add("connection", b"close");
        }
        for (name, value) in &self.headers {
            add(name, value);
        }
        match &self.body {
            Some(_) if self.chunked => add("transfer-encoding", b"chunked"),
            Some(body) if !given("content-length") => {
                add("content-length", body.len().to_string().as_bytes());
            }
            None if ["POST", "PUT", "PATCH"].contains(&self.method.as_str())
                && !given("content-length") =>
            {
                add("content-length", b"0");
            }
            _ => {}
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    /// `POST /todos`, shortened.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, excerpt(&self.target, 50))
    }

    /// `POST /todos  {"title":"tea"}`, shortened.
    pub(crate) fn summary(&self) -> String {
        let mut text = self.line();
        for (name, value) in &self.headers {
            if !name.eq_ignore_ascii_case("content-type") || self.body.is_none() {
                let _ = write!(text, "  {name}: {}", excerpt(value, 60));
            }
        }
        if let Some(body) = &self.body {
            let _ = write!(text, "  {}", excerpt(body, 120));
        }
        text
    }

    /// A command that sends the same request to a server on port 3000, or to the one that runs already.
    pub(crate) fn curl(&self) -> Option<String> {
        let target = std::str::from_utf8(&self.target).ok().filter(|target| target.len() < 500)?;
        let mut command = "curl -sS -i".to_owned();
        match self.method.as_str() {
            "GET" if self.body.is_none() => {}
            "HEAD" => command = "curl -sS -I".to_owned(),
            method => {
                let _ = write!(command, " -X {method}");
            }
        }
        for (name, value) in &self.headers {
            let value = std::str::from_utf8(value).ok().filter(|value| value.len() < 500)?;
            let _ = write!(command, " -H {}", quote(&format!("{name}: {value}"))?);
        }
        if let Some(body) = &self.body {
            let body = std::str::from_utf8(body).ok().filter(|body| body.len() < 500)?;
            let has_type =
                self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            if !has_type {
                // Otherwise curl says that it is a form.
                command.push_str(" -H content-type:");
            }
            if self.chunked {
                command.push_str(" -H 'transfer-encoding: chunked'");
            }
            let _ = write!(command, " --data-raw {}", quote(body)?);
        }
        if target.contains("..") || target.contains("/.") {
            command.push_str(" --path-as-is");
        }
        if target.contains(['[', ']', '{', '}']) {
            command.push_str(" --globoff");
        }
        let _ = write!(command, " {}", quote(&format!("{}{target}", self.server.public_url()))?);
        Some(command)
    }
}

/// Linux has all of 127.0.0.0/8, so nothing has to be tried there.
fn is_here(address: IpAddr) -> bool {
    let is_of_the_block = matches!(address, IpAddr::V4(address) if address.is_loopback());
    (cfg!(target_os = "linux") && is_of_the_block) || TcpListener::bind((address, 0)).is_ok()
}

impl Connection {
    /// Sends `request` and reads its whole response; the connection stays open if the server allows.
    ///
    /// # Errors
    ///
    /// Says what happened instead of a complete response.
    pub fn try_send(&mut self, request: &Request) -> Result<Response, TransportError> {
        self.restart_clock();
        self.send_bytes(request.bytes(true));
        let sent = self.read_response(&request.method);
        request.record(sent.as_ref().ok().map(Response::status));
        sent.map(|response| request.with_response(response))
    }

    /// As [`try_send`](Self::try_send).
    ///
    /// # Panics
    ///
    /// Fails the check if no complete response comes.
    #[track_caller]
    pub fn send(&mut self, request: &Request) -> Response {
        self.try_send(request).unwrap_or_else(|error| request.fail(&error))
    }
}
