//! What a server is started with.

use std::{env, ffi::OsString, fs, io, path::Path, process::Command, sync::Arc};

use tempfile::TempDir;

use crate::{guard, port::Port};

/// Variables that change what a server of the questions does or says. The person who runs the
/// checks may have set them for something else, so a subject gets them from its check or not at
/// all. Everything else is passed on, because a command in any language may need it.
const CLEARED: &[&str] = &[
    "API_KEY",
    "APP_ENV",
    "BCRYPT_COST",
    "CACHE_MAX_ENTRIES",
    "CACHE_TTL_MS",
    "COOKIE_SECRET",
    "DATA_FILE",
    "HOST",
    "JWT_SECRET",
    "LOG_FILE",
    "PORT",
    "RATE_LIMIT_MAX",
    "RATE_LIMIT_WINDOW_MS",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "SESSION_SECRET",
    "SESSION_TTL_MS",
    "SLOW_MS",
    "UPLOAD_DIR",
    "WORKERS",
];

/// What a server is started with, beside `PORT`.
#[derive(Clone)]
#[must_use = "nothing starts until one of the start methods is called"]
pub struct Builder {
    pub(crate) variables: Vec<(String, OsString)>,
    /// The working directory, kept over restarts.
    directory: Arc<TempDir>,
    port_source: PortSource,
}

/// Where the subject finds the port on which it has to listen.
#[derive(Clone)]
enum PortSource {
    /// In the variable `PORT`.
    Variable,
    /// In a file of the working directory; `PORT` stays unset.
    File { name: String, contents: fn(u16) -> String },
    /// Nowhere: `PORT` stays unset, and 3000 it is.
    Default,
}

impl PortSource {
    /// What to ask of a subject that listens elsewhere.
    pub(crate) fn question(&self) -> String {
        match self {
            Self::Variable => "does it read PORT from the environment?".to_owned(),
            Self::File { name, .. } => format!("does it read {name} in its working directory?"),
            Self::Default => "does it listen on 3000 if PORT is not set?".to_owned(),
        }
    }
}

impl Builder {
    pub(crate) fn new() -> Self {
        let directory = TempDir::with_prefix_in("contract-", guard::folder())
            .expect("the system has a temporary folder");
        let directory = Arc::new(directory);
        Self { variables: Vec::new(), directory, port_source: PortSource::Variable }
    }

    /// Sets an environment variable. `PORT` may be set too, and then nothing else is chosen.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Sets an environment variable to bytes that need not be UTF-8. Not judged where a variable is
    /// not bytes, which is on Windows.
    #[track_caller]
    pub fn env_bytes(mut self, name: &str, value: &[u8]) -> Self {
        self.variables.push((name.to_owned(), os_string(value)));
        self
    }

    /// Leaves `PORT` unset, so that the subject has to listen on 3000. Not judged if another program
    /// does.
    pub fn on_default_port(mut self) -> Self {
        self.port_source = PortSource::Default;
        self
    }

    /// Leaves `PORT` unset and puts the port into a file of the working directory instead, as
    /// `contents` writes it. [`Server::port`] tells which port that was.
    pub fn port_in_file(mut self, name: &str, contents: fn(u16) -> String) -> Self {
        self.port_source = PortSource::File { name: name.to_owned(), contents };
        self
    }

    /// Puts a file into the working directory, in a folder if `name` has one.
    pub fn file(self, name: &str, contents: impl AsRef<[u8]>) -> Self {
        let path = self.directory.path().join(name);
        (path.parent().map_or(Ok(()), fs::create_dir_all))
            .and_then(|()| fs::write(&path, contents))
            .expect("the working directory can be written to");
        self
    }

    /// The working directory of the subject.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Whether a server that runs already is as good as one that is started with this.
    pub(crate) fn is_plain(&self) -> bool {
        self.variables.is_empty()
            && matches!(self.port_source, PortSource::Variable)
            && fs::read_dir(self.directory()).is_ok_and(|mut files| files.next().is_none())
    }

    pub(crate) fn port_question(&self) -> String {
        self.port_source.question()
    }

    /// The ports for one start: where the subject listens, and where it does if it does not find that.
    pub(crate) fn lease_ports(&self) -> io::Result<(Port, Option<Port>)> {
        Ok(match self.port_source {
            PortSource::Variable => (Port::lease()?, None),
            PortSource::File { .. } => (Port::lease()?, Port::lease_default().ok()),
            PortSource::Default => (Port::lease_default()?, None),
        })
    }

    /// The port on which the subject listens if it was leased `leased`.
    pub(crate) fn port(&self, leased: u16) -> u16 {
        let own = self.variables.iter().rev().find(|(name, _)| name == "PORT");
        own.and_then(|(_, port)| port.to_str()?.parse().ok()).unwrap_or(leased)
    }

    /// Gives `command` its environment and its working directory.
    pub(crate) fn prepare(&self, command: &mut Command, port: u16) -> io::Result<()> {
        for name in CLEARED {
            command.env_remove(name);
        }
        for (name, _) in env::vars_os().filter(|(name, _)| is_of_the_kit(name.to_str())) {
            command.env_remove(name);
        }
        match &self.port_source {
            PortSource::Variable => {
                command.env("PORT", port.to_string());
            }
            PortSource::File { name, contents } => {
                fs::write(self.directory().join(name), contents(port))?;
            }
            PortSource::Default => {}
        }
        command
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.directory());
        Ok(())
    }
}

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
#[track_caller]
fn os_string(_: &[u8]) -> OsString {
    crate::check::not_judged("this check sets a variable that is not UTF-8, which needs Unix")
}

fn is_of_the_kit(name: Option<&str>) -> bool {
    name.is_some_and(|name| name.starts_with("CONTRACT_") || name.starts_with("CARGO_BIN_EXE_"))
}
