//! The interviewer's notes have the same parts everywhere.

use crate::{
    grade::notes,
    verify::{
        folder::Folder,
        gates::uniform::{contract, headings, section},
        offence::Offences,
    },
};

const FILE: &str = "INTERVIEWER.md";
const HEADINGS: [&str; 6] = [
    "What to look for",
    "Rubric",
    "Hints",
    "Common wrong answers",
    "Follow-ups",
    "The naive Express answer",
];

pub(super) fn check(folder: &Folder, found: &mut Offences) {
    let text = folder.text(FILE);
    let title = format!("# {}: for the interviewer", folder.question.title);
    let first = text.lines().next().unwrap_or_default();
    if first != title {
        let what = format!("`{first}` is not the title");
        found.add(folder.line(FILE, 0), "title", what, format!("write `{title}`"));
    }
    headings(folder, FILE, &HEADINGS, found);

    let mut rows = section(text, "## Rubric").into_iter().filter(|line| line.starts_with('|'));
    let head: Vec<&str> = rows.by_ref().take(2).collect();
    let dimensions: Vec<Vec<&str>> = rows.map(cells).collect();
    let is_full = |row: &Vec<&str>| row.len() == 5 && row.iter().all(|cell| !cell.is_empty());
    if head != ["| | 1 | 2 | 3 | 4 |", "| --- | --- | --- | --- | --- |"]
        || dimensions.len() != 4
        || !dimensions.iter().all(is_full)
    {
        let what = "the rubric is not a table of four dimensions with four bands each";
        let mend = "head it `| | 1 | 2 | 3 | 4 |` and fill four rows of five cells";
        found.add(folder.path(FILE), "rubric", what, mend);
    }

    let hints = section(text, "## Hints");
    let numbers: Vec<&str> = hints
        .iter()
        .filter_map(|line| line.split_once(". ").map(|(number, _)| number))
        .filter(|number| number.parse::<u8>().is_ok())
        .collect();
    if numbers != ["1", "2", "3"] {
        let what = format!("there are {} hints, not three", numbers.len());
        let mend = "number three of them under `## Hints`, from a nudge to nearly the answer";
        found.add(folder.path(FILE), "hints", what, mend);
    }
    follow_ups(folder, found);
    for heading in ["What to look for", "Common wrong answers", "Follow-ups"] {
        let lines = section(text, &format!("## {heading}"));
        if !lines.iter().any(|line| line.starts_with("- ")) {
            let what = format!("`## {heading}` lists nothing");
            found.add(folder.path(FILE), "notes", what, "list it there, as `- …`");
        }
    }
}

/// Some of them say after which failures they fit, so that a scorecard can suggest them.
fn follow_ups(folder: &Folder, found: &mut Offences) {
    let all = notes::follow_ups(folder.text(FILE));
    let checks = contract::names(folder);
    for name in all.iter().flat_map(|follow_up| &follow_up.after) {
        if !checks.contains(name) {
            let what = format!("a follow-up fits after `{name}`, which is no check");
            let mend = "name checks of tests/contract.rs, those of stretch as `stretch::…`";
            found.add(folder.path(FILE), "follow-ups", what, mend);
        }
    }
    if all.iter().filter(|follow_up| !follow_up.after.is_empty()).count() < 2 {
        let what = "fewer than two follow-ups say after which failed checks they fit";
        let mend = "end them with the checks: ``After `one_check`, `stretch::another`.``";
        found.add(folder.path(FILE), "follow-ups", what, mend);
    }
}

fn cells(row: &str) -> Vec<&str> {
    row.trim().trim_start_matches('|').trim_end_matches('|').split('|').map(str::trim).collect()
}
