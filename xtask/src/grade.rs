//! `grade`: what came back from a candidate, judged by the contract of this workspace.
//!
//! Nothing of the folder is trusted: its contract is not run, only compared with what was handed out.
//! Its build and its server are given limits, and what they start ends with them.

mod answer;
mod descendants;
pub(crate) mod notes;
mod scorecard;
mod untouched;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, SubsecRound, Utc};
use console::style;

use crate::{
    cargo, check, cli, files,
    grade::{
        answer::Limits,
        notes::Notes,
        scorecard::{Minutes, Outcome, Scorecard},
        untouched::Untouched,
    },
    handout::Record,
    judge::Tally,
    process::Stop,
    term::{self, pad},
    workspace::{Question, Workspace},
};

pub(crate) fn run(args: &cli::Grade, workspace: &Workspace) -> Result<ExitCode> {
    let question = workspace.select(&args.question)?;
    // Before any code of a candidate runs.
    let contract = contract(question, workspace)?;
    let notes = Notes::read(question)?;
    let out = args.out.clone().unwrap_or_else(|| workspace.root.join("grades"));
    files::private_folder(&out).with_context(|| format!("Failed to write to {}", out.display()))?;
    descendants::adopt();

    let mut cards = Vec::new();
    for dir in &args.dirs {
        let card = grade(question, dir, &contract, &notes, args, workspace)?;
        descendants::end();
        let folder = card.write(question, &notes, &out)?;
        cards.push((card, folder));
    }
    term::status("");
    print(question, &cards, args, workspace)?;
    let codes = cards.iter().map(|(card, _)| card.exit_code);
    Ok(ExitCode::from(codes.max().unwrap_or_default()))
}

/// Builds the judge.
fn contract(question: &Question, workspace: &Workspace) -> Result<PathBuf> {
    let build = cargo::build_contract(question, workspace, &Stop::Never, &term::status)?;
    term::status("");
    let build = build.context("Failed to build the contract: cargo was stopped")?;
    match build.contract {
        Some(contract) => Ok(contract),
        None => bail!("Failed to build the contract\n{}", build.diagnostics_but("").trim_end()),
    }
}

/// Whatever is wrong with the folder becomes part of its scorecard.
fn grade(
    question: &Question,
    dir: &Path,
    contract: &Path,
    notes: &Notes,
    args: &cli::Grade,
    workspace: &Workspace,
) -> Result<Scorecard> {
    let graded = Utc::now().trunc_subsecs(0);
    let Ok(dir) = dir.canonicalize() else {
        let why = format!("there is no folder {}", dir.display());
        return Ok(Scorecard::new(question, files::name(dir), graded, Outcome::NotBuilt(why)));
    };
    let name = files::name(&dir);
    term::status(&format!("grading {name}"));

    let record = Record::of(&dir, workspace)?;
    if let Some(record) = record.as_ref().filter(|record| record.question != question.package) {
        let why = format!("it was handed out as {}, not {}", record.question, question.package);
        return Ok(Scorecard::new(question, name, graded, Outcome::NotBuilt(why)));
    }
    let untouched = match &record {
        Some(record) => Untouched::compare(&dir, &record.protected),
        None if args.cmd.is_some() => Untouched::NotCompared,
        None => Untouched::compare_with_today(&dir, question, workspace)?,
    };
    let minutes = minutes(&dir, record.as_ref(), args, question);

    let limits = Limits {
        build: Duration::from_secs(args.build_limit),
        checks: Duration::from_secs(args.check_limit),
    };
    let outcome = match &args.cmd {
        Some(line) => answer::judge_command(question, &dir, line, contract, &limits),
        None => answer::judge_folder(question, &dir, contract, &limits, args.offline, workspace),
    };
    let mut card = Scorecard::new(question, name, graded, outcome?);
    card.handout = record.map(Into::into);
    card.untouched = untouched;
    card.minutes = minutes;
    card.hints = args.hints;
    card.suggest(notes);
    card.settle();
    Ok(card)
}

/// As it was said, or from the start of the clock to the last change of the candidate's own files.
fn minutes(
    dir: &Path,
    record: Option<&Record>,
    args: &cli::Grade,
    question: &Question,
) -> Option<Minutes> {
    let of = question.minutes;
    if let Some(used) = args.minutes {
        return Some(Minutes { used: used.into(), of, from: "as you said".to_owned() });
    }
    let started = record?.started?;
    let own = files::below(&dir.join("src")).ok()?.into_iter().chain([dir.join("Cargo.toml")]);
    let changed = own.filter_map(|path| path.metadata().ok()?.modified().ok()).max()?;
    let used = (DateTime::<Utc>::from(changed) - started).num_seconds();
    let from = "from the start of the clock to the last change".to_owned();
    // Rounded up: a minute begun is a minute used.
    u64::try_from(used).ok().map(|used| Minutes { used: used.div_ceil(60), of, from })
}

fn print(
    question: &Question,
    cards: &[(Scorecard, PathBuf)],
    args: &cli::Grade,
    workspace: &Workspace,
) -> Result<()> {
    if args.json {
        let all: Vec<&Scorecard> = cards.iter().map(|(card, _)| card).collect();
        return Ok(term::print(&format!("{}\n", serde_json::to_string_pretty(&all)?))?);
    }
    let text = match cards {
        [(card, folder)] => one(question, card, folder, workspace),
        cards => table(question, cards, workspace),
    };
    Ok(term::print(&text)?)
}

fn one(question: &Question, card: &Scorecard, folder: &Path, workspace: &Workspace) -> String {
    let mut text = format!("{} · {}\n\n", check::title(question), card.folder);
    match &card.outcome {
        Outcome::Judged(verdict) => {
            text.push_str(&check::render_verdict(verdict, true));
            text.push('\n');
        }
        other => {
            let (what, why) = other.in_words();
            text.push_str(&format!("{}\n{}\n\n", style(what).red().bold(), why.trim_end()));
        }
    }
    let mut row = |name: &str, value: &str| {
        text.push_str(&format!("{} {value}\n", pad(name, 10)));
    };
    let untouched = card.untouched.in_words();
    row(
        "untouched",
        &if card.untouched.is_broken() { style(untouched).red().to_string() } else { untouched },
    );
    row("time", &card.time_in_words());
    row("hints", &card.hints_in_words());
    row("scorecard", &workspace.relative(&folder.join("scorecard.md")));
    text
}

/// One row per folder, in the order in which they were named: nothing here ranks people.
fn table(question: &Question, cards: &[(Scorecard, PathBuf)], workspace: &Workspace) -> String {
    let heading = format!("{:02} {}", question.number, question.title);
    let mut rows = vec![
        ["folder", "required", "stretch", "time", "untouched", "scorecard"].map(str::to_owned),
    ];
    for (card, folder) in cards {
        let score = |tally: Tally| format!("{}/{}", tally.passed, tally.all());
        let (required, stretch) = match &card.outcome {
            Outcome::Judged(verdict) => (score(verdict.required()), score(verdict.stretch())),
            other => (other.in_words().0, String::new()),
        };
        rows.push([
            card.folder.clone(),
            required,
            stretch,
            card.time_in_short(),
            card.untouched.in_short(),
            workspace.relative(&folder.join("scorecard.md")),
        ]);
    }
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    let mut text = format!("{}\n\n", style(heading).bold());
    for row in &rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| pad(cell, *width)).collect();
        text.push_str(&format!("  {}\n", cells.join("  ").trim_end()));
    }
    text
}
