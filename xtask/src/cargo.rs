//! Runs cargo at the workspace's root and reads what it built.
//!
//! Never with `-p`: from a virtual root cargo then resolves features over all members, so every
//! question shares one build of its dependencies. Target names are unique, so they select enough.

use std::{
    collections::HashMap,
    env,
    ffi::OsString,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{
    fresh::{self, Artifact},
    process::{Ended, Job, Kept, Stop},
    shown,
    workspace::{Question, Workspace},
};

/// The programs of a question that were built, or found to be fresh.
#[derive(Debug, Default)]
pub(crate) struct Build {
    pub(crate) contract: Option<PathBuf>,
    pub(crate) starter: Option<PathBuf>,
    pub(crate) solution: Option<PathBuf>,
    /// All of them, of however many questions, by the names of their targets.
    pub(crate) programs: HashMap<String, PathBuf>,
    /// What rustc said, as it renders it, by the target it said it of.
    diagnostics: Vec<(String, String)>,
    /// What cargo itself said, without its progress.
    said: String,
    /// Whether everything that was asked for was built.
    pub(crate) is_done: bool,
    /// The packages of the workspace that were built, or found to be fresh.
    artifacts: Vec<Artifact>,
}

impl Build {
    /// What rustc said of `target`.
    pub(crate) fn diagnostics_of(&self, target: &str) -> String {
        let of_target = self.diagnostics.iter().filter(|(name, _)| name == target);
        of_target.map(|(_, text)| text.as_str()).collect()
    }

    /// Everything that cargo and rustc said, save of `ignored`.
    pub(crate) fn diagnostics_but(&self, ignored: &str) -> String {
        let others = self.diagnostics.iter().filter(|(name, _)| name != ignored);
        others.map(|(_, text)| text.as_str()).chain([self.said.as_str()]).collect()
    }
}

/// Told what cargo is doing, in a few words.
pub(crate) type OnProgress<'a> = &'a (dyn Fn(&str) + Sync);

/// A cargo command at the root, without what the cargo that started us put in the environment.
pub(crate) fn cargo(workspace: &Workspace) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(&workspace.root);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") {
            command.env_remove(name);
        }
    }
    command.env_remove("CARGO_MANIFEST_DIR");
    // Kept artifacts never pay off where nothing is built twice.
    if env::var_os("CI").is_some() {
        command.env("CARGO_INCREMENTAL", "0");
    }
    command
}

/// Builds a question's contract with both of its programs, in one call. `None` when it was stopped.
///
/// `cargo build --keep-going --test` makes the same artifacts as `cargo test --no-run`, and makes
/// what it can when one of the programs doesn't compile.
pub(crate) fn build_contract(
    question: &Question,
    workspace: &Workspace,
    stop: &Stop,
    on_progress: OnProgress,
) -> Result<Option<Build>> {
    build_as_it_is(
        workspace,
        &["--keep-going", "--test", &question.test_target()],
        stop,
        on_progress,
    )
}

/// Builds one program of a question.
pub(crate) fn build_bin(
    bin: &str,
    workspace: &Workspace,
    on_progress: OnProgress,
) -> Result<Build> {
    let build = build_as_it_is(workspace, &["--bin", bin], &Stop::Never, on_progress)?;
    build.context("Failed to build: cargo was stopped")
}

/// As [`build`], and again if what cargo called fresh was built from other sources than are there.
fn build_as_it_is(
    workspace: &Workspace,
    selection: &[&str],
    stop: &Stop,
    on_progress: OnProgress,
) -> Result<Option<Build>> {
    let mut built = build(workspace, selection, stop, on_progress)?;
    if let Some(first) = &built
        && fresh::touch_outdated(&first.artifacts)?
    {
        built = build(workspace, selection, stop, on_progress)?;
    }
    if let Some(built) = &built {
        fresh::remember(&built.artifacts)?;
    }
    Ok(built)
}

