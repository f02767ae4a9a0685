//! The interviewer's notes have the same parts everywhere.

use crate::verify::{
    folder::Folder,
    offence::Offences,
    uniform::{headings, section},
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
    for heading in ["What to look for", "Common wrong answers", "Follow-ups"] {
        let lines = section(text, &format!("## {heading}"));
        if !lines.iter().any(|line| line.starts_with("- ")) {
            let what = format!("`## {heading}` lists nothing");
            found.add(folder.path(FILE), "notes", what, "list it there, as `- …`");
        }
    }
}

fn cells(row: &str) -> Vec<&str> {
    row.trim().trim_start_matches('|').trim_end_matches('|').split('|').map(str::trim).collect()
}
