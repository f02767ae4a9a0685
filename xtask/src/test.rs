//! `test`: every contract against every solution, as `cargo test` runs them.

use std::{
    io::{self, IsTerminal},
    process::{Command, ExitCode},
    sync::Mutex,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::{
    cargo::{self, cargo},
    cli,
    process::Stop,
    term::{self, count},
    workspace::Workspace,
};

/// Without a terminal, how often the build says how far it is.
const PAUSE: Duration = Duration::from_secs(15);

pub(crate) fn run(args: &cli::Test, workspace: &Workspace) -> Result<ExitCode> {
    let mut selection = Vec::new();
    if !args.questions.is_empty() {
        for question in workspace.select_all(&args.questions)? {
            selection.extend(["--test".to_owned(), question.test_target()]);
        }
    }
    let test = |options: &[&str]| {
        let mut command = cargo(workspace);
        command.arg("test").args(options).args(&selection);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CONTRACT_") {
                command.env_remove(name);
            }
        }
        command
    };
    let what = match args.questions.len() {
        0 => format!("{} and the tools", count(workspace.questions.len(), "question")),
        number => count(number, "question"),
    };

    // In two steps, since cargo's exit code doesn't tell a failed build from a failed test.
    let build = test(&["--no-run"]);
    announce(1, "build", &what, "about 8 minutes the first time, then seconds", &build);
    let began = Instant::now();
    let built = cargo::run_build(build, &Stop::Never, &progress(began))?;
    term::status("");
    let built = built.context("Failed to build: cargo was stopped")?;
    if !built.is_done {
        eprint!("{}", built.diagnostics_but(""));
        eprintln!(
            "error: Failed to build the contracts; a starter that does not compile stops them as well: cargo xtask check NN"
        );
        return Ok(ExitCode::from(2));
    }
    eprintln!("built in {}", time(began.elapsed()));

    let mut run = test(&["--no-fail-fast"]);
    announce(2, "test", &what, "a few minutes for all questions; results as they come", &run);
    let began = Instant::now();
    let status = run.status().context("Failed to start cargo; is it installed?")?;
    let outcome = if status.success() { "all passed" } else { "NOT all passed" };
    eprintln!("{outcome} in {}", time(began.elapsed()));
    Ok(ExitCode::from(u8::from(!status.success())))
}

/// The step, how long it usually takes, and the command as it would be typed.
fn announce(step: u8, verb: &str, what: &str, usually: &str, command: &Command) {
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    eprintln!("step {step} of 2: {verb} {what} ({usually})");
    eprintln!("> cargo {}", words.join(" "));
}

/// Shows how far the build is: all the time on a terminal, now and then elsewhere.
fn progress(began: Instant) -> impl Fn(&str) + Sync {
    let is_terminal = io::stderr().is_terminal();
    let last = Mutex::new(began);
    move |text| {
        let line = || format!("{} · {text}", time(began.elapsed()));
        if is_terminal {
            return term::status(&line());
        }
        if is_due(&last, PAUSE) {
            eprintln!("{}", line());
        }
    }
}

/// Whether `pause` is over since `last`, which then is now.
fn is_due(last: &Mutex<Instant>, pause: Duration) -> bool {
    let Ok(mut last) = last.lock() else { return false };
    let is_due = last.elapsed() >= pause;
    if is_due {
        *last = Instant::now();
    }
    is_due
}

/// `7 s`, `2 min 5 s`
fn time(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ ..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_due_once_per_pause() {
        let hour = Duration::from_secs(3600);
        let last = Mutex::new(Instant::now());

        assert!(!is_due(&last, hour));
        assert!(is_due(&last, Duration::ZERO));

        let long_ago =
            Instant::now().checked_sub(Duration::from_secs(20)).expect("it is past 1970");
        let last = Mutex::new(long_ago);
        assert!(is_due(&last, PAUSE));
        assert!(!is_due(&last, PAUSE));
    }

    #[test]
    fn times_are_in_seconds_and_minutes() {
        assert_eq!(time(Duration::from_secs(59)), "59 s");
        assert_eq!(time(Duration::from_secs(125)), "2 min 5 s");
    }
}
