//! What a server for question 09 must do.

use contract::{Endpoint, Response, Server, house_rules, json, process_rules};

#[test]
fn an_unknown_path_gets_404_with_the_json_error() {
    let app = Server::start();

    for path in ["/nowhere", "/deep/er/path", "/nowhere/", "/nowhere?page=1"] {
        expect_not_found(&app.get(path).send());
    }
}

#[test]
fn an_unknown_path_gets_the_same_404_for_every_method() {
    let app = Server::start();

    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        expect_not_found(&app.request(method, "/nowhere").send());
    }
    expect_not_found(&app.post("/nowhere").json(json!({ "name": "Ada" })).send());
    app.request("HEAD", "/nowhere").send().expect_status(404);
}

#[test]
fn the_existing_route_still_works() {
    let app = Server::start();
    expect_not_found(&app.get("/nowhere").send());

    let response = app.get("/").send();

    response.expect_status(200).expect_json(json!({ "message": "Hello World" }));
}

#[test]
fn a_wrong_method_on_the_existing_route_gets_a_json_error() {
    let app = Server::start();

    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let response = app.request(method, "/").send();
        match response.status() {
            404 => expect_not_found(&response),
            _ => {
                let message = response.expect_status([404, 405]).json_at("/error");
                let is_error = message.as_str().is_some_and(|message| !message.trim().is_empty());
                response.expect(is_error, r#"{"error":"<message>"}"#, response.json());
            }
        }
    }
}

mod stretch {
    use super::*;

    #[test]
    fn errors_have_the_media_type_application_json() {
        let app = Server::start();

        for request in [app.get("/nowhere"), app.post("/")] {
            request.send().expect_status([404, 405]).expect_media_type("application/json");
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        house_rules(&Server::start(), &[Endpoint::get("/")]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        expect_not_found(&Server::start().get("/nowhere").send());

        process_rules(&Endpoint::get("/"));
    }
}

#[track_caller]
fn expect_not_found(response: &Response) {
    response.expect_status(404).expect_json(json!({ "error": "Not Found" }));
}
