//! `diff`: your starter against the solution.

use std::{fs, ops::Range, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use console::{measure_text_width, style};
use similar::{ChangeTag, TextDiff};

use crate::{
    cli,
    progress::{Progress, State},
    term::{self, pad},
    workspace::{Question, Workspace},
};

/// Two columns of source are readable from here on.
const WIDE: usize = 140;
const CONTEXT: usize = 3;

pub(crate) fn run(args: &cli::Diff, workspace: &Workspace) -> Result<ExitCode> {
    let question = workspace.select(&args.question)?;
    let state = Progress::load_or_warn(workspace).state(question, workspace);
    if !args.yes && !state.is_done() && !confirm(question, state)? {
        return Ok(ExitCode::FAILURE);
    }
    term::print(&render(question, term::width())?)?;
    Ok(ExitCode::SUCCESS)
}

fn confirm(question: &Question, state: State) -> Result<bool> {
    if !term::is_interactive() {
        bail!(
            "Failed to ask before showing the solution of {} ({state}); to see it anyway: cargo xtask diff {} --yes",
            question.folder(),
            question.number
        );
    }
    Ok(term::ask(&format!(
        "The state of {} is: {state}. This shows the solution; continue?",
        question.folder()
    ))?)
}

/// What the solution changes in the starter, side by side where `width` allows.
pub(crate) fn render(question: &Question, width: usize) -> Result<String> {
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path);
        let text = text.with_context(|| format!("Failed to read {}", path.display()))?;
        // Editors and version control change the ends of lines, which says nothing about the code.
        anyhow::Ok(text.lines().map(|line| format!("{line}\n")).collect::<String>())
    };
    let (starter, solution) = (read(question.starter())?, read(question.solution())?);
    let lines = if width >= WIDE {
        side_by_side(&starter, &solution, (width - 3) / 2)
    } else {
        unified(&starter, &solution)
    };
    if lines.is_empty() {
        return Ok("your starter is identical to the solution\n".to_owned());
    }
    Ok(lines.join("\n") + "\n")
}

fn unified(old: &str, new: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(old, new);
    let mut out = Vec::new();
    for group in diff.grouped_ops(CONTEXT) {
        out.push(if out.is_empty() {
            heading("- your starter", "+ the solution", " ")
        } else {
            gap()
        });
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = change.value().trim_end();
            out.push(match change.tag() {
                ChangeTag::Delete => style(format!("- {line}")).red().to_string(),
                ChangeTag::Insert => style(format!("+ {line}")).green().to_string(),
                ChangeTag::Equal => format!("  {line}").trim_end().to_owned(),
            });
        }
    }
    out
}

fn side_by_side(old: &str, new: &str, column: usize) -> Vec<String> {
    let diff = TextDiff::from_lines(old, new);
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let line_of = |lines: &[&str], range: &Range<usize>, row: usize| {
        let at = range.start + row;
        let line = if at < range.end { lines[at] } else { "" };
        folded(&line.replace('\t', "    "), column)
    };
    let mut out = Vec::new();
    for group in diff.grouped_ops(CONTEXT) {
        out.push(if out.is_empty() {
            heading(&pad("your starter", column), "the solution", " │ ")
        } else {
            gap()
        });
        for op in group {
            let (left, right) = (op.old_range(), op.new_range());
            let is_equal = op.tag() == similar::DiffTag::Equal;
            for row in 0..left.len().max(right.len()) {
                let (mine, theirs) = (line_of(&old, &left, row), line_of(&new, &right, row));
                for part in 0..mine.len().max(theirs.len()) {
                    let cell = |parts: &[String]| parts.get(part).cloned().unwrap_or_default();
                    let (mine, theirs) = (pad(&cell(&mine), column), cell(&theirs));
                    let line = if is_equal {
                        format!("{mine} │ {theirs}")
                    } else {
                        format!("{} │ {}", style(mine).red(), style(theirs).green())
                    };
                    out.push(line.trim_end().to_owned());
                }
            }
        }
    }
    out
}

/// `line` in parts of at most `width` columns.
fn folded(line: &str, width: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    for c in line.chars() {
        let part = parts.last_mut().expect("there is always a last part");
        if measure_text_width(part) + measure_text_width(c.encode_utf8(&mut [0; 4])) > width {
            parts.push(c.to_string());
        } else {
            part.push(c);
        }
    }
    parts
}

fn heading(left: &str, right: &str, between: &str) -> String {
    format!("{}{between}{}", style(left).red().bold(), style(right).green().bold())
}

fn gap() -> String {
    style("…").dim().to_string()
}
