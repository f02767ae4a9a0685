//! `test`: every contract against every solution, as `cargo test` runs them.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::{cargo::cargo, cli, workspace::Workspace};

pub(crate) fn run(args: &cli::Test, workspace: &Workspace) -> Result<ExitCode> {
    let mut selection = Vec::new();
    if !args.questions.is_empty() {
        for question in workspace.select_all(&args.questions)? {
            selection.extend(["--test".to_owned(), question.test_target()]);
        }
    }

    let test = |options: &[&str]| {
        let mut command = cargo(workspace);
        command.arg("test").args(options).args(&selection);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CONTRACT_") {
                command.env_remove(name);
            }
        }
        run_shown(command)
    };
    // In two steps, since cargo's exit code doesn't tell a failed build from a failed test.
    if !test(&["--no-run", "--quiet"])? {
        eprintln!(
            "error: Failed to build the contracts; a starter that does not compile stops them as well: cargo xtask check NN"
        );
        return Ok(ExitCode::from(2));
    }
    let passed = test(&["--no-fail-fast"])?;
    Ok(ExitCode::from(u8::from(!passed)))
}

/// Says what it runs, as it would be typed.
fn run_shown(mut command: Command) -> Result<bool> {
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    eprintln!("> cargo {}", words.join(" "));
    Ok(command.status().context("Failed to start cargo; is it installed?")?.success())
}
