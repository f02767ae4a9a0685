//! Gate 1: every folder is complete, and like every other.

mod contract;
mod manifest;
mod notes;
mod readme;
mod routes;
mod sources;
mod wrong;

pub(crate) use manifest::is_slug;

use crate::{
    markdown::section,
    template::Values,
    verify::{folder::Folder, offence::Offences},
};

/// What every folder holds, beside `wrong/*.patch`.
const EXPECTED: [&str; 6] = [
    "Cargo.toml",
    "README.md",
    "INTERVIEWER.md",
    "src/starter.rs",
    "src/solution.rs",
    "tests/contract.rs",
];

pub(crate) fn check(folder: &Folder, found: &mut Offences) {
    files(folder, found);
    manifest::check(folder, found);
    let present = |file: &str| folder.files.contains_key(file);
    if present("README.md") {
        readme::check(folder, found);
    }
    if present("INTERVIEWER.md") {
        notes::check(folder, found);
    }
    if present("tests/contract.rs") {
        contract::check(folder, found);
        wrong::check(folder, found);
    }
    sources::check(folder, found);
    if ["README.md", "src/starter.rs", "src/solution.rs"].into_iter().all(present) {
        routes::check(folder, found);
    }
}

fn files(folder: &Folder, found: &mut Offences) {
    for file in EXPECTED.iter().filter(|file| !folder.files.contains_key(**file)) {
        let like = format!("write it; xtask/template/{file} is the pattern");
        found.add(folder.path(file), "files", "the file is missing", like);
    }
    for file in folder.files.keys() {
        let is_patch = file
            .strip_prefix("wrong/")
            .and_then(|name| name.strip_suffix(".patch"))
            .is_some_and(|name| !name.contains('/'));
        if !is_patch && !EXPECTED.contains(&file.as_str()) {
            let path = folder.path(file);
            found.add(&path, "files", "a question has no such file", format!("rm {path}"));
        }
    }
}

/// What the template would be in this folder.
fn values(folder: &Folder) -> Values<'_> {
    let question = &folder.question;
    Values {
        number: question.number,
        slug: &question.slug,
        title: &question.title,
        tier: question.tier,
        minutes: question.minutes,
    }
}

/// The first place where two texts differ, line by line: its index, the line, the expected line.
fn first_difference<'a>(
    actual: &'a [&'a str],
    expected: &'a [&'a str],
) -> Option<(usize, &'a str, &'a str)> {
    let lines = actual.len().max(expected.len());
    let line = |of: &[&'a str], at: usize| of.get(at).copied().unwrap_or_default();
    (0..lines)
        .find(|&at| actual.get(at) != expected.get(at))
        .map(|at| (at, line(actual, at), line(expected, at)))
}

/// The headings of the second level, which must be exactly these.
fn headings(folder: &Folder, file: &str, expected: &[&str], found: &mut Offences) {
    let mut in_code = false;
    let actual: Vec<&str> = folder
        .text(file)
        .lines()
        .filter(|line| {
            in_code ^= line.starts_with("```");
            !in_code
        })
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    if let Some((_, actual, expected_here)) = first_difference(&actual, expected) {
        let what = match (actual, expected_here) {
            ("", missing) => format!("the heading `## {missing}` is missing"),
            (more, "") => format!("there is no place for the heading `## {more}`"),
            _ => format!("the heading `## {actual}` stands where `## {expected_here}` should"),
        };
        let order = format!("the headings are, in this order: {}", expected.join(", "));
        found.add(folder.path(file), "headings", what, order);
    }
}
