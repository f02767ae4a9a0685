//! The check that runs on this thread: its name, its notes, and how it ends.

use std::{
    cell::RefCell,
    collections::HashSet,
    panic::{self, PanicHookInfo},
    sync::{LazyLock, Mutex, Once, PoisonError, Weak},
    thread,
    time::Instant,
};

use crate::{
    failure::{Evidence, Failure, NotJudged},
    report::{self, Line},
};

thread_local! {
    static CHECK: RefCell<Option<Check>> = const { RefCell::new(None) };
}

/// What can tell about a check that fails.
pub(crate) trait Witness: Send + Sync {
    fn evidence(&self) -> Evidence;
}

/// The check that runs on this thread.
struct Check {
    name: String,
    began: Instant,
    witness: Option<Weak<dyn Witness>>,
    notes: Vec<String>,
    is_reported: bool,
}

/// A check that ends without having failed has passed.
impl Drop for Check {
    fn drop(&mut self) {
        self.finish("passed", Vec::new(), None);
    }
}

impl Check {
    /// Reports the outcome, once.
    fn finish(&mut self, outcome: &'static str, failure: Vec<String>, cause: Option<String>) {
        if std::mem::replace(&mut self.is_reported, true) {
            return;
        }
        let (check, notes) = (self.name.clone(), self.notes.clone());
        let took = self.began.elapsed();
        report::write(&Line { check, outcome, cause, failure, notes, took });
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
    install_hook();
    let thread = thread::current();
    let Some(name) = thread.name() else { return };
    CHECK.with_borrow_mut(|check| {
        check.get_or_insert_with(|| Check {
            name: name.to_owned(),
            began: Instant::now(),
            witness: None,
            notes: Vec::new(),
            is_reported: false,
        });
    });
}

/// From here on, `witness` tells about this check.
pub(crate) fn uses(witness: Weak<dyn Witness>) {
    with(|check| check.witness = Some(witness));
}

/// The name of the check on this thread as a sentence.
fn requirement() -> Option<String> {
    let name = with(|check| check.name.clone())?;
    Some(name.rsplit("::").next().unwrap_or_default().replace('_', " "))
}

fn evidence() -> Evidence {
    let witness = with(|check| check.witness.clone()).flatten();
    witness
        .and_then(|witness| witness.upgrade())
        .map(|witness| witness.evidence())
        .unwrap_or_default()
}

fn finish(outcome: &'static str, failure: Vec<String>, cause: Option<String>) {
    with(|check| check.finish(outcome, failure, cause));
}

fn with<R>(act: impl FnOnce(&mut Check) -> R) -> Option<R> {
    // None as well while the thread ends.
    CHECK.try_with(|check| check.borrow_mut().as_mut().map(act)).ok()?
}

/// Ends the check with `failure`.
#[track_caller]
pub(crate) fn fail(failure: Failure) -> ! {
    begin();
    panic::panic_any(failure)
}

/// Ends the check as one that cannot be judged here.
#[track_caller]
pub(crate) fn not_judged(why: &str) -> ! {
    begin();
    panic::panic_any(NotJudged(why.to_owned()))
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

/// Reports the panic; false if that is not for the kit to do.
fn tell(info: &PanicHookInfo<'_>) -> bool {
    let payload = info.payload();
    let requirement = requirement();
    let heading = requirement.as_deref().unwrap_or("a helper of a check");
    if let Some(NotJudged(why)) = payload.downcast_ref() {
        eprintln!("– {heading}\n  not judged: {why}");
        finish("not_judged", vec![why.clone()], None);
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
    let lines = failure.lines(&evidence());
    if failure.cause.as_deref().is_some_and(said_before) {
        eprintln!("✗ {heading}\n  as above: {}", failure.actual);
    } else {
        eprintln!("✗ {heading}\n{}", lines.join("\n"));
    }
    finish("failed", lines, failure.cause);
    true
}

/// Whether a check of this run has already failed for `cause`.
fn said_before(cause: &str) -> bool {
    static SAID: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    !SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(cause.to_owned())
}
