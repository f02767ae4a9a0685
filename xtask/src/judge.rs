//! Runs a question's contract against a subject, and reads the verdict.

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::{
    process::{Ended, Job, Kept, Stop, read_at_most},
    shown,
    source::{self, Test},
    workspace::Question,
};

/// What is judged.
#[derive(Debug, Clone)]
pub(crate) enum Subject {
    Starter,
    Solution,
    /// A server that runs already.
    Url(String),
    /// A command line in any language.
    Command(String),
}

/// One check of the contract, as it stands in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// As libtest names it: `stretch::titles_are_trimmed`.
    pub(crate) name: String,
    pub(crate) sentence: String,
    pub(crate) stretch: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Passed,
    Failed,
    /// The subject can't be judged by this check, such as a restart of a server at a URL.
    NotJudged,
}

/// A check and how it went.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) sentence: String,
    pub(crate) stretch: bool,
    pub(crate) outcome: Outcome,
    /// Set when the failure has nothing to do with this check alone; the same for all it explains.
    pub(crate) cause: Option<String>,
    pub(crate) failure: Vec<String>,
    pub(crate) notes: Vec<String>,
    /// What the check gave to the server: `APP_ENV=production`.
    pub(crate) with: Vec<String>,
    pub(crate) millis: u64,
}

/// All checks of a question in the order of its source.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) checks: Vec<Check>,
    /// Why this is not the whole verdict: the contract did not end as its report says.
    pub(crate) broken: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) not_judged: usize,
}

impl Tally {
    pub(crate) fn all(self) -> usize {
        self.passed + self.failed + self.not_judged
    }
}

impl Verdict {
    pub(crate) fn required(&self) -> Tally {
        self.tally(false)
    }

    pub(crate) fn stretch(&self) -> Tally {
        self.tally(true)
    }

    fn tally(&self, stretch: bool) -> Tally {
        let count = |outcome| {
            let counts = |check: &&Check| check.stretch == stretch && check.outcome == outcome;
            self.checks.iter().filter(counts).count()
        };
        Tally {
            passed: count(Outcome::Passed),
            failed: count(Outcome::Failed),
            not_judged: count(Outcome::NotJudged),
        }
    }

    pub(crate) fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.outcome == Outcome::Failed)
    }

    /// The one cause of all failures, if there are several and they share one.
    pub(crate) fn common_cause(&self) -> Option<&str> {
        let mut causes = self.failures().map(|check| check.cause.as_deref());
        let first = causes.next()??;
        let mut others = causes.peekable();
        (others.peek().is_some() && others.all(|cause| cause == Some(first))).then_some(first)
    }

    /// No check got as far as an answer of the subject, and all for one reason.
    pub(crate) fn never_started(&self) -> bool {
        let passed = self.checks.iter().any(|check| check.outcome == Outcome::Passed);
        let cause = self.failures().next().and_then(|check| check.cause.as_ref());
        !passed && cause.is_some() && self.failures().all(|check| check.cause.as_ref() == cause)
    }

    /// The exit code that every command gives this verdict.
    pub(crate) fn exit_code(&self) -> u8 {
        let required = self.required();
        match () {
            () if self.broken.is_some() || self.never_started() => 2,
            () if required.failed > 0 => 1,
            // Nobody knows whether it would have passed.
            () if required.not_judged > 0 => 2,
            () => 0,
        }
    }
}

/// The checks of a contract in the order of its source. They stand at the top or in `mod stretch`.
pub(crate) fn requirements(question: &Question) -> Result<Vec<Requirement>> {
    let path = question.contract();
    let source =
        fs::read_to_string(&path).with_context(|| format!("Failed to read {}", path.display()))?;
    Ok(checks_of(&source))
}

/// The checks in the source of a contract, in its order.
pub(crate) fn checks_of(source: &str) -> Vec<Requirement> {
    let tests = source::tests(source).into_iter();
    tests
        .map(|Test { name, doc }| {
            let (stretch, plain) = match name.strip_prefix("stretch::") {
                Some(plain) => (true, plain),
                None => (false, name.as_str()),
            };
            let sentence = if doc.is_empty() { plain.replace('_', " ") } else { doc };
            Requirement { sentence, stretch, name }
        })
        .collect()
}

/// Runs `contract`, the built test of `question`, against the subject that `environment` names.
/// `None` when it was stopped.
pub(crate) fn judge(
    question: &Question,
    contract: &Path,
    environment: &[(&str, String)],
    stop: &Stop,
) -> Result<Option<Verdict>> {
    judge_with(question, Command::new(contract), environment, stop)
}

/// As [`judge`], with the contract started by `command`.
pub(crate) fn judge_with(
    question: &Question,
    command: Command,
    environment: &[(&str, String)],
    stop: &Stop,
) -> Result<Option<Verdict>> {
    let command = with_environment(question, command, environment);
    run(&requirements(question)?, question, command, Kept::default(), stop)
}

