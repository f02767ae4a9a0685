//! A scorecard, as Markdown for people, JSON for programs, and JUnit XML for tools that show test results.
//!
//! There is no total: required and stretch are counted separately, and a person ticks the rest.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    grade::{confinement::Confined, notes::Notes, untouched::Untouched, view::View},
    handout::Record,
    judge::{self, Check, Verdict},
    shown,
    workspace::Question,
};

/// Of `scorecard.json`; docs/interviewing.md describes it.
const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
pub(super) struct Scorecard {
    version: u32,
    /// `q13-crud-inmemory`
    question: String,
    title: String,
    pub(super) folder: String,
    graded: DateTime<Utc>,
    pub(super) handout: Option<HandedOut>,
    /// SHA-256 over the files that were judged.
    pub(super) sources: Option<String>,
    pub(super) untouched: Untouched,
    /// Programs of the workspace that were changed during the grading, and then restored.
    pub(super) tampered: Vec<String>,
    pub(super) confined: Option<Confined>,
    pub(super) look: View,
    pub(super) minutes: Option<Minutes>,
    pub(super) hints: Option<u8>,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
    pub(super) exit_code: u8,
    follow_ups: Vec<String>,
}

/// The part of a hand-out's record that belongs on a scorecard.
#[derive(Debug, Serialize)]
pub(super) struct HandedOut {
    id: String,
    handed_out: DateTime<Utc>,
    started: Option<DateTime<Utc>>,
    checks: String,
    stretch: bool,
    bug: Option<String>,
}

impl From<Record> for HandedOut {
    fn from(record: Record) -> Self {
        let Record { id, handed_out, started, checks, stretch, bug, .. } = record;
        Self { id, handed_out, started, checks, stretch, bug }
    }
}

/// How many minutes the candidate took, how many there were, and how that is known.
#[derive(Debug, Serialize)]
pub(super) struct Minutes {
    pub(super) used: u64,
    pub(super) of: u32,
    pub(super) from: String,
}

#[derive(Debug)]
pub(super) enum Outcome {
    NotBuilt(String),
    NotStarted(String),
    GaveUp(String),
    Judged(Verdict),
}

impl Outcome {
    /// What happened in a few words, and why.
    pub(super) fn in_words(&self) -> (String, &str) {
        let (what, why) = match self {
            Self::NotBuilt(why) => ("not built", why.as_str()),
            Self::NotStarted(why) => ("not started", why.as_str()),
            Self::GaveUp(why) => ("not judged to the end", why.as_str()),
            Self::Judged(_) => ("judged", ""),
        };
        (what.to_owned(), why)
    }
}

/// `outcome` with `why`, or with `required`, `stretch` and `checks`.
impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let (what, why) = self.in_words();
        map.serialize_entry("outcome", &what.replace(' ', "_"))?;
        match self {
            Self::Judged(verdict) => {
                map.serialize_entry("required", &verdict.required())?;
                map.serialize_entry("stretch", &verdict.stretch())?;
                map.serialize_entry("checks", &verdict.checks)?;
            }
            _ => map.serialize_entry("why", why)?,
        }
        map.end()
    }
}

impl Scorecard {
    pub(super) fn new(
        question: &Question,
        folder: String,
        graded: DateTime<Utc>,
        outcome: Outcome,
    ) -> Self {
        let mut card = Self {
            version: VERSION,
            question: question.package.clone(),
            title: format!("{:02} {}", question.number, question.title),
            folder,
            graded,
            handout: None,
            sources: None,
            untouched: Untouched::NotCompared,
            tampered: Vec::new(),
            confined: None,
            look: View::default(),
            minutes: None,
            hints: None,
            outcome,
            exit_code: 0,
            follow_ups: Vec::new(),
        };
        card.settle();
        card
    }

    /// Sets the exit code that follows from the rest.
    pub(super) fn settle(&mut self) {
        self.exit_code = match &self.outcome {
            _ if self.untouched.is_broken() || !self.tampered.is_empty() => 3,
            Outcome::Judged(verdict) => verdict.exit_code(),
            _ => 2,
        };
    }

    pub(super) fn suggest(&mut self, notes: &Notes) {
        let failed: Vec<&str> =
            self.failures().into_iter().map(|check| check.name.as_str()).collect();
        self.follow_ups = notes.follow_ups_after(&failed);
    }

    fn checks(&self) -> &[Check] {
        match &self.outcome {
            Outcome::Judged(verdict) => &verdict.checks,
            _ => &[],
        }
    }

    fn failures(&self) -> Vec<&Check> {
        self.checks().iter().filter(|check| check.outcome == judge::Outcome::Failed).collect()
    }

    fn asks_stretch(&self) -> bool {
        self.handout.as_ref().is_none_or(|handout| handout.stretch)
    }

