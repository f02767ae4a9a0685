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

use std::{env, fs::OpenOptions, io::Write, time::Duration};

use serde_json::json;

/// One line of the report.
pub(crate) struct Line {
    pub(crate) check: String,
    pub(crate) outcome: &'static str,
    pub(crate) cause: Option<String>,
    pub(crate) failure: Vec<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) took: Duration,
}

pub(crate) fn write(line: &Line) {
    let Ok(path) = env::var("CONTRACT_REPORT") else {
        return;
    };
    let line = json!({
        "check": line.check,
        "outcome": line.outcome,
        "cause": line.cause,
        "failure": line.failure,
        "notes": line.notes,
        "millis": u64::try_from(line.took.as_millis()).unwrap_or(u64::MAX),
    });
    // One write, so that lines of parallel checks do not mix.
    let written = (OpenOptions::new().create(true).append(true).open(&path))
        .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    if let Err(error) = written {
        eprintln!("failed to write CONTRACT_REPORT {path}: {error}");
    }
}
