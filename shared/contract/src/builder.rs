//! What a server is started with.

use std::{ffi::OsString, fs, io, path::Path, process::Command, sync::Arc};

use tempfile::TempDir;

use crate::{
    check, environment, guard,
    port::Port,
    text::{quote, shorten},
};

/// What a server is started with, beside `PORT`.
#[derive(Clone)]
#[must_use = "nothing starts until one of the start methods is called"]
pub struct Builder {
    variables: Vec<(String, OsString)>,
    /// Files of the working directory.
    files: Vec<String>,
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
    /// Nowhere: `PORT` stays unset, and the subject has to listen on 3000.
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
        // Before anything is started, which must not inherit the channel of the report.
        check::begin();
        let directory =
            TempDir::with_prefix_in("contract-", guard::folder()).unwrap_or_else(|error| {
                check::not_run(&format!("Failed to make a temporary folder: {error}"))
            });
        let (directory, port_source) = (Arc::new(directory), PortSource::Variable);
        Self { variables: Vec::new(), files: Vec::new(), directory, port_source }
    }

    /// Sets an environment variable. If that is `PORT`, the kit does not choose a port.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Sets an environment variable to bytes that need not be UTF-8. The check is not run on
    /// Windows, where a variable does not consist of bytes.
    #[track_caller]
    pub fn env_bytes(mut self, name: &str, value: &[u8]) -> Self {
        self.variables.push((name.to_owned(), os_string(value)));
        self
    }

    /// Leaves `PORT` unset, so that the subject has to listen on 3000. The check is not run if another
    /// program does.
    pub fn on_default_port(mut self) -> Self {
        self.port_source = PortSource::Default;
        self
    }

    /// Leaves `PORT` unset and puts the port into a file of the working directory instead, as
    /// `contents` writes it. [`Server::port`] tells which port that was.
    pub fn port_in_file(mut self, name: &str, contents: fn(u16) -> String) -> Self {
        self.files.push(name.to_owned());
        self.port_source = PortSource::File { name: name.to_owned(), contents };
        self
    }

    /// Puts a file into the working directory, in a folder if `name` has one.
    #[track_caller]
    pub fn file(mut self, name: &str, contents: impl AsRef<[u8]>) -> Self {
        let path = self.directory.path().join(name);
        let written = (path.parent().map_or(Ok(()), fs::create_dir_all))
            .and_then(|()| fs::write(&path, contents));
        if let Err(error) = written {
            check::not_run(&format!("Failed to write {}: {error}", path.display()));
        }
        self.files.push(name.to_owned());
        self
    }

    /// The working directory of the subject.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Whether a server that already runs will do, because this has no settings.
    pub(crate) fn is_plain(&self) -> bool {
        self.variables.is_empty()
            && matches!(self.port_source, PortSource::Variable)
            && self.files.is_empty()
    }

    pub(crate) fn port_question(&self) -> String {
        self.port_source.question()
    }

    /// The ports for one start: the one for the subject, and the one that it uses if it does not find
    /// the first.
    pub(crate) fn lease_ports(&self) -> io::Result<(Port, Option<Port>)> {
        Ok(match self.port_source {
            PortSource::Variable => (Port::lease()?, None),
            PortSource::File { .. } => (Port::lease()?, Port::lease_default().ok()),
            PortSource::Default => (Port::lease_default()?, None),
        })
    }

    /// The value of `PORT` for a subject that was leased `leased`; `None` where it stays unset.
    pub(crate) fn port_variable(&self, leased: u16) -> Option<String> {
        let own = self.variables.iter().rev().find(|(name, _)| name == "PORT");
        match (own, &self.port_source) {
            (Some((_, port)), _) => Some(port.to_string_lossy().into_owned()),
            (None, PortSource::Variable) => Some(leased.to_string()),
            (None, _) => None,
        }
    }

    /// What differs from a plain start, for people: `APP_ENV=production`, `JWT_SECRET="  "`,
    /// `the file .env`.
    pub(crate) fn settings(&self) -> Vec<String> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-+/:@%,=".contains(c);
        let variables = self.variables.iter().map(|(name, value)| {
            let value = &value.to_string_lossy();
            match !value.is_empty() && value.chars().all(is_plain) {
                true => format!("{name}={}", shorten(value, 60)),
                false => format!("{name}={:?}", shorten(value, 60)),
            }
        });
        variables.chain(self.files.iter().map(|name| format!("the file {name}"))).collect()
    }

    /// The assignments with which people start the same: `PORT=3000 APP_ENV=production`. `None` if
    /// no command line can carry them.
    pub(crate) fn assignments(&self) -> Option<String> {
        let mut words = match self.port_source {
            PortSource::Variable if self.port_variable(3000).as_deref() == Some("3000") => {
                vec!["PORT=3000".to_owned()]
            }
            _ => Vec::new(),
        };
        for (name, value) in &self.variables {
            words.push(format!("{name}={}", quote(value.to_str()?)?));
        }
        Some(words.join(" "))
    }

    /// Gives `command` its environment and its working directory.
    pub(crate) fn prepare(&self, command: &mut Command, port: u16) -> io::Result<()> {
        environment::clear(command);
        match &self.port_source {
            PortSource::Variable => {
                command.env("PORT", port.to_string());
            }
            PortSource::File { name, contents } => {
                fs::write(self.directory().join(name), contents(port))?;
            }
            PortSource::Default => {}
        }
        let temporary = guard::folder_for_subjects();
        command
            .envs(["TMPDIR", "TMP", "TEMP"].map(|name| (name, &temporary)))
            .env("PWD", self.directory())
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
    check::not_run("this check sets a variable that is not UTF-8, which needs Unix")
}
