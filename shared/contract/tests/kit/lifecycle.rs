//! Start, output, memory and end of a subject.

use std::{
    panic::{self, AssertUnwindSafe},
    time::Duration,
};

use contract::{Server, TransportError, json};

use crate::rerun::specimen_with;

const SOON: Duration = Duration::from_secs(5);

fn fails(check: impl FnOnce()) -> bool {
    panic::catch_unwind(AssertUnwindSafe(check)).is_err()
}

#[test]
fn two_servers_share_neither_port_nor_directory() {
    let (one, other) = (Server::start(), Server::start());

    assert_ne!(one.port(), other.port());
    assert_ne!(one.directory(), other.directory());
}

#[test]
fn a_server_finds_the_files_of_its_check() {
    let app = Server::builder().file("tea.txt", "green").file("a/b.txt", "black").start();

    assert_eq!(app.get("/file/tea.txt").send().text(), "green");
    assert_eq!(app.get("/file/a/b.txt").send().text(), "black");
}

#[test]
fn a_start_is_repeated_if_the_port_is_in_use_and_the_report_says_so() {
    let outcome = specimen_with("the_greeting_is_hello", "finds_its_port_taken_once");

    let line = &outcome.report[0];
    assert_eq!(line["outcome"], "passed");
    let note = "the server said that its port is in use, so it got another one";
    assert_eq!(line["notes"], json!([note]));
}

#[test]
fn a_server_is_gone_once_it_is_dropped_even_if_a_request_is_left() {
    let app = Server::start();
    let request = app.get("/");

    drop(app);

    assert_eq!(request.try_send().err(), Some(TransportError::Refused));
}

#[test]
fn a_server_that_may_refuse_to_start_is_a_server_or_an_exit() {
    let started = Server::builder().start_or_exit();
    let refused = Server::builder().env("FIXTURE", "exits").start_or_exit();

    started.expect("it listens").get("/").send().expect_status(200);
    let exit = refused.err().expect("it ends");
    assert_eq!(exit.code(), Some(3));
    assert!(!exit.stderr.is_empty());
}

#[cfg(unix)]
#[test]
fn a_variable_need_not_be_utf_8() {
    let app = Server::builder().env_bytes("TEA", b"gr\xfcn").start();

    app.get("/env/TEA").send().expect_json(json!(null));
}

#[test]
fn a_restart_keeps_settings_and_files_and_ends_the_old_process() {
    let app = Server::builder().env("TEA", "green").start();
    app.request("PUT", "/file/tea.txt").body("black").send();
    app.post("/todos").json(json!({ "title": "tea" })).send().expect_status(201);
    let old = app.get("/");

    let app = app.restart();

    assert_eq!(app.get("/env/TEA").send().json(), "green");
    assert_eq!(app.get("/file/tea.txt").send().text(), "black");
    assert_eq!(app.get("/todos").send().json(), json!([]));
    assert_eq!(old.try_send().err(), Some(TransportError::Refused));
}

#[test]
fn an_end_without_a_signal_is_seen() {
    let app = Server::start();

    assert!(matches!(app.get("/end/3").try_send(), Err(TransportError::Closed { .. })));

    assert_eq!(app.wait_for_exit(SOON).code(), Some(3));
    // It is too late for a signal, and how it ended stays as it was.
    assert_eq!(app.terminate(SOON).code(), Some(3));
}

#[test]
#[cfg(unix)]
fn a_server_that_does_not_catch_a_signal_has_no_exit_code() {
    let (terminated, interrupted) = (Server::start(), Server::start());

    for exit in [terminated.terminate(SOON), interrupted.interrupt(SOON)] {
        assert_eq!(exit.code(), None);
        assert!(exit.stdout.contains("fixture · http://127.0.0.1:"));
        assert!(fails(|| {
            exit.expect_success();
        }));
    }
}

#[test]
fn a_server_that_does_not_end_in_time_fails_the_check() {
    let app = Server::start();

    assert!(fails(|| {
        app.wait_for_exit(Duration::from_millis(20));
    }));
}

#[test]
fn a_refusal_to_start_is_seen_with_its_reason() {
    let exit = Server::builder().env("FIXTURE", "exits").start_and_wait_for_exit(SOON);

    exit.expect_start_up_error("COLOR");
    assert_eq!(exit.code(), Some(3));
    assert!(exit.took > Duration::ZERO && exit.took < SOON);
    assert!(fails(|| {
        exit.expect_start_up_error("SOUND");
    }));
}

