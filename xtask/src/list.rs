//! `list`: the questions by tier, and what you have done.

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
    let progress = Progress::load(workspace)?;
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
        term::print(&render(&rows)?)?;
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

fn render(rows: &[(&Question, State)]) -> Result<String> {
    let longest = |text: fn(&(&Question, State)) -> String| {
        rows.iter().map(|row| measure_text_width(&text(row))).max().unwrap_or_default()
    };
    let slugs = longest(|(question, _)| question.slug.clone());
    let titles = longest(|(question, _)| question.title.clone());
    let states = longest(|(_, state)| state.to_string());

    let mut out = String::new();
    let mut tier = 0;
    for (question, state) in rows {
        if question.tier != tier {
            if tier != 0 {
                writeln!(out)?;
            }
            tier = question.tier;
            let heading = format!("{} tier {tier}", stars(tier));
            writeln!(out, "{}", style(heading).bold())?;
        }
        let state = match state {
            State::Untouched => style(pad(&state.to_string(), states)).dim(),
            State::Edited | State::Partly(..) => style(pad(&state.to_string(), states)).yellow(),
            State::Done | State::DoneWithStretch => style(pad(&state.to_string(), states)).green(),
        };
        let row = format!(
            "  {:02}  {}  {}  {:>3} min  {state}  {}",
            question.number,
            pad(&question.slug, slugs),
            pad(&question.title, titles),
            question.minutes,
            style(question.topics.join(", ")).dim()
        );
        writeln!(out, "{}", term::fit(&row))?;
    }

    let done = rows.iter().filter(|(_, state)| state.is_done()).count();
    writeln!(
        out,
        "\n{done} of {} done; the next one: {}",
        count(rows.len(), "question"),
        command("next")
    )?;
    Ok(out)
}
