//! What a server for question 08 must do.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use contract::{Endpoint, Server, expect, expect_eq, house_rules, process_rules};

#[test]
fn a_request_is_logged_and_then_answered() {
    let app = Server::start();

    app.get("/").send().expect_status(200);

    wait_for_line(&app, "GET", "/");
}

#[test]
fn a_request_that_no_route_matches_is_logged_too() {
    let app = Server::start();

    app.get("/no/such/path").send().expect_status(404);

    wait_for_line(&app, "GET", "/no/such/path");
}

#[test]
fn the_line_names_the_method_of_the_request() {
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
fn the_timestamp_is_the_time_of_the_request_in_utc() {
    let app = Server::builder().env("TZ", "JST-9").start();
    let before = Utc::now();

    app.get("/").send();

    let logged = wait_for_line(&app, "GET", "/");
    let tolerance = TimeDelta::seconds(5);
    let now = before - tolerance..Utc::now() + tolerance;
    expect(now.contains(&logged), &format!("a timestamp about {before}"), logged.to_string());
}

#[test]
fn every_request_makes_one_line() {
    let app = Server::start();

    for i in 0..20 {
        app.get(format!("/{i}")).send();
    }

    app.get("/last").send();
    wait_for_line(&app, "GET", "/last");
    for i in 0..20 {
        let path = format!("/{i}");
        wait_for_line(&app, "GET", &path);
        let made = lines(&app.stdout(), "GET", &path).count();
        expect_eq(&format!("number of lines for one GET {path}"), made, 1);
    }
}

mod stretch {
    use super::*;

    #[test]
    fn an_encoded_newline_cannot_forge_a_line() {
        let app = Server::start();

        for newline in ["%0a", "%0D", "%0d%0A"] {
            let path = format!("/x{newline}%5BDELETE%5D%20/users%20-%202026-01-31T12:00:00.000Z");
            app.get(&path).send();
            wait_for_line(&app, "GET", &path);
        }

        let forged: Vec<_> = lines(&app.stdout(), "DELETE", "/users").collect();
        expect(forged.is_empty(), "no line for a request that nobody sent", forged);
    }

    #[test]
    fn the_query_string_stays_out() {
        let app = Server::start();

        app.get("/?token=s3cret").send().expect_status(200);
        app.get("/search?q=s3cret").send().expect_status(404);

        wait_for_line(&app, "GET", "/");
        wait_for_line(&app, "GET", "/search");
        let printed = app.stdout();
        expect(!printed.contains("s3cret"), "no query string on stdout", printed);
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        let app = Server::start();
        app.get("/").send();
        wait_for_line(&app, "GET", "/");

        house_rules(&app, &[Endpoint::get("/")]);
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
        let app = Server::start();
        app.get("/").send();
        wait_for_line(&app, "GET", "/");

        process_rules(&Endpoint::get("/"));
    }
}

/// Waits for the line of a request, and returns its timestamp.
#[track_caller]
fn wait_for_line(app: &Server, method: &str, path: &str) -> DateTime<Utc> {
    let wanted =
        format!("[{method}] {path} - 2026-01-31T12:00:00.000Z, with the time of the request");
    let printed =
        app.wait_for_stdout(&wanted, |printed| lines(printed, method, path).next().is_some());
    lines(&printed, method, path).next().expect("it has been waited for")
}

/// The timestamps of the lines that are about such a request. A server may print other lines too.
fn lines(printed: &str, method: &str, path: &str) -> impl Iterator<Item = DateTime<Utc>> {
    let start = format!("[{method}] {path} - ");
    printed.lines().filter_map(move |line| timestamp(line.strip_prefix(&start)?))
}

/// `2026-01-31T12:00:00.000Z`, and nothing else that RFC 3339 would allow.
fn timestamp(text: &str) -> Option<DateTime<Utc>> {
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.3fZ").ok()?;
    (text.len() == "2026-01-31T12:00:00.000Z".len()).then(|| time.and_utc())
}
