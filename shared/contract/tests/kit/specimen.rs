//! Checks as a question has them. They pass against the fixture; other tests run them again against
//! the fixture with a fault, and see what is said.

use std::{
    env,
    path::Path,
    time::{Duration, Instant},
};

use contract::{Endpoint, Server, Value, expect, expect_eq, house_rules, json, process_rules};
#[cfg(target_os = "linux")]
use rustix::process::DumpableBehavior;

#[test]
fn the_greeting_is_hello() {
    let app = Server::start();

    let greeting = app.get("/").send();

    greeting.expect_status(200);
    greeting.expect(greeting.text() == "hello", "the body: hello", greeting.text());
}

#[test]
fn a_new_todo_gets_201() {
    let app = Server::start();

    let created = app.post("/todos").json(json!({ "title": "tea" })).send();

    created.expect_status(201).expect_json_including(json!({ "completed": false, "title": "tea" }));
}

#[test]
fn a_new_todo_says_where_it_is() {
    let app = Server::start();
    app.get("/todos").send().expect_status(200);

    let created = app.post("/todos").json(json!({ "title": "tea" })).send();

    created.expect_header("location", "/todos/1");
}

#[test]
fn it_keeps_the_house_rules() {
    let app = Server::start();

    let new = json!({ "title": "tea" });
    house_rules(&app, &[Endpoint::get("/todos?page=1"), Endpoint::post("/todos", new)]);
}

#[test]
fn it_keeps_the_house_rules_for_clients_with_a_key() {
    let app = Server::start();

    let (list, new) =
        (Endpoint::get("/todos"), Endpoint::post("/todos", json!({ "title": "tea" })));
    let key = "Bearer open sesame";
    house_rules(&app, &[list.header("authorization", key), new.header("authorization", key)]);
}

#[test]
fn it_keeps_the_house_rules_with_titles_of_any_type() {
    let new = Endpoint::post("/todos", json!({ "title": "tea" })).any_types();
    house_rules(&Server::start(), &[new]);
}

/// The fixture does not catch signals: this judges what `service.sh` makes of it.
#[test]
fn it_starts_and_stops_as_a_service_should() {
    if env::var_os("CONTRACT_CMD").is_some() {
        process_rules(&Endpoint::post("/todos", json!({ "title": "tea" })));
    }
}

#[test]
fn it_keeps_the_house_rules_where_a_body_is_text() {
    house_rules(&Server::start(), &[Endpoint::post_as("/notes", "text/plain", "buy tea")]);
}

/// As [`it_starts_and_stops_as_a_service_should`].
#[test]
fn it_finishes_a_text_that_is_in_flight() {
    if env::var_os("CONTRACT_CMD").is_some() {
        process_rules(&Endpoint::post_as("/notes", "text/plain", "buy tea"));
    }
}

#[test]
fn memory_stays_small() {
    let app = Server::start();

    contract::note("measured on a small machine");
    expect_eq("todos", app.get("/todos").send().json(), json!([]));
}

#[test]
fn it_starts_without_an_api_key() {
    let app = Server::builder().env("API_KEY", "").start();

    app.get("/").send().expect_status(200);
}

#[test]
fn it_finds_its_port_in_a_file() {
    if env::var_os("CONTRACT_CMD").is_some() {
        Server::builder().port_in_file(".env", |port| format!("PORT={port}")).start();
    }
}

#[test]
fn it_ends_when_asked() {
    let app = Server::start();

    app.interrupt(Duration::from_secs(5));
}

#[test]
fn it_says_what_the_subject_sees() {
    let app = Server::builder().env("WORKERS", "2").start();

    println!(
        "facts {}",
        json!({
            "API_KEY": app.get("/env/API_KEY").send().json(),
            "CONTRACT_REPORT": app.get("/env/CONTRACT_REPORT").send().json(),
            "HOST": app.get("/env/HOST").send().json(),
            "RUST_LOG": app.get("/env/RUST_LOG").send().json(),
            "TEA": app.get("/env/TEA").send().json(),
            "WORKERS": app.get("/env/WORKERS").send().json(),
            "args": app.get("/args").send().json(),
            "directory": app.get("/directory").send().text(),
        })
    );
    let directory = app.get("/directory").send().text();
    println!("is in its own directory: {}", Path::new(&directory) == app.directory());
    let port = json!(app.port().to_string());
    println!("has its own port: {}", app.get("/env/PORT").send().json() == port);
    println!("its first argument is its port: {}", app.get("/args").send().json()[0] == port);
    let parent = app.get("/parent").send().json();
    println!("its parent is the contract: {}", parent == json!(std::process::id()));
}

#[test]
fn it_says_what_host_was_asked_for() {
    let head = Server::start().get("/echo").send().json_at("/head").to_string();

    println!("host {}", head.split_once("host: ").unwrap().1.split_once("\\r").unwrap().0);
}

#[test]
fn it_finishes_what_it_has_begun() {
    if env::var_os("CONTRACT_CMD").is_none() {
        return;
    }
    let app = Server::start();
    let limit = Duration::from_secs(5);
    let mut response = app.post("/steps").body("HTTP/1.1 200 OK\r\n\r\none|two").stream();

    app.begin_termination();
    let asked = Instant::now();
    expect_eq("first piece", response.next(limit), Ok(Some(b"one".to_vec())));
    let least = asked.elapsed();
    app.get("/next").send().expect_status(200);
    expect_eq("second piece", response.next(limit), Ok(Some(b"two".to_vec())));

    let exit = app.wait_for_exit(limit);
    exit.expect_success();
    expect(exit.took >= least, "the time since the signal", exit.took);
}

