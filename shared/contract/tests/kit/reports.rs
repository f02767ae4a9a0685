//! The reports of failed checks, word for word, and the lines of the machine-readable report.

use contract::{Value, json};

use crate::rerun::{Outcome, specimen_with, specimens};

const CURL_POST: &str = "curl -sS -i -X POST -H 'content-type: application/json' \
    --data-raw '{\"title\":\"tea\"}' http://127.0.0.1:3000/todos";

/// Short, because it is waited for in full.
const BRIEFLY: &str = "300";

#[test]
fn of_a_server_that_never_listens() {
    let outcome = specimens(&["a_new_todo_gets_201"])
        .env("FIXTURE", "never_listens")
        .env("CONTRACT_START_TIMEOUT_MS", BRIEFLY)
        .run();

    outcome.expect_said(
        "\
✗ a new todo gets 201
  expected  contract-fixture-solution to listen on PORT
  actual    contract-fixture-solution runs, but does not listen on PORT: does it read PORT from the environment?
  stderr    warming up",
    );
}

#[test]
fn of_a_server_that_listens_on_ipv6_only() {
    let outcome = specimens(&["a_new_todo_gets_201"])
        .env("FIXTURE", "listens_on_ipv6_only")
        .env("CONTRACT_START_TIMEOUT_MS", BRIEFLY)
        .run();

    outcome.expect_said(
        "\
✗ a new todo gets 201
  expected  contract-fixture-solution to listen on PORT
  actual    contract-fixture-solution listens on [::1] only, and HOST is 127.0.0.1 by default",
    );
}

