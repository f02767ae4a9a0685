//! `wrong`: lists the wrong answers of a question, makes new ones, and carries them over to a changed solution.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::SystemTime,
};

use anyhow::{Context, Result, bail};
use console::style;
use sha2::{Digest, Sha256};

use crate::{
    cli, files, judge,
    term::{self, command, count, pad},
    workspace::{Question, Workspace},
    wrong_answer::{self, Conflict, Fit, Header, Merge},
};

/// Revisions of a solution that are searched for one that a patch fits.
const REVISIONS: usize = 200;

pub(crate) fn run(args: &cli::Wrong, workspace: &Workspace) -> Result<ExitCode> {
    let question = workspace.select(&args.question)?;
    if let Some(name) = &args.new {
        new(name, args, question, workspace)
    } else if args.rebase {
        rebase(args.base.as_deref(), question, workspace)
    } else {
        list(question)
    }
}

fn list(question: &Question) -> Result<ExitCode> {
    let solution = read(&question.solution())?;
    let patches = wrong_answer::all(question)?;
    let width = patches.keys().map(String::len).max().unwrap_or_default();
    let mut text = String::new();
    let mut stale = 0;
    for (name, patch) in &patches {
        let Header { thought, fails } = wrong_answer::header(patch);
        let fails = fails.unwrap_or("no check named");
        writeln!(text, "{}  {fails}", pad(name, width))?;
        for line in term::wrap(thought, term::width().saturating_sub(width + 2).max(30)) {
            writeln!(text, "{}  {}", pad("", width), style(line).dim())?;
        }
        if wrong_answer::apply(&solution, patch).is_err() {
            stale += 1;
            let line = style("does not apply to src/solution.rs").red();
            writeln!(text, "{}  {line}", pad("", width))?;
        }
    }
    writeln!(text, "{} of {}", count(patches.len(), "wrong answer"), question.folder())?;
    if stale > 0 {
        let next = command(&format!("wrong {:02} --rebase", question.number));
        writeln!(text, "{stale} of them must be rebased on the solution: {next}")?;
    }
    term::print(&text)?;
    Ok(if stale > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The solution in the versions that a patch may have been made for.
struct Versions {
    /// What to call it, and its text; the newest first.
    found: Vec<(String, String)>,
}

impl Versions {
    /// The version that `base` names, or all that were remembered here and all that git has.
    fn find(base: Option<&str>, question: &Question, workspace: &Workspace) -> Result<Self> {
        if let Some(base) = base {
            return Ok(Self { found: vec![(base.to_owned(), version(base, question)?)] });
        }
        let mut found = remembered(question, workspace);
        let limit = format!("--max-count={REVISIONS}");
        let revisions = git(question, &["rev-list", &limit, "HEAD", "--", "src/solution.rs"]);
        for revision in revisions.unwrap_or_default().lines() {
            if let Ok(solution) = committed(revision, question) {
                found.push((revision.get(..12).unwrap_or(revision).to_owned(), solution));
            }
        }
        Ok(Self { found })
    }

    /// The newest version that the patch fits line by line, or else the newest to which it applies.
    fn base_of(&self, patch: &str) -> Option<&(String, String)> {
        let newest = |wanted: Fit| {
            self.found.iter().find(|(_, solution)| wrong_answer::fit(solution, patch) == wanted)
        };
        newest(Fit::Exact).or_else(|| newest(Fit::Moved))
    }
}

fn rebase(base: Option<&str>, question: &Question, workspace: &Workspace) -> Result<ExitCode> {
    let ours = read(&question.solution())?;
    let patches = wrong_answer::all(question)?;
    let versions = Versions::find(base, question, workspace)?;
    let width = patches.keys().map(String::len).max().unwrap_or_default();
    let (mut text, mut rewritten, mut left) = (String::new(), 0, 0);
    for (name, patch) in &patches {
        if wrong_answer::fit(&ours, patch) == Fit::Exact {
            continue;
        }
        let row = pad(name, width);
        let path = workspace.relative(&wrong_answer::path(question, name));
        // Without any version that it fits, all that can be done is to look for its place.
        let (from, base) = match versions.base_of(patch) {
            Some((from, base)) => (from.as_str(), base.as_str()),
            None if wrong_answer::fit(&ours, patch) == Fit::Moved => {
                ("the solution", ours.as_str())
            }
            None => {
                left += 1;
                writeln!(
                    text,
                    "{row}  {} {path} fits no version of src/solution.rs; name the one that it was made for: --base FILE or --base REVISION",
                    style("left").red()
                )?;
                continue;
            }
        };
        match wrong_answer::merge(base, &ours, patch)? {
            Merge::Clean(wrong) if wrong == ours => {
                left += 1;
                writeln!(
                    text,
                    "{row}  {} the current solution already has every change of {path}: delete the patch, or create a new one",
                    style("left").red()
                )?;
            }
            Merge::Clean(wrong) => {
                rewritten += 1;
                save(question, name, wrong_answer::above(patch), &ours, &wrong)?;
                writeln!(text, "{row}  rewritten, merged from {from}")?;
            }
            Merge::Conflicts { marked, conflicts } => {
                left += 1;
                let file = keep(question, name, &marked, workspace)?;
                let places = count(conflicts.len(), "conflict");
                writeln!(text, "{row}  {} {places}, merged from {from}", style("left").red())?;
                for conflict in &conflicts {
                    describe(&mut text, conflict, question, workspace)?;
                }
                writeln!(text, "  resolve them in {file}, then")?;
                let next = format!("wrong {:02} --new {name} --from {file}", question.number);
                writeln!(text, "  {}", command(&next))?;
            }
        }
    }
    if rewritten > 0 {
        remember(&ours, question, workspace)?;
    }
    let kept = patches.len() - rewritten - left;
    writeln!(
        text,
        "{}: {kept} fit as they are, {rewritten} rewritten, {left} left for you",
        question.folder()
    )?;
    if rewritten > 0 {
        let next = command(&format!("verify {:02} --rounds 1", question.number));
        writeln!(
            text,
            "a merge without a conflict may still not compile or not fail its check: {next}"
        )?;
    }
    term::print(&text)?;
    Ok(if left > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The three sides of a conflict, with the place in the solution.
fn describe(
    text: &mut String,
    conflict: &Conflict,
    question: &Question,
    workspace: &Workspace,
) -> Result<()> {
    writeln!(text, "  {}:{}", workspace.relative(&question.solution()), conflict.line)?;
    for (title, lines) in [
        ("the patch expects", &conflict.base),
        ("the solution has", &conflict.ours),
        ("the wrong answer has", &conflict.theirs),
    ] {
        writeln!(text, "    {}", style(title).dim())?;
        for line in lines {
            writeln!(text, "      {line}")?;
        }
        if lines.is_empty() {
            writeln!(text, "      {}", style("(nothing)").dim())?;
        }
    }
    Ok(())
}

/// Where merges with conflicts and the solutions that patches were made for are kept.
fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root.join("target/wrong")
}

/// Keeps the solution that patches are made for, since git does not have it until it is committed.
fn remember(solution: &str, question: &Question, workspace: &Workspace) -> Result<()> {
    let hash: String =
        Sha256::digest(solution).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let path = folder(workspace).join(format!("{:02}/{hash}.rs", question.number));
    write(&path, solution)
}

/// The solutions that were remembered, the newest first.
fn remembered(question: &Question, workspace: &Workspace) -> Vec<(String, String)> {
    let paths = files::below(&folder(workspace).join(format!("{:02}", question.number)));
    let mut found: Vec<(SystemTime, PathBuf)> = (paths.unwrap_or_default().into_iter())
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .collect();
    found.sort();
    let newest_first = found.into_iter().rev();
    newest_first
        .filter_map(|(_, path)| Some((workspace.relative(&path), fs::read_to_string(path).ok()?)))
        .collect()
}

/// Writes a merge with its conflict markers to the target folder, and returns its path from the root.
fn keep(question: &Question, name: &str, marked: &str, workspace: &Workspace) -> Result<String> {
    let path = folder(workspace).join(format!("{:02}-{name}.rs", question.number));
    write(&path, marked)?;
    Ok(workspace.relative(&path))
}

fn new(
    name: &str,
    args: &cli::Wrong,
    question: &Question,
    workspace: &Workspace,
) -> Result<ExitCode> {
    let is_slug = !name.is_empty()
        && name.split('-').all(|word| {
            !word.is_empty()
                && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        });
    if !is_slug {
        bail!(
            "Failed to name it `{name}`: use lowercase words joined by hyphens, such as blank-title"
        );
    }
    let number = question.number;
    let solution = read(&question.solution())?;
    // From a file: a change of the solution as it is. Otherwise the solution itself was changed.
    let (right, wrong) = match (&args.from, &args.base) {
        (Some(from), None) => (solution.clone(), read(from)?),
        (Some(from), Some(base)) => (version(base, question)?, read(from)?),
        (None, base) => (version(base.as_deref().unwrap_or("HEAD"), question)?, solution.clone()),
    };
    if right == wrong {
        let hint = match &args.from {
            Some(from) => format!("{} is the same as the solution", from.display()),
            None => "src/solution.rs has no change; edit it first, or name a changed copy with --from FILE".to_owned(),
        };
        bail!("Failed to make a wrong answer: {hint}");
    }
    if let Some(index) = wrong.lines().position(|line| line.starts_with("<<<<<<< ")) {
        bail!(
            "Failed to make a wrong answer: line {} is a conflict marker; resolve the conflict first",
            index + 1
        );
    }

    let existing = wrong_answer::all(question)?.remove(name);
    let header = existing.as_deref().map(wrong_answer::header);
    let header = header.unwrap_or(Header { thought: "", fails: None });
    let thought = args.thought.as_deref().unwrap_or(header.thought).trim();
    let fails = args.fails.as_deref().or(header.fails).unwrap_or_default();
    if thought.is_empty() || fails.is_empty() {
        bail!(
            "Failed to make a new wrong answer: say what a candidate would think and which check rejects it: --thought \"…\" --fails check_name"
        );
    }
    refuse_unknown_check(fails, question)?;
    let above = match (&existing, &args.thought, &args.fails) {
        (Some(patch), None, None) => wrong_answer::above(patch).to_owned(),
        _ => format!("{thought}\nfails: {fails}\n\n"),
    };
    save(question, name, &above, &right, &wrong)?;
    remember(&right, question, workspace)?;

    let mut text = String::new();
    let path = workspace.relative(&wrong_answer::path(question, name));
    writeln!(text, "{} {path}", if existing.is_some() { "rewrote" } else { "wrote" })?;
    if args.from.is_none() {
        let path = question.solution();
        write(&path, &right)?;
        writeln!(text, "restored {}", workspace.relative(&path))?;
    }
    writeln!(
        text,
        "see whether it fails its check: {}",
        command(&format!("verify {number:02} --rounds 1"))
    )?;
    term::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn refuse_unknown_check(fails: &str, question: &Question) -> Result<()> {
    let checks = judge::checks_of(&read(&question.contract())?);
    let names: Vec<&str> = checks.iter().map(|check| check.name.as_str()).collect();
    if names.contains(&fails) {
        return Ok(());
    }
    let stretch = format!("stretch::{fails}");
    let nearest = names.iter().find(|name| **name == stretch).copied();
    let nearest =
        nearest.or_else(|| similar::get_close_matches(fails, &names, 1, 0.5).first().copied());
    match nearest {
        Some(name) => bail!("Failed to find the check `{fails}`; did you mean `{name}`?"),
        None => bail!("Failed to find the check `{fails}`; the checks are: {}", names.join(", ")),
    }
}

fn save(question: &Question, name: &str, above: &str, right: &str, wrong: &str) -> Result<()> {
    let path = wrong_answer::path(question, name);
    let text = format!("{above}{}", wrong_answer::difference(right, wrong));
    write(&path, &text)
}

/// The text of the solution that a file's path or a git revision names.
fn version(base: &str, question: &Question) -> Result<String> {
    if Path::new(base).is_file() {
        return read(Path::new(base));
    }
    committed(base, question).with_context(|| {
        format!("Failed to read a solution from `{base}`: it is neither a file nor a revision of git that has the solution")
    })
}

fn committed(revision: &str, question: &Question) -> Result<String> {
    git(question, &["show", &format!("{revision}:./src/solution.rs")])
}

/// What git prints when it runs in the question's folder.
fn git(question: &Question, arguments: &[&str]) -> Result<String> {
    let mut git = Command::new("git");
    git.args(["--no-pager", "-c", "color.ui=false"]).args(arguments).current_dir(&question.dir);
    let output = git.output().context("Failed to start git; is it installed?")?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).context("Failed to read what git printed: it is not UTF-8")
}

fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().context("Failed to find the folder of a file")?;
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .with_context(|| format!("Failed to write {}", path.display()))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("Failed to read {}", path.display()))
}
