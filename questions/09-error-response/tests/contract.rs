//! What a server for question 09 must do.

use contract::{Endpoint, Response, Server, house_rules, json, process_rules};

#[test]
fn an_undefined_route_is_answered_with_404_as_json() {
    let app = Server::start();

    for path in ["/nowhere", "/deep/er/path", "/nowhere/", "/nowhere?page=1"] {
        expect_not_found(&app.get(path).send());
    }
}

#[test]
fn an_undefined_route_is_answered_alike_whatever_the_method() {
    let app = Server::start();

    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        expect_not_found(&app.request(method, "/nowhere").send());
    }
    expect_not_found(&app.post("/nowhere").json(json!({ "name": "Ada" })).send());
    app.request("HEAD", "/nowhere").send().expect_status(404);
}

#[test]
fn the_defined_route_still_answers_200() {
    let app = Server::start();
    expect_not_found(&app.get("/nowhere").send());

    app.get("/").send().expect_status(200);
}

#[test]
fn a_wrong_method_on_the_defined_route_is_refused_as_json() {
    let app = Server::start();

    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let response = app.request(method, "/").send();
        match response.status() {
            404 => expect_not_found(&response),
            _ => drop(response.expect_status([404, 405]).json()),
        }
    }
}

mod stretch {
    use super::*;

    #[test]
    fn both_errors_have_the_media_type_of_json() {
        let app = Server::start();

        for request in [app.get("/nowhere"), app.post("/")] {
            request.send().expect_status([404, 405]).expect_media_type("application/json");
        }
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        house_rules(&Server::start(), &[Endpoint::get("/")]);
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
        expect_not_found(&Server::start().get("/nowhere").send());

        process_rules(&Endpoint::get("/"));
    }
}

#[track_caller]
fn expect_not_found(response: &Response) {
    response.expect_status(404).expect_json_including(json!({ "error": "Not Found" }));
}
