//! Gate 4: every wrong answer applies, builds, and fails the check that it names.

use anyhow::{Context, Result};
use diffy::Patch;

use crate::verify::{bench::Bench, folder::Folder};

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
pub(crate) fn apply(folder: &Folder, patch: &str) -> Result<String> {
    let start = patch.find("\n--- ").context("no line begins with `--- `")? + 1;
    let patch = Patch::from_str(&patch[start..])?;
    Ok(diffy::apply(folder.text("src/solution.rs"), &patch)?)
}

/// The program that a wrong answer becomes: `q13-wrong-blank-title`.
pub(crate) fn bin(folder: &Folder, name: &str) -> String {
    format!("{}-wrong-{name}", folder.question.test_target())
}

/// How many are refused as they say.
pub(crate) fn check(bench: &mut Bench<'_>) -> Result<usize> {
    let folder = bench.folder;
    let mut refused = 0;
    for (name, patch) in folder.wrong_answers() {
        let file = format!("wrong/{name}.patch");
        let path = folder.path(&file);
        if let Err(error) = apply(folder, patch) {
            let what = format!("it does not apply to src/solution.rs: {error}");
            let mend =
                "make it again from a changed copy of the solution; CONTRIBUTING.md says how";
            bench.found.add(path, "wrong-applies", what, mend);
            continue;
        }
        let Some(verdict) = bench.judge(&bin(folder, name), &file)? else {
            continue;
        };
        bench.kills.record(&verdict, name);

        // A check that doesn't exist is an offence of gate 1.
        let Some(wanted) = header(patch).fails else { continue };
        if verdict.failures().any(|check| check.name == wanted) {
            refused += 1;
        } else {
            let others: Vec<&str> = verdict.failures().map(|check| check.name.as_str()).collect();
            let others = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
            let what = format!("it does not fail `{wanted}`, it fails {others}");
            let mend = "make the check stricter, or name a check that refuses it";
            bench.found.add(path, "wrong-passes", what, mend);
        }
    }
    Ok(refused)
}
