//! `grade`: what came back from a candidate, judged by the contract of this workspace.
//!
//! Nothing of the folder is trusted: it is copied, and the copy is built and run where it can reach
//! nothing else. Its contract is not run, only compared with what was handed out. What a build or a
//! server starts ends with it, and with this program.

mod answer;
mod bench;
mod confinement;
pub(crate) mod notes;
mod scorecard;
mod seed;
mod slip;
mod trusted;
mod untouched;
mod view;

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, SubsecRound, Utc};
use console::style;

use crate::{
    cargo::{self, Build},
    check, cli, descendants, files,
    grade::{
        answer::{Judge, Limits},
        bench::{Bench, Contents},
        confinement::{Confinement, Toolchain},
        notes::Notes,
        scorecard::{LISTED, Minutes, Outcome, Scorecard},
        seed::Seed,
        trusted::Trusted,
        untouched::{Compared, Untouched},
        view::View,
    },
    handout::{self, Options, Record},
    judge::Tally,
    process::Stop,
    shown,
    term::{self, count, pad},
    workspace::{Question, Workspace},
};

/// As shells say that Ctrl-C ended a program.
const INTERRUPTED: u8 = 130;

pub(crate) fn run(args: &cli::Grade, workspace: &Workspace) -> Result<ExitCode> {
    let question = workspace.select(&args.question)?;
    let slips: Vec<String> = (args.dirs.iter())
        .filter_map(|dir| slip::in_name(dir, args.cmd.is_some(), workspace))
        .collect();
    if !slips.is_empty() {
        bail!("Failed to grade: {}", slips.join("\n       "));
    }
    let notes = Notes::read(question)?;
    let out = args.out.clone().unwrap_or_else(|| workspace.root.join("grades"));
    files::private_folder(&out).with_context(|| format!("Failed to write to {}", out.display()))?;

    let toolchain = Toolchain::find(workspace)?;
    let confinement = Confinement::find(args.unconfined, &args.allow_read, &toolchain, workspace)?;
    if !confinement.is_on() {
        eprintln!("warning: --unconfined: the candidate's code runs with all your rights");
    }
    let interrupted = Stop::at_signals().context("Failed to watch for Ctrl-C")?;
    descendants::adopt();

    // Before any code of a candidate runs.
    let Some(build) = build(question, workspace, &interrupted)? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let contract = build.contract.as_ref().context("Failed to build the contract")?;
    let trusted = Trusted::keep(contract, &build)?;
    let seeds = Seed::folder(contract);
    // Unconfined code could change it for those who come after.
    let seed = match confinement.is_on() && args.cmd.is_none() {
        true => seed(question, &args.dirs, &seeds, &toolchain, &interrupted, workspace),
        false => None,
    };
    if !confinement.is_on() {
        Seed::remove_all(&seeds)?;
    }

    let judge = Judge {
        question,
        workspace,
        trusted: &trusted,
        toolchain: &toolchain,
        confinement: &confinement,
        seed: seed.as_ref(),
        seeds: &seeds,
        limits: Limits {
            build: Duration::from_secs(args.build_limit),
            checks: Duration::from_secs(args.check_limit),
        },
        offline: args.offline || env::var("CARGO_NET_OFFLINE").is_ok_and(|value| value == "true"),
        interrupted: &interrupted,
    };
    let mut cards = Vec::new();
    for dir in &args.dirs {
        let Some(card) = grade(&judge, dir, &notes, args)? else {
            break;
        };
        let folder = card.write(question, &notes, &out)?;
        cards.push((card, folder));
        if interrupted.is_set() {
            break;
        }
    }
    if !confinement.is_on() {
        Seed::remove_all(&seeds)?;
    }
    term::status("");
    if !cards.is_empty() || args.json {
        print(question, &cards, args, workspace)?;
    }
    if interrupted.is_set() {
        let all = count(args.dirs.len(), "folder");
        eprintln!("interrupted: {} of {all} graded", cards.len());
        return Ok(ExitCode::from(INTERRUPTED));
    }
    let codes = cards.iter().map(|(card, _)| card.exit_code);
    Ok(ExitCode::from(codes.max().unwrap_or_default()))
}

/// It saves time and nothing else, so a folder is graded without it as well.
fn seed(
    question: &Question,
    dirs: &[PathBuf],
    seeds: &Path,
    toolchain: &Toolchain,
    stop: &Stop,
    workspace: &Workspace,
) -> Option<Seed> {
    let without_checks = !dirs.iter().any(|dir| dir.join("tests").exists());
    Seed::build(question, without_checks, seeds, toolchain, stop, workspace).unwrap_or_else(
        |error| {
            eprintln!("warning: all crates are built again for each folder: {error:#}");
            None
        },
    )
}

