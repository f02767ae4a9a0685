//! Builds what came back, and has it judged. Everything has a limit.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::Result;

use crate::{
    cargo::{self, Build},
    grade::{descendants, scorecard::Outcome},
    judge::{self, Verdict},
    process::Stop,
    term,
    workspace::{Question, Workspace},
};

pub(super) struct Limits {
    pub(super) build: Duration,
    pub(super) checks: Duration,
}

/// More of what a build says is not for a scorecard.
const SHOWN_LINES: usize = 40;

/// Builds the folder with a target folder of its own, and judges its program.
pub(super) fn judge_folder(
    question: &Question,
    dir: &Path,
    contract: &Path,
    limits: &Limits,
    offline: bool,
    workspace: &Workspace,
) -> Result<Outcome> {
    if !dir.join("Cargo.toml").is_file() {
        return Ok(Outcome::NotBuilt(
            "there is no Cargo.toml in it; --cmd judges an answer in another language".to_owned(),
        ));
    }
    let build = within(limits.build, |stop| build(dir, offline, stop, workspace))?;
    let Some(build) = build else {
        let why = format!("the build was not done after {} s", limits.build.as_secs());
        return Ok(Outcome::NotBuilt(why));
    };
    let program = match program(&build, question) {
        Ok(program) => program,
        Err(why) => return Ok(Outcome::NotBuilt(why)),
    };
    judge(question, contract, ("CONTRACT_BIN", program.display().to_string()), &[], limits)
}

/// Judges what `line` starts in the folder.
pub(super) fn judge_command(
    question: &Question,
    dir: &Path,
    line: &str,
    contract: &Path,
    limits: &Limits,
) -> Result<Outcome> {
    let dir = ("CONTRACT_CMD_DIR", dir.display().to_string());
    judge(question, contract, ("CONTRACT_CMD", line.to_owned()), &[dir], limits)
}

fn build(dir: &Path, offline: bool, stop: &Stop, workspace: &Workspace) -> Result<Option<Build>> {
    let mut command = cargo::cargo(workspace);
    command.current_dir(dir).arg("build").arg("--target-dir").arg(target(dir, workspace));
    if offline {
        command.arg("--offline");
    }
    cargo::run_build(command, stop, &term::status, &descendants::end)
}

/// One for each folder that is graded, so that no candidate's build meets another's.
fn target(dir: &Path, workspace: &Workspace) -> PathBuf {
    let name: String = dir.to_string_lossy().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    workspace.root.join("target/grade").join(name.trim_matches('-'))
}

/// The program to judge: the starter's by name, or the only one there is.
fn program<'a>(build: &'a Build, question: &Question) -> Result<&'a PathBuf, String> {
    let programs = &build.programs;
    if let Some(program) = programs.get(&question.starter_bin()) {
        return Ok(program);
    }
    let mut names: Vec<&str> = programs.keys().map(String::as_str).collect();
    names.sort_unstable();
    match names[..] {
        [only] => Ok(&programs[only]),
        [] => {
            let said = console::strip_ansi_codes(&build.diagnostics_but("")).into_owned();
            let lines: Vec<&str> = said.lines().collect();
            let shown = lines.iter().take(SHOWN_LINES).copied().collect::<Vec<_>>().join("\n");
            let more = lines.len().saturating_sub(SHOWN_LINES);
            Err(match more {
                0 => shown,
                more => format!("{shown}\n… and {more} more lines"),
            })
        }
        _ => Err(format!(
            "it has the programs {} and none is called {}",
            names.join(", "),
            question.starter_bin()
        )),
    }
}

fn judge(
    question: &Question,
    contract: &Path,
    subject: (&'static str, String),
    more: &[(&'static str, String)],
    limits: &Limits,
) -> Result<Outcome> {
    term::status("running the checks");
    let environment = [&[subject], more].concat();
    let verdict: Option<Verdict> = within(limits.checks, |stop| {
        judge::judge_with(question, Command::new(contract), &environment, stop)
    })?;
    Ok(match verdict {
        None => {
            Outcome::GaveUp(format!("the checks were not done after {} s", limits.checks.as_secs()))
        }
        Some(verdict) if verdict.never_started() => {
            let failure = verdict.failures().next();
            let why = failure.map(|check| check.failure.join("\n")).unwrap_or_default();
            Outcome::NotStarted(why)
        }
        Some(verdict) => Outcome::Judged(verdict),
    })
}

/// `work`, which is stopped once `limit` has passed.
fn within<T>(limit: Duration, work: impl FnOnce(&Stop) -> Result<Option<T>>) -> Result<Option<T>> {
    let stop = Stop::new();
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let watched = stop.clone();
        scope.spawn(move || {
            if is_done.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
                watched.set();
            }
        });
        let result = work(&stop);
        drop(done);
        result
    })
}
