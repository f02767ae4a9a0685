//! The check that runs on this thread: its name, its notes, and how it ends.

use std::{
    cell::RefCell,
    collections::HashSet,
    fmt::Display,
    io::{self, Write},
    panic::{self, PanicHookInfo},
    sync::{LazyLock, Mutex, Once, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use crate::{
    failure::{Evidence, Failure, NotRun},
    report::{self, Line},
    tally,
};

thread_local! {
    static CHECK: RefCell<Option<Check>> = const { RefCell::new(None) };
}

/// Something that knows what happened before a check failed.
pub(crate) trait Witness: Send + Sync {
    fn evidence(&self) -> Evidence;
}

/// The check that runs on this thread.
struct Check {
    name: String,
    began: Instant,
    /// Its servers, in the order in which they were started.
    witnesses: Vec<Weak<dyn Witness>>,
    /// What it gave the server that was started last.
    settings: Vec<String>,
    cases: Vec<String>,
    notes: Vec<String>,
    /// Ports of stubs that it has started.
    stubs: Vec<u16>,
    is_reported: bool,
}

/// A check that ends without having failed has passed.
impl Drop for Check {
    fn drop(&mut self) {
        self.finish("passed", Vec::new(), None);
        tally::end(&self.name);
    }
}

impl Check {
    /// Reports the outcome, once.
    fn finish(&mut self, outcome: &'static str, failure: Vec<String>, cause: Option<String>) {
        if std::mem::replace(&mut self.is_reported, true) {
            return;
        }
        tally::count(&self.name, outcome, failure.first().map_or("", String::as_str));
        report::write(&Line {
            check: self.name.clone(),
            outcome,
            cause,
            failure,
            notes: self.notes.clone(),
            with: self.settings.clone(),
            took: self.began.elapsed(),
        });
    }
}

/// Says something beside the verdict of this check that is not a failure, such as "memory was not
/// measured on this platform".
pub fn note(text: &str) {
    begin();
    eprintln!("note: {text}");
    with(|check| check.notes.push(text.to_owned()));
}

/// Says beforehand that this check takes about `expected`, so that people do not think it hangs.
///
/// The line goes to stderr at once, even if libtest captures output.
pub fn announce(expected: Duration) {
    begin();
    let Some((name, sentence)) = with(|check| check.name.clone()).zip(requirement()) else {
        return;
    };
    if report::is_read() {
        report::announce(&name, expected);
    } else {
        let line = format!("{sentence}: this takes about {} s\n", expected.as_secs());
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

/// One of several cases that a check goes through, until this is dropped. See [`case()`].
#[must_use = "the case ends when this is dropped: bind it to a name"]
pub struct Case(());

/// Says which case comes next, for checks that loop over several. A failure shows it.
///
/// ```no_run
/// # use contract::{Server, json};
/// # let app = Server::start();
/// for title in ["", "  "] {
///     let _case = contract::case(format!("title {title:?}"));
///     app.post("/todos").json(json!({ "title": title })).send().expect_status(400);
/// }
/// ```
pub fn case(what: impl Display) -> Case {
    begin();
    with(|check| check.cases.push(what.to_string()));
    Case(())
}

impl Drop for Case {
    fn drop(&mut self) {
        with(|check| check.cases.pop());
    }
}

/// Begins the check of this thread, which has the same name. A thread without a name helps a check.
pub(crate) fn begin() {
    install_hook();
    report::open();
    let thread = thread::current();
    let Some(name) = thread.name() else { return };
    CHECK.with_borrow_mut(|check| {
        check.get_or_insert_with(|| {
            tally::begin();
            Check {
                name: name.to_owned(),
                began: Instant::now(),
                witnesses: Vec::new(),
                settings: Vec::new(),
                cases: Vec::new(),
                notes: Vec::new(),
                stubs: Vec::new(),
                is_reported: false,
            }
        });
    });
}

/// From here on, `witness` tells about this check, which has started a server with `settings`.
pub(crate) fn uses(witness: Weak<dyn Witness>, settings: Vec<String>) {
    with(|check| {
        check.witnesses.retain(|witness| witness.strong_count() > 0);
        check.witnesses.push(witness);
        check.settings = settings;
    });
}

/// A stub listens on `port`, and servers that this check starts may connect to it.
pub(crate) fn add_stub(port: u16) {
    begin();
    with(|check| check.stubs.push(port));
}

/// Ports to which servers of this check may connect.
pub(crate) fn stubs() -> Vec<u16> {
    with(|check| check.stubs.clone()).unwrap_or_default()
}

/// Ends the check with `failure`.
#[track_caller]
pub(crate) fn fail(failure: Failure) -> ! {
    begin();
    panic::panic_any(failure)
}

/// Ends the check without a verdict, because it cannot be run here. That is not a failure.
#[track_caller]
pub fn not_run(why: &str) -> ! {
    begin();
    panic::panic_any(NotRun(why.to_owned()))
}

/// The name of the check on this thread as a sentence.
fn requirement() -> Option<String> {
    let name = with(|check| check.name.clone())?;
    Some(name.rsplit("::").next().unwrap_or_default().replace('_', " "))
}

fn evidence() -> Evidence {
    let witnesses = with(|check| check.witnesses.clone()).unwrap_or_default();
    let alive = witnesses.iter().rev().find_map(Weak::upgrade);
    alive.map(|witness| witness.evidence()).unwrap_or_default()
}

fn with<R>(act: impl FnOnce(&mut Check) -> R) -> Option<R> {
    // Also `None` while the thread ends.
    CHECK.try_with(|check| check.borrow_mut().as_mut().map(act)).ok()?
}

/// From here on, a panic on the thread of a check and a failure on any thread are reported as
/// [`Failure`] says.
fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !tell(info) {
                usual(info);
            }
        }));
    });
}

/// Reports the panic; false if it is not about a check.
fn tell(info: &PanicHookInfo<'_>) -> bool {
    let payload = info.payload();
    let requirement = requirement();
    let heading = requirement.as_deref().unwrap_or("a helper of a check");
    if let Some(NotRun(why)) = payload.downcast_ref() {
        tell_not_run(heading, why);
        return true;
    }

    let failure = match payload.downcast_ref::<Failure>() {
        Some(failure) => failure.clone(),
        None if requirement.is_none() => return false,
        None => {
            let message = info.payload_as_str().unwrap_or("a panic without a message");
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            Failure::new(&format!("the check to hold ({place})"), message)
        }
    };
    let evidence = evidence();
    if let Some(shortage) = &evidence.shortage {
        tell_not_run(heading, shortage);
        return true;
    }
    let cases = with(|check| check.cases.clone()).unwrap_or_default();
    with(|check| check.settings.clone_from(&failure.start(&evidence).settings));
    let lines = failure.lines(&cases, &evidence);
    if failure.cause.as_deref().is_some_and(said_before) {
        eprintln!("✗ {heading}\n  as above: {}", failure.actual);
    } else {
        eprintln!("✗ {heading}\n{}", lines.join("\n"));
    }
    with(|check| check.finish("failed", lines, failure.cause));
    true
}

fn tell_not_run(heading: &str, why: &str) {
    eprintln!("– {heading}\n  not run: {why}");
    with(|check| check.finish("not_judged", vec![why.to_owned()], None));
}

/// Whether a check of this run has already failed for `cause`.
fn said_before(cause: &str) -> bool {
    static SAID: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    !SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(cause.to_owned())
}