/// Builds the targets that `selection`, options of `cargo build`, names. `None` when it was stopped.
pub(crate) fn build(
    workspace: &Workspace,
    selection: &[&str],
    stop: &Stop,
    on_progress: OnProgress,
) -> Result<Option<Build>> {
    let mut command = cargo(workspace);
    command.arg("build").args(selection);
    run_build(command, stop, on_progress)
}

/// Runs a `cargo build` and reads what it built. `None` when it was stopped.
pub(crate) fn run_build(
    command: Command,
    stop: &Stop,
    on_progress: OnProgress,
) -> Result<Option<Build>> {
    run_kept_build(command, Kept::default(), stop, on_progress)
}

/// As [`run_build`], with a say in how cargo is kept. Cargo's own words have no colors then if nothing
/// of the environment is passed on.
pub(crate) fn run_kept_build(
    mut command: Command,
    kept: Kept<'_>,
    stop: &Stop,
    on_progress: OnProgress,
) -> Result<Option<Build>> {
    let colors = console::colors_enabled_stderr() && !kept.without_environment;
    let format = if colors { "json-diagnostic-rendered-ansi" } else { "json" };
    command
        .arg(format!("--message-format={format}"))
        .args(["--color", if colors { "always" } else { "never" }])
        // Cargo's bar is drawn for a terminal only; the numbers in it are wanted here.
        .env("CARGO_TERM_PROGRESS_WHEN", "always")
        .env("CARGO_TERM_PROGRESS_WIDTH", "80");
    let mut job = Job::start(&command, kept, Stdio::piped(), Stdio::piped())
        .context("Failed to start cargo; is it installed?")?;
    let stdout = job.stdout().context("Failed to read from cargo")?;
    let stderr = job.stderr().context("Failed to read from cargo")?;

    let (ended, build, said) = thread::scope(|scope| {
        let messages = scope.spawn(|| read_messages(stdout));
        let said = scope.spawn(|| read_progress(BufReader::new(stderr), on_progress));
        let ended = job.wait(stop);
        (ended, messages.join(), said.join())
    });
    let (Ok(mut build), Ok(said)) = (build, said) else {
        bail!("Failed to read from cargo: a reader panicked");
    };
    build.said = said;
    let Some(ended) = ended.context("Failed to wait for cargo")? else {
        return Ok(None);
    };
    if !matches!(ended, Ended::Exit(_)) {
        build.said.push_str(&format!("cargo: {ended}\n"));
    }
    build.is_done = ended.is_success();
    Ok(Some(build))
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    executable: Option<PathBuf>,
    message: Option<Diagnostic>,
    #[serde(default)]
    package_id: String,
    manifest_path: Option<PathBuf>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
    #[serde(default)]
    fresh: bool,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Diagnostic {
    rendered: Option<String>,
}

/// More of what rustc says helps nobody; a single answer can make it say megabytes.
const MOST_DIAGNOSED: usize = 1024 * 1024;

/// Bytes of messages about what was built that are read. A macro can print what looks like them.
const MOST_NAMED: usize = 64 * 1024 * 1024;

/// A longer message is not read; cargo's own are far shorter.
const LONGEST_MESSAGE: u64 = 4 * 1024 * 1024;

fn read_messages(stdout: impl Read) -> Build {
    let mut build = Build::default();
    let mut stdout = BufReader::new(stdout);
    let (mut diagnosed, mut named) = (0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        match stdout.by_ref().take(LONGEST_MESSAGE).read_until(b'\n', &mut line) {
            Ok(1..) => {}
            Ok(0) | Err(_) => return build,
        }
        // The rest of a message that is too long is not JSON.
        let Ok(message) = serde_json::from_slice::<Message>(&line) else {
            continue;
        };
        let Some(target) = message.target else {
            continue;
        };
        let package = message.manifest_path.as_deref().and_then(Path::parent);
        if message.reason == "compiler-artifact" {
            named += line.len();
            if named > MOST_NAMED {
                continue;
            }
        }
        // What comes from a registry does not change.
        if let (Some(package), true) = (package, message.package_id.starts_with("path+"))
            && message.reason == "compiler-artifact"
        {
            build.artifacts.push(Artifact {
                name: target.name.clone(),
                kind: target.kind.first().cloned().unwrap_or_default(),
                package: package.to_owned(),
                files: message.filenames,
                is_fresh: message.fresh,
            });
        }
        match (message.reason.as_str(), message.executable, message.message) {
            ("compiler-artifact", Some(path), _) => {
                build.programs.insert(target.name.clone(), path.clone());
                if target.kind == ["test"] {
                    build.contract = Some(path);
                } else if target.name.ends_with("-starter") {
                    build.starter = Some(path);
                } else if target.name.ends_with("-solution") {
                    build.solution = Some(path);
                }
            }
            ("compiler-message", _, Some(diagnostic)) if diagnosed <= MOST_DIAGNOSED => {
                let rendered = diagnostic.rendered.unwrap_or_default();
                diagnosed += rendered.len();
                build.diagnostics.push((target.name, rendered));
            }
            _ => {}
        }
    }
}

/// Bytes of cargo's words that are kept; a build script can flood.
const MOST_SAID: usize = 256 * 1024;

/// Hands on cargo's progress as it comes, and returns everything else.
fn read_progress(mut stderr: impl Read, on_progress: OnProgress) -> String {
    let mut said = String::new();
    let mut line = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(length @ 1..) = stderr.read(&mut chunk) {
        for &byte in &chunk[..length] {
            if byte != b'\r' && byte != b'\n' {
                if line.len() < MOST_SAID {
                    line.push(byte);
                }
                continue;
            }
            let text = String::from_utf8_lossy(&line);
            match progress(&text) {
                Some(progress) => on_progress(&progress),
                None if text.trim().is_empty() || said.len() > MOST_SAID => {}
                None => {
                    said.push_str(text.trim_end());
                    said.push('\n');
                }
            }
            line.clear();
        }
    }
    said
}

/// `Building [===>   ] 3/7: q13-starter(bin)` as `building 3/7`, other steps as they are; `None` for
/// what is no step.
fn progress(line: &str) -> Option<String> {
    const STEPS: [&str; 12] = [
        "Adding",
        "Blocking",
        "Building",
        "Compiling",
        "Dirty",
        "Downloaded",
        "Downloading",
        "Executable",
        "Finished",
        "Fresh",
        "Locking",
        "Updating",
    ];
    let plain = console::strip_ansi_codes(line);
    let step = plain.split_whitespace().next().filter(|step| STEPS.contains(step))?;
    let text = match plain.split_once("] ") {
        Some((_, numbers)) if step == "Building" => format!("building {}", numbers.trim()),
        _ => plain.trim().to_owned(),
    };
    // A macro can print what looks like a step.
    Some(shown::line(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_shows_what_a_terminal_would_obey() {
        assert_eq!(progress("    Building [==>  ] 3/7: kit").unwrap(), "building 3/7: kit");
        assert_eq!(
            progress("Compiling \u{202e}kit\u{8}\u{9b}").unwrap(),
            r"Compiling \u{202e}kit\u{8}\u{9b}"
        );
        assert_eq!(progress("warning: unused"), None);
    }

    #[test]
    fn a_flood_of_messages_is_not_kept() {
        let message = |name: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{"name":"{name}","kind":["bin"]}},"executable":"/a"}}"#
            ) + "\n"
        };
        let long = "n".repeat(1024 * 1024);
        let flood: String = (0..70).map(|number| message(&format!("{number}{long}"))).collect();

        let build = read_messages((message("q01-starter") + &flood).as_bytes());

        assert!(build.starter.is_some());
        assert!(build.programs.len() < 70, "{}", build.programs.len());
    }
}
