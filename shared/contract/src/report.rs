//! The machine-readable report: one JSON line per check, written to the channel that
//! `CONTRACT_REPORT` names.
//!
//! ```json
//! {"check":"stretch::blank_titles_are_refused","outcome":"failed","cause":null,
//!  "failure":["  request   POST /todos  {\"title\":\" \"}","  …"],"notes":[],
//!  "with":["APP_ENV=production"],"millis":12}
//! ```
//!
//! `outcome` is `passed`, `failed` or `not_judged`, which reports for people call *not run*. `failure` holds
//! what is printed below the requirement, or why the check was not run. `cause` is set when the
//! failure has nothing to do with this check alone, and then reads the same for all of them. `with`
//! is the environment that the check gave the server. `millis` is the time since the check's first
//! step.
//!
//! `CONTRACT_REPORT=stdin` says that stdin is the channel, open for writing: the write end of a pipe
//! or one end of a socket pair. The kit duplicates it before it starts any process and closes stdin,
//! so no process that a check starts holds it. On Linux the kit also forbids other processes of the
//! same user to look into its own (`PR_SET_DUMPABLE`), because a server could otherwise open the
//! channel through `/proc`.
//!
//! There is one line per check. The exit status is 101 if at least one line says `failed`, and 0
//! otherwise. A reader must distrust a report that does not agree with that.

use std::{
    env,
    fs::File,
    io::{self, Write},
    process,
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};

/// One line of the report.
pub(crate) struct Line {
    pub(crate) check: String,
    pub(crate) outcome: &'static str,
    pub(crate) cause: Option<String>,
    pub(crate) failure: Vec<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) with: Vec<String>,
    pub(crate) took: Duration,
}

static CHANNEL: LazyLock<Option<Mutex<File>>> = LazyLock::new(|| {
    let channel = env::var_os("CONTRACT_REPORT")?;
    let opened =
        if channel == "stdin" { take_stdin() } else { Err(io::Error::other("it must be stdin")) };
    match opened {
        Ok(file) => Some(Mutex::new(file)),
        Err(error) => {
            // The reader finds an empty report then, which it does not trust.
            eprintln!("Failed to open CONTRACT_REPORT={}: {error}", channel.display());
            process::exit(2);
        }
    }
});

/// Opens the channel. To be called before any process is started.
pub(crate) fn open() {
    LazyLock::force(&CHANNEL);
}

/// Whether a program reads the report.
pub(crate) fn is_read() -> bool {
    CHANNEL.is_some()
}

pub(crate) fn write(line: &Line) {
    let mut object = json!({
        "check": line.check,
        "outcome": line.outcome,
        "cause": line.cause,
        "failure": line.failure,
        "notes": line.notes,
        "millis": u64::try_from(line.took.as_millis()).unwrap_or(u64::MAX),
    });
    if !line.with.is_empty() {
        object["with"] = json!(line.with);
    }
    write_object(&object);
}

/// Says that `check` takes about `expected`, if the reader has asked for such lines.
pub(crate) fn announce(check: &str, expected: Duration) {
    if env::var_os("CONTRACT_ANNOUNCE").is_some() {
        write_object(&json!({ "check": check, "announced_millis": expected.as_millis() as u64 }));
    }
}

fn write_object(object: &Value) {
    let Some(channel) = &*CHANNEL else { return };
    let mut channel = channel.lock().unwrap_or_else(PoisonError::into_inner);
    // One write, so that the lines of other writers do not mix with it.
    if let Err(error) = channel.write_all(format!("{object}\n").as_bytes()) {
        eprintln!("Failed to write the report: {error}");
    }
}

#[cfg(unix)]
fn take_stdin() -> io::Result<File> {
    use std::os::fd::AsFd;

    let channel = io::stdin().as_fd().try_clone_to_owned()?;
    // What a check starts by itself would inherit it.
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    forbid_others_to_look();
    Ok(channel.into())
}

#[cfg(windows)]
fn take_stdin() -> io::Result<File> {
    use std::os::windows::io::AsHandle;

    Ok(io::stdin().as_handle().try_clone_to_owned()?.into())
}

#[cfg(target_os = "linux")]
fn forbid_others_to_look() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};

    // It is read from /proc, where nothing can be read afterwards unless the user is root.
    let _ = procfs::ticks_per_second();
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        eprintln!("Failed to keep other processes from looking into this one: {error}");
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn forbid_others_to_look() {}
