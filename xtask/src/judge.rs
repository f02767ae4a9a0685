//! Runs a question's contract against a subject, and reads the verdict.

use std::{
    collections::HashMap,
    env, fs,
    io::{Read, Seek},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::{
    process::{Stop, run},
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
            () if self.never_started() => 2,
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
    mut command: Command,
    environment: &[(&str, String)],
    stop: &Stop,
) -> Result<Option<Verdict>> {
    let program = command.get_program().to_owned();
    let folder = tempfile::tempdir().context("Failed to make a temporary folder")?;
    let report = folder.path().join("report.jsonl");
    // A file, not a pipe: what a killed contract leaves behind may hold a pipe open.
    let mut output = tempfile::tempfile().context("Failed to make a temporary file")?;

    command
        .current_dir(&question.dir)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output.try_clone()?);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CONTRACT_") {
            command.env_remove(name);
        }
    }
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command.env("CONTRACT_REPORT", &report);

    let Some(status) = run(command, stop)
        .with_context(|| format!("Failed to run the contract with {}", program.display()))?
    else {
        return Ok(None);
    };

    let mut text = String::new();
    output.rewind()?;
    output.read_to_string(&mut text).context("Failed to read what the contract printed")?;
    let lines = fs::read_to_string(&report).unwrap_or_default();
    Ok(Some(verdict(&requirements(question)?, &lines, &text, &status.to_string())))
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
    let verdict = judge_with(question, command, environment, stop)?;
    Ok(verdict.map(|mut verdict| {
        verdict.checks.retain(|judged| judged.name == check);
        verdict
    }))
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

fn verdict(requirements: &[Requirement], report: &str, output: &str, status: &str) -> Verdict {
    let mut lines: HashMap<String, Line> = HashMap::new();
    let mut order = Vec::new();
    for line in report.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
        order.push(line.check.clone());
        lines.insert(line.check.clone(), line);
    }

    let mut checks: Vec<Check> = requirements
        .iter()
        .map(|requirement| match lines.remove(&requirement.name) {
            Some(line) => check(requirement.clone(), line),
            None => check(requirement.clone(), unreported(&requirement.name, output, status)),
        })
        .collect();
    // A check that a macro made stands in the report alone.
    checks.extend(order.iter().filter_map(|name| lines.remove(name)).map(|line| {
        let stretch = line.check.starts_with("stretch::");
        let sentence = line.check.trim_start_matches("stretch::").replace('_', " ");
        check(Requirement { name: line.check.clone(), sentence, stretch }, line)
    }));
    Verdict { checks }
}

fn check(requirement: Requirement, line: Line) -> Check {
    Check {
        name: requirement.name,
        sentence: requirement.sentence,
        stretch: requirement.stretch,
        outcome: line.outcome,
        cause: line.cause,
        failure: line.failure,
        notes: line.notes,
        with: line.with,
        millis: line.millis,
    }
}

/// A check without a line in the report has failed, whatever libtest says of it.
fn unreported(name: &str, output: &str, status: &str) -> Line {
    let heading = format!("---- {name} stdout ----");
    let panic = output.split_once(&heading).map(|(_, rest)| {
        rest.split("\n---- ").next().unwrap_or(rest).split("\nfailures:").next().unwrap_or(rest)
    });
    let mut failure: Vec<String> = match panic {
        Some(panic) => non_blank(panic).take(12).collect(),
        None => {
            let said: Vec<String> = non_blank(output).collect();
            let mut lines =
                vec![format!("  the contract ended without a verdict on this ({status})")];
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
    subject: &Subject,
    bin: Option<&PathBuf>,
) -> Result<Vec<(&'static str, String)>> {
    Ok(match subject {
        Subject::Url(url) => vec![("CONTRACT_URL", url.clone())],
        Subject::Command(line) => {
            let dir = env::current_dir().context("Failed to read the current folder")?;
            vec![("CONTRACT_CMD", line.clone()), ("CONTRACT_CMD_DIR", dir.display().to_string())]
        }
        Subject::Starter | Subject::Solution => {
            let bin = bin.context("Failed to find the program to judge in what cargo built")?;
            vec![("CONTRACT_BIN", bin.display().to_string())]
        }
    })
}
