//! Wrong answers: patches of the solution, each with what a candidate would think.

use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result};
use diffy::Patch;

use crate::{files, workspace::Question};

/// What stands above the difference in a wrong answer.
pub(crate) struct Header<'a> {
    /// What a candidate would think.
    pub(crate) thought: &'a str,
    /// The check that refuses it.
    pub(crate) fails: Option<&'a str>,
}

pub(crate) fn header(patch: &str) -> Header<'_> {
    let above = || patch.lines().take_while(|line| !line.starts_with("--- "));
    let first = above().next().unwrap_or_default().trim();
    let thought = if first.starts_with("fails:") { "" } else { first };
    let fails = above().find_map(|line| line.strip_prefix("fails:")).map(str::trim);
    Header { thought, fails }
}

/// The solution made wrong.
pub(crate) fn apply(solution: &str, patch: &str) -> Result<String> {
    let start = patch.find("\n--- ").context("no line begins with `--- `")? + 1;
    let patch = Patch::from_str(&patch[start..])?;
    Ok(diffy::apply(solution, &patch)?)
}

/// The patches in `wrong/` by their names: `blank-title`.
pub(crate) fn all(question: &Question) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for path in files::below(&question.dir.join("wrong")).unwrap_or_default() {
        if let Some(name) = files::name(&path).strip_suffix(".patch") {
            let patch = fs::read_to_string(&path);
            let patch = patch.with_context(|| format!("Failed to read {}", path.display()))?;
            found.insert(name.to_owned(), patch);
        }
    }
    Ok(found)
}
