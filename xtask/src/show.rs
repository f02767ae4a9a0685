//! `show`: the prompt of a question.

use std::{fs, process::ExitCode};

use anyhow::{Context, Result};

use crate::{
    cli, markdown,
    term::{self, command},
    workspace::Workspace,
};

pub(crate) fn run(args: &cli::Show, workspace: &Workspace) -> Result<ExitCode> {
    let question = workspace.select(&args.question)?;
    let path = question.readme();
    let readme =
        fs::read_to_string(&path).with_context(|| format!("Failed to read {}", path.display()))?;

    term::print(&format!(
        "{}\nyour answer goes into {}\ncheck it on every save: {}\n",
        markdown::render(&readme, term::width().min(100)),
        workspace.relative(&question.starter()),
        command(&format!("watch {}", question.number)),
    ))?;
    Ok(ExitCode::SUCCESS)
}
