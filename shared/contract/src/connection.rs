//! HTTP/1.1 over one TCP connection, without any corrections.
//!
//! The usual clients cannot be used here: they follow conventions that a check has to break, hide
//! an early response when the server stops reading, and cannot choose the address they come from.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{IpAddr, Shutdown, SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use socket2::{Domain, Protocol, Socket, Type};

use crate::{RecordedRequest, Response, TransportError, response::Headers, text::lossy};

const HEAD_LIMIT: usize = 256 * 1024;

/// The longest body that is kept in memory as a whole.
const BODY_LIMIT: usize = 128 * 1024 * 1024;

/// The most that is read where no body is allowed.
const SURPLUS_LIMIT: usize = 64 * 1024;

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
            _ => TransportError::of_system("connect", &error),
        })?;
        Ok(Self { stream, buffer: Vec::new(), received: 0, limit, deadline, taken_over: false })
    }

    /// A connection that the subject has opened.
    pub(crate) fn accepted(stream: TcpStream, limit: Duration) -> Self {
        let deadline = Instant::now() + limit;
        Self { stream, buffer: Vec::new(), received: 0, limit, deadline, taken_over: false }
    }

    /// Writes raw bytes. A server that has closed the connection is not an error here; what it
    /// sent can still be read.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.set_write_timeout(Some(self.limit));
        let _ = self.stream.write_all(bytes.as_ref());
        self.restart_clock();
    }

    /// Ends the sending direction, as a client that has nothing more to say does.
    pub fn finish_writing(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Reads one response, for a request that was sent with `method`.
    ///
    /// # Errors
    ///
    /// Says what happened instead of a complete response.
    pub fn read_response(&mut self, method: &str) -> Result<Response, TransportError> {
        let (status, headers, framing) = self.read_head(method)?;
        Ok(Response::new(status, headers, self.read_body(framing)?))
    }

    fn read_body(&mut self, mut framing: Framing) -> Result<Vec<u8>, TransportError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.next_chunk(&mut framing)? {
            body.extend_from_slice(&chunk);
            if body.len() > BODY_LIMIT {
                return Err(TransportError::TooLong { received: body.len() });
            }
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

    /// A handle on the stream, for protocols that take over after an upgrade, and the bytes that came
    /// after the head.
    pub(crate) fn take_over(mut self) -> io::Result<(TcpStream, Vec<u8>)> {
        self.taken_over = true;
        Ok((self.stream.try_clone()?, std::mem::take(&mut self.buffer)))
    }

    /// The only response on a connection that the server is asked to close afterwards. It includes a body
    /// that is not allowed.
    pub(crate) fn read_last_response(&mut self, method: &str) -> Result<Response, TransportError> {
        let response = self.read_response(method)?;
        let status = response.status();
        if Framing::forbids_body(method, status) && status != 101 {
            return Ok(response.with_body(self.surplus()));
        }
        Ok(response)
    }

    /// The head of a response, and the connection as the stream of its body.
    pub(crate) fn into_stream(
        mut self,
        method: &str,
        describe: impl FnOnce(Response) -> Response,
    ) -> Result<BodyStream, TransportError> {
        let (status, headers, framing) = self.read_head(method)?;
        let head = describe(Response::new(status, headers, Vec::new()));
        Ok(BodyStream { head, connection: self, framing })
    }

    /// The bytes between a head that allows no body and the end of the connection.
    fn surplus(&mut self) -> Vec<u8> {
        self.deadline = Instant::now() + Duration::from_millis(500);
        while self.buffer.len() < SURPLUS_LIMIT && matches!(self.fill(), Ok(1..)) {}
        std::mem::take(&mut self.buffer)
    }

    fn set_limit(&mut self, limit: Duration) {
        self.limit = limit;
        self.restart_clock();
    }

    pub(crate) fn restart_clock(&mut self) {
        self.deadline = Instant::now() + self.limit;
    }

    /// Sends `bytes`. Errors are left to the reading side: a server may respond and close before it
    /// has read everything.
    pub(crate) fn send_bytes(&mut self, bytes: Vec<u8>) {
        let _ = self.stream.set_write_timeout(Some(self.limit));
        if bytes.len() <= 32 * 1024 {
            let _ = self.stream.write_all(&bytes);
        } else if let Ok(mut writer) = self.stream.try_clone() {
            // Beside the reading, so that neither side waits for the other. It ends with the
            // connection at the latest.
            thread::spawn(move || writer.write_all(&bytes));
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

    fn read_head(&mut self, method: &str) -> Result<(u16, Headers, Framing), TransportError> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 128];
            let mut head = httparse::Response::new(&mut headers);
            match head.parse(&self.buffer) {
                Ok(httparse::Status::Complete(length)) => {
                    let status = head.code.unwrap_or_default();
                    let headers = owned(head.headers);
                    self.buffer.drain(..length);
                    // 100 Continue and similar responses precede the final one; 101 is final.
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

    /// The next piece of the body, `None` at its end.
    fn next_chunk(&mut self, framing: &mut Framing) -> Result<Option<Vec<u8>>, TransportError> {
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
                    Some(line) if line == b"\r\n" => *framing = Framing::ChunkSize,
                    Some(_) => {
                        let what = "a chunk that is longer than its size".to_owned();
                        return Err(TransportError::Malformed(what));
                    }
                    None => self.fill_or_closed()?,
                },
                Framing::Trailers => match self.take_line()? {
                    Some(line) if line == b"\r\n" => *framing = Framing::Length(0),
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
    /// not optimized.
    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(length);
        std::mem::replace(&mut self.buffer, rest)
    }

    /// The next line with its line end.
    fn take_line(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") else {
            return match self.buffer.len() {
                0..=4096 => Ok(None),
                _ => Err(TransportError::Malformed("a chunk whose line never ends".to_owned())),
            };
        };
        Ok(Some(self.buffer.drain(..end + 2).collect()))
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
                _ => Err(TransportError::of_system("read the response", &error)),
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

/// `line` with its line end.
fn parse_chunk_size(line: &[u8]) -> Result<u64, TransportError> {
    // The parser takes a line without digits as 0.
    let parsed = match line.first() {
        Some(first) if first.is_ascii_hexdigit() => httparse::parse_chunk_size(line).ok(),
        _ => None,
    };
    match parsed {
        Some(httparse::Status::Complete((_, size))) => Ok(size),
        _ => {
            let text = String::from_utf8_lossy(line);
            let text = text.trim_end_matches("\r\n");
            Err(TransportError::Malformed(format!("{text:?} is not the size of a chunk")))
        }
    }
}

/// How the end of a body is known.
enum Framing {
    /// Bytes left.
    Length(u64),
    /// Before the line with the size of a chunk.
    ChunkSize,
    /// Bytes left of a chunk.
    Chunk(u64),
    /// Before the line end of a chunk.
    ChunkEnd,
    Trailers,
    UntilClose,
}

impl Framing {
    fn forbids_body(method: &str, status: u16) -> bool {
        method == "HEAD" || matches!(status, 101 | 204 | 304)
    }

    fn of(
        method: &str,
        status: u16,
        headers: &[(String, Vec<u8>)],
    ) -> Result<Self, TransportError> {
        let value = |name: &str| {
            headers.iter().find(|(known, _)| known == name).map(|(_, value)| lossy(value))
        };
        if Self::forbids_body(method, status) {
            return Ok(Self::Length(0));
        }
        if value("transfer-encoding")
            .is_some_and(|coding| coding.to_ascii_lowercase().ends_with("chunked"))
        {
            return Ok(Self::ChunkSize);
        }
        match value("content-length") {
            Some(length) => {
                let digits = length.bytes().all(|byte| byte.is_ascii_digit());
                (digits.then(|| length.parse().ok()).flatten().map(Self::Length))
                    .ok_or_else(|| TransportError::Malformed(format!("content-length: {length}")))
            }
            None => Ok(Self::UntilClose),
        }
    }
}

/// A response whose body is read piece by piece, however long it is.
pub struct BodyStream {
    head: Response,
    connection: Connection,
    framing: Framing,
}

impl BodyStream {
    /// The status code.
    pub fn status(&self) -> u16 {
        self.head.status()
    }

    /// The response without its body, for expectations about status and headers.
    pub fn head(&self) -> &Response {
        &self.head
    }

    /// The next piece of the body as it arrived, waiting at most `limit`; `None` at the end.
    ///
    /// # Errors
    ///
    /// Says why there is neither a piece nor a proper end.
    pub fn next(&mut self, limit: Duration) -> Result<Option<Vec<u8>>, TransportError> {
        self.connection.set_limit(limit);
        self.connection.next_chunk(&mut self.framing)
    }
}
