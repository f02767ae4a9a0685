//! The kill table: which wrong answers each check refuses.
//!
//! It is generated from a run, and `docs/kill-table.md` holds it. Some wrong answers are refused by a
//! check only now and then, so the file isn't compared word by word: it has to name every check, and
//! every wrong answer beside the check that it is there for.

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{
    judge,
    verify::{bench::KillTable, folder::Folder, offence::Offences},
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
    let mut text = String::new();
    for entry in entries {
        text.push_str(&entry.render());
    }
    text.push_str("\n## Checks that refuse nothing here\n\n");
    let mut all_refuse = true;
    for entry in entries {
        for check in entry.kills.idle() {
            all_refuse = false;
            let _ = writeln!(text, "- {:02} `{check}`", entry.number);
        }
    }
    if all_refuse {
        text.push_str("None: every check refuses at least one of them.\n");
    }
    text
}

pub(super) fn write(entries: &[Entry], workspace: &Workspace) -> Result<PathBuf> {
    let path = workspace.root.join(FILE);
    let text = format!("{INTRODUCTION}{}", render(entries));
    fs::create_dir_all(path.parent().context("it has a parent")?)
        .and_then(|()| fs::write(&path, text))
        .with_context(|| format!("Failed to write {FILE}"))?;
    Ok(path)
}

/// Whether the file names all checks and wrong answers that there are, and no others.
pub(super) fn check(folders: &[&Folder], root: &Path, found: &mut Offences) {
    let Ok(text) = fs::read_to_string(root.join(FILE)) else {
        found.add(FILE, "kill-table", "it is missing", WRITE);
        return;
    };
    for folder in folders.iter().filter(|folder| !folder.is_template()) {
        let heading = format!("## {:02} {}", folder.question.number, folder.question.title);
        let rows: Vec<(&str, BTreeSet<&str>)> = text
            .lines()
            .skip_while(|line| *line != heading)
            .skip(1)
            .take_while(|line| !line.starts_with("## "))
            .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
            .map(|(check, rest)| (check, rest.split('`').skip(1).step_by(2).collect()))
            .collect();
        let named: Vec<&str> = rows.iter().map(|(check, _)| *check).collect();
        let checks = judge::checks_of(folder.text("tests/contract.rs"));
        let checks: Vec<&str> = checks.iter().map(|check| check.name.as_str()).collect();
        let mut is_current = named == checks;
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
