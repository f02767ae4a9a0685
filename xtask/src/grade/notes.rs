//! What the interviewer's notes and the wrong answers have to say to a scorecard.

use std::fs;

use anyhow::{Context, Result};

use crate::{markdown::section, workspace::Question, wrong_answer};

pub(super) struct Notes {
    /// The dimensions of the rubric, each with its bands.
    pub(super) rubric: Vec<(String, Vec<String>)>,
    follow_ups: Vec<FollowUp>,
    /// A check, and what someone thinks who fails it.
    thoughts: Vec<(String, String)>,
}

/// A question to ask, and the checks after whose failure it fits.
pub(crate) struct FollowUp {
    pub(crate) text: String,
    pub(crate) after: Vec<String>,
}

impl Notes {
    pub(super) fn read(question: &Question) -> Result<Self> {
        let path = question.notes();
        let text = fs::read_to_string(&path)
            .with_context(|| format!("Failed to read {}", path.display()))?;
        let mut thoughts = Vec::new();
        for patch in wrong_answer::all(question)?.values() {
            let header = wrong_answer::header(patch);
            thoughts
                .extend(header.fails.map(|check| (check.to_owned(), header.thought.to_owned())));
        }
        Ok(Self { rubric: rubric(&text), follow_ups: follow_ups(&text), thoughts })
    }

    /// The follow-ups that fit after these failures.
    pub(super) fn follow_ups_after(&self, failed: &[&str]) -> Vec<String> {
        let fits = |follow_up: &&FollowUp| {
            follow_up.after.iter().any(|check| failed.contains(&check.as_str()))
        };
        self.follow_ups.iter().filter(fits).map(|follow_up| follow_up.text.clone()).collect()
    }

    /// All the other ones.
    pub(super) fn other_follow_ups(&self, suggested: &[String]) -> Vec<String> {
        let texts = self.follow_ups.iter().map(|follow_up| follow_up.text.clone());
        texts.filter(|text| !suggested.contains(text)).collect()
    }

    /// What people think who fail this check.
    pub(super) fn thoughts_behind<'a>(&'a self, check: &str) -> impl Iterator<Item = &'a str> {
        let is_behind = move |(fails, _): &&(String, String)| fails == check;
        self.thoughts.iter().filter(is_behind).map(|(_, thought)| thought.as_str())
    }
}

fn rubric(text: &str) -> Vec<(String, Vec<String>)> {
    let rows = section(text, "## Rubric").into_iter().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        let mut cells = row.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
        (cells.next().unwrap_or_default(), cells.collect())
    })
    .collect()
}

/// The list under `## Follow-ups`. An entry may end with the checks whose failure it fits:
/// ``After `one_check`, `stretch::another`.``
pub(crate) fn follow_ups(text: &str) -> Vec<FollowUp> {
    let entries = section(text, "## Follow-ups").into_iter();
    let entries = entries.filter_map(|line| line.strip_prefix("- "));
    entries
        .map(|entry| match entry.rsplit_once(" After `") {
            Some((text, checks)) if checks.ends_with("`.") => {
                let checks = checks.trim_end_matches("`.").split("`, `");
                FollowUp { text: text.to_owned(), after: checks.map(str::to_owned).collect() }
            }
            _ => FollowUp { text: entry.to_owned(), after: Vec::new() },
        })
        .collect()
}