    pub(super) fn time_in_words(&self) -> String {
        match &self.minutes {
            Some(Minutes { used, of, from }) => format!("{used} of {of} minutes, {from}"),
            None => "not known".to_owned(),
        }
    }

    pub(super) fn time_in_short(&self) -> String {
        match &self.minutes {
            Some(Minutes { used, of, .. }) => format!("{used} of {of} min"),
            None => "not known".to_owned(),
        }
    }

    pub(super) fn hints_in_words(&self) -> String {
        self.hints.map_or("not recorded".to_owned(), |hints| format!("{hints} of 3"))
    }

    /// Writes the three files into a folder that is new, so that no notes are lost.
    pub(super) fn write(&self, question: &Question, notes: &Notes, out: &Path) -> Result<PathBuf> {
        let stem = format!("{}-{}", question.folder(), file_name(&self.folder));
        let mut names = std::iter::once(stem.clone()).chain((2..).map(|n| format!("{stem}.{n}")));
        let folder = names
            .find_map(|name| {
                let folder = out.join(name);
                match fs::create_dir(&folder) {
                    Ok(()) => Some(Ok(folder)),
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => None,
                    Err(error) => Some(Err(error)),
                }
            })
            .context("there is no free name")?
            .with_context(|| format!("Failed to write to {}", out.display()))?;
        let json = shown::json(&serde_json::to_string_pretty(self)?) + "\n";
        let markdown = self.markdown(notes)?;
        let junit = self.junit(question).to_string().context("Failed to write JUnit XML")?;
        for (name, text) in
            [("scorecard.md", markdown), ("scorecard.json", json), ("scorecard.xml", junit)]
        {
            let path = folder.join(name);
            fs::write(&path, text)
                .with_context(|| format!("Failed to write {}", path.display()))?;
        }
        Ok(folder)
    }

    pub(super) fn sources_in_words(&self) -> String {
        self.sources.as_ref().map_or("not read".to_owned(), |hash| format!("SHA-256 {hash}"))
    }

    pub(super) fn tampered_in_words(&self) -> Option<String> {
        let names: Vec<String> = self.tampered.iter().map(|name| shown::line(name)).collect();
        (!names.is_empty()).then(|| format!("changed, then restored: {}", names.join(", ")))
    }

    fn markdown(&self, notes: &Notes) -> Result<String> {
        let cell = |text: &str| shown::markdown(text);
        let mut out = format!("# {}: {}\n\n", self.title, shown::markdown(&self.folder));
        writeln!(out, "| | |\n| --- | --- |")?;
        writeln!(out, "| Graded | {} |", self.graded.format("%Y-%m-%d %H:%M UTC"))?;
        if let Some(HandedOut { id, handed_out, checks, bug, .. }) = &self.handout {
            let bug = bug.as_ref().map_or(String::new(), |bug| format!(", with the bug `{bug}`"));
            let when = handed_out.format("%Y-%m-%d %H:%M UTC");
            writeln!(out, "| Handed out | {when} with {checks}{bug} ({id}) |")?;
        }
        writeln!(out, "| Sources | {} |", self.sources_in_words())?;
        writeln!(out, "| Time | {} |", self.time_in_words())?;
        writeln!(out, "| Hints | {} |", self.hints_in_words())?;
        writeln!(out, "| Protected files | {} |", cell(&self.untouched.in_words()))?;
        if let Some(tampered) = self.tampered_in_words() {
            writeln!(out, "| Programs of this workspace | {} |", cell(&tampered))?;
        }
        if let Some(confined) = &self.confined {
            writeln!(out, "| Confined | {} |", cell(&confined.in_words()))?;
        }

        for (what, files) in self.untouched.files() {
            writeln!(out, "\n## Files that were {what}\n")?;
            for file in files {
                writeln!(out, "- {}", shown::code(file))?;
            }
        }
        match &self.outcome {
            Outcome::Judged(verdict) => {
                for (stretch, tally) in [(false, verdict.required()), (true, verdict.stretch())] {
                    let heading = match (stretch, self.asks_stretch()) {
                        (false, _) => "Required",
                        (true, true) => "Stretch",
                        (true, false) => "Stretch, which was not asked for",
                    };
                    writeln!(out, "\n## {heading}: {} of {}\n", tally.passed, tally.all())?;
                    for check in self.checks().iter().filter(|check| check.stretch == stretch) {
                        write_check(&mut out, check, notes)?;
                    }
                }
            }
            other => {
                let (what, why) = other.in_words();
                writeln!(
                    out,
                    "\n## The answer was {what}\n\n{}",
                    shown::block(why, "").trim_end()
                )?;
            }
        }

        if !self.look.all().is_empty() {
            writeln!(out, "\n## To look at\n\nNone of this is wrong in itself.\n")?;
        }
        for seen in self.look.all() {
            let names: Vec<String> =
                seen.which.iter().take(LISTED).map(|name| shown::code(name)).collect();
            let more = match seen.which.len().saturating_sub(LISTED) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            writeln!(out, "- {}: {}{more}", seen.what, names.join(", "))?;
        }

        writeln!(out, "\n## Rubric\n\nTick one box in each row.\n")?;
        writeln!(out, "| | 1 | 2 | 3 | 4 |\n| --- | --- | --- | --- | --- |")?;
        for (dimension, bands) in &notes.rubric {
            let bands: Vec<String> = bands.iter().map(|band| format!("☐ {band}")).collect();
            writeln!(out, "| {dimension} | {} |", bands.join(" | "))?;
        }
        let other = notes.other_follow_ups(&self.follow_ups);
        for (heading, follow_ups) in
            [("Follow-ups after what failed", &self.follow_ups), ("Further follow-ups", &other)]
        {
            if !follow_ups.is_empty() {
                writeln!(out, "\n## {heading}\n")?;
            }
            for follow_up in follow_ups {
                writeln!(out, "- {follow_up}")?;
            }
        }
        writeln!(out, "\n## Notes\n\n")?;
        Ok(out)
    }

