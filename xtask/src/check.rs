//! `check`: a question's contract as a checklist.

use std::{fmt::Write, process::ExitCode};

use anyhow::{Context, Result};
use console::style;
use serde_json::json;

use crate::{
    cargo::{self, OnProgress},
    cli,
    judge::{self, Check, Outcome, Subject, Tally, Verdict},
    process::Stop,
    progress::Progress,
    term::{self, command, count, stars, wrap},
    workspace::{Question, Workspace},
};

pub(crate) fn run(args: &cli::Check, workspace: &Workspace) -> Result<ExitCode> {
    let question = workspace.select(&args.question)?;
    let subject = match args {
        cli::Check { url: Some(url), .. } => Subject::Url(url.clone()),
        cli::Check { cmd: Some(line), .. } => Subject::Command(line.clone()),
        cli::Check { solution: true, .. } => Subject::Solution,
        _ => Subject::Starter,
    };

    let round = round(question, &subject, workspace, &Stop::Never, &term::status)?;
    term::status("");
    let round = round.context("Failed to check: it was stopped")?;
    if let (Subject::Starter, Round::Judged { verdict, .. }) = (&subject, &round) {
        // The verdict counts more than its record.
        if let Err(error) = keep(question, verdict, workspace) {
            eprintln!("warning: {error:#}");
        }
    }
    if args.json {
        term::print(&format!("{:#}\n", as_json(question, &subject, &round)))?;
        if let Round::NotBuilt(diagnostics) = &round {
            eprint!("{diagnostics}");
        }
    } else {
        let mut text = format!("{}\n\n{}", heading(question, &subject), render(&round, args.all));
        if let (Subject::Starter, 1) = (&subject, round.exit_code()) {
            writeln!(text, "stuck? {}", command(&format!("hint {}", question.number)))?;
        }
        term::print(&text)?;
    }
    Ok(ExitCode::from(round.exit_code()))
}

/// One build and, if it succeeded, one run of the contract.
#[derive(Debug)]
pub(crate) enum Round {
    /// What cargo and rustc said.
    NotBuilt(String),
    Judged {
        verdict: Verdict,
        /// What rustc said of the subject all the same.
        warnings: String,
    },
}

impl Round {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::NotBuilt(_) => 2,
            Self::Judged { verdict, .. } => verdict.exit_code(),
        }
    }
}

/// Builds and judges. `None` when it was stopped.
pub(crate) fn round(
    question: &Question,
    subject: &Subject,
    workspace: &Workspace,
    stop: &Stop,
    on_progress: OnProgress,
) -> Result<Option<Round>> {
    let Some(build) = cargo::build_contract(question, workspace, stop, on_progress)? else {
        return Ok(None);
    };
    let (bin, name, other) = match subject {
        Subject::Starter => (build.starter.as_ref(), question.starter_bin(), String::new()),
        Subject::Solution => {
            (build.solution.as_ref(), question.solution_bin(), question.starter_bin())
        }
        Subject::Url(_) | Subject::Command(_) => (None, String::new(), question.starter_bin()),
    };
    let is_built = bin.is_some() || name.is_empty();
    let (Some(contract), true) = (&build.contract, is_built) else {
        return Ok(Some(Round::NotBuilt(build.diagnostics_but(&other))));
    };

    on_progress("running the checks");
    let environment = judge::environment(subject, bin)?;
    let Some(verdict) = judge::judge(question, contract, &environment, stop)? else {
        return Ok(None);
    };
    Ok(Some(Round::Judged { verdict, warnings: build.diagnostics_of(&name) }))
}

/// Keeps the result of a starter; those of other subjects say nothing of the learner.
pub(crate) fn keep(question: &Question, verdict: &Verdict, workspace: &Workspace) -> Result<()> {
    let (required, stretch) = (verdict.required(), verdict.stretch());
    Progress::update(question, workspace, |entry| {
        entry.required = Some((required.passed, required.all()));
        entry.stretch = Some((stretch.passed, stretch.all()));
    })?;
    Ok(())
}

pub(crate) fn heading(question: &Question, subject: &Subject) -> String {
    let subject = match subject {
        Subject::Starter => "your starter".to_owned(),
        Subject::Solution => "the solution".to_owned(),
        Subject::Url(url) => url.clone(),
        Subject::Command(line) => format!("`{line}`"),
    };
    format!("{} · {subject}", title(question))
}

