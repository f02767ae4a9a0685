//! `hint`: from a nudge to nearly the solution, one at a time.

use std::{fs, process::ExitCode};

use anyhow::{Context, Result, bail};
use console::style;

use crate::{
    cli, markdown,
    progress::Progress,
    term::{self, command},
    workspace::{Question, Workspace},
};

pub(crate) fn run(args: &cli::Hint, workspace: &Workspace) -> Result<ExitCode> {
    let question = workspace.select(&args.question)?;
    let text = if args.again {
        let taken = Progress::load_or_warn(workspace).of(question, workspace).hints;
        taken_so_far(question, taken)?
    } else if args.all {
        let all = hints(question)?.len();
        if let Err(error) = Progress::update(question, workspace, |entry| entry.hints = all) {
            eprintln!("warning: {error:#}");
        }
        taken_so_far(question, all)?
    } else {
        take(question, workspace)?
    };
    term::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The next hint, counted as taken.
pub(crate) fn take(question: &Question, workspace: &Workspace) -> Result<String> {
    let hints = hints(question)?;
    let mut taken = Progress::load(workspace).of(question, workspace).hints;
    // Two commands at once take two hints, so the count is that of the change itself.
    let counted = Progress::update(question, workspace, |entry| {
        taken = entry.hints;
        entry.hints = hints.len().min(taken + 1);
    });
    let warning = counted.err().map(|error| format!("warning: {error:#}\n")).unwrap_or_default();
    if taken >= hints.len() {
        let again = command(&format!("hint {} --again", question.number));
        let diff = command(&format!("diff {}", question.number));
        return Ok(format!(
            "{warning}you have taken all {} hints; read them again: {again}, or compare with the solution: {diff}\n",
            hints.len()
        ));
    }
    Ok(warning + &render(&hints, taken))
}

fn taken_so_far(question: &Question, taken: usize) -> Result<String> {
    let hints = hints(question)?;
    if taken == 0 {
        return Ok(format!(
            "you have not taken a hint yet; take one: {}\n",
            command(&format!("hint {}", question.number))
        ));
    }
    let shown: Vec<String> = (0..taken.min(hints.len())).map(|at| render(&hints, at)).collect();
    Ok(shown.join("\n"))
}

fn render(hints: &[String], at: usize) -> String {
    let heading = style(format!("hint {} of {}", at + 1, hints.len())).bold();
    format!("{heading}\n{}", markdown::render(&hints[at], term::width().min(100)))
}

/// The numbered list under `## Hints` in the interviewer's notes.
fn hints(question: &Question) -> Result<Vec<String>> {
    let path = question.notes();
    let notes =
        fs::read_to_string(&path).with_context(|| format!("Failed to read {}", path.display()))?;
    let items = markdown::items(markdown::section(&notes, "Hints")).into_iter();
    let hints: Vec<String> =
        items.filter(|item| item.number.is_some()).map(|item| item.text).collect();
    if hints.is_empty() {
        bail!("Failed to find a numbered list under `## Hints` in {}", path.display());
    }
    Ok(hints)
}
