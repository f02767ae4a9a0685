//! The record of a hand-out: its parts, its times, and the hashes of the files that must not change.
//!
//! `handouts/ID.json` stays with the interviewer and is ignored by git; the folder that was handed out
//! carries the id in `.handout.toml`.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    files,
    handout::{Options, is_protected},
    workspace::{Question, Workspace},
};

/// The file of the folder that says which hand-out it is.
pub(crate) const MARKER: &str = ".handout.toml";

const FOLDER: &str = "handouts";

/// In bytes; ours has 200.
const LONGEST_MARKER: u64 = 64 * 1024;

/// One hand-out, as `handouts/ID.json` holds it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Of this format: 1.
    pub(crate) version: u32,
    /// `q13-20260131-120000`
    pub(crate) id: String,
    /// `q13-crud-inmemory`
    pub(crate) question: String,
    pub(crate) handed_out: DateTime<Utc>,
    /// When the interviewer started the clock: `cargo xtask start`.
    #[serde(default)]
    pub(crate) started: Option<DateTime<Utc>>,
    pub(crate) minutes: u32,
    /// Where it was put on this machine.
    pub(crate) folder: String,
    /// `all checks`, `the required checks`, `no checks`, or `no checks, and no stretch part`.
    pub(crate) checks: String,
    /// Whether the prompt had its stretch part.
    #[serde(default = "yes")]
    pub(crate) stretch: bool,
    /// The wrong answer that was handed out in place of the starter.
    pub(crate) bug: Option<String>,
    /// SHA-256 of every file that is to stay as it is, by its path.
    pub(crate) protected: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct Marker {
    id: String,
}

impl Record {
    pub(crate) fn new(
        question: &Question,
        options: &Options,
        folder: &Path,
        files: &BTreeMap<String, String>,
        now: DateTime<Utc>,
        workspace: &Workspace,
    ) -> Self {
        let stem = format!("{}-{}", question.test_target(), now.format("%Y%m%d-%H%M%S"));
        let is_free =
            |id: &String| !workspace.root.join(FOLDER).join(format!("{id}.json")).exists();
        let mut ids = std::iter::once(stem.clone()).chain((2..).map(|n| format!("{stem}-{n}")));
        let protected = files.iter().filter(|(file, _)| is_protected(file));
        Self {
            version: 1,
            id: ids.find(is_free).unwrap_or(stem),
            question: question.package.clone(),
            handed_out: now,
            started: None,
            minutes: question.minutes,
            folder: folder.display().to_string(),
            checks: options.checks().to_owned(),
            stretch: !options.required_only,
            bug: options.bug.clone(),
            protected: protected
                .map(|(file, text)| (file.clone(), hash(text.as_bytes())))
                .collect(),
        }
    }

    /// The text of `.handout.toml`: nothing that the candidate must not know.
    pub(crate) fn marker(&self) -> String {
        let time = self.handed_out.to_rfc3339_opts(SecondsFormat::Secs, true);
        format!(
            "# Which hand-out this is. Please leave it here.\nid = \"{}\"\nquestion = \"{}\"\nhanded_out = \"{time}\"\n",
            self.id, self.question
        )
    }

    pub(crate) fn keep(&self, workspace: &Workspace) -> Result<()> {
        let folder = workspace.root.join(FOLDER);
        files::private_folder(&folder)
            .and_then(|()| {
                let text = serde_json::to_string_pretty(self)? + "\n";
                fs::write(folder.join(format!("{}.json", self.id)), text)
            })
            .with_context(|| format!("Failed to keep the record in {}", folder.display()))
    }

    /// The record of the hand-out in `folder`; `None` if it has no marker, or no record has its id.
    pub(crate) fn of(folder: &Path, workspace: &Workspace) -> Result<Option<Self>> {
        let Some(marker) = files::text_within(&folder.join(MARKER), LONGEST_MARKER) else {
            return Ok(None);
        };
        let Ok(Marker { id }) = toml::from_str(&marker) else {
            return Ok(None);
        };
        Self::with_id(&id, workspace)
    }

    /// The record with this id, which may come from the candidate; `None` if it does not exist.
    pub(crate) fn with_id(id: &str, workspace: &Workspace) -> Result<Option<Self>> {
        // An id becomes part of a path.
        if !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Ok(None);
        }
        let path = workspace.root.join(FOLDER).join(format!("{id}.json"));
        let Ok(text) = fs::read_to_string(&path) else {
            return Ok(None);
        };
        let record = serde_json::from_str(&text);
        record.map(Some).with_context(|| format!("Failed to read {}", path.display()))
    }

    /// All records, the newest first.
    pub(crate) fn all(workspace: &Workspace) -> Result<Vec<Self>> {
        let mut records = Vec::new();
        let paths = files::below(&workspace.root.join(FOLDER)).unwrap_or_default();
        for path in paths.iter().filter(|path| path.extension().is_some_and(|it| it == "json")) {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            records.extend(Self::with_id(&stem, workspace)?);
        }
        records.sort_by_key(|record| std::cmp::Reverse(record.handed_out));
        Ok(records)
    }
}

/// SHA-256 as hexadecimal text. Line ends don't count: version control may have changed them.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
