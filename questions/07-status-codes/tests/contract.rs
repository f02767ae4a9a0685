//! What a server for question 07 must do.

use contract::{Endpoint, Response, Server, house_rules, json, process_rules};

#[test]
fn the_answer_has_the_status_that_was_asked_for() {
    let app = Server::start();

    for code in [200, 404, 500] {
        ask(&app, code).expect_status(code);
    }
}

#[test]
fn the_answer_says_its_status_and_the_reason_phrase() {
    let app = Server::start();

    for (code, phrase) in [(200, "OK"), (404, "Not Found"), (500, "Internal Server Error")] {
        ask(&app, code).expect_json_including(json!({ "status": code, "message": phrase }));
    }
}

#[test]
fn what_is_no_status_code_is_refused_with_400() {
    let app = Server::start();

    for code in ["abc", "99", "1000"] {
        expect_refusal(&app, code);
    }
}

mod stretch {
    use super::*;

    #[test]
    fn every_code_from_200_to_599_is_answered_with_that_status() {
        let app = Server::start();

        for code in (200..=599).filter(|code| ![204, 205, 304].contains(code)) {
            let response = ask(&app, code);
            response.expect_status(code).expect_json_including(json!({ "status": code }));
            response.expect_media_type("application/json");
            let message = response.json_at("/message");
            response.expect(message.is_string(), "a text as message", message);
        }
        ask(&app, 205).expect_status(205);
    }

    #[test]
    fn registered_codes_come_with_their_reason_phrase() {
        let app = Server::start();

        for (code, phrase) in [
            (201, "Created"),
            (301, "Moved Permanently"),
            (400, "Bad Request"),
            (403, "Forbidden"),
            (409, "Conflict"),
            (429, "Too Many Requests"),
            (503, "Service Unavailable"),
        ] {
            ask(&app, code).expect_json_including(json!({ "status": code, "message": phrase }));
        }
    }

    #[test]
    fn codes_from_600_to_999_are_refused_with_400() {
        let app = Server::start();

        for code in ["600", "700", "999"] {
            expect_refusal(&app, code);
        }
    }

    #[test]
    fn an_informational_code_is_refused_with_400() {
        let app = Server::start();

        for code in ["100", "101", "103", "199"] {
            expect_refusal(&app, code);
        }
    }

    #[test]
    fn a_number_with_anything_around_it_is_refused_with_400() {
        let app = Server::start();

        for code in ["200abc", "x404", "-404", "200.5", "65736"] {
            expect_refusal(&app, code);
        }
    }

    #[test]
    fn the_answers_204_and_304_have_no_body() {
        let app = Server::start();

        for code in [204, 304] {
            ask(&app, code).expect_status(code).expect_empty_body();
        }
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        house_rules(
            &Server::start(),
            &[Endpoint::get("/status/200"), Endpoint::get("/status/404")],
        );
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
        process_rules(&Endpoint::get("/status/200"));
    }
}

fn ask(app: &Server, code: u16) -> Response {
    app.get(format!("/status/{code}")).send()
}

fn expect_refusal(app: &Server, code: &str) {
    let response = app.get(format!("/status/{code}")).send();
    response.expect_status(400).expect_json_including(json!({ "error": "Invalid status code" }));
}
