//! Wrong answers: patches of the solution, each with what a candidate would think.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::{Context, Result, bail};
use diffy::{ConflictStyle, DiffOptions, IncompleteHunkStyle, Line, MergeOptions, Patch};

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

/// Everything above the difference: the header as it was written.
pub(crate) fn above(patch: &str) -> &str {
    let start = patch.find("\n--- ").map_or(patch.len(), |end| end + 1);
    &patch[..start]
}

fn parse(patch: &str) -> Result<Patch<'_, str>> {
    let start = above(patch).len();
    if start == patch.len() {
        bail!("no line begins with `--- `");
    }
    Ok(Patch::from_str(&patch[start..])?)
}

/// The solution made wrong.
pub(crate) fn apply(solution: &str, patch: &str) -> Result<String> {
    Ok(diffy::apply(solution, &parse(patch)?)?)
}

/// How a patch and a version of the solution go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Every line that it keeps or removes stands where it says.
    Exact,
    /// It applies, but to other lines than it says.
    Moved,
    /// It does not apply.
    No,
}

pub(crate) fn fit(solution: &str, patch: &str) -> Fit {
    let Ok(parsed) = parse(patch) else {
        return Fit::No;
    };
    if diffy::apply(solution, &parsed).is_err() {
        return Fit::No;
    }
    let lines: Vec<&str> = solution.split_inclusive('\n').collect();
    let is_exact = parsed.hunks().iter().all(|hunk| {
        let start = hunk.old_range().start().saturating_sub(1);
        let expected = hunk.lines().iter().filter_map(|line| match line {
            Line::Context(text) | Line::Delete(text) => Some(*text),
            Line::Insert(_) => None,
        });
        lines
            .get(start..)
            .unwrap_or_default()
            .iter()
            .copied()
            .take(hunk.old_range().len())
            .eq(expected)
    });
    if is_exact { Fit::Exact } else { Fit::Moved }
}

/// A wrong answer carried over to another solution.
#[derive(Debug)]
pub(crate) enum Merge {
    /// The other solution made wrong.
    Clean(String),
    Conflicts {
        /// The same, with both versions between markers wherever they disagree.
        marked: String,
        conflicts: Vec<Conflict>,
    },
}

/// A place that both the solution and the wrong answer changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// The line of the new solution where it begins, from 1.
    pub(crate) line: usize,
    pub(crate) base: Vec<String>,
    pub(crate) ours: Vec<String>,
    pub(crate) theirs: Vec<String>,
}

/// Merges the change that `patch` makes to `base` into `solution`.
pub(crate) fn merge(base: &str, solution: &str, patch: &str) -> Result<Merge> {
    let wrong = apply(base, patch)?;
    let mut options = MergeOptions::new();
    options.set_conflict_style(ConflictStyle::Diff3);
    options.set_incomplete_hunk_style(IncompleteHunkStyle::Git);
    Ok(match options.merge(base, solution, &wrong) {
        Ok(merged) => Merge::Clean(merged),
        Err(marked) => Merge::Conflicts { conflicts: conflicts(&marked), marked },
    })
}

/// Reads the places between conflict markers.
fn conflicts(marked: &str) -> Vec<Conflict> {
    enum Side {
        Both,
        Ours,
        Base,
        Theirs,
    }
    let (mut found, mut side, mut line) = (Vec::new(), Side::Both, 1);
    let mut open = Conflict::default();
    for text in marked.lines() {
        match (&side, text.split(' ').next().unwrap_or_default()) {
            (Side::Both, "<<<<<<<") => {
                open = Conflict { line, ..Conflict::default() };
                side = Side::Ours;
            }
            (Side::Ours, "|||||||") => side = Side::Base,
            (Side::Base, "=======") => side = Side::Theirs,
            (Side::Theirs, ">>>>>>>") => {
                found.push(std::mem::take(&mut open));
                side = Side::Both;
            }
            (Side::Both, _) => line += 1,
            (Side::Ours, _) => {
                line += 1;
                open.ours.push(text.to_owned());
            }
            (Side::Base, _) => open.base.push(text.to_owned()),
            (Side::Theirs, _) => open.theirs.push(text.to_owned()),
        }
    }
    found
}

/// What turns `right` into `wrong`, as a patch of src/solution.rs.
pub(crate) fn difference(right: &str, wrong: &str) -> String {
    let mut options = DiffOptions::new();
    options.set_original_filename("src/solution.rs").set_modified_filename("src/solution.rs");
    options.create_patch(right, wrong).to_string()
}

pub(crate) fn path(question: &Question, name: &str) -> PathBuf {
    question.dir.join("wrong").join(format!("{name}.patch"))
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
