//! `run`: a question's server, until Ctrl-C.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::{cargo, cli, term, workspace::Workspace};

pub(crate) fn run(args: &cli::Run, workspace: &Workspace) -> Result<ExitCode> {
    let question = workspace.select(&args.question)?;
    if !question.services.is_empty() {
        bail!(
            "Failed to run {}: it needs {}, which cargo xtask cannot start yet; start it yourself and run `cargo run -p {}`",
            question.folder(),
            question.services.join(" and "),
            question.package
        );
    }

    let bin = if args.solution { question.solution_bin() } else { question.starter_bin() };
    let build = cargo::build_bin(&bin, workspace, &term::status)?;
    term::status("");
    let program = if args.solution { &build.solution } else { &build.starter };
    let Some(program) = program else {
        eprint!("{}", build.diagnostics_but(""));
        return Ok(ExitCode::from(2));
    };
    eprint!("{}", build.diagnostics_of(&bin));
    start(Command::new(program)).with_context(|| format!("Failed to start {}", program.display()))
}

/// Becomes the server, so that Ctrl-C and its exit code are the server's own.
#[cfg(unix)]
fn start(mut server: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(server.exec().into())
}

#[cfg(not(unix))]
fn start(mut server: Command) -> Result<ExitCode> {
    let code = server.status()?.code();
    Ok(ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}
