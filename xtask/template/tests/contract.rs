//! What a server for question {{nn}} must do.

use contract::{Endpoint, Server, house_rules, json, process_rules};

#[test]
fn the_answer_is_a_number() {
    let app = Server::start();

    let response = app.get("/answer").send();

    response.expect_status(200).expect_json(json!({ "answer": 42 }));
}

#[test]
fn the_answer_is_sent_as_json() {
    let app = Server::start();

    let response = app.get("/answer").send();

    response.expect_status(200).expect_media_type("application/json");
}

mod stretch {
    use super::*;

    #[test]
    fn invalid_requests_get_a_4xx() {
        house_rules(&Server::start(), &[Endpoint::get("/answer")]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::get("/answer"));
    }
}