/// Builds the judge. `None` when it was interrupted.
fn build(question: &Question, workspace: &Workspace, stop: &Stop) -> Result<Option<Build>> {
    let build = cargo::build_contract(question, workspace, stop, &term::status)?;
    term::status("");
    match build {
        Some(build) if build.contract.is_none() => {
            bail!("Failed to build the contract\n{}", build.diagnostics_but("").trim_end())
        }
        build => Ok(build),
    }
}

/// Whatever is wrong with the folder becomes part of its scorecard. `None` when it was interrupted.
fn grade(
    judge: &Judge<'_>,
    dir: &Path,
    notes: &Notes,
    args: &cli::Grade,
) -> Result<Option<Scorecard>> {
    let (question, workspace) = (judge.question, judge.workspace);
    let graded = Utc::now().trunc_subsecs(0);
    let dir = dir.canonicalize().with_context(|| format!("Failed to read {}", dir.display()))?;
    let name = files::name(&dir);
    term::status(&format!("grading {}", shown::line(&name)));

    let bench = Bench::new()?;
    let copy = bench.answer();
    let contents = Contents::read(&dir, args.cmd.is_none().then_some(copy.as_path()));
    let answer = if args.cmd.is_some() { dir.as_path() } else { copy.as_path() };

    // A marker that is not a regular file is not read.
    let has_marker = contents.files.contains_key(handout::MARKER);
    let record = if has_marker { Record::of(answer, workspace)? } else { None };
    if let Some(record) = record.as_ref().filter(|record| record.question != question.package) {
        let why = format!("it was handed out as {}, not {}", record.question, question.package);
        return Ok(Some(Scorecard::new(question, name, graded, Outcome::NotBuilt(why))));
    }
    let compared = Compared {
        answer,
        contents: &contents,
        toolchain: judge.toolchain,
        workspace,
        is_confined: judge.confinement.is_on(),
    };
    let untouched = match &record {
        Some(record) => Untouched::compare(&compared, &record.protected),
        None if args.cmd.is_some() => Untouched::NotCompared,
        None => Untouched::compare_with_today(&compared, question)?,
    };
    let minutes = minutes(&dir, &contents, record.as_ref(), args, question);
    let handed_out = match args.cmd.is_some() {
        true => BTreeMap::new(),
        false => handed_out(question, record.as_ref(), workspace),
    };
    let mut look = View::of_files(&contents, answer, &handed_out);
    look.add("formatted differently", untouched.formatted().iter().cloned());

    let outcome = match &args.cmd {
        Some(line) => judge.judge_command(&bench, &dir, line)?,
        None => judge.judge_folder(&bench)?,
    };
    // Nothing is left, unless somebody ended a keeper.
    descendants::end(&[bench.keeper(), judge.trusted.keeper()]);
    let tampered = if judge.confinement.is_on() { Vec::new() } else { judge.trusted.restore()? };
    let Some(outcome) = outcome else {
        return Ok(None);
    };
    if args.cmd.is_none() {
        look.add_crates(&contents, answer, workspace);
    }
    look.add_sources(&bench, judge.confinement, judge.toolchain, judge.seeds);
    let mut card = Scorecard::new(question, name, graded, outcome);
    card.sources = Some(contents.hash());
    card.handout = record.map(Into::into);
    card.untouched = untouched;
    card.tampered = tampered;
    card.confined = Some(judge.confinement.on_card());
    card.look = look;
    card.minutes = minutes;
    card.hints = args.hints;
    card.suggest(notes);
    card.settle();
    Ok(Some(card))
}

/// Every file of the hand-out, by its path, as it would be handed out now. Empty if that fails: then
/// nothing can be said of the files.
fn handed_out(
    question: &Question,
    record: Option<&Record>,
    workspace: &Workspace,
) -> BTreeMap<String, String> {
    let checks = record.map_or("all checks", |record| record.checks.as_str());
    let options = Options {
        without_checks: checks == "no checks",
        required_only: checks == "the required checks",
        bug: record.and_then(|record| record.bug.clone()),
    };
    handout::contents(question, &options, workspace).unwrap_or_default()
}

/// As it was said, or from the start of the clock to the last change of the candidate's own files.
fn minutes(
    dir: &Path,
    contents: &Contents,
    record: Option<&Record>,
    args: &cli::Grade,
    question: &Question,
) -> Option<Minutes> {
    let of = question.minutes;
    if let Some(used) = args.minutes {
        return Some(Minutes { used: used.into(), of, from: "as you said".to_owned() });
    }
    let started = record?.started?;
    let own =
        contents.files.keys().filter(|file| file.starts_with("src/") || *file == "Cargo.toml");
    let changed = own.filter_map(|file| dir.join(file).metadata().ok()?.modified().ok()).max()?;
    let used = minutes_between(started, changed, SystemTime::now())?;
    Some(Minutes { used, of, from: "from the start of the clock to the last change".to_owned() })
}

