//! `cargo xtask`: the commands of the workspace.

mod cargo;
mod check;
mod cli;
mod judge;
mod list;
mod originals;
mod process;
mod progress;
mod term;
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
        Command::List(args) => list::run(&args, &workspace),
        Command::Check(args) => check::run(&args, &workspace),
        other => anyhow::bail!("Failed to run {other:?}: not written yet"),
    }
}
