//! Gate 4: every wrong answer applies, builds, and fails the check that it names.

use std::thread;

use anyhow::Result;

use crate::{
    verify::bench::{Bench, crowded, judge},
    wrong_answer::header,
};

/// Wrong answers that are judged at once: they mostly wait.
const AT_ONCE: usize = 4;

/// How many are refused as they say.
pub(crate) fn check(bench: &mut Bench<'_>) -> Result<usize> {
    let folder = bench.folder;
    let Some(contract) = bench.contract() else {
        return Ok(0);
    };
    let mut programs = Vec::new();
    for (name, patch) in folder.wrong_answers() {
        let file = format!("wrong/{name}.patch");
        if let Err(error) = folder.made_wrong(patch) {
            let what = format!("it does not apply to src/solution.rs: {error}");
            let fix = "make it again from a changed copy of the solution, as CONTRIBUTING.md says";
            bench.found.add(folder.path(&file), "wrong-applies", what, fix);
        } else if let Some(program) = bench.program(&folder.wrong_bin(name), &file) {
            programs.push((name, file, header(patch).fails, program));
        }
    }

    let mut refused = 0;
    for some in programs.chunks(AT_ONCE) {
        let verdicts: Vec<_> = thread::scope(|scope| {
            let judged: Vec<_> = (some.iter())
                .map(|(_, _, _, program)| scope.spawn(|| judge(folder, crowded(contract), program)))
                .collect();
            judged
                .into_iter()
                .map(|judged| judged.join().expect("judging does not panic"))
                .collect()
        });
        for ((name, file, fails, _), verdict) in some.iter().zip(verdicts) {
            let verdict = verdict?;
            bench.kills.record(&verdict, name);
            let failed: Vec<&str> = verdict.failures().map(|check| check.name.as_str()).collect();
            // One without a check, or with one that doesn't exist, is an offence of gate 1.
            match fails {
                Some(check) if !failed.contains(check) => {
                    let failed = match failed.as_slice() {
                        [] => "nothing".to_owned(),
                        failed => failed.join(", "),
                    };
                    let what = format!("it does not fail `{check}`; it fails {failed}");
                    let fix = "make the check stricter, or name a check that refuses it";
                    bench.found.add(folder.path(file), "wrong-passes", what, fix);
                }
                _ => refused += 1,
            }
        }
    }
    Ok(refused)
}