/// Rounded up. `None` if the change is older than the start, or in the future: then its time says nothing.
fn minutes_between(started: DateTime<Utc>, changed: SystemTime, now: SystemTime) -> Option<u64> {
    // Some file systems have years that a calendar does not.
    let changed = changed.duration_since(UNIX_EPOCH).ok().filter(|_| changed <= now)?;
    let used = changed.as_secs().checked_sub(u64::try_from(started.timestamp()).ok()?)?;
    Some(used.div_ceil(60))
}

fn print(
    question: &Question,
    cards: &[(Scorecard, PathBuf)],
    args: &cli::Grade,
    workspace: &Workspace,
) -> Result<()> {
    if args.json {
        let all: Vec<&Scorecard> = cards.iter().map(|(card, _)| card).collect();
        let json = shown::json(&serde_json::to_string_pretty(&all)?);
        return Ok(term::print(&format!("{json}\n"))?);
    }
    let text = match cards {
        [(card, folder)] => one(question, card, folder, workspace),
        cards => table(question, cards, workspace),
    };
    Ok(term::print(&text)?)
}

fn one(question: &Question, card: &Scorecard, folder: &Path, workspace: &Workspace) -> String {
    let name = shown::line(&card.folder);
    let mut text = format!("{} · {name}\n\n", check::title(question));
    match &card.outcome {
        Outcome::Judged(verdict) => {
            text.push_str(&check::render_verdict(verdict, true));
            text.push('\n');
        }
        other => {
            let (what, why) = other.in_words();
            text.push_str(&format!("{}\n", style(what).red().bold()));
            // What a build prints could look like the rest of this page.
            for line in shown::lines(why.trim_end()).lines() {
                text.push_str(format!("  │ {line}").trim_end());
                text.push('\n');
            }
            text.push('\n');
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
    if let Some(tampered) = card.tampered_in_words() {
        row("programs", &style(tampered).red().to_string());
    }
    if let Some(confined) = &card.confined {
        row("confined", &confined.in_words());
    }
    row("time", &card.time_in_words());
    row("hints", &card.hints_in_words());
    row("sources", &card.sources_in_words());
    for seen in card.look.all() {
        let names: Vec<String> =
            seen.which.iter().take(LISTED).map(|name| shown::line(name)).collect();
        let more = match seen.which.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        row("look at", &format!("{}: {}{more}", seen.what, names.join(", ")));
    }
    row("scorecard", &workspace.relative(&folder.join("scorecard.md")));
    text
}

/// One row per folder, in the order in which they were named: nothing here ranks people.
fn table(question: &Question, cards: &[(Scorecard, PathBuf)], workspace: &Workspace) -> String {
    let heading = format!("{:02} {}", question.number, question.title);
    let mut rows = vec![
        ["folder", "required", "stretch", "time", "untouched", "look at", "scorecard"]
            .map(str::to_owned),
    ];
    for (card, folder) in cards {
        let score = |tally: Tally| format!("{}/{}", tally.passed, tally.all());
        let (required, stretch) = match &card.outcome {
            Outcome::Judged(verdict) => (score(verdict.required()), score(verdict.stretch())),
            other => (other.in_words().0, String::new()),
        };
        rows.push([
            shown::line(&card.folder),
            required,
            stretch,
            card.time_in_short(),
            match card.tampered.is_empty() {
                true => card.untouched.in_short(),
                false => "NO: programs of this workspace".to_owned(),
            },
            card.look.all().iter().map(|seen| seen.which.len()).sum::<usize>().to_string(),
            workspace.relative(&folder.join("scorecard.md")),
        ]);
    }
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    let mut text = format!("{}\n\n", style(heading).bold());
    for row in &rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| pad(cell, *width)).collect();
        text.push_str(&format!("  {}\n", cells.join("  ").trim_end()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_change_counts_only_after_the_start_and_before_now() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let started = DateTime::<Utc>::from(at(1_000));
        let minutes = |changed| minutes_between(started, at(changed), at(10_000));

        assert_eq!(minutes(1_000), Some(0));
        assert_eq!(minutes(1_061), Some(2));
        assert_eq!(minutes(999), None);
        assert_eq!(minutes(10_001), None);
        assert_eq!(minutes(1 << 62), None);
    }
}