/// As [`judge_with`], for one check and no other.
pub(crate) fn judge_one(
    question: &Question,
    mut command: Command,
    environment: &[(&str, String)],
    check: &str,
    stop: &Stop,
) -> Result<Option<Verdict>> {
    command.args([check, "--exact"]);
    let command = with_environment(question, command, environment);
    let mut requirements = requirements(question)?;
    requirements.retain(|requirement| requirement.name == check);
    run(&requirements, question, command, Kept::default(), stop)
}

fn with_environment(
    question: &Question,
    mut command: Command,
    environment: &[(&str, String)],
) -> Command {
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CONTRACT_") {
            command.env_remove(name);
        }
    }
    command.current_dir(&question.dir);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

/// Where the kit makes its temporary folders.
const FOLDER: &str = "CONTRACT_TEMP";

/// More than a report is long.
const LONGEST_REPORT: usize = 16 * 1024 * 1024;

/// More of what a contract prints is of no use to anybody.
const LONGEST_OUTPUT: usize = 1024 * 1024;

/// Runs the contract that `command` starts, and reads its verdict on the checks `requirements`. `None`
/// when it was stopped.
///
/// # Errors
///
/// The contract could not be started.
pub(crate) fn run(
    requirements: &[Requirement],
    question: &Question,
    mut command: Command,
    kept: Kept<'_>,
    stop: &Stop,
) -> Result<Option<Verdict>> {
    command.env("CONTRACT_REPORT", "stdin").env("CONTRACT_CLEAR", question.env.join(","));
    let failed = || format!("Failed to run the contract with {}", command.get_program().display());
    let kept = Kept { report: true, folder: Some(FOLDER), ..kept };
    let mut job =
        Job::start(&command, kept, Stdio::piped(), Stdio::piped()).with_context(failed)?;
    let report = job.report().with_context(failed)?;
    let (stdout, stderr) = (job.stdout(), job.stderr());
    let (ended, report, output) = thread::scope(|scope| {
        let report = scope.spawn(|| read_at_most(report, LONGEST_REPORT));
        let stderr = scope.spawn(|| stderr.map(|stderr| read_at_most(stderr, LONGEST_OUTPUT).0));
        let stdout = scope.spawn(|| stdout.map(|stdout| read_at_most(stdout, LONGEST_OUTPUT).0));
        let ended = job.wait(stop);
        let output = [stdout.join(), stderr.join()].map(|said| said.ok().flatten());
        (ended, report.join(), output.into_iter().flatten().collect::<Vec<_>>().concat())
    });
    let Some(ended) = ended.with_context(failed)? else {
        return Ok(None);
    };
    if ended == Ended::Exit(i32::from(crate::confine::CANNOT_RUN)) {
        bail!("{}: {}", failed(), String::from_utf8_lossy(&output).trim());
    }
    let Ok((report, is_cut)) = report else {
        bail!("{}: its report cannot be read", failed());
    };
    let report = String::from_utf8_lossy(&report);
    let output = String::from_utf8_lossy(&output);
    let mut verdict = verdict(requirements, &report, &output, ended);
    if is_cut {
        verdict.broken = Some("its report is too long".to_owned());
    }
    Ok(Some(verdict))
}

/// What the kit writes of each check.
#[derive(Deserialize)]
struct Line {
    check: String,
    outcome: Outcome,
    cause: Option<String>,
    #[serde(default)]
    failure: Vec<String>,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    with: Vec<String>,
    #[serde(default)]
    millis: u64,
}

/// Takes nothing for passed unless report, source and exit status agree: one line per check of the
/// source, and exit code 0 if none failed or 101 if one did.
fn verdict(requirements: &[Requirement], report: &str, output: &str, ended: Ended) -> Verdict {
    let mut trouble = Vec::new();
    let mut lines: HashMap<String, Line> = HashMap::new();
    for text in report.lines() {
        let Ok(line) = serde_json::from_str::<Line>(text) else {
            trouble.push("a line of the report cannot be read".to_owned());
            continue;
        };
        let name = shown::line(&line.check);
        if !requirements.iter().any(|requirement| requirement.name == line.check) {
            trouble.push(format!("the report has `{name}`, which is not a check of the contract"));
        } else if lines.insert(line.check.clone(), line).is_some() {
            trouble.push(format!("the report has two lines for `{name}`"));
        }
    }

    let any_failed = lines.values().any(|line| line.outcome == Outcome::Failed);
    let wanted = if any_failed { 101 } else { 0 };
    let missing = requirements.iter().filter(|required| !lines.contains_key(&required.name));
    match missing.count() {
        0 if ended != Ended::Exit(wanted) => trouble
            .push(format!("the report is complete, and yet the contract ended otherwise: {ended}")),
        0 => {}
        1 => trouble.push(format!("the contract ended without a verdict on one check: {ended}")),
        many => {
            trouble.push(format!("the contract ended without a verdict on {many} checks: {ended}"))
        }
    }

    let checks = requirements
        .iter()
        .map(|requirement| match lines.remove(&requirement.name) {
            Some(line) => check(requirement.clone(), line),
            None => check(requirement.clone(), unreported(&requirement.name, output, ended)),
        })
        .collect();
    let broken = (!trouble.is_empty()).then(|| trouble.join("; "));
    Verdict { checks, broken }
}

