//! What a server for question 07 must do.

use contract::{Endpoint, Response, Server, house_rules, json, process_rules};

#[test]
fn the_response_has_the_requested_status() {
    let app = Server::start();

    for code in [200, 404, 500] {
        get_status(&app, code).expect_status(code);
    }
}

#[test]
fn the_body_contains_the_status_and_its_reason_phrase() {
    let app = Server::start();

    for (code, phrase) in [(200, "OK"), (404, "Not Found"), (500, "Internal Server Error")] {
        get_status(&app, code).expect_json(json!({ "status": code, "message": phrase }));
    }
}

#[test]
fn an_invalid_status_code_gets_400() {
    let app = Server::start();

    for code in ["abc", "99", "1000"] {
        expect_rejected(&app, code);
    }
}

mod stretch {
    use super::*;

    #[test]
    fn every_code_from_200_to_599_works() {
        let app = Server::start();

        for code in (200..=599).filter(|code| ![204, 205, 304].contains(code)) {
            let response = get_status(&app, code);
            response.expect_status(code).expect_json_including(json!({ "status": code }));
            response.expect_media_type("application/json");
            let message = response.json_at("/message");
            response.expect(message.is_string(), "a string as the message", message);
        }
        get_status(&app, 205).expect_status(205);
    }

    #[test]
    fn registered_codes_have_their_reason_phrase() {
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
            get_status(&app, code).expect_json(json!({ "status": code, "message": phrase }));
        }
    }

    #[test]
    fn codes_above_599_get_400() {
        let app = Server::start();

        for code in ["600", "700", "999", "65736"] {
            expect_rejected(&app, code);
        }
    }

    #[test]
    fn informational_codes_get_400() {
        let app = Server::start();

        for code in ["100", "101", "103", "199"] {
            expect_rejected(&app, code);
        }
    }

    #[test]
    fn a_code_with_extra_characters_gets_400() {
        let app = Server::start();

        for code in ["200abc", "x404", "-404", "200.5", "200%20"] {
            expect_rejected(&app, code);
        }
    }

    #[test]
    fn responses_with_204_or_304_have_no_body() {
        let app = Server::start();

        for code in [204, 304] {
            get_status(&app, code).expect_status(code).expect_empty_body();
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        house_rules(
            &Server::start(),
            &[Endpoint::get("/status/200"), Endpoint::get("/status/404")],
        );
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::get("/status/200"));
    }
}

fn get_status(app: &Server, code: u16) -> Response {
    app.get(format!("/status/{code}")).send()
}

fn expect_rejected(app: &Server, code: &str) {
    let response = app.get(format!("/status/{code}")).send();
    response.expect_status(400).expect_json(json!({ "error": "Invalid status code" }));
}
