//! `new`: a complete small question, to replace part by part.

use std::{fmt::Write, fs, process::ExitCode};

use anyhow::{Context, Result, bail};

use crate::{
    cli,
    template::{self, Values},
    term::{self, command, pad},
    verify,
    workspace::Workspace,
};

/// The contents of each file, in the order in which to write them.
const STEPS: [(&str, &str); 7] = [
    ("Cargo.toml", "the question in one sentence, topics, dependencies"),
    ("README.md", "the prompt: task, contract, topics to discuss"),
    ("tests/contract.rs", "one check for every requirement"),
    ("src/solution.rs", "the solution"),
    ("src/starter.rs", "the solution without the lesson"),
    ("wrong/", "a patch for every check that is easy to get wrong"),
    ("INTERVIEWER.md", "rubric, hints, wrong answers, follow-ups"),
];

pub(crate) fn run(args: &cli::New, workspace: &Workspace) -> Result<ExitCode> {
    let cli::New { number, slug, title, tier, minutes } = args;
    refuse(args, workspace)?;

    let values = Values { number: *number, slug, title, tier: *tier, minutes: *minutes };
    let name = format!("questions/{number:02}-{slug}");
    let dir = workspace.root.join(&name);
    let mut text = String::new();
    for (path, contents) in template::render(&values) {
        let file = dir.join(path);
        let folder = file.parent().context("Failed to find the folder of a file")?;
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&file, contents))
            .with_context(|| format!("Failed to write {}", file.display()))?;
        let step = STEPS.iter().find(|(prefix, _)| path.starts_with(prefix));
        let step = step.map_or("", |(_, step)| step);
        writeln!(text, "created {} {step}", pad(&format!("{name}/{path}"), name.len() + 31))?;
    }
    for path in verify::write_generated(&Workspace::load(&workspace.root)?)? {
        writeln!(text, "updated {}", workspace.relative(&path))?;
    }

    writeln!(text, "\nreplace one part after another and keep these passing:")?;
    writeln!(text, "  {}", command(&format!("verify {number}")))?;
    writeln!(text, "  {}", command(&format!("check {number} --solution")))?;
    writeln!(text, "and before you merge it:")?;
    writeln!(text, "  {}", command(&format!("verify {number} --rounds 20")))?;
    term::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn refuse(args: &cli::New, workspace: &Workspace) -> Result<()> {
    let cli::New { number, slug, title, .. } = args;
    if !verify::is_slug(slug) {
        bail!(
            "Failed to name it `{slug}`; a slug is lowercase words joined by hyphens: file-upload"
        );
    }
    if title.trim().is_empty() || title.contains(['"', '\\', '\n', '`']) {
        bail!(
            "Failed to call it `{title}`; a title is one line without quotes: --title \"File Upload\""
        );
    }
    for question in &workspace.questions {
        if question.number == *number || question.slug == *slug {
            bail!(
                "Failed to create question {number:02} {slug}: there is {}; see what is free: cargo xtask list",
                question.folder()
            );
        }
    }
    Ok(())
}
