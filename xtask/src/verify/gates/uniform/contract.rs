//! A contract is plain tests: required ones first, then `mod stretch`.

use syn::Item;

use crate::{
    source::{lines_with, tests_among, tokens},
    verify::{finding::Findings, folder::Folder},
};

const FILE: &str = "tests/contract.rs";

/// What every server must do, whatever the question; each with the function of the kit that does it.
pub(super) const HOUSE_CHECKS: [(&str, &str); 2] = [
    ("stretch::invalid_requests_get_a_4xx", "house_rules"),
    ("stretch::starts_and_stops_cleanly", "process_rules"),
];

/// What a check must not do, and what to do instead.
const FORBIDDEN: [(&[&str], &str); 4] = [
    (&["#", "[", "ignore"], "delete the check or make it pass: nobody runs an ignored one"),
    (&["#", "[", "should_panic"], "expect the response that proves it"),
    (&["#", "[", "cfg_attr"], "let the check run on every system, or say in it what is not judged"),
    (&["sleep", "("], "wait for a condition with one of the kit's `wait_for…`"),
];

/// How many of them the prompt asks for.
pub(super) fn required(folder: &Folder) -> usize {
    folder.checks.iter().filter(|name| !name.starts_with("stretch::")).count()
}

pub(super) fn check(folder: &Folder, found: &mut Findings) {
    let text = folder.text(FILE);
    let header = format!("//! What a server for question {:02} must do.", folder.question.number);
    if text.lines().next() != Some(header.as_str()) {
        let what = "the first line does not say what this is";
        found.add(folder.line(FILE, 0), "header", what, format!("begin with `{header}`"));
    }
    let file = match syn::parse_file(text) {
        Ok(file) => file,
        Err(error) => {
            let line = error.span().start().line.saturating_sub(1);
            let what = format!("it is not Rust: {error}");
            found.add(folder.line(FILE, line), "contract", what, "make it compile");
            return;
        }
    };

    let names = &folder.checks;
    check_names(folder, names, found);
    let tokens = tokens(text);
    for (name, function) in HOUSE_CHECKS {
        let is_called = ["", "_with", "_as"]
            .map(|suffix| format!("{function}{suffix}"))
            .iter()
            .any(|function| !lines_with(&tokens, &[function, "("]).is_empty());
        if !names.iter().any(|known| known == name) || !is_called {
            let what = format!("the check `{name}` with `{function}` is missing");
            let fix = "copy it from xtask/template/tests/contract.rs and name your endpoints";
            found.add(folder.path(FILE), "house-checks", what, fix);
        }
    }

    // What is below `mod stretch` are helpers.
    let is_stretch = |item: &Item| matches!(item, Item::Mod(module) if module.ident == "stretch");
    let modules = file.items.iter().filter(|item| matches!(item, Item::Mod(_))).count();
    let stretch = file.items.iter().position(is_stretch);
    let is_last = stretch.is_some_and(|at| tests_among(&file.items[at + 1..]).is_empty());
    if modules != 1 || !is_last {
        let what = "`mod stretch` does not come last, or is not the only module";
        let fix = "put every check that the prompt does not ask for into one `mod stretch`, below the others";
        found.add(folder.path(FILE), "stretch", what, fix);
    }

    for (words, fix) in FORBIDDEN {
        for line in lines_with(&tokens, words) {
            let what = format!("`{}` has no place in a contract", words.concat());
            found.add(folder.line(FILE, line), "contract", what, fix);
        }
    }
    given(folder, names, found);
}

fn check_names(folder: &Folder, names: &[String], found: &mut Findings) {
    for name in names {
        let plain = name.trim_start_matches("stretch::");
        let is_snake =
            plain.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !is_snake || plain.starts_with("test_") || !plain.contains('_') {
            let what = format!("`{name}` is not a sentence");
            let fix = "name the check by its requirement, in lower_snake_case: `a_new_todo_is_…`";
            found.add(folder.path(FILE), "check-names", what, fix);
        }
    }
    if names.iter().all(|name| name.starts_with("stretch::")) {
        let fix = "put what the prompt asks for above `mod stretch`";
        found.add(folder.path(FILE), "checks", "there is no required check", fix);
    }
}

fn given(folder: &Folder, names: &[String], found: &mut Findings) {
    for given in folder.question.given.iter().filter(|given| !names.contains(given)) {
        let what = format!("`given` names `{given}`, which is not a check");
        let fix = "take it out, or write it as tests/contract.rs does (`stretch::…`)";
        found.add(folder.path("Cargo.toml"), "given", what, fix);
    }
    for given in folder.question.given.iter().filter(|given| given.starts_with("stretch::")) {
        let what = format!("`given` names `{given}`, but no starter passes a stretch check");
        let fix = "take it out, and make the starter fail it";
        found.add(folder.path("Cargo.toml"), "given", what, fix);
    }
}
