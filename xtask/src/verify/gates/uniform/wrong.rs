//! Every wrong answer says what a candidate would think, and which check refuses it.

use std::collections::BTreeSet;

use crate::{
    verify::{finding::Findings, folder::Folder, gates::uniform::is_slug},
    wrong_answer::header,
};

pub(super) fn check(folder: &Folder, found: &mut Findings) {
    let mut number = 0;
    for (name, text) in folder.wrong_answers() {
        number += 1;
        let file = format!("wrong/{name}.patch");
        if !is_slug(name) {
            let what = "the name is not of lower-case words joined by hyphens";
            let fix = format!("git mv {} to such a name", folder.path(&file));
            found.add(folder.path(&file), "wrong", what, fix);
        }
        let header = header(text);
        if header.thought.is_empty() {
            let what = "the first line says nothing";
            let fix = "say in one line what a candidate would think";
            found.add(folder.line(&file, 0), "wrong", what, fix);
        }
        match header.fails {
            None => {
                let fix = "write `fails: name_of_the_check` below the first line";
                found.add(folder.path(&file), "wrong", "no line says which check it fails", fix);
            }
            Some(check) if !folder.checks.iter().any(|name| name == check) => {
                let fix = "name a check of tests/contract.rs, those of stretch as `stretch::…`";
                let what = format!("there is no check `{check}`");
                found.add(folder.path(&file), "wrong", what, fix);
            }
            Some(_) => {}
        }
        let changes = |sign: &str| text.lines().find_map(|line| line.strip_prefix(sign));
        if [changes("--- "), changes("+++ ")] != [Some("src/solution.rs"); 2] {
            let what = "it is not a patch of src/solution.rs";
            let fix = "make it with `diff -u --label src/solution.rs --label src/solution.rs`";
            found.add(folder.path(&file), "wrong", what, fix);
        }
    }

    // The starter fails every required check that is not given, and every stretch check: gate 2.
    let named: BTreeSet<&str> =
        folder.wrong_answers().filter_map(|(_, text)| header(text).fails).collect();
    for check in folder.question.given.iter().filter(|given| !named.contains(given.as_str())) {
        let what = format!("`{check}` is named by no wrong answer, and the starter passes it");
        let fix = "add a wrong answer that fails it, or delete it: it proves nothing";
        found.add(folder.path("tests/contract.rs"), "idle-check", what, fix);
    }

    let wanted = match folder.question.number {
        1..=6 => 2,
        13 => 5,
        _ => 3,
    };
    if number < wanted {
        let what = format!("{number} wrong answers are too few, {wanted} are the least");
        let fix = "write one for every check that is easy to get wrong; CONTRIBUTING.md says how";
        found.add(folder.path("wrong"), "wrong-count", what, fix);
    }
}