/// Fails, though not by `assert!`, if `SPECIMEN` says so; says who runs.
#[test]
fn it_has_children() {
    let app = Server::start();
    let pids = app.get("/pids").send().json();

    println!("directory {}", app.directory().display());
    println!("pids {pids}");
    match env::var("SPECIMEN").as_deref() {
        Ok("fails") => expect(false, "no children", pids),
        Ok("panics") => panic!("there are children"),
        Ok("waits") => wait_for_the_end(&app),
        _ => {}
    }
}

/// Of the specimen, which others bring about. Ends by itself as well, should nobody do that.
fn wait_for_the_end(app: &Server) {
    let _ = app.get("/stall").timeout(Duration::from_secs(60)).try_send();
}

#[test]
fn a_check_may_fail_before_it_starts_a_server() {
    let is_asked = env::var_os("SPECIMEN").is_some();

    expect(!is_asked, "the sun", "the moon");
}

#[test]
fn a_check_may_fail_in_a_helper() {
    let is_asked = env::var_os("SPECIMEN").is_some();
    let app = Server::start();

    std::thread::scope(|scope| {
        scope.spawn(|| {
            app.get("/").send().expect_status(if is_asked { 204 } else { 200 });
        });
    });
}

#[test]
fn values_may_be_long() {
    let app = Server::start();
    let lines = |count: usize| (1..=count).map(|n| format!("line {n}\n")).collect::<String>();
    app.get("/flood").send();

    let response = app.post("/echo").header("x-lines", "\t").body(lines(9)).send();
    if env::var_os("SPECIMEN").is_some() {
        panic!("{}", lines(9));
    }
    response.expect_status(200);
}

#[test]
fn a_body_may_have_lines() {
    let app = Server::start();

    let response = app.post("/echo").body("it's\r\n5 o'clock\u{1}\n").send();

    let wanted = if env::var_os("SPECIMEN").is_some() { 204 } else { 200 };
    response.expect_status(wanted);
}

#[test]
fn the_json_is_as_wanted() {
    let app = Server::start();
    let named = |name: &str, other: &str| -> Value {
        let text = env::var(name).unwrap_or_else(|_| other.to_owned());
        text.parse().expect("it is JSON")
    };
    let (wanted, actual) = (named("WANTED", "1"), named("ACTUAL", "1"));

    let response = app.post("/raw").body(format!("HTTP/1.0 200 OK\r\n\r\n{actual}")).send();

    response.expect_json_including(wanted);
}

#[test]
fn it_says_what_the_subject_holds() {
    let app = Server::builder().env("TEA", "green").start();

    #[cfg(target_os = "linux")]
    {
        println!("descriptors {}", app.get("/descriptors").send().json());
        let behavior = rustix::process::dumpable_behavior().expect("Linux says it");
        println!("others may look: {}", behavior == DumpableBehavior::Dumpable);
    }
    println!("sees {}", app.get("/environment").send().json());
    println!("directory {}", app.directory().display());
}

#[test]
fn it_fails_in_one_of_several_cases() {
    let wanted = if env::var_os("SPECIMEN").is_some() { 204 } else { 200 };
    let app = Server::builder().env("TEA", "green").env("MILK", "  ").file("a.txt", "").start();

    for (path, status) in [("/", 200), ("/nothing", wanted)] {
        let _case = contract::case(format!("path {path}"));
        app.get(path).send().expect_status(status);
    }
}

#[test]
fn it_refuses_to_start_without_milk() {
    let builder = Server::builder().env("FIXTURE", "exits").env("MILK", "  ");
    let exit = builder.start_and_wait_for_exit(Duration::from_secs(5));

    exit.expect_start_up_error(if env::var_os("SPECIMEN").is_some() { "MILK" } else { "COLOR" });
}

#[test]
fn it_says_something_on_stderr() {
    let app = Server::start();
    app.get("/say/tea").send();

    let wanted = if env::var_os("SPECIMEN").is_some() { "milk" } else { "tea" };
    app.wait_for_stderr("a line", |text| text.contains(wanted));
}

#[test]
fn it_leaves_a_temporary_file() {
    println!("temporary {}", Server::start().get("/temporary").send().text());
}

#[test]
fn it_takes_long() {
    contract::announce(Duration::from_secs(20));
    Server::start();
}

#[test]
fn it_is_patient_with_a_slow_server() {
    let _app = Server::start();

    println!("patience {}", contract::patience(Duration::from_secs(1)).as_millis());
}

#[test]
fn a_refusal_may_take_long() {
    let slow = Server::builder().env("FIXTURE", "refuses_slowly");

    slow.start_and_wait_for_exit(Duration::from_millis(100)).expect_start_up_error("COLOR");
}

#[test]
fn many_requests_come_at_once() {
    let app = Server::start();

    let responses = app.burst((0..200).map(|_| app.get("/")).collect());

    expect_eq("number of responses", responses.len(), 200);
}

#[test]
fn some_connections_are_open() {
    let app = Server::start();

    let connections: Vec<_> = (0..40).map(|_| app.connect()).collect();

    expect_eq("number of connections", connections.len(), 40);
}

mod stretch {
    use super::*;

    #[test]
    fn a_stub_is_called() {
        let upstream = contract::Upstream::start([contract::Reply::Json(200, json!({}))]);
        let app = Server::builder().env("UPSTREAM_URL", &upstream.url()).start();

        println!("stub {} server {}", upstream.url(), app.port());
        println!("directory {}", app.directory().display());
    }
}
