//! `start`: the clock of a hand-out begins.

use std::{path::Path, process::ExitCode};

use anyhow::{Result, bail};
use chrono::{Local, SubsecRound, TimeDelta, Utc};

use crate::{
    cli,
    handout::Record,
    term::{self, command},
    workspace::Workspace,
};

pub(crate) fn run(args: &cli::Start, workspace: &Workspace) -> Result<ExitCode> {
    let mut record = find(&args.handout, workspace)?;
    let now = Utc::now().trunc_subsecs(0);
    let before = record.started.replace(now);
    record.keep(workspace)?;

    let clock = |time: chrono::DateTime<Utc>| time.with_timezone(&Local).format("%H:%M");
    let end = now + TimeDelta::minutes(record.minutes.into());
    let mut text = format!(
        "{} · the clock runs from {} to {} ({} minutes)\n",
        record.id,
        clock(now),
        clock(end),
        record.minutes
    );
    if let Some(before) = before {
        text.push_str(&format!(
            "  it was started before, {}; that start no longer counts\n",
            before.with_timezone(&Local).format("%Y-%m-%d at %H:%M")
        ));
    }
    let number = record.question.trim_start_matches('q').split('-').next().unwrap_or_default();
    let number = number.trim_start_matches('0');
    let folder = term::quoted(Path::new(&record.folder));
    text.push_str(&format!("  after     {}\n", command(&format!("grade {number} {folder}"))));
    term::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The hand-out with this id, in this folder, or the newest of this question.
fn find(name: &str, workspace: &Workspace) -> Result<Record> {
    if let Some(record) = Record::with_id(name, workspace)? {
        return Ok(record);
    }
    if let Some(record) = Record::of(Path::new(name), workspace)? {
        return Ok(record);
    }
    let records = Record::all(workspace)?;
    // The folder may be on the candidate's machine by now.
    let folder = std::path::absolute(name)?;
    if let Some(record) = records.iter().find(|record| Path::new(&record.folder) == folder) {
        return Ok(record.clone());
    }
    match workspace.select(name) {
        Ok(question) => {
            let of_question = records.into_iter().find(|it| it.question == question.package);
            match of_question {
                Some(record) => Ok(record),
                None => bail!(
                    "Failed to start the clock of {}: it was not handed out from this workspace; hand it out: cargo xtask handout {} DIR",
                    question.folder(),
                    question.number
                ),
            }
        }
        Err(_) => {
            let ids: Vec<&str> = records.iter().take(5).map(|record| record.id.as_str()).collect();
            let known = match ids.as_slice() {
                [] => "nothing was handed out from this workspace".to_owned(),
                ids => format!("the newest ones are {}", ids.join(", ")),
            };
            bail!("Failed to find the hand-out `{name}`: {known}")
        }
    }
}
