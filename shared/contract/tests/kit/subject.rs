//! What is judged: a program, a command line, or a server that runs already.

use std::{fs, path::Path};

use contract::{Server, Value, json};
use tempfile::TempDir;

use crate::rerun::{Outcome, Rerun, fixture, specimens};

/// What the subject sees.
fn seen(outcome: &Outcome) -> Value {
    let line = outcome.stdout.lines().find_map(|line| line.split_once("facts ")?.1.parse().ok());
    line.unwrap_or_else(|| panic!("{}\n{}", outcome.stdout, outcome.said))
}

/// A folder with a file, a folder and a script that starts the fixture.
fn project() -> TempDir {
    let folder = TempDir::new().expect("the system has a temporary folder");
    let write = |name: &str, contents: &str| {
        fs::write(folder.path().join(name), contents).expect("it can be written to");
    };
    let script = format!("#!/bin/sh\nexec '{}' \"$@\"\n", fixture());
    write("start.sh", &script);
    write("notes.txt", "");
    fs::create_dir(folder.path().join("server")).expect("it can be written to");
    folder
}

fn command(line: &str, folder: &Path) -> Rerun {
    specimens(&["it_says_what_the_subject_sees"])
        .env("CONTRACT_CMD", line)
        .env("CONTRACT_CMD_DIR", folder.to_str().expect("it is text"))
}

