//! What a server for question 03 must do.

use contract::{Endpoint, Response, Server, house_rules, json, process_rules};

#[test]
fn the_term_and_the_limit_are_handed_back() {
    let app = Server::start();

    let response = app.get("/search?q=term&limit=10").send();
    let other = app.get("/search?limit=25&q=tea").send();

    response.expect_status(200).expect_json_including(json!({ "q": "term", "limit": 10 }));
    other.expect_status(200).expect_json_including(json!({ "q": "tea", "limit": 25 }));
}

#[test]
fn what_is_missing_has_a_default() {
    let app = Server::start();

    for (target, answer) in [
        ("/search", json!({ "q": "", "limit": 10 })),
        ("/search?q=tea", json!({ "q": "tea", "limit": 10 })),
        ("/search?limit=5", json!({ "q": "", "limit": 5 })),
    ] {
        app.get(target).send().expect_status(200).expect_json_including(answer);
    }
}

#[test]
fn a_limit_may_be_1_and_may_be_100() {
    let app = Server::start();

    for limit in [1, 100] {
        let response = app.get(format!("/search?q=tea&limit={limit}")).send();
        response.expect_status(200).expect_json_including(json!({ "q": "tea", "limit": limit }));
    }
}

#[test]
fn a_limit_that_is_no_integer_is_refused_with_400() {
    let app = Server::start();

    for limit in ["abc", "10abc", "1.5", "--5", "1,5", "NaN", "true", "%20"] {
        app.get(format!("/search?q=tea&limit={limit}")).send().expect_status(400);
    }
}

#[test]
fn a_limit_outside_1_to_100_is_refused_with_400() {
    let app = Server::start();

    for limit in ["0", "-1", "101", "256", "266", "4294967306", "99999999999999999999"] {
        app.get(format!("/search?q=tea&limit={limit}")).send().expect_status(400);
    }
}

#[test]
fn an_empty_limit_is_refused_with_400() {
    let app = Server::start();

    app.get("/search?q=tea&limit=").send().expect_status(400);
}

mod stretch {
    use super::*;

    #[test]
    fn encoded_parameters_are_decoded() {
        let app = Server::start();

        for (query, answer) in [
            ("q=a%20b", json!({ "q": "a b" })),
            ("q=a+b", json!({ "q": "a b" })),
            ("q=a%2Bb", json!({ "q": "a+b" })),
            ("q=salt%26pepper%3D1&limit=5", json!({ "q": "salt&pepper=1", "limit": 5 })),
            ("q=caf%C3%A9%20%F0%9F%A6%80", json!({ "q": "café 🦀" })),
            ("q=%22%5C%2541", json!({ "q": "\"\\%41" })),
            ("limit=%32%35", json!({ "limit": 25 })),
        ] {
            let response = app.get(format!("/search?{query}")).send();
            response.expect_status(200).expect_json_including(answer);
        }
    }

    #[test]
    fn a_parameter_given_twice_is_refused_with_400() {
        let app = Server::start();

        for query in ["limit=5&limit=6", "limit=5&q=tea&limit=5", "q=tea&q=milk", "q=tea&q=tea"] {
            let response = app.get(format!("/search?{query}")).send();
            response.expect_status(400).expect_json_error();
        }
    }

    #[test]
    fn the_error_names_the_parameter_that_is_wrong() {
        let app = Server::start();

        for query in ["limit=abc", "q=tea&limit=0", "limit=101", "limit=", "limit=5&limit=6"] {
            expect_names("limit", &app.get(format!("/search?{query}")).send());
        }
        expect_names("q", &app.get("/search?q=tea&q=milk").send());
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        house_rules(&Server::start(), &[Endpoint::get("/search?q=term&limit=10")]);
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
        process_rules(&Endpoint::get("/search?q=term&limit=10"));
    }
}

#[track_caller]
fn expect_names(parameter: &str, refused: &Response) {
    refused.expect_status(400).expect_json_error();
    let message = refused.json_at("/error").as_str().unwrap_or_default().to_lowercase();
    let mut words = message.split(|c: char| !c.is_alphanumeric());
    let is_named = words.any(|word| word == parameter);
    refused.expect(is_named, &format!("an error that names {parameter}"), message);
}
