use std::{
    io::{ErrorKind, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::Value;
use tungstenite::{
    Error,
    protocol::{Role, WebSocketConfig},
};

use crate::{Request, Response, TransportError, check, failure::Failure, limits, text::shorten};

/// The key and the accept value of RFC 6455, section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// The longest message that is kept in memory.
const MESSAGE_LIMIT: usize = 128 * 1024 * 1024;

/// A WebSocket client. It responds to pings while a check reads from it; otherwise it is a client that
/// has stopped reading.
pub struct WebSocket {
    socket: tungstenite::WebSocket<TcpStream>,
    /// For frames that the protocol does not allow.
    raw: TcpStream,
    opened_by: String,
}

/// What came from the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// The response to a ping, or an unsolicited one.
    Pong(Vec<u8>),
    /// The end, with the code of its close frame; `None` if there was none, or no frame at all.
    Closed(Option<u16>),
}

impl WebSocket {
    /// Opens a WebSocket with `request` (such as `app.get("/ws").header(…)`), to which the headers of the handshake are added.
    ///
    /// # Panics
    ///
    /// Fails the check if the server does not agree.
    #[track_caller]
    pub fn open(request: &Request) -> Self {
        match Self::try_open(request) {
            Ok(Ok(socket)) => socket,
            Ok(Err(response)) => {
                response.expect_status(101);
                unreachable!("a response that is not an upgrade has another status")
            }
            Err(error) => request.fail(&error),
        }
    }

    /// As [`open`](Self::open); the inner `Err` is the response of a server that does not agree.
    ///
    /// # Errors
    ///
    /// Says what happened instead of a complete response.
    ///
    /// # Panics
    ///
    /// Fails the check if the server agrees with the wrong `Sec-WebSocket-Accept`.
    #[track_caller]
    pub fn try_open(request: &Request) -> Result<Result<Self, Response>, TransportError> {
        let upgrade = request
            .clone()
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", KEY);
        let mut connection = upgrade.connect()?;
        let exchanged = upgrade.exchange_on(&mut connection);
        request.record(exchanged.as_ref().ok().map(Response::status));
        let response = exchanged?;
        if response.status() != 101 {
            return Ok(Err(response));
        }
        response.expect_header("sec-websocket-accept", ACCEPT);

        let failed = |error| TransportError::of_system("use the connection", &error);
        let (stream, received) = connection.take_over().map_err(failed)?;
        let raw = stream.try_clone().map_err(failed)?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_LIMIT))
            .max_frame_size(Some(MESSAGE_LIMIT));
        let socket = tungstenite::WebSocket::from_partially_read(
            stream,
            received,
            Role::Client,
            Some(config),
        );
        Ok(Ok(Self { socket, raw, opened_by: request.summary() }))
    }

    /// Sends a text message.
    pub fn send_text(&mut self, text: &str) {
        self.send(tungstenite::Message::text(text));
    }

    /// Sends a text message that is `value` as JSON.
    pub fn send_json(&mut self, value: Value) {
        self.send_text(&value.to_string());
    }

    /// Sends a ping.
    pub fn ping(&mut self, payload: &[u8]) {
        self.send(tungstenite::Message::Ping(payload.to_vec().into()));
    }

    /// Sends a close frame with `code`.
    pub fn close(&mut self, code: u16) {
        let frame = tungstenite::protocol::CloseFrame { code: code.into(), reason: "".into() };
        let _ = self.socket.close(Some(frame));
        let _ = self.socket.flush();
    }

    /// Sends one frame as it is said: `is_final` and `opcode` make the first byte, and the payload
    /// is masked unless `masked` is false, which RFC 6455 forbids.
    pub fn send_frame(&mut self, is_final: bool, opcode: u8, payload: &[u8], masked: bool) {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let mask_bit = if masked { 0x80 } else { 0 };
        let mut frame = vec![u8::from(is_final) << 7 | opcode];
        match payload.len() {
            length @ 0..=125 => frame.push(mask_bit | length as u8),
            length @ 126..=65535 => {
                frame.push(mask_bit | 126);
                frame.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                frame.push(mask_bit | 127);
                frame.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        if masked {
            frame.extend_from_slice(&mask);
            frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        } else {
            frame.extend_from_slice(payload);
        }
        // The server may have closed; reading will tell.
        let _ = self.raw.write_all(&frame);
    }

    /// Sends bytes as they are, such as a part of a frame.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        // The server may have closed; reading will tell.
        let _ = self.raw.write_all(bytes);
    }

    /// Ends the connection without a close frame, as a client that vanishes does.
    pub fn vanish(self) {
        let _ = self.raw.shutdown(std::net::Shutdown::Both);
    }

    /// The next message, waiting at most `limit`; `None` if nothing came.
    pub fn try_receive(&mut self, limit: Duration) -> Option<Message> {
        let deadline = Instant::now() + limit;
        loop {
            let left =
                deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            let _ = self.raw.set_read_timeout(Some(left));
            match self.socket.read() {
                Ok(tungstenite::Message::Text(text)) => {
                    return Some(Message::Text(text.to_string()));
                }
                Ok(tungstenite::Message::Binary(bytes)) => {
                    return Some(Message::Binary(bytes.to_vec()));
                }
                Ok(tungstenite::Message::Pong(bytes)) => {
                    return Some(Message::Pong(bytes.to_vec()));
                }
                Ok(tungstenite::Message::Close(frame)) => {
                    let _ = self.socket.flush();
                    return Some(Message::Closed(frame.map(|frame| frame.code.into())));
                }
                Ok(tungstenite::Message::Ping(_) | tungstenite::Message::Frame(_)) => {
                    let _ = self.socket.flush();
                }
                Err(Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    if Instant::now() >= deadline {
                        return None;
                    }
                }
                Err(_) => return Some(Message::Closed(None)),
            }
        }
    }

    /// The next message.
    ///
    /// # Panics
    ///
    /// Fails the check if none comes within 5 s, or more where the subject or the machine is slow.
    #[track_caller]
    pub fn receive(&mut self) -> Message {
        let limit = limits::patience(Duration::from_secs(5));
        self.try_receive(limit).unwrap_or_else(|| {
            self.fail("a message", &format!("none within {:.1} s", limit.as_secs_f32()))
        })
    }

    /// The next message as JSON.
    ///
    /// # Panics
    ///
    /// As [`receive`](Self::receive), and if the message is not JSON.
    #[track_caller]
    pub fn receive_json(&mut self) -> Value {
        let message = self.receive();
        let value = match &message {
            Message::Text(text) => serde_json::from_str(text).ok(),
            _ => None,
        };
        value.unwrap_or_else(|| {
            self.fail("a text message that is JSON", &shorten(&format!("{message:?}"), 200))
        })
    }

    fn send(&mut self, message: tungstenite::Message) {
        // The server may have closed; reading will tell.
        let _ = self.socket.send(message);
    }

    #[track_caller]
    fn fail(&self, expected: &str, actual: &str) -> ! {
        check::fail(Failure::new(expected, actual).request(self.opened_by.clone(), None))
    }
}
