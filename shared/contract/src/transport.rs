use std::{fmt, time::Duration};

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
