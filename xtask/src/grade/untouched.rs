//! Whether the protected files are as they were handed out.
//!
//! Only a change that can affect a verdict counts. A file that was formatted, or that an editor left
//! behind, is only listed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use serde::Serialize;

use crate::{
    grade::{bench::Contents, confinement::Toolchain},
    handout::{Options, contents, hash, is_protected},
    process::{launcher, read_at_most},
    shown,
    term::count,
    workspace::{Question, Workspace},
};

#[derive(Debug, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(super) enum Untouched {
    /// There was nothing to compare with.
    NotCompared,
    AsHandedOut {
        /// Whether there is a record of the hand-out; otherwise it was compared with what would be
        /// handed out today.
        recorded: bool,
        /// Files that differ in their formatting only.
        formatted: Vec<String>,
    },
    Changed {
        recorded: bool,
        formatted: Vec<String>,
        changed: Vec<String>,
        missing: Vec<String>,
        added: Vec<String>,
    },
}

/// The folder that came back, as it was copied, and the tools to compare it with.
pub(super) struct Compared<'a> {
    pub(super) answer: &'a Path,
    pub(super) contents: &'a Contents,
    pub(super) toolchain: &'a Toolchain,
    pub(super) workspace: &'a Workspace,
    pub(super) is_confined: bool,
}

impl Untouched {
    /// Where there is a record of the hand-out, with the hashes in it.
    pub(super) fn compare(compared: &Compared<'_>, protected: &BTreeMap<String, String>) -> Self {
        Self::compare_as(compared, protected, true)
    }

    /// Where there is no record of the hand-out.
    pub(super) fn compare_with_today(compared: &Compared<'_>, question: &Question) -> Result<Self> {
        let without_checks = !compared.contents.files.keys().any(|file| file.starts_with("tests/"));
        let compare = |required_only| -> Result<Self> {
            let options = Options { without_checks, required_only, ..Options::default() };
            let mut protected = contents(question, &options, compared.workspace)?;
            protected.retain(|file, _| is_protected(file));
            let protected =
                protected.into_iter().map(|(file, text)| (file, hash(text.as_bytes()))).collect();
            Ok(Self::compare_as(compared, &protected, false))
        };
        // Nothing says which of the two was handed out.
        let whole = compare(false)?;
        if !whole.is_broken() {
            return Ok(whole);
        }
        let required = compare(true)?;
        Ok(if required.is_broken() { whole } else { required })
    }

    fn compare_as(
        compared: &Compared<'_>,
        protected: &BTreeMap<String, String>,
        recorded: bool,
    ) -> Self {
        let (mut changed, mut missing, mut formatted) = (Vec::new(), Vec::new(), Vec::new());
        for (file, wanted) in protected {
            let path = compared.answer.join(file);
            if !compared.contents.files.contains_key(file) {
                // A link, or something that is not a file, was put in its place.
                match compared.is_replaced(file) {
                    true => changed.push(file.clone()),
                    false => missing.push(file.clone()),
                }
            } else if fs::read(&path).is_ok_and(|bytes| hash(&bytes) == *wanted) {
            } else if compared.formatted(&path).is_some_and(|text| hash(&text) == *wanted) {
                formatted.push(file.clone());
            } else {
                changed.push(file.clone());
            }
        }

        // A build script is the one file that cargo uses although nothing names it.
        let folders: BTreeSet<&str> =
            protected.keys().filter_map(|file| file.strip_suffix("Cargo.toml")).collect();
        let scripts = folders.into_iter().map(|folder| format!("{folder}build.rs"));
        let is_there = |path: &String| {
            compared.contents.files.contains_key(path) || compared.is_replaced(path)
        };
        let is_new = |path: &String| !protected.contains_key(path);
        let added: Vec<String> = scripts.filter(is_new).filter(is_there).collect();

        if changed.is_empty() && missing.is_empty() && added.is_empty() {
            return Self::AsHandedOut { recorded, formatted };
        }
        Self::Changed { recorded, formatted, changed, missing, added }
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

    /// In one line that is safe to show.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::NotCompared => "there is no hand-out to compare with".to_owned(),
            Self::AsHandedOut { recorded: true, formatted } if formatted.is_empty() => {
                "as handed out".to_owned()
            }
            Self::AsHandedOut { recorded: true, .. } => {
                "as handed out, except for formatting".to_owned()
            }
            Self::AsHandedOut { recorded: false, .. } => {
                "the same as a hand-out made now; there is no record of this one".to_owned()
            }
            Self::Changed { recorded, .. } => {
                let parts: Vec<String> = self
                    .files()
                    .into_iter()
                    .map(|(what, files)| {
                        let names: Vec<String> =
                            files.iter().map(|file| shown::line(file)).collect();
                        format!("{what} {}", names.join(", "))
                    })
                    .collect();
                let note = match recorded {
                    true => "",
                    false => " (compared with a hand-out made now; there is no record of this one)",
                };
                format!("NOT as handed out: {}{note}", parts.join("; "))
            }
        }
    }

    /// The `changed`, `missing` and `added` files.
    pub(super) fn files(&self) -> Vec<(&'static str, &[String])> {
        let Self::Changed { changed, missing, added, .. } = self else {
            return Vec::new();
        };
        [("changed", &changed[..]), ("missing", missing), ("added", added)]
            .into_iter()
            .filter(|(_, files)| !files.is_empty())
            .collect()
    }

    /// Files that differ in their formatting only.
    pub(super) fn formatted(&self) -> &[String] {
        match self {
            Self::AsHandedOut { formatted, .. } | Self::Changed { formatted, .. } => formatted,
            Self::NotCompared => &[],
        }
    }
}

/// How long the formatter may take for one file.
const FORMATTING: Duration = Duration::from_secs(10);

impl Compared<'_> {
    /// Whether there is a link, or something that is no file, in the place of this file.
    fn is_replaced(&self, file: &str) -> bool {
        self.contents.links.contains(file)
            || self.contents.unread.iter().any(|unread| unread.path == file)
    }

    /// A Rust file as rustfmt writes it with the settings of the workspace.
    fn formatted(&self, path: &Path) -> Option<Vec<u8>> {
        const LARGEST: usize = 4 * 1024 * 1024;
        if path.extension().is_none_or(|extension| extension != "rs") {
            return None;
        }
        let rustfmt = self.toolchain.program("rustfmt");
        let settings = self.workspace.root.join("rustfmt.toml");
        let mut command = if self.is_confined {
            let mut command = Command::new(launcher());
            command.args(["__confine", "--read"]).arg(&self.toolchain.sysroot);
            command.arg("--read").arg(&settings).arg("--").arg(&rustfmt);
            command
        } else {
            Command::new(&rustfmt)
        };
        command.args(["--edition", "2024"]);
        if settings.is_file() {
            command.arg("--config-path").arg(&settings);
        }
        // Through standard input, so that rustfmt does not look for other files.
        let source = File::open(path).ok()?;
        command.stdin(source).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let stdout = child.stdout.take()?;
        let reader = thread::spawn(move || read_at_most(stdout, LARGEST));
        let deadline = Instant::now() + FORMATTING;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(2)),
                _ => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return None;
                }
            }
        };
        let (text, is_cut) = reader.join().ok()?;
        (status.success() && !is_cut).then_some(text)
    }
}