#[test]
fn of_a_server_that_does_not_read_its_port() {
    let app = contract::Server::start();
    let fault = |port: u16| {
        specimens(&["a_new_todo_gets_201"])
            .env("FIXTURE", "ignores_its_port")
            .env("OWN_PORT", &port.to_string())
            .env("CONTRACT_START_TIMEOUT_MS", BRIEFLY)
            .run()
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();

    let elsewhere = fault(free);
    if cfg!(target_os = "linux") {
        let actual = format!("contract-fixture-solution listens on {free}, which is not its PORT");
        assert!(elsewhere.said.contains(&actual), "{}", elsewhere.said);
    }
    assert!(elsewhere.said.contains("does it read PORT"), "{}", elsewhere.said);

    fault(app.port()).expect_said(&format!(
        "\
note: the server said that its port is in use, so it got another one
✗ a new todo gets 201
  expected  contract-fixture-solution to listen on PORT
  actual    contract-fixture-solution ended with exit code 1 before it listened: it found a port in use that is not its PORT; does it read PORT from the environment?
  stderr    port {} is in use",
        app.port()
    ));
}

#[test]
fn of_one_of_several_cases() {
    let outcome = specimens(&["it_fails_in_one_of_several_cases"]).env("SPECIMEN", "fails").run();

    outcome.expect_said(
        "\
✗ it fails in one of several cases
  case      path /nothing
  after     GET / 200
  request   GET /nothing
  with      TEA=green MILK=\"  \" the file a.txt
  expected  status 204 No Content
  actual    status 200 OK  (no body)
                   ^^^
  start     PORT=3000 TEA=green MILK='  ' cargo run --bin contract-fixture-solution
  try       curl -sS -i http://127.0.0.1:3000/nothing",
    );
}

#[test]
fn of_a_refusal_to_start_that_does_not_say_why() {
    let outcome = specimens(&["it_refuses_to_start_without_milk"]).env("SPECIMEN", "fails").run();

    outcome.expect_said(
        "\
✗ it refuses to start without milk
  with      FIXTURE=exits MILK=\"  \"
  expected  a line on stderr that contains MILK
  actual    COLOR is missing: set it to the color of the house
  start     PORT=3000 FIXTURE=exits MILK='  ' cargo run --bin contract-fixture-solution",
    );
}

#[test]
fn of_a_line_that_never_comes_on_stderr() {
    let outcome = specimens(&["it_says_something_on_stderr"]).env("SPECIMEN", "fails").run();

    let (_, told) = outcome.said.split_once("expected").unwrap();
    assert!(
        told.starts_with("  on stderr: a line\n  actual    tea!\n  stdout    fixture · "),
        "{told}"
    );
    assert!(told.ends_with("            tea"), "{told}");
}

#[test]
fn the_command_to_start_is_the_one_that_was_given() {
    let told = |name, value: &str| {
        specimens(&["it_fails_in_one_of_several_cases"])
            .env("SPECIMEN", "fails")
            .env(name, value)
            .run()
            .said
    };

    let given = told("CONTRACT_START", "cargo xtask run 13");
    assert!(
        given.contains("  start     PORT=3000 TEA=green MILK='  ' cargo xtask run 13\n"),
        "{given}"
    );
    let folder = std::env::current_dir().unwrap();
    let line = format!("'{}' $PORT", crate::rerun::fixture());
    let typed = told("CONTRACT_CMD", &line);
    let start =
        format!("cd {} && export PORT=3000 TEA=green MILK='  ' && {line}\n", folder.display());
    assert!(typed.contains(&start), "{typed}");
}

#[test]
fn of_a_server_that_exits_at_once() {
    let outcome = specimen_with("a_new_todo_gets_201", "exits");

    outcome.expect_said(
        "\
✗ a new todo gets 201
  expected  contract-fixture-solution to listen on PORT
  actual    contract-fixture-solution ended with exit code 3 before it listened
  stderr    COLOR is missing: set it to the color of the house",
    );
}

#[test]
fn of_a_server_that_hangs() {
    let outcome = specimens(&["a_new_todo_gets_201"])
        .env("FIXTURE", "hangs")
        .env("CONTRACT_TIMEOUT_MS", BRIEFLY)
        .run();

    outcome.expect_said(&format!(
        "\
✗ a new todo gets 201
  request   POST /todos  {{\"title\":\"tea\"}}
  expected  a response
  actual    no response within 0.3 s
  start     PORT=3000 cargo run --bin contract-fixture-solution
  try       {CURL_POST}"
    ));
}

#[test]
fn of_a_server_that_panics() {
    let outcome = specimen_with("a_new_todo_gets_201", "panics");

    outcome.expect_said(&format!(
        "\
✗ a new todo gets 201
  request   POST /todos  {{\"title\":\"tea\"}}
  expected  a response
  actual    the server closed the connection without a response; stderr says that a handler panicked
  start     PORT=3000 cargo run --bin contract-fixture-solution
  try       {CURL_POST}
  stderr    a handler panicked: the color is unknown"
    ));
}

#[test]
fn of_a_server_that_dies() {
    let outcome = specimen_with("a_new_todo_gets_201", "dies");

    outcome.expect_said(&format!(
        "\
✗ a new todo gets 201
  request   POST /todos  {{\"title\":\"tea\"}}
  expected  a response
  actual    contract-fixture-solution ended with exit code 7
  start     PORT=3000 cargo run --bin contract-fixture-solution
  try       {CURL_POST}
  stderr    the color is unknown"
    ));
}

#[test]
fn of_a_wrong_status() {
    let outcome = specimen_with("a_new_todo_gets_201", "responds_with_200");

    outcome.expect_said(&format!(
        "\
✗ a new todo gets 201
  request   POST /todos  {{\"title\":\"tea\"}}
  expected  status 201 Created
  actual    status 200 OK  {{\"completed\":false,\"title\":\"tea\"}}
                   ^^^
  start     PORT=3000 cargo run --bin contract-fixture-solution
  try       {CURL_POST}"
    ));
}

#[test]
fn of_a_wrong_header() {
    let outcome = specimen_with("a_new_todo_says_where_it_is", "says_the_wrong_place");

    outcome.expect_said(&format!(
        "\
✗ a new todo says where it is
  after     GET /todos 200
  request   POST /todos  {{\"title\":\"tea\"}}
  expected  location: /todos/1
  actual    location: /api/todos/1
  start     PORT=3000 cargo run --bin contract-fixture-solution
  try       {CURL_POST}"
    ));
}

#[test]
fn of_wrong_json() {
    let outcome = specimen_with("a_new_todo_gets_201", "completes");

    outcome.expect_said(&format!(
        "\
✗ a new todo gets 201
  request   POST /todos  {{\"title\":\"tea\"}}
  expected  {{\"completed\":false,\"title\":\"tea\"}}
  actual    {{\"completed\":true,\"title\":\"tea\"}}
             ^^^^^^^^^^^^^^^^ at completed: expected false
  start     PORT=3000 cargo run --bin contract-fixture-solution
  try       {CURL_POST}"
    ));
}

#[test]
fn of_a_wrong_body() {
    let outcome = specimen_with("the_greeting_is_hello", "is_rude");

    outcome.expect_said(
        "\
✗ the greeting is hello
  request   GET /
  expected  the body: hello
  actual    goodbye
  start     PORT=3000 cargo run --bin contract-fixture-solution
  try       curl -sS -i http://127.0.0.1:3000/",
    );
}

#[test]
fn of_a_failure_before_a_server_was_started() {
    let outcome =
        specimens(&["a_check_may_fail_before_it_starts_a_server"]).env("SPECIMEN", "fails").run();

    outcome.expect_said(
        "\
✗ a check may fail before it starts a server
  expected  the sun
  actual    the moon",
    );
    assert_eq!(outcome.report[0]["outcome"], "failed");
}

#[test]
fn of_a_failure_on_a_thread_that_helps_a_check() {
    let outcome = specimens(&["a_check_may_fail_in_a_helper"]).env("SPECIMEN", "fails").run();

    let (helper, check) = outcome.said.split_once("\n✗").expect("both are reported");
    assert_eq!(
        helper,
        "\
✗ a helper of a check
  request   GET /
  expected  status 204 No Content
  actual    status 200 OK  hello
                   ^^^
  try       curl -sS -i http://127.0.0.1:3000/"
    );
    assert!(check.ends_with("actual    a scoped thread panicked"), "{check}");
    assert_eq!(outcome.report.len(), 1, "only the check is in the report: {:?}", outcome.report);
}

#[test]
fn the_same_cause_is_said_in_full_once() {
    let outcome =
        specimens(&["a_new_todo_gets_201", "the_greeting_is_hello"]).env("FIXTURE", "exits").run();

    outcome.expect_said(
        "\
✗ a new todo gets 201
  expected  contract-fixture-solution to listen on PORT
  actual    contract-fixture-solution ended with exit code 3 before it listened
  stderr    COLOR is missing: set it to the color of the house
✗ the greeting is hello
  as above: contract-fixture-solution ended with exit code 3 before it listened",
    );
    let causes: Vec<_> = outcome.report.iter().map(|line| &line["cause"]).collect();
    assert_eq!(causes[0], "contract-fixture-solution ended with exit code 3 before it listened");
    assert_eq!(causes[0], causes[1]);
}

#[test]
fn a_long_one_has_twelve_lines() {
    let outcome = specimens(&["values_may_be_long"]).env("SPECIMEN", "fails").run();

    let lines: Vec<_> = outcome.said.lines().collect();
    assert_eq!(lines.len(), 12, "{}", outcome.said);
    assert_eq!(
        lines[3..6],
        ["  actual    line 1", "            line 2", "            … (7 more lines)"]
    );
    assert!(lines[6].starts_with("  stderr    all work"), "{}", outcome.said);
}

#[test]
fn the_command_to_try_stays_on_one_line() {
    let outcome = specimens(&["a_body_may_have_lines"]).env("SPECIMEN", "fails").run();

    let command = outcome.said.lines().find_map(|line| line.strip_prefix("  try       "));
    assert_eq!(
        command,
        Some(
            "curl -sS -i -X POST -H content-type: --data-raw $'it\\'s\\r\\n5 o\\'clock\\x01\\n' \
             http://127.0.0.1:3000/echo"
        )
    );
}

#[test]
fn colors_of_the_log_are_left_out() {
    let outcome = specimen_with("the_greeting_is_hello", "exits_in_color");

    assert!(
        outcome.said.ends_with("\n  stderr    today ERROR COLOR is missing"),
        "{}",
        outcome.said
    );
}

#[test]
fn json_that_differs_is_pointed_at() {
    for (wanted, actual, difference) in [
        ("[1,2]", "[1,3]", "               ^ at [1]: expected 2"),
        ("[1,2]", "[1,1]", "  differs   at [1]: expected 2, not 1"),
        ("[1,2]", "[1]", "  differs   expected 2 elements, not 1"),
        (
            r#"{"a":{"b":1}}"#,
            r#"{"a":{"b":"1"}}"#,
            r#"                  ^^^^^^^ at a.b: expected 1"#,
        ),
        (r#"{"a":1}"#, r#"{"b":1}"#, "  differs   at a: missing, expected 1"),
        (
            "9007199254740993",
            "9007199254740992",
            "            ^^^^^^^^^^^^^^^^ expected 9007199254740993",
        ),
    ] {
        let rerun = specimens(&["the_json_is_as_wanted"]).env("WANTED", wanted);
        let outcome = rerun.env("ACTUAL", actual).run();

        assert_eq!(outcome.said.lines().nth(4), Some(difference), "{}", outcome.said);
    }
}

#[test]
fn json_that_only_looks_different_passes() {
    for (wanted, actual) in
        [("5", "5.0"), (r#"{"a":1}"#, r#"{"b":2, "a":1}"#), ("[{}]", r#"[{"a":1}]"#)]
    {
        let rerun = specimens(&["the_json_is_as_wanted"]).env("WANTED", wanted);
        let outcome = rerun.env("ACTUAL", actual).run();

        outcome.expect_said("");
        assert!(outcome.status.success());
    }
}

#[test]
fn a_line_of_the_report_tells_of_a_check_that_passed() {
    let outcome = specimens(&["memory_stays_small"]).run();

    assert_eq!(
        without_time(&outcome),
        json!({
            "check": "specimen::memory_stays_small",
            "outcome": "passed",
            "cause": null,
            "failure": [],
            "notes": ["measured on a small machine"],
        })
    );
}

#[test]
fn a_line_of_the_report_tells_of_a_check_that_failed() {
    let outcome = specimen_with("the_greeting_is_hello", "is_rude");

    assert_eq!(
        without_time(&outcome),
        json!({
            "check": "specimen::the_greeting_is_hello",
            "outcome": "failed",
            "cause": null,
            "failure": [
                "  request   GET /",
                "  expected  the body: hello",
                "  actual    goodbye",
                "  start     PORT=3000 cargo run --bin contract-fixture-solution",
                "  try       curl -sS -i http://127.0.0.1:3000/",
            ],
            "notes": [],
        })
    );
}

#[test]
fn a_line_of_the_report_tells_of_a_check_that_was_not_run() {
    let outcome = specimens(&["it_starts_without_an_api_key"])
        .env("CONTRACT_URL", "http://127.0.0.1:9")
        .run();

    let why = "this check starts the server with settings of its own; it cannot do so with a server \
               that runs already (use --cmd instead of --url)";
    outcome.expect_said(&format!("– it starts without an api key\n  not run: {why}"));
    assert_eq!(
        without_time(&outcome),
        json!({
            "check": "specimen::it_starts_without_an_api_key",
            "outcome": "not_judged",
            "cause": null,
            "failure": [why],
            "notes": [],
        })
    );
}

impl Outcome {
    #[track_caller]
    fn expect_said(&self, wanted: &str) {
        assert_eq!(self.said, wanted, "\nsaid:\n{}\nwanted:\n{wanted}", self.said);
    }
}

/// The only line of the report, without the time that the check took.
fn without_time(outcome: &Outcome) -> Value {
    let [line] = &outcome.report[..] else { panic!("not one line: {:?}", outcome.report) };
    let mut line = line.clone();
    let millis = line.as_object_mut().and_then(|line| line.remove("millis"));
    assert!(millis.is_some_and(|millis| millis.as_u64().is_some_and(|millis| millis < 10_000)));
    line
}
