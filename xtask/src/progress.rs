//! What a learner has done, in `progress.txt` at the root.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::PathBuf,
};

use anyhow::{Context, Result};

use crate::{
    originals,
    workspace::{Question, Workspace},
};

const HEADER: &str = "\
# Your progress, kept by cargo xtask and ignored by git. One line per question, every part of it optional:
# NUMBER SLUG required=PASSED/ALL stretch=PASSED/ALL hints=TAKEN started=SECONDS_SINCE_1970
# A renamed question keeps its line by its number, a renumbered one by its slug. Other lines are left alone.
";

/// The file, line by line.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    entries: Vec<Entry>,
    unknown: Vec<String>,
}

/// What is known of one question.
#[derive(Debug, Default, Clone)]
pub(crate) struct Entry {
    number: u8,
    slug: String,
    /// Checks passed, and all of them, when the starter was last judged.
    pub(crate) required: Option<(usize, usize)>,
    pub(crate) stretch: Option<(usize, usize)>,
    pub(crate) hints: usize,
    /// The first watch, in seconds since 1970.
    pub(crate) started: Option<u64>,
    unknown: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The starter is the original.
    Untouched,
    /// The starter was changed and not yet judged.
    Edited,
    Partly(usize, usize),
    Done,
    DoneWithStretch,
}

impl State {
    pub(crate) fn is_done(self) -> bool {
        matches!(self, Self::Done | Self::DoneWithStretch)
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Untouched => write!(f, "untouched"),
            Self::Edited => write!(f, "edited"),
            Self::Partly(passed, all) => write!(f, "{passed}/{all}"),
            Self::Done => write!(f, "done"),
            Self::DoneWithStretch => write!(f, "done with stretch"),
        }
    }
}

impl Progress {
    pub(crate) fn load(workspace: &Workspace) -> Result<Self> {
        let path = path(workspace);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("Failed to read {}", path.display()));
            }
        };
        let mut progress = Self::default();
        for line in text.lines().filter(|line| !HEADER.lines().any(|known| known == *line)) {
            match Entry::parse(line) {
                Some(entry) => progress.entries.push(entry),
                None => progress.unknown.push(line.to_owned()),
            }
        }
        Ok(progress)
    }

    /// What is known of a question; nothing if it was never touched.
    pub(crate) fn of(&self, question: &Question, workspace: &Workspace) -> Entry {
        self.position(question, workspace)
            .map_or_else(Entry::default, |at| self.entries[at].clone())
    }

    pub(crate) fn state(&self, question: &Question, workspace: &Workspace) -> State {
        let entry = self.of(question, workspace);
        let untouched = originals::is_untouched(question, workspace);
        match (entry.required, entry.stretch) {
            _ if untouched == Some(true) => State::Untouched,
            (None, _) if untouched.is_none() => State::Untouched,
            (None, _) => State::Edited,
            (Some((passed, all)), _) if passed < all => State::Partly(passed, all),
            (_, Some((passed, all))) if passed == all && all > 0 => State::DoneWithStretch,
            _ => State::Done,
        }
    }

    /// Changes what is known of one question, in the file.
    pub(crate) fn update(
        question: &Question,
        workspace: &Workspace,
        change: impl FnOnce(&mut Entry),
    ) -> Result<Entry> {
        let mut progress = Self::load(workspace)?;
        let at = progress.position(question, workspace).unwrap_or_else(|| {
            progress.entries.push(Entry::default());
            progress.entries.len() - 1
        });
        let entry = &mut progress.entries[at];
        change(entry);
        entry.number = question.number;
        entry.slug.clone_from(&question.slug);
        let entry = entry.clone();
        progress.entries.retain(Entry::says_something);
        progress.entries.sort_by_key(|entry| entry.number);
        progress.save(workspace)?;
        Ok(entry)
    }

    fn position(&self, question: &Question, workspace: &Workspace) -> Option<usize> {
        let is_gone = |slug: &str| workspace.questions.iter().all(|other| other.slug != slug);
        let by_slug = self.entries.iter().position(|entry| entry.slug == question.slug);
        by_slug.or_else(|| {
            self.entries
                .iter()
                .position(|entry| entry.number == question.number && is_gone(&entry.slug))
        })
    }

    /// Writes beside the file and renames, so that it is never half written.
    fn save(&self, workspace: &Workspace) -> Result<()> {
        let path = path(workspace);
        let mut text = HEADER.to_owned();
        for line in self.entries.iter().map(Entry::line).chain(self.unknown.iter().cloned()) {
            text.push_str(&line);
            text.push('\n');
        }
        let written = tempfile::NamedTempFile::new_in(&workspace.root).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.persist(&path).map_err(|failure| failure.error)
        });
        written.with_context(|| format!("Failed to write {}", path.display()))?;
        Ok(())
    }
}

impl Entry {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let number = words.next()?.parse().ok()?;
        let slug = words.next().filter(|slug| !slug.contains('='))?.to_owned();
        let mut entry = Self { number, slug, ..Self::default() };
        for word in words {
            let known = match word.split_once('=') {
                Some(("required", value)) => parts(value).map(|value| entry.required = Some(value)),
                Some(("stretch", value)) => parts(value).map(|value| entry.stretch = Some(value)),
                Some(("hints", value)) => value.parse().ok().map(|value| entry.hints = value),
                Some(("started", value)) => {
                    value.parse().ok().map(|value| entry.started = Some(value))
                }
                _ => None,
            };
            if known.is_none() {
                entry.unknown.push(word.to_owned());
            }
        }
        Some(entry)
    }

    fn says_something(&self) -> bool {
        self.required.is_some()
            || self.started.is_some()
            || self.hints > 0
            || !self.unknown.is_empty()
    }

    fn line(&self) -> String {
        let mut line = format!("{:02} {}", self.number, self.slug);
        for (name, value) in [("required", self.required), ("stretch", self.stretch)] {
            if let Some((passed, all)) = value {
                line.push_str(&format!(" {name}={passed}/{all}"));
            }
        }
        if self.hints > 0 {
            line.push_str(&format!(" hints={}", self.hints));
        }
        if let Some(started) = self.started {
            line.push_str(&format!(" started={started}"));
        }
        for word in &self.unknown {
            line.push_str(&format!(" {word}"));
        }
        line
    }
}

fn parts(value: &str) -> Option<(usize, usize)> {
    let (passed, all) = value.split_once('/')?;
    Some((passed.parse().ok()?, all.parse().ok()?))
}

fn path(workspace: &Workspace) -> PathBuf {
    workspace.root.join("progress.txt")
}
