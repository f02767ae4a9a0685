//! The machine-readable report: one JSON line per check, appended to the file that
//! `CONTRACT_REPORT` names.
//!
//! ```json
//! {"check":"stretch::titles_of_blanks_are_refused","outcome":"failed","cause":null,
//!  "failure":["  request   POST /todos  {\"title\":\" \"}","  …"],"notes":[],"millis":12}
//! ```
//!
//! `outcome` is `passed`, `failed` or `not_judged`. `failure` holds what is printed below the
//! requirement. `cause` is set when the failure has nothing to do with this check alone, and then
//! reads the same for all of them. `millis` is the time since the check's first step.

use std::{cell::RefCell, env, fs::OpenOptions, io::Write, sync::Weak, thread, time::Instant};

use serde_json::{Value, json};

use crate::{failure, request::shorten, server::Inner};

thread_local! {
    static CHECK: RefCell<Option<Check>> = const { RefCell::new(None) };
}

/// The check that runs on this thread.
struct Check {
    name: String,
    began: Instant,
    server: Weak<Inner>,
    notes: Vec<String>,
    reported: bool,
}

/// A check that ends without having failed has passed.
impl Drop for Check {
    fn drop(&mut self) {
        if !self.reported {
            self.write("passed", &[], None);
        }
    }
}

impl Check {
    fn write(&mut self, outcome: &str, failure: &[String], cause: Option<String>) {
        self.reported = true;
        let Ok(path) = env::var("CONTRACT_REPORT") else {
            return;
        };
        let line: Value = json!({
            "check": self.name,
            "outcome": outcome,
            "cause": cause,
            "failure": failure,
            "notes": self.notes,
            "millis": u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        // One write, so that lines of parallel checks do not mix.
        let written = (OpenOptions::new().create(true).append(true).open(&path))
            .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        if let Err(error) = written {
            eprintln!("failed to write CONTRACT_REPORT {path}: {error}");
        }
    }
}

/// Says beside the verdict of this check something that is no failure, such as "memory was not
/// measured on this platform".
pub fn note(text: &str) {
    begin();
    eprintln!("note: {text}");
    with(|check| check.notes.push(text.to_owned()));
}

/// The name of a check is that of its thread. A thread without a name is a helper of one.
pub(crate) fn begin() {
    failure::install_hook();
    let thread = thread::current();
    let Some(name) = thread.name() else { return };
    CHECK.with_borrow_mut(|check| {
        check.get_or_insert_with(|| Check {
            name: name.to_owned(),
            began: Instant::now(),
            server: Weak::new(),
            notes: Vec::new(),
            reported: false,
        });
    });
}

pub(crate) fn uses(server: Weak<Inner>) {
    with(|check| check.server = server);
}

/// The name of the check on this thread as a sentence.
pub(crate) fn requirement() -> Option<String> {
    let name = with(|check| check.name.clone())?;
    Some(name.rsplit("::").next().unwrap_or_default().replace('_', " "))
}

/// The requests of this check so far, and what the subject has written to stderr, in lines.
pub(crate) fn context() -> (Vec<(String, String)>, Vec<String>) {
    let Some(server) = with(|check| check.server.clone()).and_then(|server| server.upgrade())
    else {
        return Default::default();
    };
    let text = server.stderr.text();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    (server.trail(), lines.map(|line| shorten(&without_colour(line), 160)).collect())
}

/// Without the escape sequences that loggers write for terminals.
fn without_colour(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(
            part.trim_start_matches(|c: char| !c.is_ascii_alphabetic())
                .get(1..)
                .unwrap_or_default(),
        );
    }
    text
}

pub(crate) fn failed(lines: Vec<String>, cause: Option<String>) {
    with(|check| check.write("failed", &lines, cause));
}

pub(crate) fn not_judged(why: Vec<String>) {
    with(|check| check.write("not_judged", &why, None));
}

fn with<R>(act: impl FnOnce(&mut Check) -> R) -> Option<R> {
    // None as well while the thread ends.
    CHECK.try_with(|check| check.borrow_mut().as_mut().map(act)).ok()?
}
