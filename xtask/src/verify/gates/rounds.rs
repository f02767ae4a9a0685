//! Gate 5: no check is flaky, in parallel or on one core.

use std::{fs, path::Path, process::Command};

use anyhow::Result;

use crate::{
    judge::Verdict,
    verify::bench::{Bench, report},
};

const FILE: &str = "tests/contract.rs";

/// How the solution was judged, again and again.
#[derive(Default)]
pub(crate) struct Rounds {
    pub(crate) verdicts: Vec<Verdict>,
    one_core: Option<Verdict>,
}

impl Rounds {
    /// Judges the solution `number` times with the checks in parallel, and once confined.
    pub(crate) fn run(bench: &mut Bench<'_>, number: u32, confined: &Confined) -> Result<Self> {
        let bin = bench.folder.question.solution_bin();
        let mut rounds = Self::default();
        for _ in 0..number.max(1) {
            let Some(verdict) =
                bench.judge(&bin, "src/solution.rs", |contract| Command::new(contract))?
            else {
                return Ok(rounds);
            };
            rounds.verdicts.push(verdict);
        }
        let start = |contract: &Path| confined.command(contract);
        rounds.one_core = bench.judge(&bin, "src/solution.rs", start)?;
        Ok(rounds)
    }

    pub(crate) fn failures_of(&self, check: &str) -> usize {
        let fails = |verdict: &&Verdict| verdict.failures().any(|failed| failed.name == check);
        self.verdicts.iter().filter(fails).count()
    }
}

/// Reports every check that failed in some rounds only.
pub(crate) fn check(bench: &mut Bench<'_>, rounds: &Rounds, confined: &Confined) {
    let all = rounds.verdicts.len();
    for (check, _) in &bench.kills.rows {
        let failures = rounds.failures_of(check);
        let how = match failures {
            0 => format!("{}, and passed {all} rounds before", confined.describe()),
            _ if failures < all => format!("in {failures} of {all} rounds"),
            _ => continue,
        };
        let judged = if failures == 0 { rounds.one_core.as_slice() } else { &rounds.verdicts };
        let mut failed = judged.iter().flat_map(Verdict::failures);
        if let Some(failed) = failed.find(|failed| failed.name == *check) {
            let what = format!("`{check}` failed {how}\n{}", report(failed));
            let number = bench.folder.question.number;
            let fix = format!(
                "make it wait for what it expects; prove it: cargo xtask verify {number} --rounds 20"
            );
            bench.found.add(bench.folder.path(FILE), "flaky", what, fix);
        }
    }
}

/// How a round is kept from running in parallel.
pub(crate) enum Confined {
    /// By `taskset`, to this core: the checks, the servers and everything they start.
    ToCore(String),
    /// The checks run one after the other. Nothing confines the servers where there is no `taskset`.
    ToOneThread,
}

impl Confined {
    pub(crate) fn find() -> Self {
        let works =
            Command::new("taskset").arg("-V").output().is_ok_and(|said| said.status.success());
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let first = cores.and_then(|cores| cores.trim().split(['-', ',']).next());
        match first {
            Some(core) if works => Self::ToCore(core.to_owned()),
            _ => Self::ToOneThread,
        }
    }

    fn command(&self, contract: &Path) -> Command {
        match self {
            Self::ToCore(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", core]).arg(contract);
                command
            }
            Self::ToOneThread => {
                let mut command = Command::new(contract);
                command.args(["--test-threads", "1"]);
                command
            }
        }
    }

    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::ToCore(_) => "on one core",
            Self::ToOneThread => "one check at a time",
        }
    }
}