/// What the subject said is in the lines, so they are made safe to show.
fn check(requirement: Requirement, line: Line) -> Check {
    let safe = |lines: Vec<String>| lines.iter().map(|line| shown::line(line)).collect();
    Check {
        name: requirement.name,
        sentence: requirement.sentence,
        stretch: requirement.stretch,
        outcome: line.outcome,
        cause: line.cause.map(|cause| shown::line(&cause)),
        failure: safe(line.failure),
        notes: safe(line.notes),
        with: safe(line.with),
        millis: line.millis,
    }
}

/// A check without a line in the report has failed, whatever libtest says of it.
fn unreported(name: &str, output: &str, ended: Ended) -> Line {
    let heading = format!("---- {name} stdout ----");
    let panic = output.split_once(&heading).map(|(_, rest)| {
        rest.split("\n---- ").next().unwrap_or(rest).split("\nfailures:").next().unwrap_or(rest)
    });
    let mut failure: Vec<String> = match panic {
        Some(panic) => non_blank(panic).take(12).collect(),
        None => {
            let said: Vec<String> = non_blank(output).collect();
            let mut lines =
                vec![format!("  the contract ended without a verdict on this ({ended})")];
            lines.extend(said[said.len().saturating_sub(8)..].iter().cloned());
            lines
        }
    };
    if output.lines().any(|line| line == format!("test {name} ... ok")) {
        failure = vec!["  the check ended without judging anything".to_owned()];
    }
    Line {
        check: name.to_owned(),
        outcome: Outcome::Failed,
        cause: None,
        failure,
        notes: Vec::new(),
        with: Vec::new(),
        millis: 0,
    }
}

fn non_blank(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("  {line}"))
}

/// The environment that tells the kit what to judge.
pub(crate) fn environment(
    question: &Question,
    subject: &Subject,
    bin: Option<&PathBuf>,
) -> Result<Vec<(&'static str, String)>> {
    let run = format!("cargo xtask run {}", question.number);
    Ok(match subject {
        Subject::Url(url) => vec![("CONTRACT_URL", url.clone())],
        Subject::Command(line) => {
            let dir = env::current_dir().context("Failed to read the current folder")?;
            vec![("CONTRACT_CMD", line.clone()), ("CONTRACT_CMD_DIR", dir.display().to_string())]
        }
        Subject::Starter | Subject::Solution => {
            let bin = bin.context("Failed to find the program to judge in what cargo built")?;
            let start = match subject {
                Subject::Solution => format!("{run} --solution"),
                _ => run,
            };
            vec![("CONTRACT_BIN", bin.display().to_string()), ("CONTRACT_START", start)]
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(report: &[&str], ended: Ended) -> Verdict {
        let requirements = checks_of("#[test]\nfn a() {}\n#[test]\nfn b() {}\n");
        verdict(&requirements, &report.join("\n"), "", ended)
    }

    fn line(check: &str, outcome: &str) -> String {
        format!(r#"{{"check":"{check}","outcome":"{outcome}"}}"#)
    }

    #[track_caller]
    fn is_broken(report: &[&str], ended: Ended, why: &str) {
        let verdict = judged(report, ended);
        assert_eq!(verdict.exit_code(), 2);
        let broken = verdict.broken.unwrap_or_default();
        assert!(broken.contains(why), "{broken}");
    }

    #[test]
    fn a_verdict_is_whole_if_report_source_and_exit_code_agree() {
        let (a, b) = (line("a", "passed"), line("b", "passed"));
        let failed = line("b", "failed");
        let not_run = line("b", "not_judged");

        assert_eq!(judged(&[&a, &b], Ended::Exit(0)).exit_code(), 0);
        assert_eq!(judged(&[&a, &failed], Ended::Exit(101)).exit_code(), 1);
        assert_eq!(judged(&[&a, &not_run], Ended::Exit(0)).exit_code(), 2);
        assert!(judged(&[&a, &not_run], Ended::Exit(0)).broken.is_none());
    }

    #[test]
    fn a_verdict_is_broken_if_they_do_not_agree() {
        let (a, b) = (line("a", "passed"), line("b", "passed"));
        let failed = line("b", "failed");

        is_broken(&[&a, &b, &b], Ended::Exit(0), "two lines for `b`");
        is_broken(&[&a, &failed, &b], Ended::Exit(101), "two lines for `b`");
        is_broken(&[&a, &b, &line("c", "passed")], Ended::Exit(0), "`c`, which is not a check");
        is_broken(&[&a, &b, "passed"], Ended::Exit(0), "cannot be read");
        is_broken(&[&a], Ended::Exit(0), "without a verdict on one check");
        is_broken(&[], Ended::Exit(101), "without a verdict on 2 checks");
        is_broken(&[&a, &b], Ended::Exit(101), "exit code 101");
        is_broken(&[&a, &failed], Ended::Exit(0), "exit code 0");
        is_broken(&[&a, &b], Ended::Signal(9), "SIGKILL");
    }
}
