//! Gate 4: every wrong answer applies, builds, and fails the check that it names.

use std::{path::Path, thread};

use anyhow::Result;

use crate::{
    verify::bench::{Bench, crowded, judge, judge_one},
    wrong_answer::header,
};

/// By how much of the contract a wrong answer is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// By the check that it names: whether it is refused as it says.
    Named,
    /// By every check, for the kill table.
    All,
}

/// Wrong answers that are judged at once: they mostly wait.
const AT_ONCE: usize = 4;

/// A wrong answer that was built.
struct Wrong<'a> {
    name: &'a str,
    file: String,
    /// The check that it names.
    fails: Option<&'a str>,
    program: &'a Path,
}

/// How many are refused as they say.
pub(crate) fn check(bench: &mut Bench<'_>, extent: Extent) -> Result<usize> {
    let folder = bench.folder;
    let Some(contract) = bench.contract() else {
        return Ok(0);
    };
    let mut programs = Vec::new();
    for (name, patch) in folder.wrong_answers() {
        let file = format!("wrong/{name}.patch");
        if let Err(error) = folder.made_wrong(patch) {
            let what = format!("it does not apply to src/solution.rs: {error}");
            let fix = format!("cargo xtask wrong {:02} --rebase", folder.question.number);
            bench.found.add(folder.path(&file), "wrong-applies", what, fix);
        } else if let Some(program) = bench.program(&folder.wrong_bin(name), &file) {
            // One without a check, or with one that does not exist, is a finding of gate 1.
            let fails =
                header(patch).fails.filter(|fails| folder.checks.iter().any(|it| it == fails));
            programs.push(Wrong { name, file, fails, program });
        }
    }

    let mut refused = 0;
    for some in programs.chunks(AT_ONCE) {
        let verdicts: Vec<_> = thread::scope(|scope| {
            let judged: Vec<_> = (some.iter())
                .map(|wrong| {
                    scope.spawn(move || match (extent, wrong.fails) {
                        (Extent::Named, None) => Ok(None),
                        (Extent::Named, Some(check)) => {
                            judge_one(folder, contract, wrong.program, check).map(Some)
                        }
                        (Extent::All, _) => {
                            judge(folder, crowded(contract), wrong.program).map(Some)
                        }
                    })
                })
                .collect();
            judged
                .into_iter()
                .map(|judged| judged.join().expect("judging does not panic"))
                .collect()
        });
        for (wrong, verdict) in some.iter().zip(verdicts) {
            let Some(verdict) = verdict? else { continue };
            bench.kills.record(&verdict, wrong.name);
            let failed: Vec<&str> = verdict.failures().map(|check| check.name.as_str()).collect();
            match wrong.fails {
                Some(check) if !failed.contains(&check) => {
                    let number = folder.question.number;
                    let (what, fix) = passes(check, &failed, extent, number);
                    bench.found.add(folder.path(&wrong.file), "wrong-passes", what, fix);
                }
                _ => refused += 1,
            }
        }
    }
    Ok(refused)
}

/// What to say of a wrong answer that passes the check that it names.
fn passes(check: &str, failed: &[&str], extent: Extent, number: u8) -> (String, String) {
    let what = match (extent, failed) {
        (Extent::Named, _) => format!("it does not fail `{check}`"),
        (Extent::All, []) => format!("it does not fail `{check}`; it fails no check"),
        (Extent::All, failed) => {
            format!("it does not fail `{check}`; it fails {}", failed.join(", "))
        }
    };
    let fix = "make the check stricter, or name a check that rejects it";
    let fix = match extent {
        Extent::Named => format!("{fix}: cargo xtask verify {number:02} --rounds 1 --table"),
        Extent::All => fix.to_owned(),
    };
    (what, fix)
}
