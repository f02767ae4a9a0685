//! Whether what was not to be touched is as it was handed out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::Result;
use serde::Serialize;

use crate::{
    files,
    handout::{Options, contents, hash, is_protected},
    term::count,
    workspace::{Question, Workspace},
};

/// A file that is larger was not handed out.
const LARGEST: u64 = 4 * 1024 * 1024;

#[derive(Debug, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(super) enum Untouched {
    /// There was nothing to compare with.
    NotCompared,
    AsHandedOut {
        /// Whether there is a record of the hand-out; otherwise it was compared with what would be
        /// handed out today.
        recorded: bool,
    },
    Changed {
        recorded: bool,
        changed: Vec<String>,
        missing: Vec<String>,
        added: Vec<String>,
    },
}

impl Untouched {
    pub(super) fn compare(dir: &Path, protected: &BTreeMap<String, String>) -> Self {
        Self::compare_as(dir, protected, true)
    }

    /// Where there is no record of the hand-out.
    pub(super) fn compare_with_today(
        dir: &Path,
        question: &Question,
        workspace: &Workspace,
    ) -> Result<Self> {
        let without_checks = !dir.join("tests").exists();
        let options = Options { without_checks, ..Options::default() };
        let mut protected = contents(question, &options, workspace)?;
        protected.retain(|file, _| is_protected(file));
        let protected =
            protected.into_iter().map(|(file, text)| (file, hash(text.as_bytes()))).collect();
        Ok(Self::compare_as(dir, &protected, false))
    }

    fn compare_as(dir: &Path, protected: &BTreeMap<String, String>, recorded: bool) -> Self {
        let (mut changed, mut missing) = (Vec::new(), Vec::new());
        for (file, wanted) in protected {
            let path = dir.join(file);
            // What is a link, or no file at all, was put in its place.
            match fs::symlink_metadata(&path) {
                Err(_) => missing.push(file.clone()),
                Ok(found) if !found.is_file() || found.len() > LARGEST => {
                    changed.push(file.clone())
                }
                Ok(_)
                    if fs::read(&path).map(|bytes| hash(&bytes)).ok().as_ref() != Some(wanted) =>
                {
                    changed.push(file.clone());
                }
                Ok(_) => {}
            }
        }

        let top = |file: &String| file.split('/').next().map(str::to_owned);
        let folders: BTreeSet<String> = protected.keys().filter_map(top).collect();
        let mut added = Vec::new();
        for folder in folders {
            for path in files::below(&dir.join(folder)).unwrap_or_default() {
                let file = path.strip_prefix(dir).map(files::slashed).unwrap_or_default();
                if !protected.contains_key(&file) {
                    added.push(file);
                }
            }
        }
        if changed.is_empty() && missing.is_empty() && added.is_empty() {
            return Self::AsHandedOut { recorded };
        }
        Self::Changed { recorded, changed, missing, added }
    }

    pub(super) fn is_broken(&self) -> bool {
        matches!(self, Self::Changed { .. })
    }

    pub(super) fn in_short(&self) -> String {
        match self {
            Self::NotCompared => "not compared".to_owned(),
            Self::AsHandedOut { .. } => "yes".to_owned(),
            Self::Changed { changed, missing, added, .. } => {
                format!("NO: {}", count(changed.len() + missing.len() + added.len(), "file"))
            }
        }
    }

    pub(super) fn in_words(&self) -> String {
        match self {
            Self::NotCompared => "nothing was handed out to compare with".to_owned(),
            Self::AsHandedOut { recorded: true } => "as handed out".to_owned(),
            Self::AsHandedOut { recorded: false } => {
                "as it would be handed out now; there is no record of this hand-out".to_owned()
            }
            Self::Changed { recorded, .. } => {
                let parts: Vec<String> = self
                    .files()
                    .into_iter()
                    .map(|(what, files)| format!("{what} {}", files.join(", ")))
                    .collect();
                let note = match recorded {
                    true => "",
                    false => " (compared with what would be handed out now; there is no record)",
                };
                format!("NOT as handed out: {}{note}", parts.join("; "))
            }
        }
    }

    /// What is not as it was: `changed`, `missing` and `added` files.
    pub(super) fn files(&self) -> Vec<(&'static str, &[String])> {
        let Self::Changed { changed, missing, added, .. } = self else {
            return Vec::new();
        };
        [("changed", &changed[..]), ("missing", missing), ("added", added)]
            .into_iter()
            .filter(|(_, files)| !files.is_empty())
            .collect()
    }
}
