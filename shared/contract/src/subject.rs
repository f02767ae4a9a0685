//! The server under judgment, as the environment names it.

use std::{
    env,
    ffi::OsString,
    net::{SocketAddr, ToSocketAddrs},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{command_line::CommandLine, text};

pub(crate) enum Subject {
    /// A server that runs already.
    Running { address: SocketAddr, url: String },
    /// A program.
    Program { path: PathBuf },
    /// A command line that was typed in `folder`.
    CommandLine { typed: String, folder: PathBuf, line: CommandLine },
}

impl Subject {
    pub(crate) fn from_env() -> Result<Self, String> {
        if let Some(url) = variable("CONTRACT_URL") {
            return running(&url);
        }
        if let Some(typed) = variable("CONTRACT_CMD") {
            let folder =
                variable("CONTRACT_CMD_DIR").map_or_else(env::current_dir, |dir| Ok(dir.into()));
            let folder =
                folder.map_err(|error| format!("the current directory is gone: {error}"))?;
            let line = CommandLine::parse(&typed, &folder)?;
            return Ok(Self::CommandLine { typed, folder, line });
        }
        let path = match variable("CONTRACT_BIN") {
            Some(path) => absolute(Path::new(&path))?,
            None => binary_of_the_crate()?,
        };
        Ok(Self::Program { path })
    }

    /// How the subject is called in messages: `q13-starter`, `node`, `the command`.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Running { url, .. } => url.clone(),
            Self::Program { path } => {
                path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
            }
            Self::CommandLine { line, .. } => line.name(),
        }
    }

    /// The program and its arguments. `port` is the value of `PORT`, if that is set.
    ///
    /// # Errors
    ///
    /// Says why there is nothing to start.
    pub(crate) fn words(&self, port: Option<&str>) -> Result<Vec<OsString>, String> {
        match self {
            Self::Running { .. } => Err("it runs already".to_owned()),
            Self::Program { path } => Ok(vec![path.clone().into()]),
            Self::CommandLine { line, .. } => match port {
                None if line.needs_port() => Err(
                    "this check leaves PORT unset, and the command line says $PORT: let the server \
                     read its port by itself"
                        .to_owned(),
                ),
                port => {
                    let words = line.words(port.unwrap_or_default());
                    Ok(words.into_iter().map(OsString::from).collect())
                }
            },
        }
    }

    /// Files and folders that the subject has to read: what it is made of.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        match self {
            Self::Running { .. } => Vec::new(),
            Self::Program { path } => vec![path.clone()],
            Self::CommandLine { folder, line, .. } => {
                let words = line.words("").into_iter().map(PathBuf::from);
                let files = words.filter(|word| word.is_absolute() && !word.starts_with(folder));
                std::iter::once(folder.clone()).chain(files).collect()
            }
        }
    }

    /// How people start it, after `settings`: assignments that begin with that of `PORT`.
    pub(crate) fn typed(&self, settings: &str) -> Option<String> {
        if let Some(given) = variable("CONTRACT_START") {
            return Some(format!("{settings} {given}"));
        }
        match self {
            Self::Running { .. } => None,
            Self::Program { path } => match crate_binary(path) {
                Some(name) => Some(format!("{settings} cargo run --bin {name}")),
                None => Some(format!("{settings} {}", text::quote(&path.to_string_lossy())?)),
            },
            Self::CommandLine { typed, folder, line } => {
                let folder = text::quote(&folder.to_string_lossy())?;
                if line.needs_port() {
                    // The assignment before a command is not there yet when a shell expands it.
                    return Some(format!("cd {folder} && export {settings} && {typed}"));
                }
                Some(format!("cd {folder} && {settings} {typed}"))
            }
        }
    }
}

/// As one command of the operating system.
pub(crate) fn command(words: &[OsString]) -> Option<Command> {
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments);
    Some(command)
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn running(url: &str) -> Result<Subject, String> {
    let help = || format!("CONTRACT_URL must look like http://127.0.0.1:3000, not {url:?}");
    let authority = url.strip_prefix("http://").ok_or_else(help)?.trim_end_matches('/');
    let addresses = (authority.to_socket_addrs())
        .or_else(|_| format!("{authority}:80").to_socket_addrs())
        .map_err(|_| help())?;
    let address = addresses.min_by_key(SocketAddr::is_ipv6).ok_or_else(help)?;
    Ok(Subject::Running { address, url: format!("http://{authority}") })
}

/// The binaries of the crate under test, which cargo and nextest name in the environment of its tests.
fn binaries_of_the_crate() -> impl Iterator<Item = (String, PathBuf)> {
    env::vars_os().filter_map(|(name, path)| {
        let name = name.to_str()?.strip_prefix("CARGO_BIN_EXE_")?.to_owned();
        Some((name, path.into()))
    })
}

fn crate_binary(path: &Path) -> Option<String> {
    binaries_of_the_crate().find(|(_, known)| known == path).map(|(name, _)| name)
}

fn binary_of_the_crate() -> Result<PathBuf, String> {
    let wanted = variable("CONTRACT_SUBJECT");
    let kinds: &[&str] = match wanted.as_deref() {
        None => &["solution", "starter"],
        Some("solution") => &["solution"],
        Some("starter") => &["starter"],
        Some(other) => {
            return Err(format!("CONTRACT_SUBJECT must be starter or solution, not {other:?}"));
        }
    };
    (kinds.iter())
        .find_map(|kind| binaries_of_the_crate().find(|(name, _)| name.ends_with(kind)))
        .map(|(_, path)| path)
        .ok_or_else(|| {
            "there is nothing to judge: run this with cargo test, or name a program with CONTRACT_BIN, \
             a command with CONTRACT_CMD or a running server with CONTRACT_URL"
                .to_owned()
        })
}

fn absolute(path: &Path) -> Result<PathBuf, String> {
    path.canonicalize().map_err(|error| format!("CONTRACT_BIN {}: {error}", path.display()))
}
