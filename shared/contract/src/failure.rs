//! How a failed check is told: at most twelve lines, the requirement first.

use std::ops::Range;

use crate::text::{shorten, without_color};

const MOST_LINES: usize = 12;

/// Of these, how many one value may take.
const MOST_LINES_OF_A_VALUE: usize = 3;

/// What a check panics with.
#[derive(Clone)]
pub(crate) struct Failure {
    expected: String,
    pub(crate) actual: String,
    /// Where in `actual` the difference stands, and what to say of it.
    mark: Option<(Option<Range<usize>>, String)>,
    request: Option<String>,
    curl: Option<String>,
    /// Set where every check fails for the same reason, in the same words.
    pub(crate) cause: Option<String>,
}

/// What a check panics with that cannot be judged here.
pub(crate) struct NotJudged(pub(crate) String);

/// What there is to show beside the failure itself.
#[derive(Default)]
pub(crate) struct Evidence {
    /// The requests of the check so far, each with its outcome: `POST /todos`, `201`.
    pub(crate) requests: Vec<(String, String)>,
    /// What the subject has written to stderr.
    pub(crate) stderr: String,
}

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
    pub(crate) fn lines(&self, evidence: &Evidence) -> Vec<String> {
        let earlier = &evidence.requests;
        let stderr = evidence.stderr.lines().filter(|line| !line.trim().is_empty());
        let stderr: Vec<_> = stderr.map(|line| shorten(&without_color(line), 160)).collect();
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
