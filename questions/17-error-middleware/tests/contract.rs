//! What a server for question 17 must do.

use contract::{Endpoint, Request, Response, Server, Value, house_rules_with, json, process_rules};

/// What `/crash` and `/panic` die of.
const CRASH: &str = "no answer from db.internal:5432";
const PANIC: &str = "invoice 42 has no lines";

#[test]
fn an_expected_error_is_answered_with_400_and_its_message() {
    let app = Server::start();

    let response = app.get("/error-test").send();

    response.expect_status(400).expect_media_type("application/json");
    response.expect_json_including(json!({ "error": { "message": "Something went wrong" } }));
}

#[test]
fn a_json_body_is_parsed() {
    let app = Server::start();

    for message in ["tea", "\"milk\" & 糖"] {
        let note = json!({ "message": message });
        let response = app.post("/error-test").json(note.clone()).send();
        response
            .expect_status(200)
            .expect_media_type("application/json")
            .expect_json_including(note);
    }
}

#[test]
fn an_unexpected_error_is_answered_with_500_in_the_same_shape() {
    let app = Server::start();

    expect_error(&app.get("/crash").send(), 500);
}

#[test]
fn every_500_is_logged_to_stderr_with_its_cause() {
    let app = Server::start();

    for _ in 0..3 {
        app.get("/crash").send().expect_status(500);
    }

    wait_for_causes(&app, CRASH, 3);
}

#[test]
fn in_development_a_500_carries_the_detail() {
    let app = Server::builder().env("APP_ENV", "development").start();

    let response = app.get("/crash").send();

    expect_error(&response, 500);
    let detail = response.json_at("/error/detail");
    let has_cause = detail.as_str().is_some_and(|detail| detail.contains(CRASH));
    response.expect(has_cause, &format!("an error.detail that says: {CRASH}"), response.text());
}

mod stretch {
    use super::*;

    /// Whatever is not development; `None` is a variable that is not set.
    const PRODUCTION: [Option<&str>; 4] = [None, Some("production"), Some(""), Some("developmemt")];

    #[test]
    fn in_production_the_message_of_a_500_is_internal_server_error() {
        for app_env in PRODUCTION {
            let response = start_in(app_env).get("/crash").send();

            let wanted = json!({ "error": { "message": "Internal Server Error" } });
            response.expect_status(500).expect_json_including(wanted);
        }
    }

    #[test]
    fn in_production_a_500_leaks_nothing() {
        for app_env in PRODUCTION {
            let response = start_in(app_env).get("/crash").send();

            expect_error(&response, 500);
            expect_no_cause(&response);
        }
    }

    #[test]
    fn an_unknown_route_is_answered_in_the_same_shape() {
        let app = Server::start();

        for method in ["GET", "POST", "DELETE"] {
            expect_error(&app.request(method, "/no/such/route").send(), 404);
        }
    }

    #[test]
    fn malformed_json_is_answered_in_the_same_shape() {
        let app = Server::start();

        for body in ["{\"message\":\"tea\"", "{message: tea}", "tea"] {
            let request = app.post("/error-test").header("content-type", "application/json");
            expect_error(&request.body(body).send(), 400);
        }
    }

    #[test]
    fn a_panicking_handler_is_answered_with_500_in_the_same_shape() {
        let app = Server::start();

        let response = app.get("/panic").send();

        expect_error(&response, 500);
        expect_no_cause(&response);
    }

    #[test]
    fn a_panic_is_logged_to_stderr() {
        let app = Server::start();

        app.get("/panic").send().expect_status(500);

        wait_for_causes(&app, PANIC, 1);
    }

    #[test]
    fn the_server_lives_on_after_panics() {
        let app = Server::start();
        let panics: Vec<Request> = (0..20).map(|_| app.get("/panic")).collect();

        for response in app.burst(panics) {
            response.expect_status(500);
        }

        for _ in 0..20 {
            app.get("/error-test").send().expect_status(400);
        }
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        let app = Server::start();

        let endpoints = [
            Endpoint::get("/error-test"),
            Endpoint::post("/error-test", json!({ "message": "tea" })),
        ];
        house_rules_with(&app, &endpoints, has_message);
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
        process_rules(&Endpoint::post("/error-test", json!({ "message": "tea" })));
    }
}

fn start_in(app_env: Option<&str>) -> Server {
    match app_env {
        Some(app_env) => Server::builder().env("APP_ENV", app_env).start(),
        None => Server::start(),
    }
}

/// `{"error":{"message":"…"}}`
fn has_message(body: &Value) -> bool {
    body["error"]["message"].as_str().is_some_and(|message| !message.trim().is_empty())
}

#[track_caller]
fn expect_error(response: &Response, status: u16) {
    response.expect_status(status).expect_media_type("application/json");
    let wanted = r#"{"error":{"message":"…"}}, with a text"#;
    response.expect(has_message(&response.json()), wanted, response.text());
}

/// Expects neither a detail nor words that only the server knows.
#[track_caller]
fn expect_no_cause(response: &Response) {
    let text = response.text();
    let inside = ["\"detail\"", "\"stack\"", "db.internal", "invoice", "panicked", ".rs:"];
    let is_silent = !inside.iter().any(|word| text.contains(word));
    response.expect(is_silent, "nothing of what went wrong inside", text);
}

#[track_caller]
fn wait_for_causes(app: &Server, cause: &str, at_least: usize) {
    let what = format!("{cause}, at least once for each of {at_least} requests");
    app.wait_for_stderr(&what, |printed| printed.matches(cause).count() >= at_least);
}
