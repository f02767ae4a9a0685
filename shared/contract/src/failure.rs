//! How a failed check is told: at most twelve lines, the requirement first.

use std::{
    collections::HashSet,
    ops::Range,
    panic::{self, PanicHookInfo},
    sync::{LazyLock, Mutex, Once, PoisonError},
};

use crate::report;

const MOST_LINES: usize = 12;

/// Of these, how many one value may take.
const MOST_LINES_OF_A_VALUE: usize = 3;

/// What a check panics with.
#[derive(Clone)]
pub(crate) struct Failure {
    expected: String,
    actual: String,
    /// Where in `actual` the difference stands, and what to say of it.
    mark: Option<(Option<Range<usize>>, String)>,
    request: Option<String>,
    curl: Option<String>,
    /// Set where every check fails for the same reason, in the same words.
    cause: Option<String>,
}

/// What a check panics with that cannot be judged here.
pub(crate) struct NotJudged(pub(crate) String);

impl Failure {
    pub(crate) fn new(expected: &str, actual: &str) -> Self {
        Self {
            expected: expected.to_owned(),
            actual: actual.to_owned(),
            mark: None,
            request: None,
            curl: None,
            cause: None,
        }
    }

    pub(crate) fn mark_at(mut self, column: Option<Range<usize>>, what: &str) -> Self {
        self.mark = Some((column, what.to_owned()));
        self
    }

    pub(crate) fn request(mut self, summary: String, curl: Option<String>) -> Self {
        self.request = Some(summary);
        self.curl = curl;
        self
    }

    pub(crate) fn cause(mut self, cause: &str) -> Self {
        self.cause = Some(cause.to_owned());
        self
    }

    /// The lines below the requirement.
    fn lines(&self, earlier: &[(String, String)], stderr: &[String]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = |label: &str, text: &str| {
            for (i, text) in shortened(text).iter().enumerate() {
                lines.push(format!("  {:<8}  {text}", if i == 0 { label } else { "" }));
            }
        };
        // The request that is shown in full need not be shown twice.
        let in_full = self.request.as_ref().and_then(|request| {
            let is_it = |earlier: &String| {
                let rest = request.strip_prefix(earlier.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("  "))
            };
            earlier.iter().rposition(|(earlier, _)| is_it(earlier))
        });
        let earlier: Vec<_> = (earlier.iter().enumerate())
            .filter(|(i, _)| Some(*i) != in_full)
            .map(|(_, (request, outcome))| format!("{request} {outcome}"))
            .collect();
        if !earlier.is_empty() {
            line("after", &earlier[earlier.len().saturating_sub(4)..].join(", "));
        }
        if let Some(request) = &self.request {
            line("request", request);
        }
        line("expected", &self.expected);
        line("actual", &self.actual);
        match &self.mark {
            Some((Some(columns), what)) => {
                let marker = "^".repeat(columns.len().max(1));
                line("", format!("{}{marker} {what}", " ".repeat(columns.start)).trim_end());
            }
            Some((None, what)) if !what.is_empty() => line("differs", what),
            _ => {}
        }
        if let Some(curl) = &self.curl {
            line("try", curl);
        }
        let room = MOST_LINES.saturating_sub(lines.len() + 1);
        for (i, text) in stderr[stderr.len().saturating_sub(room)..].iter().enumerate() {
            lines.push(format!("  {:<8}  {text}", if i == 0 { "stderr" } else { "" }));
        }
        lines
    }
}

fn shortened(text: &str) -> Vec<String> {
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    if lines.len() > MOST_LINES_OF_A_VALUE {
        let surplus = lines.split_off(MOST_LINES_OF_A_VALUE - 1);
        lines.push(format!("… ({} more lines)", surplus.len()));
    }
    lines
}

/// Ends the check with `failure`.
#[track_caller]
pub(crate) fn fail(failure: Failure) -> ! {
    report::begin();
    panic::panic_any(failure)
}

/// Ends the check as one that cannot be judged here.
#[track_caller]
pub(crate) fn not_judged(why: &str) -> ! {
    report::begin();
    panic::panic_any(NotJudged(why.to_owned()))
}

/// From here on, a panic on the thread of a check and a failure on any thread are reported as this
/// page says.
pub(crate) fn install_hook() {
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
    let requirement = report::requirement();
    let heading = requirement.as_deref().unwrap_or("a helper of a check");
    if let Some(NotJudged(why)) = payload.downcast_ref() {
        eprintln!("– {heading}\n  not judged: {why}");
        report::not_judged(vec![why.clone()]);
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
    let (earlier, stderr) = report::context();
    let lines = failure.lines(&earlier, &stderr);
    if failure.cause.as_deref().is_some_and(said_before) {
        eprintln!("✗ {heading}\n  as above: {}", failure.actual);
    } else {
        eprintln!("✗ {heading}\n{}", lines.join("\n"));
    }
    report::failed(lines, failure.cause);
    true
}

/// Whether a check of this run has already failed for `cause`.
fn said_before(cause: &str) -> bool {
    static SAID: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    !SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(cause.to_owned())
}
