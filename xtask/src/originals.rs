//! The starters as they were handed out.
//!
//! `xtask/starters/NN-slug.rs` is a copy of each question's `src/starter.rs`. Git's history can't
//! tell which of a file's commits were the learner's, a copy can, and it needs no git.
//! `cargo xtask verify` compares the copies with the starters.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use crate::workspace::{Question, Workspace};

pub(crate) fn path(question: &Question, workspace: &Workspace) -> PathBuf {
    workspace.root.join("xtask/starters").join(format!("{}.rs", question.folder()))
}

pub(crate) fn read(question: &Question, workspace: &Workspace) -> Result<String> {
    let path = path(question, workspace);
    fs::read_to_string(&path).with_context(|| {
        format!(
            "Failed to read the original starter {}; `git log --oneline -- {}` lists the versions that git has",
            path.display(),
            question.starter().display()
        )
    })
}

/// Whether the starter is as it was handed out, up to the ends of its lines; `None` if one of them
/// can't be read.
pub(crate) fn is_untouched(question: &Question, workspace: &Workspace) -> Option<bool> {
    let original = fs::read_to_string(path(question, workspace)).ok()?;
    let starter = fs::read_to_string(question.starter()).ok()?;
    Some(original.lines().eq(starter.lines()))
}
