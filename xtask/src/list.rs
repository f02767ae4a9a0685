//! `list`: the questions by tier, with your state of each.

use std::{fmt::Write, process::ExitCode};

use anyhow::Result;
use console::{measure_text_width, style};
use serde_json::json;

use crate::{
    cli,
    progress::{Progress, State},
    term::{self, command, count, pad, stars},
    workspace::{Question, Workspace},
};

pub(crate) fn run(args: &cli::List, workspace: &Workspace) -> Result<ExitCode> {
    let progress = Progress::load_or_warn(workspace);
    let mut rows: Vec<_> = workspace
        .questions
        .iter()
        .filter(|question| args.tier.is_none_or(|tier| tier == question.tier))
        .map(|question| (question, progress.state(question, workspace)))
        .collect();
    rows.sort_by_key(|(question, _)| (question.tier, question.number));

    if args.json {
        term::print(&format!("{:#}\n", rows.iter().map(as_json).collect::<serde_json::Value>()))?;
    } else {
        term::print(&render(&rows, term::columns())?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json((question, state): &(&Question, State)) -> serde_json::Value {
    json!({
        "number": question.number,
        "slug": question.slug,
        "title": question.title,
        "description": question.description,
        "tier": question.tier,
        "minutes": question.minutes,
        "topics": question.topics,
        "services": question.services,
        "state": state.to_string(),
    })
}

/// The columns of one row, from the left.
type Row = [String; 5];

/// As wide as `width` allows: all columns in a line, then without topics, then without titles, and
/// where even that is too wide two lines per question.
fn render(rows: &[(&Question, State)], width: usize) -> Result<String> {
    let columns: Vec<Row> = rows.iter().map(columns).collect();
    let widest = |at: usize| columns.iter().map(|row| measure_text_width(&row[at])).max();
    let widths = [SLUG, TITLE, MINUTES, STATE, TOPICS].map(|at| widest(at).unwrap_or_default());
    let needed = |shown: &[usize]| 4 + shown.iter().map(|at| 2 + widths[*at]).sum::<usize>();
    let choices: [&[usize]; 3] = [
        &[SLUG, TITLE, MINUTES, STATE, TOPICS],
        &[SLUG, TITLE, MINUTES, STATE],
        &[SLUG, MINUTES, STATE],
    ];
    let shown = choices.into_iter().find(|shown| needed(shown) <= width).unwrap_or_default();

    let mut out = String::new();
    let mut tier = 0;
    for ((question, state), row) in rows.iter().zip(&columns) {
        if question.tier != tier {
            if tier != 0 {
                writeln!(out)?;
            }
            tier = question.tier;
            let heading = format!("{} tier {tier}", stars(tier));
            writeln!(out, "{}", style(heading).bold())?;
        }
        if shown.is_empty() {
            writeln!(out, "  {:02}  {}", question.number, row[SLUG])?;
            writeln!(out, "      {}  {}", row[MINUTES].trim_start(), styled(*state, &row[STATE]))?;
            continue;
        }
        let mut line = format!("  {:02}", question.number);
        for at in shown {
            let cell = pad(&row[*at], widths[*at]);
            let cell = match *at {
                STATE => styled(*state, &cell),
                TOPICS => style(cell.trim_end()).dim().to_string(),
                _ => cell,
            };
            write!(line, "  {cell}")?;
        }
        writeln!(out, "{}", line.trim_end())?;
    }

    let done = rows.iter().filter(|(_, state)| state.is_done()).count();
    let summary = format!("{done} of {} done; the next one: ", count(rows.len(), "question"));
    let next = command("next");
    let is_narrow = measure_text_width(&summary) + measure_text_width(&next) > width;
    let between = if is_narrow { "\n" } else { " " };
    writeln!(out, "\n{}{between}{next}", summary.trim_end())?;
    Ok(out)
}

const SLUG: usize = 0;
const TITLE: usize = 1;
const MINUTES: usize = 2;
const STATE: usize = 3;
const TOPICS: usize = 4;

fn columns((question, state): &(&Question, State)) -> Row {
    [
        question.slug.clone(),
        question.title.clone(),
        format!("{:>3} min", question.minutes),
        state.to_string(),
        question.topics.join(", "),
    ]
}

fn styled(state: State, text: &str) -> String {
    match state {
        State::Untouched => style(text).dim(),
        State::Edited | State::Partly(..) => style(text).yellow(),
        State::Done | State::DoneWithStretch => style(text).green(),
    }
    .to_string()
}
