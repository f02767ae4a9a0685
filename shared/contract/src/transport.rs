use std::{fmt, io, time::Duration};

use crate::machine;

/// Why no complete response came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportError {
    /// Nothing accepts connections at the address.
    Refused,
    /// The connection ended before a whole response had come; `received` bytes had.
    Closed {
        /// Bytes of the response that came before the end.
        received: usize,
    },
    /// The time limit passed; `received` bytes had come.
    TimedOut {
        /// Bytes of the response that came in time.
        received: usize,
        /// The limit.
        limit: Duration,
    },
    /// The body is longer than the kit keeps in memory; see [`BodyStream`](crate::BodyStream).
    TooLong {
        /// Bytes of the body that were read.
        received: usize,
    },
    /// What came is not HTTP/1.
    Malformed(String),
    /// This machine lacks something, such as file descriptors. It says nothing about the server.
    Machine(String),
    /// Anything else the operating system reported.
    Other(String),
}

impl TransportError {
    /// A failure of the operating system while it did `what`.
    pub(crate) fn of_system(what: &str, error: &io::Error) -> Self {
        let text = format!("Failed to {what}: {error}");
        if machine::is_shortage(error) { Self::Machine(text) } else { Self::Other(text) }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("nothing listens on PORT"),
            Self::Closed { received: 0 } => {
                f.write_str("the server closed the connection without a response")
            }
            Self::Closed { received } => {
                write!(
                    f,
                    "the server closed the connection in the middle of its response, after {received} bytes"
                )
            }
            Self::TimedOut { received: 0, limit } => {
                write!(f, "no response within {:.1} s", limit.as_secs_f32())
            }
            Self::TimedOut { received, limit } => {
                write!(
                    f,
                    "the response stopped after {received} bytes and was not complete within {:.1} s",
                    limit.as_secs_f32()
                )
            }
            Self::TooLong { received } => {
                let mebibytes = received >> 20;
                write!(f, "the body of the response had not ended after {mebibytes} MiB")
            }
            Self::Malformed(what) => write!(f, "what came back is not HTTP/1.1: {what}"),
            Self::Machine(what) | Self::Other(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for TransportError {}
