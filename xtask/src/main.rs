//! `cargo xtask`: the commands of the workspace.

mod cli;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    cli::{Cli, Command},
    workspace::Workspace,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    run(cli.command).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::find()?;
    match command {
        other => anyhow::bail!(
            "Failed to run {other:?}: not written yet ({} questions)",
            workspace.questions.len()
        ),
    }
}
