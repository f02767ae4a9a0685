//! A learner's progress, in `progress.txt` at the root.
//!
//! The file is TOML with one line per question. Each line is read by itself, so one that cannot be
//! read costs nothing but itself, and is written back as it is. Commands that run at the same time
//! take turns: a lock in `target/` is held from reading to writing.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::PathBuf,
};

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use toml::Table;

use crate::{
    originals,
    workspace::{Question, Workspace},
};

const HEADER: &str = "\
# Your progress, written by cargo xtask and ignored by git. One line per question, as TOML; every key but number is optional:
# required and stretch: checks passed, of all; hints: how many you took; started: the first watch.
# A renamed question keeps its line by its number, a renumbered one by its name. Other lines stay as they are.
";

/// The file, line by line.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    entries: Vec<(String, Entry)>,
    /// Comments, and lines that cannot be read. They need not be UTF-8.
    others: Vec<Vec<u8>>,
    /// Why some of the progress or all of it is not known, in one line.
    trouble: Option<String>,
}

/// The progress on one question.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Entry {
    number: u8,
    /// Checks passed, and all of them, when the starter was last judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) required: Option<(usize, usize)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stretch: Option<(usize, usize)>,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) hints: usize,
    /// The first watch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) started: Option<DateTime<Utc>>,
    /// Keys of another version of this program.
    #[serde(flatten)]
    unknown: Table,
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
    /// Reads the file. Commands go on without the progress that cannot be read.
    pub(crate) fn load(workspace: &Workspace) -> Self {
        match Self::read(workspace) {
            Ok(progress) => progress,
            Err(error) => Self { trouble: Some(format!("{error:#}")), ..Self::default() },
        }
    }

    /// As [`Progress::load`], with a line on stderr for what cannot be read.
    pub(crate) fn load_or_warn(workspace: &Workspace) -> Self {
        let progress = Self::load(workspace);
        if let Some(trouble) = &progress.trouble {
            eprintln!("warning: {trouble}");
        }
        progress
    }

    fn read(workspace: &Workspace) -> Result<Self> {
        let path = path(workspace);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                return Err(error).with_context(|| {
                    format!(
                        "Failed to read your progress in {}; make it readable or delete it",
                        path.display()
                    )
                });
            }
        };
        let mut progress = Self::default();
        let mut unreadable = 0;
        let known = |line: &[u8]| HEADER.lines().any(|known| known.as_bytes() == line);
        for line in bytes.split(|byte| *byte == b'\n') {
            let line = line.trim_ascii_end();
            match parse(line) {
                _ if line.is_empty() || known(line) => {}
                Some(entry) => progress.entries.push(entry),
                None => {
                    unreadable += usize::from(!line.starts_with(b"#"));
                    progress.others.push(line.to_owned());
                }
            }
        }
        if unreadable > 0 {
            progress.trouble = Some(format!(
                "Failed to read {} of {}; fix or delete {}",
                crate::term::count(unreadable, "line"),
                path.display(),
                if unreadable == 1 { "it" } else { "them" }
            ));
        }
        Ok(progress)
    }

    /// The record of a question, which is empty if it was never touched.
    pub(crate) fn of(&self, question: &Question, workspace: &Workspace) -> Entry {
        self.position(question, workspace)
            .map_or_else(Entry::default, |at| self.entries[at].1.clone())
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

    /// Changes what is recorded for one question, in the file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or written. The message is one line, and what the caller was doing
    /// is not affected: commands report it and go on.
    pub(crate) fn update(
        question: &Question,
        workspace: &Workspace,
        change: impl FnOnce(&mut Entry),
    ) -> Result<Entry> {
        let _turn = take_turn(workspace)?;
        let mut progress = Self::read(workspace)?;
        let at = progress.position(question, workspace).unwrap_or_else(|| {
            progress.entries.push(Default::default());
            progress.entries.len() - 1
        });
        let (slug, entry) = &mut progress.entries[at];
        change(entry);
        entry.number = question.number;
        slug.clone_from(&question.slug);
        let entry = entry.clone();
        progress.entries.retain(|(_, entry)| entry.says_something());
        progress.entries.sort_by_key(|(_, entry)| entry.number);
        progress.save(workspace)?;
        Ok(entry)
    }

    fn position(&self, question: &Question, workspace: &Workspace) -> Option<usize> {
        let is_gone = |slug: &str| workspace.questions.iter().all(|other| other.slug != slug);
        let by_slug = self.entries.iter().position(|(slug, _)| *slug == question.slug);
        by_slug.or_else(|| {
            self.entries
                .iter()
                .position(|(slug, entry)| entry.number == question.number && is_gone(slug))
        })
    }

    /// Writes beside the file and renames, so that it is never half written.
    fn save(&self, workspace: &Workspace) -> Result<()> {
        let path = path(workspace);
        let failed = || format!("Failed to write your progress to {}", path.display());
        // A rename would replace a file that its owner protected.
        if fs::metadata(&path).is_ok_and(|file| file.permissions().readonly()) {
            anyhow::bail!("{}: it is read-only; make it writable or delete it", failed());
        }
        let mut text = HEADER.as_bytes().to_vec();
        for (slug, entry) in &self.entries {
            text.extend(line(slug, entry)?.as_bytes());
            text.push(b'\n');
        }
        for other in &self.others {
            text.extend(other);
            text.push(b'\n');
        }
        let written = tempfile::NamedTempFile::new_in(&workspace.root).and_then(|mut file| {
            file.write_all(&text)?;
            file.persist(&path).map_err(|failure| failure.error)
        });
        written.with_context(failed)?;
        Ok(())
    }
}

impl Entry {
    fn says_something(&self) -> bool {
        self.required.is_some()
            || self.started.is_some()
            || self.hints > 0
            || !self.unknown.is_empty()
    }
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// `crud-inmemory = { number = 13, required = [5, 9], hints = 1 }`
fn parse(line: &[u8]) -> Option<(String, Entry)> {
    let line: Table = str::from_utf8(line).ok()?.parse().ok()?;
    let (slug, entry) = line.into_iter().next()?;
    let entry: Entry = entry.try_into().ok()?;
    (entry.number > 0).then_some((slug, entry))
}

fn line(slug: &str, entry: &Entry) -> Result<String> {
    let mut line = format!("{slug} = ");
    let inline = toml::ser::ValueSerializer::new(&mut line);
    entry.serialize(inline).context("Failed to write your progress as TOML")?;
    Ok(line)
}

/// Waits until no other command changes the file. The lock is the one of a file that nobody replaces.
fn take_turn(workspace: &Workspace) -> Result<File> {
    let folder = workspace.root.join("target");
    let path = folder.join("progress.lock");
    let open = || {
        fs::create_dir_all(&folder)?;
        let file = File::options().create(true).append(true).open(&path)?;
        match file.lock() {
            // Some network file systems have no locks; those are for one person at a time.
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(file),
            result => result.map(|()| file),
        }
    };
    open().with_context(|| format!("Failed to lock your progress with {}", path.display()))
}

fn path(workspace: &Workspace) -> PathBuf {
    workspace.root.join("progress.txt")
}