fn cause(rerun: Rerun) -> String {
    rerun.run().report[0]["cause"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_subject_sees_what_its_check_sets_and_nothing_else_that_changes_a_server() {
    let outcome = specimens(&["it_says_what_the_subject_sees"])
        .env("CONTRACT_CLEAR", "API_KEY,WORKERS")
        .env("API_KEY", "of the caller")
        .env("HOST", "192.0.2.1")
        .env("PORT", "1")
        .env("RUST_LOG", "trace")
        .env("TEA", "of the caller")
        .env("WORKERS", "9")
        .run();

    let seen = seen(&outcome);
    for name in ["API_KEY", "CONTRACT_REPORT", "HOST", "RUST_LOG"] {
        assert_eq!(seen[name], Value::Null, "{name}");
    }
    assert_eq!(seen["WORKERS"], "2");
    assert_eq!(seen["TEA"], "of the caller", "any other variable is passed on");
    assert!(outcome.stdout.contains("has its own port: true"));
    assert!(outcome.stdout.contains("is in its own directory: true") || cfg!(target_os = "macos"));
}

#[test]
fn a_program_is_found_from_any_directory() {
    let folder = TempDir::new().unwrap();
    let name = Path::new(&fixture()).file_name().unwrap().to_owned();
    fs::copy(fixture(), folder.path().join(&name)).unwrap();

    let mut rerun =
        specimens(&["the_greeting_is_hello"]).env("CONTRACT_BIN", name.to_str().unwrap());
    rerun.command.current_dir(folder.path());

    assert!(rerun.run().status.success());
}

#[test]
#[cfg(unix)]
fn a_command_starts_in_the_directory_of_the_check() {
    let folder = project();

    let outcome = command("sh ./start.sh a 'b c'", folder.path()).run();

    assert_eq!(seen(&outcome)["args"], json!(["a", "b c"]));
    assert_ne!(seen(&outcome)["directory"], json!(folder.path()));
}

#[test]
#[cfg(unix)]
fn a_command_is_given_where_the_tests_run_unless_it_is_said() {
    let folder = project();
    let mut rerun = specimens(&["the_greeting_is_hello"]).env("CONTRACT_CMD", "sh start.sh");
    rerun.command.current_dir(folder.path());

    assert!(rerun.run().status.success());
}

#[test]
fn words_of_a_command_that_name_files_become_absolute() {
    let folder = project();
    let absolute = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();

    let line = format!("'{}' notes.txt server ./server no.txt", fixture());
    let outcome = command(&line, folder.path()).run();

    let wanted = [&absolute("notes.txt"), "server", &absolute("./server"), "no.txt"];
    assert_eq!(seen(&outcome)["args"], json!(wanted));
}

#[test]
#[cfg(unix)]
fn a_command_may_begin_with_assignments() {
    let folder = project();

    let outcome = command("TEA=green API_KEY='a b' sh start.sh x", folder.path()).run();

    let seen = seen(&outcome);
    assert_eq!((&seen["TEA"], &seen["API_KEY"]), (&json!("green"), &json!("a b")));
    assert_eq!(seen["args"], json!(["x"]));
}

#[test]
#[cfg(unix)]
fn a_command_for_a_shell_starts_in_the_directory_of_the_check_too() {
    let folder = project();

    let outcome = command("export TEA=$(echo green) && sh start.sh $PORT", folder.path()).run();

    let seen = seen(&outcome);
    assert_eq!(seen["TEA"], "green");
    assert!(outcome.stdout.contains("is in its own directory: true"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("its first argument is its port: true"));
    assert!(outcome.stdout.contains("its parent is the contract: true"), "{}", outcome.stdout);
}

#[test]
#[cfg(unix)]
fn the_port_is_expanded_without_a_shell() {
    let folder = project();

    let outcome = command("sh start.sh \"${PORT}\"", folder.path()).run();

    assert!(outcome.stdout.contains("its first argument is its port: true"));
}

#[test]
fn a_command_with_its_port_is_not_run_where_the_port_is_unset() {
    let folder = project();

    let rerun = command("sh start.sh $PORT", folder.path());
    let outcome = rerun.of("it_finds_its_port_in_a_file").run();

    assert_eq!(outcome.report[0]["outcome"], "not_judged", "{}", outcome.said);
    assert!(outcome.said.contains("the command line says $PORT"), "{}", outcome.said);
}

#[test]
fn a_subject_that_cannot_be_named_is_the_cause_of_all_failures() {
    let folder = TempDir::new().unwrap();
    let cause_of = |name, value| cause(specimens(&["the_greeting_is_hello"]).env(name, value));

    let unclosed = cause(command("'", folder.path()));
    assert!(unclosed.starts_with("CONTRACT_CMD: "), "{unclosed}");
    let no_file = cause_of("CONTRACT_BIN", "no/such/file");
    assert!(no_file.starts_with("CONTRACT_BIN no/such/file: "), "{no_file}");
    assert_eq!(
        cause_of("CONTRACT_SUBJECT", "other"),
        "CONTRACT_SUBJECT must be starter or solution, not \"other\""
    );
    assert!(cause_of("CONTRACT_SUBJECT", "starter").starts_with("there is nothing to judge"));
    assert_eq!(
        cause_of("CONTRACT_URL", "localhost"),
        "CONTRACT_URL must look like http://127.0.0.1:3000, not \"localhost\""
    );
}

#[test]
#[cfg(unix)]
fn a_missing_tool_is_not_put_down_to_the_server() {
    let folder = project();

    for line in ["no-such-program", "cd server && no-such-program", "A=1 no-such-program"] {
        let outcome = command(line, folder.path()).run();

        assert_eq!(outcome.report[0]["outcome"], "not_judged", "{line}: {}", outcome.said);
        assert!(outcome.said.contains("no-such-program"), "{}", outcome.said);
    }
}

#[test]
#[cfg(unix)]
fn too_few_descriptors_are_not_put_down_to_the_server() {
    use std::process::Command;

    let rerun = specimens(&["some_connections_are_open"]);
    let mut limited = Command::new("sh");
    limited.env("CONTRACT_BIN", fixture());
    limited.args(["-c", "ulimit -n 30; exec \"$0\" \"$@\""]);
    limited.arg(rerun.command.get_program()).args(rerun.command.get_args());
    let outcome = Rerun { command: limited }.run();

    assert_eq!(outcome.report[0]["outcome"], "not_judged", "{}", outcome.said);
    assert!(outcome.said.contains("Failed to connect: "), "{}", outcome.said);
}

#[test]
fn a_server_that_runs_already_is_asked_under_its_own_name() {
    let app = Server::start();

    for name in [format!("127.0.0.1:{}", app.port()), format!("localhost:{}", app.port())] {
        let outcome = specimens(&["it_says_what_host_was_asked_for"])
            .env("CONTRACT_URL", &format!("http://{name}/"))
            .run();

        assert!(outcome.stdout.contains(&format!("host {name}\n")), "{}", outcome.stdout);
    }
}

#[test]
fn a_server_that_runs_already_is_not_ended() {
    let app = Server::start();
    let url = format!("http://127.0.0.1:{}", app.port());

    let outcome = specimens(&["it_ends_when_asked"]).env("CONTRACT_URL", &url).run();

    assert_eq!(outcome.report[0]["outcome"], "not_judged");
    assert!(outcome.said.contains("this check sends SIGINT to the server"), "{}", outcome.said);
    app.get("/").send().expect_status(200);
}

#[test]
fn a_server_that_does_not_run_is_said_not_to_listen() {
    let outcome =
        specimens(&["the_greeting_is_hello"]).env("CONTRACT_URL", "http://127.0.0.1:9").run();

    assert!(outcome.said.contains("actual    nothing listens on http://127.0.0.1:9\n"));
}
