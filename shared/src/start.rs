#[cfg(target_os = "linux")]
use std::time::Duration;
use std::{
    env, fmt,
    io::{self, Write},
    net::TcpListener,
    num::NonZero,
    thread,
};

use crate::setting;

/// Why a server did not start, as one line for the person who started it.
///
/// `main` returns it: the line goes to stderr and the exit code is 1.
pub struct StartError(String);

impl StartError {
    /// An error with `message`, which should name the variable that fixes it.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// The same line as `Display`, because `Debug` is what Rust prints when `main` returns an error.
impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// Listens on `HOST` (default 127.0.0.1) and `PORT` (default 3000), and says so in one line on
/// stdout: `q01-hello-world · solution · http://127.0.0.1:3000`. On Linux, a connection ends when its
/// client has not acknowledged what was sent for 30 s.
///
/// # Errors
///
/// [`StartError`] if `PORT` is not a port number, `HOST` is not UTF-8, or the address cannot be bound.
#[macro_export]
macro_rules! listen {
    () => {
        $crate::listen_as(env!("CARGO_PKG_NAME"), env!("CARGO_BIN_NAME"))
    };
}

/// What [`listen!`] calls with the names of the package and the binary it stands in.
///
/// # Errors
///
/// As [`listen!`].
pub fn listen_as(package: &str, binary: &str) -> Result<TcpListener, StartError> {
    let host = match env::var("HOST") {
        Err(env::VarError::NotPresent) => "127.0.0.1".to_owned(),
        Ok(host) if host.is_empty() => "127.0.0.1".to_owned(),
        value => value.map_err(|_| StartError::new("HOST must be UTF-8"))?,
    };
    let port = setting("PORT", 3000, 0..=u16::MAX)?;
    let listener =
        TcpListener::bind((host.as_str(), port)).map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => StartError::new(format!(
                "port {port} on {host} is in use: stop the other server or set PORT"
            )),
            _ => StartError::new(format!(
                "failed to listen on HOST={host} PORT={port}: {error}; HOST is 127.0.0.1 when unset"
            )),
        })?;

    limit_writes(&listener)?;

    let kind = binary.rsplit('-').next().unwrap_or(binary);
    let address = listener.local_addr()?;
    // A closed stdout is not a reason to stop.
    let _ = writeln!(io::stdout(), "{package} · {kind} · http://{address}");
    Ok(listener)
}

/// How long a client may acknowledge nothing of what was sent to it.
#[cfg(target_os = "linux")]
const WRITE_LIMIT: Duration = Duration::from_secs(30);

/// Lets the kernel end a connection whose client does not read, or is gone without a FIN, once data
/// has waited for `WRITE_LIMIT`. actix-http has no time limit for writes. Accepted connections take
/// the option (`TCP_USER_TIMEOUT`, RFC 5482) over from the listener.
#[cfg(target_os = "linux")]
fn limit_writes(listener: &TcpListener) -> io::Result<()> {
    socket2::SockRef::from(listener).set_tcp_user_timeout(Some(WRITE_LIMIT))
}

#[cfg(not(target_os = "linux"))]
fn limit_writes(_: &TcpListener) -> io::Result<()> {
    Ok(())
}

/// How many worker threads to serve with: one per core, and at least two, so that state which is
/// wrongly kept per worker shows on every machine.
pub fn workers() -> usize {
    thread::available_parallelism().map_or(2, NonZero::get).max(2)
}
