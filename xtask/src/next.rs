//! `next`: the next open question.

use std::process::ExitCode;

use anyhow::Result;
use console::style;

use crate::{
    progress::Progress,
    term::{self, command, count, stars},
    workspace::{Question, Workspace},
};

pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let progress = Progress::load_or_warn(workspace);
    let Some(question) = open_after(0, &progress, workspace) else {
        term::print(&format!("all {} are done\n", count(workspace.questions.len(), "question")))?;
        return Ok(ExitCode::SUCCESS);
    };
    let state = progress.state(question, workspace);
    let number = question.number;
    let title = style(format!("{number:02} {}", question.title)).bold();
    term::print(&format!(
        "{title} {}\n{} · {} minutes · {state}\n\n\
         read it:         {}\n\
         start the clock: {}\n\
         your answer:     {}\n",
        stars(question.tier),
        question.description,
        question.minutes,
        command(&format!("show {number}")),
        command(&format!("watch {number}")),
        workspace.relative(&question.starter()),
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The first question after `number` that is not done, starting over at the end.
pub(crate) fn open_after<'a>(
    number: u8,
    progress: &Progress,
    workspace: &'a Workspace,
) -> Option<&'a Question> {
    let (before, after): (Vec<&Question>, Vec<&Question>) =
        workspace.questions.iter().partition(|question| question.number <= number);
    let mut open = after.into_iter().chain(before).filter(|question| question.number != number);
    open.find(|question| !progress.state(question, workspace).is_done())
}
