//! The interviewer's notes have the same parts everywhere, to be scanned while talking.

use crate::{
    grade::notes,
    markdown::{code_blocks, items, section, tables},
    verify::{finding::Findings, folder::Folder, gates::uniform::headings},
};

const FILE: &str = "INTERVIEWER.md";
const HEADINGS: [&str; 7] = [
    "What to look for",
    "Time plan",
    "Rubric",
    "Hints",
    "Common wrong answers",
    "Follow-ups",
    "The naive Express answer",
];

pub(super) fn check(folder: &Folder, found: &mut Findings) {
    let text = folder.text(FILE);
    let title = format!("# {}: for the interviewer", folder.question.title);
    let first = text.lines().next().unwrap_or_default();
    if first != title {
        let what = format!("`{first}` is not the title");
        found.add(folder.line(FILE, 0), "title", what, format!("write `{title}`"));
    }
    headings(folder, FILE, &HEADINGS, found);
    time_plan(folder, found);

    let rubric = tables(section(text, "Rubric"));
    let is_full = |row: &Vec<&str>| row.len() == 5 && row.iter().all(|cell| !cell.is_empty());
    if !rubric.first().is_some_and(|table| {
        table.head == ["", "1", "2", "3", "4"]
            && table.rows.len() == 4
            && table.rows.iter().all(is_full)
    }) {
        let what = "the rubric is not a table of four dimensions with four bands each";
        let fix = "head it `| | 1 | 2 | 3 | 4 |` and fill four rows of five cells";
        found.add(folder.path(FILE), "rubric", what, fix);
    }

    let hints = items(section(text, "Hints"));
    let numbers: Vec<u64> = hints.iter().filter_map(|hint| hint.number).collect();
    if numbers != [1, 2, 3] {
        let what = format!("there are {} numbered hints, not three", numbers.len());
        let fix = "number three of them under `## Hints`, from a nudge to nearly the answer";
        found.add(folder.path(FILE), "hints", what, fix);
    }
    follow_ups(folder, found);
    for heading in ["What to look for", "Common wrong answers"] {
        if items(section(text, heading)).is_empty() {
            let what = format!("`## {heading}` lists nothing");
            found.add(folder.path(FILE), "notes", what, "list it there, as `- …`");
        }
    }
    let express = section(text, "The naive Express answer");
    if code_blocks(express).first().is_none_or(|(language, _)| language != "js") {
        let fix = "begin it with a code block of the language `js`, then say what differs in Rust";
        found.add(folder.path(FILE), "express", "the Express answer has no code", fix);
    }
}

/// The rows of the plan add up to the time box.
fn time_plan(folder: &Folder, found: &mut Findings) {
    let tables = tables(section(folder.text(FILE), "Time plan"));
    let rows = tables.first().filter(|table| table.head == ["Minutes", "What"]);
    let rows = rows.map_or(&[][..], |table| &table.rows);
    let minutes: Option<Vec<u32>> =
        rows.iter().map(|row| row.first()?.parse().ok().filter(|minutes| *minutes > 0)).collect();
    let is_full = rows.iter().all(|row| row.get(1).is_some_and(|what| !what.is_empty()));
    let sum: u32 = minutes.iter().flatten().sum();
    if !(3..=5).contains(&rows.len()) || !is_full || sum != folder.question.minutes {
        let what = format!(
            "the time plan has {} rows and {sum} minutes; 3 to 5 rows must add up to {} minutes",
            rows.len(),
            folder.question.minutes
        );
        let fix =
            "put a table headed `| Minutes | What |` under `## Time plan`, with whole numbers";
        found.add(folder.path(FILE), "time-plan", what, fix);
    }
}

/// Each has a weak and a strong answer. Some say after which failed checks they fit, so that a
/// scorecard can suggest them.
fn follow_ups(folder: &Folder, found: &mut Findings) {
    let all = notes::follow_ups(folder.text(FILE));
    let form = "write it as `### Who wins?`, then `- Weak: …`, `- Strong: …` and perhaps ``- After: `one_check`, `stretch::another` ``";
    let mut wrong = |what: String, fix: &str| {
        found.add(folder.path(FILE), "follow-ups", what, fix);
    };
    for follow_up in &all {
        let notes::FollowUp { question, weak, strong, .. } = follow_up;
        if !question.ends_with('?') || weak.is_empty() || strong.is_empty() || follow_up.has_more {
            wrong(format!("the follow-up `{question}` is not in its usual form"), form);
        }
        for name in follow_up.after.iter().filter(|name| !folder.checks.contains(name)) {
            let what = format!("a follow-up fits after `{name}`, which is not a check");
            wrong(what, "name checks of tests/contract.rs, those of stretch as `stretch::…`");
        }
    }
    if all.iter().filter(|follow_up| !follow_up.after.is_empty()).count() < 2 {
        let what = "fewer than two follow-ups say after which failed checks they fit";
        wrong(what.to_owned(), form);
    }
}
