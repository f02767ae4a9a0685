//! The channel of the report, what a subject gets of the contract, and the exit status.

use contract::Value;

use crate::rerun::{Outcome, specimen_with, specimens};

fn json(text: &str) -> Value {
    text.parse().expect("it is JSON")
}

/// The names and values of the variables that the subject sees.
fn environment(outcome: &Outcome) -> Vec<(String, String)> {
    let pairs = json(outcome.printed("sees "));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let pairs = pairs.as_array().into_iter().flatten();
    pairs.map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn a_subject_does_not_hold_the_channel() {
    use std::{fs, io, io::Read, os::fd::AsRawFd};

    let (mut reader, writer) = io::pipe().unwrap();
    let channel = fs::read_link(format!("/proc/self/fd/{}", writer.as_raw_fd())).unwrap();
    let mut rerun = specimens(&["it_says_what_the_subject_holds"]).env("CONTRACT_REPORT", "stdin");
    rerun.command.stdin(writer);

    let outcome = rerun.run_by_hand();

    let mut report = String::new();
    reader.read_to_string(&mut report).unwrap();
    assert_eq!(json(&report)["outcome"], "passed", "{}", outcome.said);
    let held = json(outcome.printed("descriptors "));
    let held: Vec<_> = held.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert!(held.contains(&"/dev/null"), "{held:?}");
    assert!(!held.contains(&channel.to_str().unwrap()), "{held:?} contains {channel:?}");
    assert_eq!(outcome.printed("others may look: "), "false");
}

#[test]
fn a_report_that_cannot_be_written_ends_the_run_at_once() {
    let report = "/tmp/no-report";
    let rerun = specimens(&["the_greeting_is_hello"]).env("CONTRACT_REPORT", report);

    let outcome = rerun.run_by_hand();

    assert_eq!(outcome.status.code(), Some(2), "{}", outcome.said);
    assert!(
        outcome.said.contains("Failed to open CONTRACT_REPORT=/tmp/no-report: it must be stdin")
    );
}

#[test]
fn a_subject_sees_nothing_of_the_contract() {
    let names = ["CONTRACT_START", "XTASK_ROOT", "CARGO_PKG_NAME", "OLDPWD", "CARGO_MANIFEST_DIR"];
    let rerun = specimens(&["it_says_what_the_subject_holds"]);

    let outcome = names.iter().fold(rerun, |rerun, name| rerun.env(name, "/of/the/caller")).run();

    let seen = environment(&outcome);
    let is_ours = |name: &str| {
        let prefixes = ["CONTRACT_", "XTASK_", "CARGO_BIN_EXE_", "CARGO_PKG_"];
        names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
    };
    let ours: Vec<_> = seen.iter().filter(|(name, _)| is_ours(name)).collect();
    assert!(ours.is_empty(), "{ours:?}");
    let directory = outcome.printed("directory ");
    assert!(seen.contains(&("PWD".to_owned(), directory.to_owned())), "{seen:?}");
    assert!(seen.contains(&("TEA".to_owned(), "green".to_owned())));
}

#[test]
fn the_variables_of_a_question_are_cleared_as_its_manifest_says() {
    let question = tempfile::tempdir().unwrap();
    let manifest = "[package]\nname = \"q\"\n[package.metadata.question]\nenv = [\"MILK\"]\n";
    std::fs::write(question.path().join("Cargo.toml"), manifest).unwrap();

    let outcome = specimens(&["it_says_what_the_subject_holds"])
        .env("CARGO_MANIFEST_DIR", question.path().to_str().unwrap())
        .env("MILK", "of the caller")
        .env("SUGAR", "of the caller")
        .run();

    let seen = environment(&outcome);
    assert!(!seen.iter().any(|(name, _)| name == "MILK"), "{seen:?}");
    assert!(seen.iter().any(|(name, _)| name == "SUGAR"), "{seen:?}");
}

#[test]
fn a_line_says_what_the_check_gave_the_server() {
    let outcome = specimens(&["it_says_what_the_subject_holds"]).run();

    assert_eq!(outcome.report[0]["with"], contract::json!(["TEA=green"]));
}

/// A check that cannot be run with a server that runs already, and two that can.
const CHECKS: [&str; 3] =
    ["it_starts_without_an_api_key", "the_greeting_is_hello", "a_new_todo_gets_201"];

#[test]
fn a_check_that_is_not_run_does_not_fail_the_run() {
    let app = contract::Server::start();
    let url = format!("http://127.0.0.1:{}", app.port());

    let outcome = specimens(&CHECKS).env("CONTRACT_URL", &url).run();

    assert_eq!(outcome.status.code(), Some(0), "{}{}", outcome.stdout, outcome.said);
    assert_eq!(outcomes(&outcome), ["passed", "not_judged", "passed"]);
}

#[test]
fn a_check_that_fails_does() {
    let outcome = specimens(&CHECKS).env("CONTRACT_URL", "http://127.0.0.1:9").run();

    assert_eq!(outcome.status.code(), Some(101), "{}{}", outcome.stdout, outcome.said);
    assert_eq!(outcomes(&outcome), ["failed", "not_judged", "failed"]);
}

/// In the order of their names, in which they run.
fn outcomes(outcome: &Outcome) -> Vec<&str> {
    let outcomes = outcome.report.iter().map(|line| &line["outcome"]);
    outcomes.filter_map(Value::as_str).collect()
}

#[test]
fn a_check_has_one_line() {
    let outcome = specimen_with("a_check_may_fail_in_a_helper", "hangs_on_a_large_head");

    assert_eq!(outcome.report.len(), 1);
}

#[test]
fn a_check_that_takes_long_says_so_beforehand() {
    let asked = specimens(&["it_takes_long"]).env("CONTRACT_ANNOUNCE", "1").run();
    let not_asked = specimens(&["it_takes_long"]).run();

    let line = contract::json!({ "check": "specimen::it_takes_long", "announced_millis": 20_000 });
    assert_eq!(asked.report[0], line);
    assert_eq!((asked.report.len(), not_asked.report.len()), (2, 1));
    let by_hand = specimens(&["it_takes_long"]).run_by_hand();
    assert_eq!(by_hand.said, "it takes long: this takes about 20 s");
}

#[cfg(unix)]
mod by_hand {
    use std::fs;

    use tempfile::TempDir;

    use crate::rerun::{Outcome, specimens};

    /// Runs specimens as the checks of a question.
    fn run(names: &[&str], variables: &[(&str, &str)]) -> Outcome {
        let question = TempDir::new().expect("the system has a temporary folder");
        let manifest = "[package]\nname = \"q\"\n[package.metadata.question]\nenv = []\n";
        fs::write(question.path().join("Cargo.toml"), manifest).expect("it can be written to");
        let folder = question.path().to_str().expect("it is text");
        let rerun = specimens(names).env("CARGO_MANIFEST_DIR", folder);
        (variables.iter()).fold(rerun, |rerun, (name, value)| rerun.env(name, value)).run_by_hand()
    }

    #[test]
    fn the_last_line_sums_up_the_run() {
        let names = ["the_greeting_is_hello", "a_new_todo_gets_201"];
        let passed = run(&names, &[]);
        let failed = run(&names, &[("FIXTURE", "is_rude")]);

        assert_eq!(passed.stdout.lines().last(), Some("required 2/2"));
        assert_eq!(failed.stdout.lines().last(), Some("required 1/2"));
        assert_eq!((passed.status.code(), failed.status.code()), (Some(0), Some(101)));
    }

    #[test]
    fn the_last_line_counts_what_was_not_run() {
        let app = contract::Server::start();
        let url = format!("http://127.0.0.1:{}", app.port());

        let names = ["it_starts_without_an_api_key", "the_greeting_is_hello"];
        let outcome = run(&names, &[("CONTRACT_URL", &url)]);

        let last = "required 1/2 (1 check not run)";
        assert_eq!(outcome.stdout.lines().last(), Some(last), "{}", outcome.stdout);
        assert!(outcome.stdout.contains("not run, which is not a failure:\n"));
        assert_eq!(outcome.status.code(), Some(0));
    }

    #[test]
    fn a_program_that_reads_the_report_gets_no_last_line() {
        let outcome = specimens(&["the_greeting_is_hello"]).run();

        assert!(!outcome.stdout.contains("required"), "{}", outcome.stdout);
    }
}
