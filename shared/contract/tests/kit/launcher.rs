//! Subjects that are started by a launcher, which confines them.

use std::{fs, path::Path};

use contract::json;
use tempfile::TempDir;

use crate::rerun::{Rerun, fixture, specimens};

/// A launcher that notes its arguments and then runs `script`.
fn launcher(folder: &Path, script: &str) -> String {
    let path = folder.join("launcher.sh");
    let note = format!("printf '%s\\n' \"$@\" >'{}'", folder.join("arguments").display());
    fs::write(&path, format!("{note}\n{script}\n")).expect("it can be written to");
    json!(["sh", path, "launch"]).to_string()
}

const EXEC: &str = "while [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"";

fn run_specimen(name: &str, folder: &TempDir, script: &str) -> Rerun {
    specimens(&[name]).env("CONTRACT_LAUNCHER", &launcher(folder.path(), script))
}

#[test]
fn a_launcher_is_told_what_the_subject_needs() {
    let folder = TempDir::new().unwrap();

    let outcome = run_specimen("stretch::a_stub_is_called", &folder, EXEC)
        .env("CONTRACT_CONNECT", "5432,6379")
        .run();

    assert_eq!(outcome.report[0]["outcome"], "passed", "{}", outcome.said);
    let arguments = fs::read_to_string(folder.path().join("arguments")).unwrap();
    let (stub, server) = outcome.printed("stub http://127.0.0.1:").split_once(" server ").unwrap();
    let directory = outcome.printed("directory ");
    let fixture = fs::canonicalize(fixture()).unwrap();
    let fixture = fixture.display();
    let mark = arguments.lines().skip_while(|line| *line != "--mark").nth(1).unwrap();
    assert_eq!(
        arguments.lines().collect::<Vec<_>>().join(" "),
        format!(
            "launch --mark {mark} --bind {server} --connect {stub} --connect 5432 --connect 6379 \
             --write {directory} --read {fixture} -- {fixture}"
        )
    );
}

#[test]
fn a_launcher_may_give_the_folder_of_a_command_line() {
    let folder = TempDir::new().unwrap();
    let project = TempDir::new().unwrap();

    let outcome = run_specimen("the_greeting_is_hello", &folder, EXEC)
        .env("CONTRACT_CMD", &format!("'{}' $PORT", fixture()))
        .env("CONTRACT_CMD_DIR", project.path().to_str().unwrap())
        .run();

    assert_eq!(outcome.report[0]["outcome"], "passed", "{}", outcome.said);
    let arguments = fs::read_to_string(folder.path().join("arguments")).unwrap();
    assert!(arguments.contains(&format!("--read\n{}\n", project.path().display())), "{arguments}");
    assert!(arguments.contains(&format!("--read\n{}\n", fixture())), "{arguments}");
}

#[test]
fn a_check_is_not_run_if_the_subject_cannot_be_confined() {
    const MARK: &str = "while [ \"$1\" != --mark ]; do shift; done";
    for (script, code) in [
        ("echo \"$2: Failed to confine: no Landlock\" >&2; exit 125", "no Landlock"),
        ("echo \"$2: Failed to run a: no such file\" >&2; exit 127", "no such file"),
    ] {
        for specimen in ["the_greeting_is_hello", "it_refuses_to_start_without_milk"] {
            let folder = TempDir::new().unwrap();

            let outcome = run_specimen(specimen, &folder, &format!("{MARK}\n{script}")).run();

            assert_eq!(outcome.report[0]["outcome"], "not_judged", "{}", outcome.said);
            let why = outcome.report[0]["failure"][0].as_str().unwrap_or_default();
            assert!(why.starts_with("xtask: ") && why.contains(code), "{why}");
            assert_eq!(outcome.status.code(), Some(0));
        }
    }
}

#[test]
fn a_subject_that_only_claims_to_be_a_launcher_fails() {
    let folder = TempDir::new().unwrap();
    for launched in [None, Some(launcher(folder.path(), EXEC))] {
        let mut rerun = specimens(&["the_greeting_is_hello"])
            .env("CONTRACT_CMD", "echo 'xtask: no Landlock' >&2; exit 125");
        if let Some(launcher) = &launched {
            rerun = rerun.env("CONTRACT_LAUNCHER", launcher);
        }

        let outcome = rerun.run();

        assert_eq!(outcome.report[0]["outcome"], "failed", "{}", outcome.said);
    }
}