    fn junit(&self, question: &Question) -> Report {
        let mut report = Report::new(&question.package);
        report.set_timestamp(self.graded);
        let mut suites = [TestSuite::new("required"), TestSuite::new("stretch")];
        for suite in &mut suites {
            suite.add_property(("folder", shown::line(&self.folder).as_str()));
            suite.add_property(("sources", self.sources_in_words().as_str()));
        }
        for check in self.checks() {
            let mut status = match check.outcome {
                judge::Outcome::Passed => TestCaseStatus::success(),
                judge::Outcome::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
                judge::Outcome::NotJudged => TestCaseStatus::skipped(),
            };
            if check.outcome != judge::Outcome::Passed {
                status.set_message(check.sentence.as_str());
                status.set_description(check.failure.join("\n"));
            }
            let mut case = TestCase::new(check.name.as_str(), status);
            case.set_classname(question.package.as_str());
            case.set_time(Duration::from_millis(check.millis));
            suites[usize::from(check.stretch)].add_test_case(case);
        }
        let untouched = match self.tampered_in_words() {
            Some(tampered) => format!("{}; {tampered}", self.untouched.in_words()),
            None => self.untouched.in_words(),
        };
        let is_touched = self.untouched.is_broken() || !self.tampered.is_empty();
        for (name, is_wrong, why) in [
            (
                "it_is_built_and_started_and_all_checks_finish",
                self.checks().is_empty(),
                self.outcome.in_words().1,
            ),
            ("protected_files_are_unchanged", is_touched, &untouched),
        ] {
            let mut status = TestCaseStatus::success();
            if is_wrong {
                status = TestCaseStatus::non_success(NonSuccessKind::Error);
                status.set_description(shown::lines(why));
            }
            let mut case = TestCase::new(name, status);
            case.set_classname(question.package.as_str());
            suites[0].add_test_case(case);
        }
        report.add_test_suites(suites);
        report
    }
}

/// More names than these are only counted.
pub(super) const LISTED: usize = 40;

/// A folder's name as part of a path on every system, which has room for 255 bytes.
fn file_name(name: &str) -> String {
    let is_kept = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    let mut kept = String::new();
    for c in name.chars().map(|c| if is_kept(c) { c } else { '_' }) {
        if kept.len() + c.len_utf8() > 100 {
            break;
        }
        kept.push(c);
    }
    kept.trim_matches([' ', '.']).to_owned()
}

fn write_check(out: &mut String, check: &Check, notes: &Notes) -> Result<()> {
    let (mark, note) = match check.outcome {
        judge::Outcome::Passed => ("x", ""),
        judge::Outcome::Failed => (" ", ""),
        judge::Outcome::NotJudged => (" ", " (not run)"),
    };
    writeln!(out, "- [{mark}] {}{note}", check.sentence)?;
    if check.outcome == judge::Outcome::Passed {
        return Ok(());
    }
    // The kit indents its lines as far as a list does.
    let lines = check.failure.iter().map(|line| line.strip_prefix("  ").unwrap_or(line));
    let block = shown::block(&lines.collect::<Vec<_>>().join("\n"), "  ");
    writeln!(out, "\n{block}")?;
    if check.outcome == judge::Outcome::Failed {
        for thought in notes.thoughts_behind(&check.name) {
            writeln!(out, "  Candidates who fail this may think: *{thought}*\n")?;
        }
    }
    Ok(())
}
