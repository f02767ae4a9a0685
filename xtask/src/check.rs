//! `check`: a question's contract as a checklist.

use std::{
    fmt::Write,
    fs,
    net::ToSocketAddrs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use console::style;
use serde_json::json;

use crate::{
    cargo::{self, OnProgress},
    cli, files, inputs,
    judge::{self, Check, Outcome, Subject, Tally, Verdict},
    process::{Folder, Stop},
    progress::Progress,
    term::{self, command, count, pad, stars, wrap},
    workspace::{Question, Workspace},
};

pub(crate) fn run(args: &cli::Check, workspace: &Workspace) -> Result<ExitCode> {
    let question = workspace.select(&args.question)?;
    let subject = subject(args)?;
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

fn subject(args: &cli::Check) -> Result<Subject> {
    if let Some(url) = &args.url {
        let authority = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let has_address = authority.is_some_and(|authority| {
            authority.to_socket_addrs().is_ok()
                || format!("{authority}:80").to_socket_addrs().is_ok()
        });
        if !has_address {
            bail!(
                "Failed to use --url {url}: it must be the address of a server without a path, such as --url http://127.0.0.1:3000"
            );
        }
        return Ok(Subject::Url(url.clone()));
    }
    if let Some(line) = &args.cmd {
        let example = "--cmd \"node server.js\"";
        match shell_words::split(line) {
            Err(_) => {
                bail!("Failed to use --cmd {line}: a quote is not closed; example: {example}")
            }
            Ok(words) if words.is_empty() => {
                bail!("Failed to use --cmd: the command is empty; example: {example}")
            }
            Ok(_) => return Ok(Subject::Command(line.clone())),
        }
    }
    Ok(if args.solution { Subject::Solution } else { Subject::Starter })
}

/// One build and, if it succeeded, one run of the contract.
#[derive(Debug)]
pub(crate) enum Round {
    /// The messages of cargo and rustc.
    NotBuilt(String),
    Judged {
        verdict: Verdict,
        /// Those about the subject, which was built all the same.
        warnings: String,
        /// The files that the build of the starter read, if that is known.
        inputs: Option<Vec<PathBuf>>,
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
    let private = private_copies(contract, bin, workspace)?;
    let (contract, bin) = match &private {
        Some((_, contract, bin)) => (contract, bin.as_ref()),
        None => (contract, bin),
    };
    let environment = judge::environment(question, subject, bin)?;
    let Some(verdict) = judge::judge(question, contract, &environment, stop)? else {
        return Ok(None);
    };
    let inputs = inputs::of_build(&build, question, workspace);
    Ok(Some(Round::Judged { verdict, warnings: build.diagnostics_of(&name), inputs }))
}

/// Copies of the programs, where another clone that shares the target folder could build its own in
/// their places. They last as long as the folder.
fn private_copies(
    contract: &Path,
    bin: Option<&PathBuf>,
    workspace: &Workspace,
) -> Result<Option<(Folder, PathBuf, Option<PathBuf>)>> {
    if contract.starts_with(&workspace.root) {
        return Ok(None);
    }
    let folder = Folder::new().context("Failed to make a temporary folder")?;
    let copy = |path: &Path| {
        let copy = folder.path().join(files::name(path));
        fs::copy(path, &copy).with_context(|| format!("Failed to copy {}", path.display()))?;
        Ok::<_, anyhow::Error>(copy)
    };
    let (contract, bin) = (copy(contract)?, bin.map(|bin| copy(bin)).transpose()?);
    Ok(Some((folder, contract, bin)))
}

/// Keeps the result of a starter; those of other subjects say nothing about the learner.
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
        Round::Judged { verdict, warnings, .. } => warnings.clone() + &render_verdict(verdict, all),
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
    let is_not_run = |check: &Check| check.outcome == Outcome::NotJudged;
    let longest = if verdict.checks.iter().any(is_not_run) { 9 } else { 6 };
    let mut stretch = false;
    for check in &verdict.checks {
        if check.stretch && !stretch {
            stretch = true;
            writeln!(out, "\n  {}", style("stretch").bold())?;
        }
        write_line(out, check, longest)?;
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
    if let Some(broken) = &verdict.broken {
        writeln!(out, "{} {broken}", style("not judged to the end:").red().bold())?;
    }
    Ok(())
}

/// The line of a check, with marks as wide as the longest of them.
fn write_line(out: &mut String, check: &Check, longest: usize) -> std::fmt::Result {
    let mark = match check.outcome {
        Outcome::Passed => style("✓ ok").green(),
        Outcome::Failed => style("✗ FAIL").red(),
        Outcome::NotJudged => style("– not run").yellow(),
    };
    let mark = pad(&mark.to_string(), longest);
    let indent = longest + 3;
    let room = term::width().saturating_sub(indent);
    let mut lines = wrap(&check.sentence, room).into_iter();
    writeln!(out, "  {mark} {}", lines.next().unwrap_or_default())?;
    for line in lines {
        writeln!(out, "{:indent$}{line}", "")?;
    }
    let why = check.failure.iter().filter(|_| check.outcome == Outcome::NotJudged);
    for line in why.chain(&check.notes).flat_map(|note| wrap(note.trim(), room)) {
        writeln!(out, "{:indent$}{}", "", style(line).dim())?;
    }
    Ok(())
}

/// The failure as the kit reports it, with the environment that the check gave to the server.
fn write_details(out: &mut String, check: &Check) -> std::fmt::Result {
    for line in &check.failure {
        writeln!(out, "{line}")?;
    }
    let says_with = |line: &String| line.trim_start().starts_with("with ");
    if !check.with.is_empty() && !check.failure.iter().any(says_with) {
        writeln!(out, "  with      {}", check.with.join(" "))?;
    }
    writeln!(out)
}

fn score(tally: Tally) -> String {
    let score = format!("{}/{}", tally.passed, tally.all());
    let score = match tally {
        Tally { failed: 0, not_judged: 0, .. } => style(score).green(),
        Tally { failed: 0, .. } => style(score).yellow(),
        _ => style(score).red(),
    };
    match tally.not_judged {
        0 => score.to_string(),
        number => format!("{score} ({} not run)", count(number, "check")),
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
            value["broken"] = json!(verdict.broken);
        }
    }
    value
}
