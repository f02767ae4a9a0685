//! HTTP/1.1 over one TCP connection, with nothing smoothed over.
//!
//! The usual clients cannot be used here: they follow conventions that a check has to break, hide
//! an early answer when the server stops reading, and cannot choose the address they come from.

use std::{
    fmt,
    io::{self, ErrorKind, Read, Write},
    net::{IpAddr, Shutdown, SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use socket2::{Domain, Protocol, Socket, Type};

use crate::{
    BodyStream, RecordedRequest, Request, Response,
    response::{Framing, Headers},
};

const HEAD_LIMIT: usize = 256 * 1024;

/// Why no complete answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportError {
    /// Nothing accepts connections at the address.
    Refused,
    /// The connection ended before a whole answer had come; `received` bytes had.
    Closed {
        /// Bytes of the answer that came before the end.
        received: usize,
    },
    /// The time limit passed; `received` bytes had come.
    TimedOut {
        /// Bytes of the answer that came in time.
        received: usize,
        /// The limit.
        limit: Duration,
    },
    /// What came is not HTTP/1.
    Malformed(String),
    /// Anything else the operating system reported.
    Other(String),
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("nothing listens on PORT"),
            Self::Closed { received: 0 } => f.write_str(
                "the server closed the connection without an answer: did a handler panic?",
            ),
            Self::Closed { received } => {
                write!(
                    f,
                    "the server closed the connection in the middle of its answer, after {received} bytes"
                )
            }
            Self::TimedOut { received: 0, limit } => {
                write!(f, "no answer within {} s", limit.as_secs_f32())
            }
            Self::TimedOut { received, limit } => {
                write!(
                    f,
                    "the answer stopped after {received} bytes and was not complete within {} s",
                    limit.as_secs_f32()
                )
            }
            Self::Malformed(what) => write!(f, "what came back is not HTTP/1.1: {what}"),
            Self::Other(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for TransportError {}

/// One TCP connection to the subject.
pub struct Connection {
    stream: TcpStream,
    /// Received and not yet taken.
    buffer: Vec<u8>,
    received: usize,
    limit: Duration,
    deadline: Instant,
    /// Another handle of the stream is in use, so that dropping this one must not end it.
    taken_over: bool,
}

impl Connection {
    pub(crate) fn open_to(
        address: SocketAddr,
        from: Option<IpAddr>,
        limit: Duration,
    ) -> Result<Self, TransportError> {
        let deadline = Instant::now() + limit;
        let connect = || -> io::Result<TcpStream> {
            let socket =
                Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
            if let Some(from) = from {
                socket.bind(&SocketAddr::new(from, 0).into())?;
            }
            socket.connect_timeout(&address.into(), limit)?;
            socket.set_tcp_nodelay(true)?;
            Ok(socket.into())
        };
        let stream = connect().map_err(|error| match error.kind() {
            ErrorKind::ConnectionRefused => TransportError::Refused,
            ErrorKind::TimedOut => TransportError::TimedOut { received: 0, limit },
            _ => TransportError::Other(format!("failed to connect: {error}")),
        })?;
        Ok(Self { stream, buffer: Vec::new(), received: 0, limit, deadline, taken_over: false })
    }

    /// A connection that the subject has opened.
    pub(crate) fn accepted(stream: TcpStream, limit: Duration) -> Self {
        let deadline = Instant::now() + limit;
        Self { stream, buffer: Vec::new(), received: 0, limit, deadline, taken_over: false }
    }

    /// Sends `request` and reads its whole answer; the connection stays open if the server allows.
    ///
    /// # Errors
    ///
    /// Says what happened instead of a complete answer.
    pub fn try_send(&mut self, request: &Request) -> Result<Response, TransportError> {
        self.restart_clock();
        self.write_request(request, true);
        let sent = self.read_response(&request.method).map(|response| response.to(request));
        request.server().record(request, sent.as_ref().ok().map(Response::status));
        sent
    }

    /// As [`try_send`](Self::try_send).
    ///
    /// # Panics
    ///
    /// Fails the check if no complete answer comes.
    #[track_caller]
    pub fn send(&mut self, request: &Request) -> Response {
        self.try_send(request).unwrap_or_else(|error| request.fail(&error))
    }

    /// Writes raw bytes. A server that has closed the connection is no error here; what it
    /// answered can still be read.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.set_write_timeout(Some(self.limit));
        let _ = self.stream.write_all(bytes.as_ref());
        self.restart_clock();
    }

    /// Ends the sending direction, as a client does that has nothing more to say.
    pub fn finish_writing(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Reads one answer, for a request that was sent with `method`.
    ///
    /// # Errors
    ///
    /// Says what happened instead of a complete answer.
    pub fn read_response(&mut self, method: &str) -> Result<Response, TransportError> {
        let (status, headers, framing) = self.read_head(method)?;
        Ok(Response::new(status, headers, self.read_body(framing)?))
    }

    fn read_body(&mut self, mut framing: Framing) -> Result<Vec<u8>, TransportError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.next_chunk(&mut framing)? {
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Whether the server closes the connection within `limit`; anything it still sends is dropped.
    pub fn closes_within(&mut self, limit: Duration) -> bool {
        self.deadline = Instant::now() + limit;
        loop {
            self.buffer.clear();
            match self.fill() {
                Ok(1..) => {}
                Err(TransportError::TimedOut { .. }) => return false,
                Ok(0) | Err(_) => return true,
            }
        }
    }

    /// A handle on the stream, for protocols that take over after an upgrade, and what was received
    /// beyond the head.
    pub(crate) fn take_over(mut self) -> io::Result<(TcpStream, Vec<u8>)> {
        self.taken_over = true;
        Ok((self.stream.try_clone()?, std::mem::take(&mut self.buffer)))
    }

    /// The one exchange of a connection, which the server is asked to close afterwards.
    pub(crate) fn exchange(&mut self, request: &Request) -> Result<Response, TransportError> {
        self.write_request(request, false);
        let mut response = self.read_response(&request.method)?;
        if Framing::forbids_body(&request.method, response.status()) && response.status() != 101 {
            response = response.with_body(self.surplus());
        }
        Ok(response.to(request))
    }

    /// What comes between a head that allows no body and the end of the connection.
    fn surplus(&mut self) -> Vec<u8> {
        self.deadline = Instant::now() + Duration::from_millis(500);
        while matches!(self.fill(), Ok(1..)) {}
        std::mem::take(&mut self.buffer)
    }

    pub(crate) fn open(mut self, request: &Request) -> Result<BodyStream, TransportError> {
        self.write_request(request, false);
        let (status, headers, framing) = self.read_head(&request.method)?;
        Ok(BodyStream::new(Response::new(status, headers, Vec::new()).to(request), self, framing))
    }

    pub(crate) fn set_limit(&mut self, limit: Duration) {
        self.limit = limit;
        self.restart_clock();
    }

    fn restart_clock(&mut self) {
        self.deadline = Instant::now() + self.limit;
    }

    /// Errors are left to the reading side: a server may answer and close before it has read all.
    pub(crate) fn write_request(&mut self, request: &Request, keep_alive: bool) {
        let mut bytes = request.head(keep_alive);
        match &request.body {
            Some(body) if request.chunked => {
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
        let _ = self.stream.set_write_timeout(Some(self.limit));
        if bytes.len() <= 32 * 1024 {
            let _ = self.stream.write_all(&bytes);
        } else if let Ok(mut writer) = self.stream.try_clone() {
            // Beside the reading, so that neither side waits for the other. It ends with the
            // connection at the latest.
            thread::spawn(move || writer.write_all(&bytes));
        }
    }

    fn read_head(&mut self, method: &str) -> Result<(u16, Headers, Framing), TransportError> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 128];
            let mut head = httparse::Response::new(&mut headers);
            match head.parse(&self.buffer) {
                Ok(httparse::Status::Complete(length)) => {
                    let status = head.code.unwrap_or_default();
                    let headers = owned(head.headers);
                    self.buffer.drain(..length);
                    // 100 Continue and its like announce the real answer; 101 is one.
                    if (100..200).contains(&status) && status != 101 {
                        continue;
                    }
                    let framing = Framing::of(method, status, &headers)?;
                    return Ok((status, headers, framing));
                }
                Ok(httparse::Status::Partial) if self.buffer.len() > HEAD_LIMIT => {
                    return Err(TransportError::Malformed("the head never ends".to_owned()));
                }
                Ok(httparse::Status::Partial) => {
                    if self.fill()? == 0 {
                        return Err(TransportError::Closed { received: self.received });
                    }
                }
                Err(error) => return Err(TransportError::Malformed(error.to_string())),
            }
        }
    }

    /// One request of the subject; `None` if no complete one comes.
    pub(crate) fn read_request(&mut self) -> Option<RecordedRequest> {
        self.restart_clock();
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 128];
            let mut head = httparse::Request::new(&mut headers);
            if let httparse::Status::Complete(length) = head.parse(&self.buffer).ok()? {
                let (method, target) = (head.method?.to_owned(), head.path?.to_owned());
                let headers = owned(head.headers);
                self.buffer.drain(..length);
                let body = match Framing::of(&method, 200, &headers).ok()? {
                    Framing::UntilClose => Vec::new(),
                    framing => self.read_body(framing).ok()?,
                };
                let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
                let headers = headers.into_iter().map(|(name, value)| (name, text(value)));
                return Some(RecordedRequest { method, target, headers: headers.collect(), body });
            }
            self.fill_or_closed().ok()?;
        }
    }

    /// The next piece of the body, `None` at its end.
    pub(crate) fn next_chunk(
        &mut self,
        framing: &mut Framing,
    ) -> Result<Option<Vec<u8>>, TransportError> {
        loop {
            match framing {
                Framing::Length(0) => return Ok(None),
                Framing::Length(left) if !self.buffer.is_empty() => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(self.buffer.len());
                    *left -= taken as u64;
                    return Ok(Some(self.take(taken)));
                }
                Framing::UntilClose if !self.buffer.is_empty() => {
                    return Ok(Some(std::mem::take(&mut self.buffer)));
                }
                Framing::ChunkSize => match self.take_line()? {
                    Some(line) => match parse_chunk_size(&line)? {
                        0 => *framing = Framing::Trailers,
                        size => *framing = Framing::Chunk(size),
                    },
                    None => self.fill_or_closed()?,
                },
                Framing::Chunk(0) => *framing = Framing::ChunkEnd,
                Framing::Chunk(left) if !self.buffer.is_empty() => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(self.buffer.len());
                    *left -= taken as u64;
                    return Ok(Some(self.take(taken)));
                }
                Framing::ChunkEnd => match self.take_line()? {
                    Some(line) if line.is_empty() => *framing = Framing::ChunkSize,
                    Some(_) => {
                        let what = "a chunk that is longer than its size".to_owned();
                        return Err(TransportError::Malformed(what));
                    }
                    None => self.fill_or_closed()?,
                },
                Framing::Trailers => match self.take_line()? {
                    Some(line) if line.is_empty() => *framing = Framing::Length(0),
                    Some(_) => {}
                    None => self.fill_or_closed()?,
                },
                Framing::UntilClose => {
                    if self.fill()? == 0 {
                        *framing = Framing::Length(0);
                    }
                }
                Framing::Length(_) | Framing::Chunk(_) => self.fill_or_closed()?,
            }
        }
    }

    /// The first `length` bytes of the buffer, copied at once: bodies may be large, and checks are
    /// not optimised.
    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(length);
        std::mem::replace(&mut self.buffer, rest)
    }

    fn take_line(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") else {
            return match self.buffer.len() {
                0..=4096 => Ok(None),
                _ => Err(TransportError::Malformed("a chunk whose line never ends".to_owned())),
            };
        };
        let mut line: Vec<u8> = self.buffer.drain(..end + 2).collect();
        line.truncate(end);
        Ok(Some(line))
    }

    fn fill_or_closed(&mut self) -> Result<(), TransportError> {
        match self.fill()? {
            0 => Err(TransportError::Closed { received: self.received }),
            _ => Ok(()),
        }
    }

    /// Reads what has arrived, waiting for it until the deadline. 0 is the end.
    fn fill(&mut self) -> Result<usize, TransportError> {
        let timed_out = TransportError::TimedOut { received: self.received, limit: self.limit };
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(timed_out);
        }
        let mut chunk = [0; 64 * 1024];
        let read =
            self.stream.set_read_timeout(Some(left)).and_then(|()| self.stream.read(&mut chunk));
        match read {
            Ok(read) => {
                self.received += read;
                self.buffer.extend_from_slice(&chunk[..read]);
                Ok(read)
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => Err(timed_out),
                ErrorKind::Interrupted => self.fill(),
                ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe => Err(TransportError::Closed { received: self.received }),
                _ => Err(TransportError::Other(error.to_string())),
            },
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !self.taken_over {
            let _ = self.stream.shutdown(Shutdown::Both);
        }
    }
}

fn owned(headers: &[httparse::Header<'_>]) -> Headers {
    let owned =
        |header: &httparse::Header<'_>| (header.name.to_ascii_lowercase(), header.value.to_vec());
    headers.iter().map(owned).collect()
}

fn parse_chunk_size(line: &[u8]) -> Result<u64, TransportError> {
    let text = String::from_utf8_lossy(line);
    let digits = text.split(';').next().unwrap_or_default().trim();
    let are_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (are_digits.then(|| u64::from_str_radix(digits, 16).ok()).flatten())
        .ok_or_else(|| TransportError::Malformed(format!("{text:?} is not the size of a chunk")))
}
