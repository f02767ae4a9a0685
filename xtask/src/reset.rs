//! `reset`: back to the original starter.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};

use crate::{
    cli, files, originals,
    progress::{Entry, Progress},
    term::{self, command},
    workspace::{Question, Workspace},
};

pub(crate) fn run(args: &cli::Reset, workspace: &Workspace) -> Result<ExitCode> {
    let question = workspace.select(&args.question)?;
    let original = originals::read(question, workspace)?;
    let starter = question.starter();

    let path = workspace.relative(&starter);
    let mut text = String::new();
    if originals::is_untouched(question, workspace) == Some(true) {
        writeln!(text, "{path} is already the original starter")?;
    } else {
        if starter.exists() {
            let backup = back_up(question, workspace)?;
            writeln!(text, "your version is saved as {}", workspace.relative(&backup))?;
        }
        fs::write(&starter, original)
            .with_context(|| format!("Failed to write {}", starter.display()))?;
        writeln!(text, "{path} is the original starter again")?;
    }
    match Progress::update(question, workspace, |entry| *entry = Entry::default()) {
        Ok(_) => writeln!(text, "your hints, minutes and results of this question are cleared")?,
        Err(error) => {
            let kept = "your hints, minutes and results of this question are NOT cleared";
            writeln!(text, "{kept}: {error:#}")?;
            term::print(&text)?;
            return Ok(ExitCode::from(2));
        }
    }
    writeln!(text, "start again: {}", command(&format!("watch {}", question.number)))?;
    term::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Copies the starter to the first free name in `backups/`, a folder that git ignores.
fn back_up(question: &Question, workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.root.join("backups");
    let backup = (1..)
        .map(|number| folder.join(format!("{}.{number}.rs", question.folder())))
        .find(|path| !path.exists())
        .context("Failed to find a free name in backups/")?;
    copy(&question.starter(), &backup).with_context(|| {
        format!("Failed to save your starter as {}; nothing was changed", backup.display())
    })?;
    Ok(backup)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if let Some(folder) = to.parent() {
        files::private_folder(folder)?;
    }
    fs::copy(from, to).map(|_| ())
}
