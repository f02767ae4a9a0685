//! What a server for question 08 must do.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use contract::{Endpoint, Server, expect, expect_eq, house_rules, process_rules};

#[test]
fn a_request_is_logged_and_then_handled() {
    let app = Server::start();

    app.get("/").send().expect_status(200);

    wait_for_line(&app, "GET", "/");
}

#[test]
fn a_request_for_an_unknown_path_is_logged() {
    let app = Server::start();

    app.get("/no/such/path").send().expect_status(404);

    wait_for_line(&app, "GET", "/no/such/path");
}

#[test]
fn the_line_contains_the_request_method() {
    let app = Server::start();

    for method in ["POST", "PUT", "DELETE"] {
        app.request(method, "/some/path").send();
        wait_for_line(&app, method, "/some/path");
    }
}

#[test]
fn the_path_stays_percent_encoded() {
    let app = Server::start();

    app.get("/a%20b%2Fc%c3%a9").send();

    wait_for_line(&app, "GET", "/a%20b%2Fc%c3%a9");
}

#[test]
fn the_timestamp_is_rfc_3339_in_utc_with_milliseconds() {
    let app = Server::builder().env("TZ", "JST-9").start();

    app.get("/").send();

    let timestamp = wait_for_line(&app, "GET", "/");
    let has_format = timestamp.len() == EXAMPLE.len()
        && NaiveDateTime::parse_from_str(&timestamp, "%Y-%m-%dT%H:%M:%S%.3fZ").is_ok();
    expect(has_format, &format!("a timestamp such as {EXAMPLE}"), timestamp);
}

#[test]
fn the_timestamp_is_the_time_of_the_request() {
    let app = Server::builder().env("TZ", "JST-9").start();
    let before = Utc::now();

    app.get("/").send();

    let timestamp = wait_for_line(&app, "GET", "/");
    let time = DateTime::parse_from_rfc3339(&timestamp).ok();
    let tolerance = TimeDelta::seconds(5);
    let about_now = before - tolerance..Utc::now() + tolerance;
    let is_now = time.is_some_and(|time| about_now.contains(&time.to_utc()));
    expect(is_now, &format!("a timestamp close to {before}"), timestamp);
}

#[test]
fn each_request_logs_one_line() {
    let app = Server::start();

    for i in 0..20 {
        app.get(format!("/{i}")).send();
    }

    app.get("/last").send();
    wait_for_line(&app, "GET", "/last");
    for i in 0..20 {
        let path = format!("/{i}");
        wait_for_line(&app, "GET", &path);
        let logged = timestamps(&app.stdout(), "GET", &path).count();
        expect_eq(&format!("number of lines for one GET {path}"), logged, 1);
    }
}

mod stretch {
    use super::*;

    #[test]
    fn an_encoded_newline_cannot_forge_a_line() {
        let app = Server::start();

        for newline in ["%0a", "%0D", "%0d%0A"] {
            let forged = format!("%5BDELETE%5D%20/users%20-%20{EXAMPLE}");
            app.get(format!("/x{newline}{forged}")).send();
        }

        app.get("/last").send();
        wait_for_line(&app, "GET", "/last");
        let printed = app.stdout();
        let is_forged = timestamps(&printed, "DELETE", "/users").next().is_some();
        expect(!is_forged, "no line for DELETE /users, which was not sent", printed);
    }

    #[test]
    fn the_query_string_is_not_logged() {
        let app = Server::start();

        app.get("/?token=s3cret").send().expect_status(200);
        app.get("/search?q=s3cret").send().expect_status(404);

        wait_for_line(&app, "GET", "/");
        wait_for_line(&app, "GET", "/search");
        let printed = app.stdout();
        expect(!printed.contains("s3cret"), "no query string on stdout", printed);
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let app = Server::start();
        app.get("/").send();
        wait_for_line(&app, "GET", "/");

        house_rules(&app, &[Endpoint::get("/")]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        let app = Server::start();
        app.get("/").send();
        wait_for_line(&app, "GET", "/");

        process_rules(&Endpoint::get("/"));
    }
}

const EXAMPLE: &str = "2026-01-31T12:00:00.000Z";

/// Waits for the line of a request and returns its timestamp, whatever its format.
#[track_caller]
fn wait_for_line(app: &Server, method: &str, path: &str) -> String {
    let expected = format!("[{method}] {path} - {EXAMPLE}, with the time of the request");
    let printed = app.wait_for_stdout(&expected, |printed| {
        timestamps(printed, method, path).any(|timestamp| !timestamp.is_empty())
    });
    timestamps(&printed, method, path).next().unwrap_or_default().to_owned()
}

/// The timestamps of all lines for such a request. Lines of another form are ignored.
fn timestamps<'a>(printed: &'a str, method: &str, path: &str) -> impl Iterator<Item = &'a str> {
    let start = format!("[{method}] {path} - ");
    printed.split(['\n', '\r']).filter_map(move |line| line.strip_prefix(&start))
}
