//! The result of all checks of a run together, for people who run plain `cargo test`, and for the exit
//! status.

use std::{
    collections::BTreeSet,
    env,
    io::{self, Write},
    process::{self, Command, Stdio},
    sync::{LazyLock, Mutex, PoisonError},
};

use crate::{environment, guard, report};

/// Whether the last line of the output sums up the checks: not where a program reads the report, and
/// not under nextest, which runs every check in a process of its own.
pub(crate) fn is_shown() -> bool {
    static ANSWER: LazyLock<bool> = LazyLock::new(|| {
        let is_alone = env::var_os("NEXTEST").is_some();
        !report::is_read() && !is_alone && environment::is_of_a_question()
    });
    *ANSWER
}

static RUN: Mutex<Run> = Mutex::new(Run {
    running: 0,
    required: Part::NONE,
    stretch: Part::NONE,
    failed: 0,
    not_run: Vec::new(),
    ended: BTreeSet::new(),
});

struct Run {
    running: usize,
    required: Part,
    stretch: Part,
    failed: usize,
    /// Names and reasons.
    not_run: Vec<(String, String)>,
    ended: BTreeSet<String>,
}

struct Part {
    passed: usize,
    all: usize,
}

impl Part {
    const NONE: Self = Self { passed: 0, all: 0 };
}

/// A check has begun.
pub(crate) fn begin() {
    let mut run = RUN.lock().unwrap_or_else(PoisonError::into_inner);
    run.running += 1;
    run.show();
}

/// The check `name` has come to its outcome; `why` says why it was not run.
pub(crate) fn count(name: &str, outcome: &str, why: &str) {
    let mut run = RUN.lock().unwrap_or_else(PoisonError::into_inner);
    let part = if name.starts_with("stretch::") { &mut run.stretch } else { &mut run.required };
    part.all += 1;
    match outcome {
        "passed" => part.passed += 1,
        "failed" => run.failed += 1,
        _ => run.not_run.push((name.to_owned(), why.to_owned())),
    }
}

/// The thread of the check `name` ends. Does not return if that was the last check and libtest would
/// take checks that were not run for failed ones.
pub(crate) fn end(name: &str) {
    let mut run = RUN.lock().unwrap_or_else(PoisonError::into_inner);
    run.running -= 1;
    run.ended.insert(name.to_owned());
    run.show();
    if run.running == 0 && run.failed == 0 && !run.not_run.is_empty() && run.is_complete() {
        run.list_what_was_not_run();
        process::exit(0);
    }
}

impl Run {
    /// `required 6/6 · stretch 3/4 (2 checks not run)`
    fn summary(&self) -> String {
        let mut text = format!("required {}/{}", self.required.passed, self.required.all);
        if self.stretch.all > 0 {
            text += &format!(" · stretch {}/{}", self.stretch.passed, self.stretch.all);
        }
        match self.not_run.len() {
            0 => text,
            1 => text + " (1 check not run)",
            count => text + &format!(" ({count} checks not run)"),
        }
    }

    /// A run that ends early leaves no summary.
    fn show(&self) {
        if is_shown() {
            guard::print_at_the_end(&if self.running == 0 {
                self.summary()
            } else {
                String::new()
            });
        }
    }

    /// Whether every check that libtest was asked for has ended.
    fn is_complete(&self) -> bool {
        selected().is_some_and(|selected| selected.is_subset(&self.ended))
    }

    fn list_what_was_not_run(&self) {
        if report::is_read() {
            return;
        }
        let mut text = "\nnot run, which is not a failure:\n".to_owned();
        for (name, why) in &self.not_run {
            text += &format!("  {name}: {why}\n");
        }
        let mut stdout = io::stdout();
        let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    }
}

/// The names of the tests that libtest runs with the arguments of this process.
fn selected() -> Option<BTreeSet<String>> {
    let mut arguments = env::args().skip(1);
    let mut wanted = vec!["--list".to_owned(), "--format=terse".to_owned()];
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--exact" | "--ignored" | "--include-ignored" => wanted.push(argument),
            "--skip" => wanted.extend([argument, arguments.next()?]),
            "--test-threads" | "--format" | "--color" | "--logfile" | "-Z" => {
                drop(arguments.next())
            }
            _ if argument.starts_with("--skip=") || !argument.starts_with('-') => {
                wanted.push(argument);
            }
            _ => {}
        }
    }
    let mut list = Command::new(env::current_exe().ok()?);
    list.args(wanted).stdin(Stdio::null()).stderr(Stdio::null());
    let output = list.output().ok().filter(|output| output.status.success())?;
    let names = String::from_utf8(output.stdout).ok()?;
    Some(names.lines().filter_map(|line| Some(line.strip_suffix(": test")?.to_owned())).collect())
}
