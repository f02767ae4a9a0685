//! What is judged, as the environment says it.

use std::{
    env,
    ffi::OsString,
    net::{SocketAddr, ToSocketAddrs},
    path::{Path, PathBuf},
    process::Command,
};

pub(crate) enum Subject {
    /// A server that runs already.
    Running { address: SocketAddr, url: String },
    /// A program and its arguments.
    Program { program: OsString, arguments: Vec<OsString> },
}

impl Subject {
    pub(crate) fn from_env() -> Result<Self, String> {
        if let Some(url) = variable("CONTRACT_URL") {
            return running(&url);
        }
        if let Some(command) = variable("CONTRACT_CMD") {
            let folder =
                variable("CONTRACT_CMD_DIR").map_or_else(env::current_dir, |dir| Ok(dir.into()));
            let folder =
                folder.map_err(|error| format!("the current directory is gone: {error}"))?;
            return words(&command, &folder);
        }
        let program = match variable("CONTRACT_BIN") {
            Some(path) => absolute(Path::new(&path))?.into(),
            None => binary_of_the_crate()?,
        };
        Ok(Self::Program { program, arguments: Vec::new() })
    }

    /// How the subject is called in messages: `q13-starter`, `node`, `the command`.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Running { url, .. } => url.clone(),
            Self::Program { program, .. } if program == "sh" || program == "env" => {
                "the command".to_owned()
            }
            Self::Program { program, .. } => {
                let name = Path::new(program).file_stem().unwrap_or(program);
                name.to_string_lossy().into_owned()
            }
        }
    }

    pub(crate) fn command(&self) -> Option<Command> {
        match self {
            Self::Running { .. } => None,
            Self::Program { program, arguments } => {
                let mut command = Command::new(program);
                command.args(arguments);
                Some(command)
            }
        }
    }
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

/// As the documentation of `Server` says it.
fn words(command: &str, folder: &Path) -> Result<Subject, String> {
    if cfg!(unix) && command.contains(['&', '|', ';', '<', '>', '$', '`', '*', '(', '~', '\n']) {
        let line = format!("cd {} && {command}", shell_words::quote(&folder.to_string_lossy()));
        return Ok(Subject::Program {
            program: "sh".into(),
            arguments: vec!["-c".into(), line.into()],
        });
    }

    // A backslash is part of a path on Windows and quotes nothing.
    let command = if cfg!(windows) { command.replace('\\', "\\\\") } else { command.to_owned() };
    let words = shell_words::split(&command).map_err(|error| format!("CONTRACT_CMD: {error}"))?;
    let first = words.first().ok_or("CONTRACT_CMD is empty")?;
    let assigns = first.contains('=') && !folder.join(first).exists();
    let env = assigns.then(|| "env".to_owned());
    let mut words = env.iter().chain(&words).map(|word| {
        let path = folder.join(word);
        // A folder may share its name with what is no path: `npm run server`.
        let is_path = path.is_file() || word.contains(['/', '\\']) && path.exists();
        if is_path { path.into() } else { OsString::from(word) }
    });
    let program = words.next().unwrap_or_default();
    Ok(Subject::Program { program, arguments: words.collect() })
}

/// Cargo and nextest name the binaries of the crate under test in the environment of its tests.
fn binary_of_the_crate() -> Result<OsString, String> {
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
        .find_map(|kind| {
            env::vars_os().find_map(|(name, path)| {
                let name = name.to_str()?;
                (name.starts_with("CARGO_BIN_EXE_") && name.ends_with(kind)).then_some(path)
            })
        })
        .ok_or_else(|| {
            "there is nothing to judge: run this with cargo test, or name a program with CONTRACT_BIN, \
             a command with CONTRACT_CMD or a running server with CONTRACT_URL"
                .to_owned()
        })
}

fn absolute(path: &Path) -> Result<PathBuf, String> {
    path.canonicalize().map_err(|error| format!("CONTRACT_BIN {}: {error}", path.display()))
}
