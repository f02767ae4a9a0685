//! The kill table: which wrong answers each check refuses.
//!
//! It is generated from a run, and `docs/kill-table.md` holds it. Some wrong answers are refused by a
//! check only now and then, so the file isn't compared word by word: it has to name every check, and
//! every wrong answer beside the check that it is there for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{
    markdown::{code_spans, section, tables},
    verify::{bench::KillTable, finding::Findings, folder::Folder},
    workspace::{Question, Workspace},
    wrong_answer,
};

const FILE: &str = "docs/kill-table.md";
const WRITE: &str = "cargo xtask verify --table --write";

const INTRODUCTION: &str = "\
# Which wrong answers each check refuses

A check that refuses nothing proves nothing.
This table was made by running every contract against every wrong answer in `wrong/` and against the starter.
It is generated: `cargo xtask verify --table --write`.
";

const IDLE: &str = "## Checks that refuse nothing here";

/// One question's table.
pub(super) struct Entry {
    number: u8,
    heading: String,
    kills: KillTable,
}

impl Entry {
    pub(super) fn new(question: &Question, kills: KillTable) -> Self {
        let heading = format!("{:02} {}", question.number, question.title);
        Self { number: question.number, heading, kills }
    }

    fn render(&self) -> String {
        let mut text = format!("\n## {}\n\n| Check | Refuses |\n| --- | --- |\n", self.heading);
        for (check, killed) in &self.kills.rows {
            let killed: Vec<String> = killed.iter().map(|who| format!("`{who}`")).collect();
            // Writing to a string can't fail.
            let _ = writeln!(text, "| `{check}` | {} |", killed.join(", "));
        }
        text
    }
}

/// The tables of all `entries`, and which checks refuse nothing.
pub(super) fn render(entries: &[Entry]) -> String {
    let sections = entries.iter().map(|entry| (entry.number, entry.render()));
    whole(&sections.collect())
}

/// Sections by the number of their question, and the checks in them that refuse nothing.
fn whole(sections: &BTreeMap<u8, String>) -> String {
    let mut text: String = sections.values().map(String::as_str).collect();
    text.push_str(&format!("\n{IDLE}\n\n"));
    let mut all_refuse = true;
    for (number, section) in sections {
        for row in section.lines().filter(|line| line.ends_with("|  |")) {
            all_refuse = false;
            let check = row.trim_matches([' ', '|']);
            let _ = writeln!(text, "- {number:02} {check}");
        }
    }
    if all_refuse {
        text.push_str("None: every check refuses at least one of them.\n");
    }
    text
}

/// Brings the sections of `entries` up to date, and leaves those of other questions as they are.
pub(super) fn write(entries: &[Entry], workspace: &Workspace) -> Result<PathBuf> {
    let path = workspace.root.join(FILE);
    let known = fs::read_to_string(&path).unwrap_or_default();
    let mut sections: BTreeMap<u8, String> = known
        .split("\n## ")
        .skip(1)
        .filter_map(|section| {
            let number = section.split(' ').next()?.parse().ok()?;
            let is_there = workspace.questions.iter().any(|question| question.number == number);
            is_there.then(|| (number, format!("\n## {}\n", section.trim_end())))
        })
        .collect();
    sections.extend(entries.iter().map(|entry| (entry.number, entry.render())));
    let text = format!("{INTRODUCTION}{}", whole(&sections));
    fs::create_dir_all(path.parent().context("it has a parent")?)
        .and_then(|()| fs::write(&path, text))
        .with_context(|| format!("Failed to write {FILE}"))?;
    Ok(path)
}

/// Whether the file names all checks and wrong answers that there are, and no others.
pub(super) fn check(folders: &[&Folder], root: &Path, found: &mut Findings) {
    let Ok(text) = fs::read_to_string(root.join(FILE)) else {
        found.add(FILE, "kill-table", "it is missing", WRITE);
        return;
    };
    for folder in folders.iter().filter(|folder| !folder.is_template()) {
        let heading = format!("{:02} {}", folder.question.number, folder.question.title);
        let codes: Vec<Vec<Vec<String>>> = tables(section(&text, &heading))
            .iter()
            .flat_map(|table| &table.rows)
            .map(|row| row.iter().map(|cell| code_spans(cell)).collect())
            .collect();
        let rows: Vec<(&str, BTreeSet<&str>)> = codes
            .iter()
            .filter_map(|row| match row.as_slice() {
                [check, killed] => {
                    Some((check.first()?.as_str(), killed.iter().map(String::as_str).collect()))
                }
                _ => None,
            })
            .collect();
        let named: Vec<&str> = rows.iter().map(|(check, _)| *check).collect();
        let mut is_current = named == folder.checks;
        for (name, patch) in folder.wrong_answers() {
            let fails = wrong_answer::header(patch).fails;
            let row = rows.iter().find(|(check, _)| Some(*check) == fails);
            is_current &= row.is_some_and(|(_, killed)| killed.contains(name));
        }
        let known: BTreeSet<&str> = folder.wrong_answers().map(|(name, _)| name).collect();
        let all = rows.iter().flat_map(|(_, killed)| killed);
        is_current &= all.into_iter().all(|who| *who == "starter" || known.contains(who));
        if !is_current {
            let what =
                format!("the table of question {:02} is not current", folder.question.number);
            found.add(FILE, "kill-table", what, WRITE);
        }
    }
}