/// `13 CRUD API (In-Memory) ★★☆`
pub(crate) fn title(question: &Question) -> String {
    let title = style(format!("{:02} {}", question.number, question.title)).bold();
    format!("{title} {}", stars(question.tier))
}

pub(crate) fn render(round: &Round, all: bool) -> String {
    match round {
        Round::NotBuilt(diagnostics) => {
            format!("{diagnostics}\n{} no check ran\n", style("not built:").red().bold())
        }
        Round::Judged { verdict, warnings } => warnings.clone() + &render_verdict(verdict, all),
    }
}

/// The checklist, and the first failure or all of them in detail.
pub(crate) fn render_verdict(verdict: &Verdict, all: bool) -> String {
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = write_verdict(&mut text, verdict, all);
    text
}

fn write_verdict(out: &mut String, verdict: &Verdict, all: bool) -> std::fmt::Result {
    let mut stretch = false;
    for check in &verdict.checks {
        if check.stretch && !stretch {
            stretch = true;
            writeln!(out, "\n  {}", style("stretch").bold())?;
        }
        write_line(out, check)?;
    }
    writeln!(out)?;

    let failures: Vec<&Check> = verdict.failures().collect();
    if let Some(cause) = verdict.common_cause() {
        let heading = format!("all {} failures have one cause: {cause}", failures.len());
        writeln!(out, "{}", style(heading).red().bold())?;
        write_details(out, failures[0])?;
    } else {
        let shown = if all { failures.len() } else { 1 };
        for check in failures.iter().take(shown) {
            writeln!(out, "{}", style(&check.sentence).red().bold())?;
            write_details(out, check)?;
        }
    }

    write!(out, "required {}", score(verdict.required()))?;
    if verdict.stretch().all() > 0 {
        write!(out, " · stretch {}", score(verdict.stretch()))?;
    }
    writeln!(out)?;
    Ok(())
}

fn write_line(out: &mut String, check: &Check) -> std::fmt::Result {
    let mark = match check.outcome {
        Outcome::Passed => style("✓ ok  ").green(),
        Outcome::Failed => style("✗ FAIL").red(),
        Outcome::NotJudged => style("– skip").yellow(),
    };
    let mut lines = wrap(&check.sentence, term::width().saturating_sub(11)).into_iter();
    writeln!(out, "  {mark} {}", lines.next().unwrap_or_default())?;
    for line in lines {
        writeln!(out, "           {line}")?;
    }
    let why = check.failure.iter().filter(|_| check.outcome == Outcome::NotJudged);
    for note in why.chain(&check.notes) {
        writeln!(out, "           {}", style(note.trim()).dim())?;
    }
    Ok(())
}

fn write_details(out: &mut String, check: &Check) -> std::fmt::Result {
    for line in &check.failure {
        writeln!(out, "{line}")?;
    }
    writeln!(out)
}

fn score(tally: Tally) -> String {
    let score = format!("{}/{}", tally.passed, tally.all());
    let score = if tally.failed == 0 { style(score).green() } else { style(score).red() };
    match tally.not_judged {
        0 => score.to_string(),
        number => format!("{score} ({} not judged)", count(number, "check")),
    }
}

fn as_json(question: &Question, subject: &Subject, round: &Round) -> serde_json::Value {
    let (kind, of) = match subject {
        Subject::Starter => ("starter", None),
        Subject::Solution => ("solution", None),
        Subject::Url(url) => ("url", Some(url)),
        Subject::Command(line) => ("command", Some(line)),
    };
    let mut value = json!({
        "number": question.number,
        "slug": question.slug,
        "subject": kind,
        "of": of,
        "exit_code": round.exit_code(),
    });
    match round {
        Round::NotBuilt(diagnostics) => {
            value["built"] = false.into();
            value["diagnostics"] = console::strip_ansi_codes(diagnostics).into();
        }
        Round::Judged { verdict, .. } => {
            value["built"] = true.into();
            value["required"] = json!(verdict.required());
            value["stretch"] = json!(verdict.stretch());
            value["checks"] = json!(verdict.checks);
        }
    }
    value
}