#[test]
fn a_start_that_should_have_been_refused_fails_the_check() {
    assert!(fails(|| {
        Server::builder().start_and_wait_for_exit(Duration::from_millis(20));
    }));
}

#[test]
fn a_refusal_gets_as_long_as_any_start() {
    let outcome = specimen_with("a_refusal_may_take_long", "");

    assert_eq!(outcome.report[0]["outcome"], "passed", "{}", outcome.said);
}

#[test]
fn limits_grow_with_the_time_that_a_start_took() {
    let patience = |fault| -> u64 {
        let outcome = specimen_with("it_is_patient_with_a_slow_server", fault);
        outcome.printed("patience ").parse().unwrap()
    };

    assert!(patience("") >= 1000);
    assert!(patience("starts_slowly") >= 1000 + 10 * 300);
}

#[test]
fn a_port_that_the_check_sets_is_handed_over_and_asked() {
    let other = Server::start();
    let port = other.port().to_string();
    drop(other);

    let app = Server::builder().env("PORT", &port).start();

    assert_eq!(app.port().to_string(), port);
    assert_eq!(app.get("/env/PORT").send().json(), port);
}

#[test]
fn what_a_server_says_can_be_waited_for() {
    let app = Server::start();

    app.get("/say/tea").send();

    let said = app.wait_for_stdout("a line about tea", |text| text.contains("tea\n"));
    assert!(said.starts_with("fixture · "), "the text is whole: {said}");
    assert_eq!(app.wait_for_stderr("a line", |text| text.ends_with('\n')), "tea!\n");
    assert_eq!((app.stdout(), app.stderr()), (said, "tea!\n".to_owned()));
}

#[test]
fn what_a_server_writes_into_a_file_can_be_waited_for() {
    let app = Server::start();

    app.request("PUT", "/file/tea.txt").body(b"green\xff").send();

    let text = app.wait_for_file("tea.txt", "tea", |text| text.starts_with("green"));
    assert_eq!(text, "green\u{fffd}");
    assert_eq!(app.wait_for_file("milk.txt", "no milk", str::is_empty), "");
}

#[test]
fn a_file_that_is_not_a_file_is_not_waited_for() {
    let app = Server::start();
    app.request("PUT", "/fifo/tea.txt").send().expect_status(200);

    assert_eq!(app.wait_for_file("tea.txt", "nothing", str::is_empty), "");
    assert_eq!(app.read_file("tea.txt"), None);
    assert_eq!(app.read_file("/dev/zero"), None);
}

#[test]
fn a_file_can_be_read() {
    let app = Server::builder().file("a/tea.txt", "green").start();

    assert_eq!(app.read_file("a/tea.txt").as_deref(), Some(b"green".as_slice()));
    assert_eq!(app.read_file("a"), None);
    assert_eq!(app.read_file("milk.txt"), None);
}

#[test]
fn a_server_may_flood_its_output() {
    const KEPT: usize = 8 << 20;
    let app = Server::start();

    app.get("/flood").send().expect_status(200);

    let said = app.wait_for_stdout("its end", |text| text.ends_with("the end of the flood\n"));
    assert!((KEPT..=2 * KEPT).contains(&said.len()), "{} bytes are kept", said.len());
}

#[test]
#[cfg(target_os = "linux")]
fn memory_is_measured_now_and_at_its_peak() {
    const HELD: u64 = 64 << 20;
    let app = Server::start();
    let before = app.resident_memory().unwrap();
    assert!((1..HELD).contains(&before), "{before} bytes before");

    app.get("/hold/64").send().expect_status(200);
    let held = app.resident_memory().unwrap();
    app.get("/hold/0").send().expect_status(200);
    let after = app.resident_memory().unwrap();

    assert!(held >= before + HELD, "{before} bytes before, {held} held");
    assert!(after < held - HELD / 2, "{held} bytes held, {after} after");
    // The kernel counts the peak a little behind.
    assert!(app.peak_memory().unwrap() > held - HELD / 8);
}

#[test]
#[cfg(target_os = "linux")]
fn a_server_at_rest_is_told_from_one_that_works() {
    let app = Server::start();
    assert_eq!(app.rests_within(SOON), Some(true));

    app.get("/burn/on").send().expect_status(200);
    assert_eq!(app.rests_within(Duration::from_secs(1)), Some(false));

    app.get("/burn/off").send().expect_status(200);
    assert_eq!(app.rests_within(SOON), Some(true));
}
