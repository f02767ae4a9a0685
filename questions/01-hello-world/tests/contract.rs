//! What a server for question 01 must do.

use contract::{Endpoint, Server, house_rules, json, process_rules};

#[test]
fn get_returns_the_greeting_as_json() {
    let app = Server::start();

    let response = app.get("/").send();

    response.expect_status(200).expect_json(json!({ "message": "Hello World" }));
    response.expect_media_type("application/json");
}

#[test]
fn listens_on_the_port_in_the_environment() {
    let app = Server::start();

    app.get("/").send().expect_status(200);
}

#[test]
fn listens_on_port_3000_by_default() {
    let app = Server::builder().on_default_port().start();

    app.get("/").send().expect_status(200);
}

mod stretch {
    use super::*;

    #[test]
    fn head_returns_the_headers_of_get_without_a_body() {
        let app = Server::start();

        let head = app.request("HEAD", "/").send();

        head.expect_status(200).expect_media_type("application/json").expect_empty_body();
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        house_rules(&Server::start(), &[Endpoint::get("/")]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::get("/"));
    }
}
