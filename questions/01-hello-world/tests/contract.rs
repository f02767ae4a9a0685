//! What a server for question 01 must do.

use contract::{Endpoint, Server, house_rules, json, process_rules};

#[test]
fn the_greeting_is_sent_as_json() {
    let app = Server::start();

    let response = app.get("/").send();

    response.expect_status(200).expect_json_including(json!({ "message": "Hello World" }));
    response.expect_media_type("application/json");
}

#[test]
fn it_listens_on_the_port_that_the_environment_names() {
    let app = Server::start();

    app.get("/").send().expect_status(200);
}

#[test]
fn it_listens_on_port_3000_if_the_environment_names_none() {
    let app = Server::builder().on_default_port().start();

    app.get("/").send().expect_status(200);
}

mod stretch {
    use super::*;

    #[test]
    fn head_is_answered_like_get_without_a_body() {
        let app = Server::start();

        let head = app.request("HEAD", "/").send();

        head.expect_status(200).expect_media_type("application/json").expect_empty_body();
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        house_rules(&Server::start(), &[Endpoint::get("/")]);
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
        process_rules(&Endpoint::get("/"));
    }
}
