//! What a server for question 17 must do.

use contract::{Endpoint, Request, Response, Server, Value, house_rules_as, json, process_rules};

/// The causes of `/crash`, `/panic` and `/panic/guard`.
const CRASH: &str = "no answer from db.internal:5432";
const PANIC: &str = "invoice 42 has no lines";
const GUARD_PANIC: &str = "tenant 7 has no name";

const SHAPE: &str = r#"{"error": {"message": "<message>"}}"#;

#[test]
fn an_expected_error_gets_a_400_with_its_message() {
    let app = Server::start();

    let response = app.get("/error-test").send();

    response.expect_status(400).expect_media_type("application/json");
    response.expect_json(json!({ "error": { "message": "Something went wrong" } }));
}

#[test]
fn a_json_body_is_parsed_and_sent_back() {
    let app = Server::start();

    for message in ["tea", "\"milk\" & 糖"] {
        let note = json!({ "message": message });
        let response = app.post("/error-test").json(note.clone()).send();
        response.expect_status(200).expect_media_type("application/json").expect_json(note);
    }
}

#[test]
fn an_unexpected_error_gets_a_500_in_the_error_shape() {
    let app = Server::start();

    expect_error(&app.get("/crash").send(), 500);
}

#[test]
fn the_cause_of_every_500_is_logged_to_stderr() {
    let app = Server::start();

    for _ in 0..3 {
        app.get("/crash").send().expect_status(500);
    }

    wait_for_causes(&app, CRASH, 3);
}

#[test]
fn in_development_a_500_has_the_cause_as_detail() {
    let app = Server::builder().env("APP_ENV", "development").start();

    let response = app.get("/crash").send();

    expect_error(&response, 500);
    let detail = response.json_at("/error/detail");
    let has_cause = detail.as_str().is_some_and(|detail| detail.contains(CRASH));
    response.expect(has_cause, &format!("error.detail contains: {CRASH}"), response.text());
}

mod stretch {
    use super::*;

    #[test]
    fn in_production_the_message_of_a_500_is_internal_server_error() {
        for app in [Server::builder(), Server::builder().env("APP_ENV", "production")] {
            let response = app.start().get("/crash").send();

            let wanted = json!({ "error": { "message": "Internal Server Error" } });
            response.expect_status(500).expect_json(wanted);
        }
    }

    #[test]
    fn in_production_a_500_reveals_nothing_about_its_cause() {
        for app in [Server::builder(), Server::builder().env("APP_ENV", "production")] {
            let response = app.start().get("/crash").send();

            expect_error(&response, 500);
            expect_no_cause(&response);
        }
    }

    #[test]
    fn an_invalid_app_env_reveals_nothing_or_is_a_startup_error() {
        let app = Server::builder().env("APP_ENV", "development").start();
        expect_error(&app.get("/crash").send(), 500);

        for app_env in ["", "developmemt", "dev", "test"] {
            match Server::builder().env("APP_ENV", app_env).start_or_exit() {
                Ok(app) => expect_no_cause(&app.get("/crash").send()),
                Err(exit) => drop(exit.expect_start_up_error("APP_ENV")),
            }
        }
    }

    #[test]
    fn an_unknown_route_gets_the_error_shape() {
        let app = Server::start();

        for method in ["GET", "POST", "DELETE"] {
            expect_error(&app.request(method, "/no/such/route").send(), 404);
        }
    }

    #[test]
    fn malformed_json_gets_the_error_shape() {
        let app = Server::start();

        for body in ["{\"message\":\"tea\"", "{message: tea}", "tea"] {
            let request = app.post("/error-test").header("content-type", "application/json");
            expect_error(&request.body(body).send(), 400);
        }
    }

    #[test]
    fn an_error_of_another_middleware_gets_the_error_shape() {
        let app = Server::start();

        expect_error(&app.get("/private").send(), 401);
    }

    #[test]
    fn an_error_keeps_its_headers() {
        let app = Server::start();

        let response = app.get("/private").send();

        expect_error(&response, 401);
        let challenges = response.header_list("www-authenticate");
        let is_kept = challenges.iter().any(|value| value.split(' ').next() == Some("bearer"));
        response.expect(is_kept, "the header WWW-Authenticate: Bearer", challenges);
    }

    #[test]
    fn a_panic_in_a_handler_gets_a_500_in_the_error_shape() {
        let app = Server::start();

        let response = app.get("/panic").send();

        expect_error(&response, 500);
        expect_no_cause(&response);
    }

    #[test]
    fn a_panic_before_the_handler_gets_a_500_in_the_error_shape() {
        let app = Server::start();

        let response = app.get("/panic/guard").send();

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
    fn the_server_keeps_running_after_panics() {
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
    fn invalid_requests_get_a_4xx() {
        let app = Server::start();

        // The prompt does not say that `message` is a string.
        let echo = Endpoint::post("/error-test", json!({ "message": "tea" })).any_types();
        house_rules_as(&app, &[Endpoint::get("/error-test"), echo], SHAPE, has_message);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::post("/error-test", json!({ "message": "tea" })));
    }
}

/// Whether a body has the [`SHAPE`].
fn has_message(body: &Value) -> bool {
    body["error"]["message"].as_str().is_some_and(|message| !message.trim().is_empty())
}

#[track_caller]
fn expect_error(response: &Response, status: u16) {
    response.expect_status(status).expect_media_type("application/json");
    response.expect(has_message(&response.json()), SHAPE, response.text());
}

/// Expects neither a detail nor words that only the server knows.
#[track_caller]
fn expect_no_cause(response: &Response) {
    let text = response.text();
    let internal = [
        "\"detail\"",
        "\"stack\"",
        "db.internal",
        CRASH,
        PANIC,
        GUARD_PANIC,
        "panicked",
        "Traceback",
        ".rs:",
    ];
    let found: Vec<_> = internal.into_iter().filter(|word| text.contains(word)).collect();
    response.expect(found.is_empty(), &format!("a response without {found:?}"), text);
}

#[track_caller]
fn wait_for_causes(app: &Server, cause: &str, at_least: usize) {
    let what = format!("{cause}, at least once for each of {at_least} requests");
    app.wait_for_stderr(&what, |printed| printed.matches(cause).count() >= at_least);
}
