//! How a failed check is told: at most twelve lines, unless there is a list of faults.

use std::ops::Range;

use crate::text::{shorten, without_color};

const MOST_LINES: usize = 12;

/// Of these, how many one value may take.
const MOST_LINES_OF_A_VALUE: usize = 3;

/// How many faults are listed.
const MOST_FAULTS: usize = 20;

/// The panic payload of a check that fails.
#[derive(Clone)]
pub(crate) struct Failure {
    expected: String,
    pub(crate) actual: String,
    /// Each of several faults, in a line of its own.
    faults: Vec<String>,
    /// Where in `actual` the difference is, and what to say about it.
    mark: Option<(Option<Range<usize>>, String)>,
    request: Option<String>,
    curl: Option<String>,
    /// Set where every check fails for the same reason, in the same words.
    pub(crate) cause: Option<String>,
    shown: Shown,
    /// How the server was started, where it is gone already.
    origin: Option<Start>,
}

/// How a server was started.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Start {
    /// What the check gave it: `APP_ENV=production`.
    pub(crate) settings: Vec<String>,
    /// The command that starts the same on port 3000.
    pub(crate) command: Option<String>,
}

/// Which output of the subject is shown with the failure.
#[derive(Clone)]
enum Shown {
    Stderr,
    Stdout,
    /// That of a subject that has ended, by its name.
    Given(&'static str, String),
}

/// The panic payload of a check that cannot be run here.
pub(crate) struct NotRun(pub(crate) String);

/// What there is to show beside the failure itself.
#[derive(Default)]
pub(crate) struct Evidence {
    /// The requests of the check so far, each with its outcome: `POST /todos`, `201`.
    pub(crate) requests: Vec<(String, String)>,
    pub(crate) start: Start,
    /// What the subject has written to stdout.
    pub(crate) stdout: String,
    /// What the subject has written to stderr.
    pub(crate) stderr: String,
    /// What this machine lacks, so that no failure says anything about the subject.
    pub(crate) shortage: Option<String>,
}

impl Failure {
    pub(crate) fn new(expected: &str, actual: &str) -> Self {
        Self {
            expected: expected.to_owned(),
            actual: actual.to_owned(),
            faults: Vec::new(),
            mark: None,
            request: None,
            curl: None,
            cause: None,
            shown: Shown::Stderr,
            origin: None,
        }
    }

    pub(crate) fn faults(mut self, faults: Vec<String>) -> Self {
        self.faults = faults;
        self
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

    /// Shows stdout in place of stderr, where the failure is about stderr.
    pub(crate) fn show_stdout(mut self) -> Self {
        self.shown = Shown::Stdout;
        self
    }

    /// Shows `text` in place of the subject's stderr, as its output `name`.
    pub(crate) fn show(mut self, name: &'static str, text: &str) -> Self {
        self.shown = Shown::Given(name, text.to_owned());
        self
    }

    /// Adds how the server was started, for one that has ended.
    pub(crate) fn of(mut self, start: Start) -> Self {
        self.origin = Some(start);
        self
    }

    /// How the server that failed was started.
    pub(crate) fn start<'a>(&'a self, evidence: &'a Evidence) -> &'a Start {
        self.origin.as_ref().unwrap_or(&evidence.start)
    }

    /// The lines below the requirement. `cases` says in which of several cases the check was.
    pub(crate) fn lines(&self, cases: &[String], evidence: &Evidence) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = |label: &str, text: &str| {
            for (i, text) in shortened(text).iter().enumerate() {
                lines.push(format!("  {:<8}  {text}", if i == 0 { label } else { "" }));
            }
        };
        if !cases.is_empty() {
            line("case", &cases.join(", "));
        }
        if let Some(earlier) = self.earlier(&evidence.requests) {
            line("after", &earlier);
        }
        if let Some(request) = &self.request {
            line("request", request);
        }
        let start = self.start(evidence);
        if !start.settings.is_empty() {
            line("with", &start.settings.join(" "));
        }
        line("expected", &self.expected);
        if !self.actual.is_empty() {
            line("actual", &self.actual);
        }
        match &self.mark {
            Some((Some(columns), what)) => {
                let marker = "^".repeat(columns.len().max(1));
                line("", format!("{}{marker} {what}", " ".repeat(columns.start)).trim_end());
            }
            Some((None, what)) if !what.is_empty() => line("differs", what),
            _ => {}
        }
        for (i, fault) in self.faults.iter().take(MOST_FAULTS).enumerate() {
            line(if i == 0 { "actual" } else { "" }, fault);
        }
        if self.faults.len() > MOST_FAULTS {
            line("", &format!("… and {} more", self.faults.len() - MOST_FAULTS));
        }
        if let Some(command) = &start.command
            && (self.curl.is_some() || self.origin.is_some())
        {
            line("start", command);
        }
        if let Some(curl) = &self.curl {
            line("try", curl);
        }
        let room = (MOST_LINES + self.faults.len()).saturating_sub(lines.len() + 1);
        let (name, text) = match &self.shown {
            Shown::Stderr => ("stderr", &evidence.stderr),
            Shown::Stdout => ("stdout", &evidence.stdout),
            Shown::Given(name, text) => (*name, text),
        };
        let output = text.lines().filter(|line| !line.trim().is_empty());
        let output: Vec<_> = output.map(|line| shorten(&without_color(line), 160)).collect();
        for (i, text) in output[output.len().saturating_sub(room)..].iter().enumerate() {
            lines.push(format!("  {:<8}  {text}", if i == 0 { name } else { "" }));
        }
        lines
    }

    /// The last requests before this one with their outcomes.
    fn earlier(&self, requests: &[(String, String)]) -> Option<String> {
        // The request of the failure is shown in full elsewhere.
        let in_full = self.request.as_ref().and_then(|request| {
            let is_it = |earlier: &String| {
                let rest = request.strip_prefix(earlier.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("  "))
            };
            requests.iter().rposition(|(earlier, _)| is_it(earlier))
        });
        let earlier: Vec<_> = (requests.iter().enumerate())
            .filter(|(i, _)| Some(*i) != in_full)
            .map(|(_, (request, outcome))| format!("{request} {outcome}"))
            .collect();
        let last = earlier.len().saturating_sub(4);
        (!earlier.is_empty()).then(|| earlier[last..].join(", "))
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
