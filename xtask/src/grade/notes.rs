//! What the interviewer's notes and the wrong answers have to say to a scorecard.

use std::fs;

use anyhow::{Context, Result};

use crate::{
    markdown::{Section, code_spans, items, section, subsections, tables},
    workspace::Question,
    wrong_answer,
};

pub(super) struct Notes {
    /// The dimensions of the rubric, each with its bands.
    pub(super) rubric: Vec<(String, Vec<String>)>,
    follow_ups: Vec<FollowUp>,
    /// A check, and what a candidate thinks whose answer fails it.
    thoughts: Vec<(String, String)>,
}

/// A question to ask, and the checks after whose failure it fits.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct FollowUp {
    pub(crate) question: String,
    /// What a weak and a strong candidate say; empty if the notes do not tell.
    pub(crate) weak: String,
    pub(crate) strong: String,
    pub(crate) after: Vec<String>,
    /// Whether the notes have something else below it.
    pub(crate) has_more: bool,
}

impl FollowUp {
    /// On one line, as Markdown.
    pub(crate) fn text(&self) -> String {
        let Self { question, weak, strong, .. } = self;
        format!("*{question}* Weak: {weak} Strong: {strong}")
    }
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
        self.follow_ups.iter().filter(fits).map(FollowUp::text).collect()
    }

    /// All the other ones.
    pub(super) fn other_follow_ups(&self, suggested: &[String]) -> Vec<String> {
        let texts = self.follow_ups.iter().map(FollowUp::text);
        texts.filter(|text| !suggested.contains(text)).collect()
    }

    /// What candidates think whose answers fail this check.
    pub(super) fn thoughts_behind<'a>(&'a self, check: &str) -> impl Iterator<Item = &'a str> {
        let is_behind = move |(fails, _): &&(String, String)| fails == check;
        self.thoughts.iter().filter(is_behind).map(|(_, thought)| thought.as_str())
    }
}

fn rubric(text: &str) -> Vec<(String, Vec<String>)> {
    let tables = tables(section(text, "Rubric"));
    let rows = tables.first().map_or(&[][..], |table| &table.rows);
    rows.iter()
        .map(|row| {
            let mut cells = row.iter().map(|cell| (*cell).to_owned());
            (cells.next().unwrap_or_default(), cells.collect())
        })
        .collect()
}

/// The subsections of `## Follow-ups`, each with a list: `Weak: …`, `Strong: …` and perhaps
/// ``After: `one_check`, `stretch::another` ``.
pub(crate) fn follow_ups(text: &str) -> Vec<FollowUp> {
    let read = |section: &Section| {
        let question = section.heading.to_owned();
        let mut follow_up = FollowUp { question, ..FollowUp::default() };
        for item in items(section.body) {
            let text = item.text.split_whitespace().collect::<Vec<_>>().join(" ");
            match text.split_once(": ") {
                Some(("Weak", weak)) => follow_up.weak = weak.to_owned(),
                Some(("Strong", strong)) => follow_up.strong = strong.to_owned(),
                Some(("After", checks)) => follow_up.after = code_spans(checks),
                _ => follow_up.has_more = true,
            }
        }
        follow_up
    };
    subsections(section(text, "Follow-ups")).iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follow_ups_have_a_weak_and_a_strong_answer() {
        let text = "## Follow-ups\n\n### Who wins?\n\n- Weak: the lock\n  does.\n- Strong: the later one.\n- After: `one_check`, `stretch::another`\n\n### Why?\n\n- Weak: no.\n- Strong: yes.\n- Perhaps.\n";

        let found = follow_ups(text);

        assert_eq!(found[0].text(), "*Who wins?* Weak: the lock does. Strong: the later one.");
        assert_eq!(found[0].after, ["one_check", "stretch::another"]);
        assert!(!found[0].has_more);
        assert_eq!(found[1].question, "Why?");
        assert!(found[1].after.is_empty() && found[1].has_more);
    }
}
