//! `doctor`: whether this machine is ready, and the fix where it is not.

use std::{
    fmt::Write,
    fs,
    io::ErrorKind,
    net::TcpListener,
    process::{Command, ExitCode},
};

use anyhow::Result;
use console::style;

use crate::{cargo::cargo, term, workspace::Workspace};

/// A cold build of everything, with room to work.
const WANTED_GIB: f64 = 6.0;

enum Finding {
    Ok(String),
    Warn(String),
    Fail(String),
}

use Finding::{Fail, Ok as Fine, Warn};

pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let (lock, offline) = lock_and_offline(workspace);
    let findings = [
        ("toolchain", toolchain(workspace)),
        ("cargo", program("cargo", "install Rust: https://rustup.rs", Fail)),
        ("linker", linker()),
        ("git", program("git", "install git to fetch new questions", Warn)),
        ("disk", disk(workspace)),
        ("port 3000", port()),
        ("lock file", lock),
        ("offline", offline),
    ];

    let mut out = String::new();
    for (name, finding) in &findings {
        let (mark, text) = match finding {
            Fine(text) => (style("✓ ok  ").green(), text),
            Warn(text) => (style("! warn").yellow(), text),
            Fail(text) => (style("✗ FAIL").red(), text),
        };
        writeln!(out, "{mark} {} {text}", term::pad(name, 10))?;
    }
    term::print(&out)?;
    let failed = findings.iter().any(|(_, finding)| matches!(finding, Fail(_)));
    Ok(ExitCode::from(u8::from(failed)))
}

fn toolchain(workspace: &Workspace) -> Finding {
    let Some(said) = output(Command::new("rustc").arg("--version")) else {
        return Fail("rustc does not run; install Rust: https://rustup.rs".to_owned());
    };
    let manifest = fs::read_to_string(workspace.root.join("Cargo.toml")).unwrap_or_default();
    let wanted = manifest.parse::<toml::Table>().ok().and_then(|table| {
        let version = table.get("workspace")?.get("package")?.get("rust-version")?.as_str()?;
        Some(version.to_owned())
    });
    match wanted {
        Some(wanted) if version(&said) < version(&wanted) => {
            Fail(format!("{said}, but the workspace needs {wanted}; run `rustup update`"))
        }
        Some(wanted) => Fine(format!("{said}; the workspace needs {wanted}")),
        None => Warn(format!("{said}; Cargo.toml does not have a rust-version")),
    }
}

/// The first two numbers of `rustc 1.95.0 (…)` or `1.95`.
fn version(text: &str) -> Option<(u32, u32)> {
    let word =
        text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let mut numbers = word.split('.').map_while(|number| number.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

fn program(name: &str, remedy: &str, missing: fn(String) -> Finding) -> Finding {
    match output(Command::new(name).arg("--version")) {
        Some(said) => Fine(said.lines().next().unwrap_or_default().to_owned()),
        None => missing(format!("{name} does not run; {remedy}")),
    }
}

fn linker() -> Finding {
    if cfg!(windows) {
        return Fine("the one that rustup installed".to_owned());
    }
    program("cc", "install a C compiler, such as the package gcc", Fail)
}

fn disk(workspace: &Workspace) -> Finding {
    let said = output(Command::new("df").arg("-Pk").arg(&workspace.root));
    let free = said
        .as_deref()
        .and_then(|said| said.lines().last()?.split_whitespace().nth(3)?.parse::<f64>().ok());
    match free.map(|kib| kib / 1024.0 / 1024.0) {
        None => Warn(format!("not measured here; a full build takes up to {WANTED_GIB:.0} GiB")),
        Some(free) if free < WANTED_GIB => Warn(format!(
            "{free:.1} GiB free, and a full build takes up to {WANTED_GIB:.0}; `cargo clean` deletes earlier builds"
        )),
        Some(free) => Fine(format!("{free:.0} GiB free")),
    }
}

fn port() -> Finding {
    match TcpListener::bind(("127.0.0.1", 3000)) {
        Ok(_) => Fine("free".to_owned()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Warn(
            "in use, so `run` needs another port: PORT=3001 cargo xtask run 1; checks choose their own ports"
                .to_owned(),
        ),
        Err(error) => Warn(format!("{error}; try another port: PORT=8080 cargo xtask run 1")),
    }
}

/// One question to cargo answers both: does the lock file fit, and is everything in it at hand?
fn lock_and_offline(workspace: &Workspace) -> (Finding, Finding) {
    let mut metadata = cargo(workspace);
    metadata.args(["metadata", "--locked", "--offline", "--format-version=1"]);
    if let Some(host) = output(Command::new("rustc").arg("--print=host-tuple")) {
        metadata.args(["--filter-platform", &host]);
    }
    let said = match metadata.output() {
        Ok(output) if output.status.success() => {
            return (Fine("current".to_owned()), Fine("all crates are downloaded".to_owned()));
        }
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    if said.contains("--locked") {
        (
            Fail(
                "Cargo.lock does not match the manifests; run `cargo update --workspace`"
                    .to_owned(),
            ),
            Warn("unknown until the lock file is current".to_owned()),
        )
    } else if said.contains("offline") || said.contains("download") {
        (
            Fine("current".to_owned()),
            Warn(
                "some crates are not downloaded; run `cargo fetch` to work without a network"
                    .to_owned(),
            ),
        )
    } else {
        let reason = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("no reason given");
        let unknown = Warn("unknown until cargo can read the workspace".to_owned());
        (Fail(format!("cargo can't read the workspace: {reason}; see `cargo metadata`")), unknown)
    }
}

/// The output of a command, if it succeeds.
fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n"))
}
