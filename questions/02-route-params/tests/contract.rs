//! What a server for question 02 must do.

use contract::{Endpoint, Server, house_rules, json, process_rules};

#[test]
fn the_response_contains_the_id_from_the_path() {
    let app = Server::start();

    let response = app.get("/users/123").send();

    response.expect_status(200).expect_json(json!({ "id": "123", "message": "User found" }));
}

#[test]
fn an_id_does_not_have_to_be_a_number() {
    let app = Server::start();

    for id in ["alice", "ALICE", "6f1c9c1e-58a0-4f9e-9d63-0a8c2f7be111", "a.b_c~d"] {
        let response = app.get(format!("/users/{id}")).send();
        response.expect_status(200).expect_json(json!({ "id": id, "message": "User found" }));
    }
}

#[test]
fn a_numeric_id_stays_a_string() {
    let app = Server::start();

    for id in ["0", "007", "-1", "1.0", "1e3", "99999999999999999999999"] {
        let response = app.get(format!("/users/{id}")).send();
        response.expect_status(200).expect_json_including(json!({ "id": id }));
    }
}

#[test]
fn a_path_without_an_id_gets_404() {
    let app = Server::start();
    app.get("/users/123").send().expect_status(200);

    app.get("/users/").send().expect_status(404);
    app.get("/users").send().expect_status(404);
}

mod stretch {
    use super::*;

    #[test]
    fn a_percent_encoded_id_is_decoded_once() {
        let app = Server::start();

        for (encoded, id) in [
            ("a%20b", "a b"),
            ("caf%C3%A9", "café"),
            ("caf%c3%a9", "café"),
            ("100%25", "100%"),
            ("%2541", "%41"),
            ("a%2Bb", "a+b"),
            ("a+b", "a+b"),
        ] {
            let response = app.get(format!("/users/{encoded}")).send();
            response.expect_status(200).expect_json_including(json!({ "id": id }));
        }
    }

    #[test]
    fn an_id_with_quotes_or_markup_is_escaped_as_json() {
        let app = Server::start();

        for (encoded, id) in [
            ("%22", "\""),
            ("a%5Cb", "a\\b"),
            ("1%22,%22message%22:%22hacked", "1\",\"message\":\"hacked"),
            ("%3Cscript%3Ealert(1)", "<script>alert(1)"),
            ("a%0A%09b", "a\n\tb"),
            ("%F0%9F%A6%80", "🦀"),
        ] {
            let response = app.get(format!("/users/{encoded}")).send();
            response.expect_status(200).expect_media_type("application/json");
            response.expect_json(json!({ "id": id, "message": "User found" }));
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        house_rules(&Server::start(), &[Endpoint::get("/users/123")]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::get("/users/123"));
    }
}
