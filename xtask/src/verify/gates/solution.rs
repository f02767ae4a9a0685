//! Gate 3: the solution builds without a warning and passes every check.

use std::collections::BTreeSet;

use crate::{
    judge::{Check, Outcome, Verdict},
    verify::{
        bench::{Bench, report},
        gates::rounds::Rounds,
    },
};

const FILE: &str = "src/solution.rs";

/// How many checks it passes. What fails in some rounds only is the business of gate 5.
pub(crate) fn check(bench: &mut Bench<'_>, rounds: &Rounds) -> usize {
    let question = &bench.folder.question;
    let path = bench.folder.path(FILE);
    let warnings = bench.built.diagnostics(&question.solution_bin());
    if !warnings.is_empty() {
        let fix = "do what rustc says";
        bench.found.add(&path, "solution-warnings", warnings, fix);
    }
    let Some(first) = rounds.verdicts.first() else {
        return 0;
    };
    for check in
        first.failures().filter(|check| rounds.failures_of(&check.name) == rounds.verdicts.len())
    {
        let what = format!("it fails `{}`\n{}", check.name, report(check));
        let fix = format!("cargo xtask check {} --solution", question.number);
        bench.found.add(&path, "solution", what, fix);
    }

    let not_judged = |verdict: &Verdict| -> Vec<Check> {
        let checks = verdict.checks.iter();
        checks.filter(|check| check.outcome == Outcome::NotJudged).cloned().collect()
    };
    let notes: BTreeSet<String> = rounds
        .verdicts
        .iter()
        .flat_map(not_judged)
        .map(|check| {
            let why = check.failure.first().map_or("no reason given", |line| line.trim());
            format!("{:02} `{}` was not judged: {why}", question.number, check.name)
        })
        .collect();
    bench.notes.extend(notes);
    first.checks.iter().filter(|check| check.outcome == Outcome::Passed).count()
}
