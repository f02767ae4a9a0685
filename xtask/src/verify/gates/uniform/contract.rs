//! A contract is plain tests: required ones first, then `mod stretch`.

use crate::{
    judge,
    verify::{folder::Folder, offence::Offences},
};

const FILE: &str = "tests/contract.rs";

/// What every server must do, whatever the question; each with the function of the kit that does it.
pub(super) const HOUSE_CHECKS: [(&str, &str); 2] = [
    ("stretch::a_clients_mistake_gets_a_4xx", "house_rules"),
    ("stretch::it_starts_and_stops_as_a_service_should", "process_rules"),
];

/// What a check must not do, and what to do instead.
const FORBIDDEN: [(&str, &str); 3] = [
    ("#[ignore", "delete the check or make it pass: nobody runs an ignored one"),
    ("#[should_panic", "expect the answer that proves it"),
    ("sleep(", "wait for a condition with one of the kit's `wait_for…`"),
];

pub(super) fn names(folder: &Folder) -> Vec<String> {
    judge::checks_of(folder.text(FILE)).into_iter().map(|check| check.name).collect()
}

/// How many of them the prompt asks for.
pub(super) fn required(folder: &Folder) -> usize {
    names(folder).iter().filter(|name| !name.starts_with("stretch::")).count()
}

pub(super) fn check(folder: &Folder, found: &mut Offences) {
    let text = folder.text(FILE);
    let header = format!("//! What a server for question {:02} must do.", folder.question.number);
    if text.lines().next() != Some(header.as_str()) {
        let what = "the first line does not say what this is";
        found.add(folder.line(FILE, 0), "header", what, format!("begin with `{header}`"));
    }

    let names = names(folder);
    for name in &names {
        let plain = name.trim_start_matches("stretch::");
        let is_snake =
            plain.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !is_snake || plain.starts_with("test_") || !plain.contains('_') {
            let what = format!("`{name}` is not a sentence");
            let mend = "name the check by its requirement, in lower_snake_case: `a_new_todo_is_…`";
            found.add(folder.path(FILE), "check-names", what, mend);
        }
    }
    if names.iter().all(|name| name.starts_with("stretch::")) {
        let mend = "put what the prompt asks for above `mod stretch`";
        found.add(folder.path(FILE), "checks", "there is no required check", mend);
    }
    for (name, function) in HOUSE_CHECKS {
        if !names.iter().any(|known| known == name) || !text.contains(&format!(" {function}")) {
            let what = format!("the check `{name}` with `{function}` is missing");
            let mend = "copy it from xtask/template/tests/contract.rs and name your endpoints";
            found.add(folder.path(FILE), "house-checks", what, mend);
        }
    }

    // What stands below `mod stretch` are helpers.
    let below = text.split_once("\nmod stretch {\n").map(|(_, below)| below);
    let after = below.and_then(|below| below.split_once("\n}\n")).map_or("", |(_, after)| after);
    if below.is_none() || after.contains("#[test]") || after.contains("\nmod ") {
        let what = "`mod stretch` does not come last";
        let mend = "put every check that the prompt does not ask for into one `mod stretch`, below the others";
        found.add(folder.path(FILE), "stretch", what, mend);
    }

    for (index, line) in text.lines().enumerate() {
        let code = line.trim_start();
        for (word, mend) in FORBIDDEN.iter().filter(|(word, _)| code.contains(word)) {
            if !code.starts_with("//") {
                let what = format!("`{word}` has no place in a contract");
                found.add(folder.line(FILE, index), "contract", what, *mend);
            }
        }
    }
    for given in folder.question.given.iter().filter(|given| !names.contains(given)) {
        let what = format!("`given` names `{given}`, which is no check");
        let mend = "take it out, or write it as tests/contract.rs does (`stretch::…`)";
        found.add(folder.path("Cargo.toml"), "given", what, mend);
    }
    for given in folder.question.given.iter().filter(|given| given.starts_with("stretch::")) {
        let what = format!("`given` names `{given}`, but no starter passes a stretch check");
        let mend = "take it out, and make the starter fail it";
        found.add(folder.path("Cargo.toml"), "given", what, mend);
    }
}
