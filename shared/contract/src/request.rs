use std::{
    fmt::Write as _,
    net::{IpAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;

use crate::{
    BodyStream, Connection, Response, TransportError,
    failure::{self, Failure},
    server::Inner,
};

/// A request that is being put together. Nothing is encoded or corrected: what is said is sent.
#[derive(Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    server: Arc<Inner>,
    pub(crate) method: String,
    pub(crate) target: Vec<u8>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) chunked: bool,
    from: Option<IpAddr>,
    timeout: Duration,
}

impl Request {
    pub(crate) fn new(server: Arc<Inner>, method: &str, target: &[u8]) -> Self {
        let timeout = server.timeout();
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

    /// Sends from another loopback address, such as 127.0.0.2. Not judged where the machine does not
    /// have it (macOS, until an alias is set up).
    #[track_caller]
    pub fn from_ip(mut self, address: impl Into<IpAddr>) -> Self {
        let address = address.into();
        if !is_here(address) {
            failure::not_judged(&format!("this machine has no address {address}"));
        }
        self.from = Some(address);
        self
    }

    /// How long the whole exchange may take (default: 10 s, or `CONTRACT_TIMEOUT_MS`).
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sends the request on a connection of its own and reads the whole answer.
    ///
    /// # Panics
    ///
    /// Fails the check if no complete answer comes.
    #[track_caller]
    pub fn send(self) -> Response {
        let request = self.clone();
        match self.try_send() {
            Ok(response) => response,
            Err(error) => request.fail(&error),
        }
    }

    /// As [`send`](Self::send), for checks in which no answer may be right.
    ///
    /// # Errors
    ///
    /// Says what happened instead of a complete answer.
    pub fn try_send(self) -> Result<Response, TransportError> {
        let sent = self.connect().and_then(|mut connection| connection.exchange(&self));
        self.server.record(&self, sent.as_ref().ok().map(Response::status));
        sent
    }

    /// Sends the request and returns as soon as the head of the answer is there.
    ///
    /// # Panics
    ///
    /// Fails the check if no head comes.
    #[track_caller]
    pub fn stream(self) -> BodyStream {
        let request = self.clone();
        let opened = self.connect().and_then(|connection| connection.open(&self));
        self.server.record(&self, opened.as_ref().ok().map(BodyStream::status));
        match opened {
            Ok(stream) => stream,
            Err(error) => request.fail(&error),
        }
    }

    /// Sends the request on a connection of its own and does not wait for the answer, which
    /// [`Connection::read_response`] reads.
    ///
    /// # Panics
    ///
    /// Fails the check if the connection is refused.
    #[track_caller]
    pub fn begin(self) -> Connection {
        match self.connect() {
            Ok(mut connection) => {
                connection.write_request(&self, false);
                self.server.record_as(&self, "begun");
                connection
            }
            Err(error) => self.fail(&error),
        }
    }

    #[track_caller]
    pub(crate) fn fail(&self, error: &TransportError) -> ! {
        failure::fail(
            Failure::new("an answer", &self.server.explain(error))
                .request(self.summary(), self.curl()),
        )
    }

    pub(crate) fn connect(&self) -> Result<Connection, TransportError> {
        Connection::open_to(self.server.address(), self.from, self.timeout)
    }

    pub(crate) fn server(&self) -> &Arc<Inner> {
        &self.server
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
        format!("{} {}", self.method, excerpt(&self.target, 80))
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

    /// A command that sends the same request to the server that `cargo xtask run` starts.
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

/// The beginning of `bytes` as text on one line, and how many bytes there are if that is not all.
pub(crate) fn excerpt(bytes: &[u8], limit: usize) -> String {
    // No character has more than 4 bytes.
    let text = lossy(&bytes[..bytes.len().min(4 * limit + 4)]);
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], bytes.len()),
        None => text,
    }
}

/// As text on one line.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .flat_map(|c| {
            let plain = (!c.is_control()).then_some(c);
            plain.into_iter().chain(c.escape_default().filter(move |_| plain.is_none()))
        })
        .collect()
}

pub(crate) fn shorten(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit).collect();
    format!("{kept}… ({} characters)", text.chars().count())
}

/// As one word for a shell, on one line. `None` for what no command line can carry.
fn quote(text: &str) -> Option<String> {
    if text.contains('\0') {
        return None;
    }
    if !text.contains(char::is_control) {
        return Some(shell_words::quote(text).into_owned());
    }
    let mut word = "$'".to_owned();
    for c in text.chars() {
        match c {
            '\n' => word.push_str("\\n"),
            '\r' => word.push_str("\\r"),
            '\t' => word.push_str("\\t"),
            '\\' | '\'' => word.extend(['\\', c]),
            c if c.is_control() => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(word, "\\x{byte:02x}");
                }
            }
            c => word.push(c),
        }
    }
    Some(word + "'")
}
