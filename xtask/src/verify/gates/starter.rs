//! Gate 2: the starter builds without a warning, starts, and fails what it should.

use anyhow::Result;

use crate::{
    judge::Outcome,
    verify::bench::{Bench, crowded, report},
};

const FILE: &str = "src/starter.rs";

/// How many checks refuse it.
pub(crate) fn check(bench: &mut Bench<'_>) -> Result<usize> {
    let question = &bench.folder.question;
    let bin = question.starter_bin();
    let Some(verdict) = bench.judge(&bin, FILE, crowded)? else {
        return Ok(0);
    };
    bench.kills.record(&verdict, "starter");

    let path = bench.folder.path(FILE);
    let warnings = bench.built.diagnostics(&bin);
    if !warnings.is_empty() {
        let fix = "use what is given in the stub: `shared::not_implemented((todos, new))`";
        bench.found.add(&path, "starter-warnings", warnings, fix);
    }
    if verdict.never_started() {
        let why = verdict.failures().next().map(report).unwrap_or_default();
        let fix = format!("cargo xtask run {}", question.number);
        bench.found.add(&path, "starter-start", format!("it does not start\n{why}"), fix);
        return Ok(0);
    }
    for check in &verdict.checks {
        let given = question.given.contains(&check.name);
        match (check.outcome, given) {
            (Outcome::Passed, false) => {
                let what = format!("it passes `{}`", check.name);
                let fix = match check.stretch {
                    true => {
                        "take that out of the starter, or let the check also ask for the lesson"
                    }
                    false => {
                        "take that out of the starter, or list the check under `given` in Cargo.toml"
                    }
                };
                bench.found.add(&path, "starter-passes", what, fix);
            }
            (Outcome::Failed, true) => {
                let what = format!("it fails `{}`, which is given\n{}", check.name, report(check));
                let fix = "take the check out of `given` in Cargo.toml";
                bench.found.add(&path, "starter-fails", what, fix);
            }
            _ => {}
        }
    }
    Ok(verdict.failures().count())
}
