//! What a server for question 03 must do.

use contract::{Endpoint, Response, Server, house_rules, json, process_rules};

#[test]
fn the_response_contains_the_term_and_the_limit() {
    let app = Server::start();

    let response = app.get("/search?q=term&limit=10").send();
    let other = app.get("/search?limit=25&q=tea").send();

    response.expect_status(200).expect_json(json!({ "q": "term", "limit": 10 }));
    other.expect_status(200).expect_json(json!({ "q": "tea", "limit": 25 }));
}

#[test]
fn missing_parameters_have_defaults() {
    let app = Server::start();

    for (target, expected) in [
        ("/search", json!({ "q": "", "limit": 10 })),
        ("/search?q=tea", json!({ "q": "tea", "limit": 10 })),
        ("/search?limit=5", json!({ "q": "", "limit": 5 })),
    ] {
        app.get(target).send().expect_status(200).expect_json(expected);
    }
}

#[test]
fn limits_of_1_and_100_are_accepted() {
    let app = Server::start();

    for limit in [1, 100] {
        let response = app.get(format!("/search?q=tea&limit={limit}")).send();
        response.expect_status(200).expect_json(json!({ "q": "tea", "limit": limit }));
    }
}

#[test]
fn a_limit_that_is_not_an_integer_gets_400() {
    let app = Server::start();

    for limit in ["abc", "10abc", "1.5", "--5", "1,5", "NaN", "true", "%20"] {
        app.get(format!("/search?q=tea&limit={limit}")).send().expect_status(400);
    }
}

#[test]
fn a_limit_outside_1_to_100_gets_400() {
    let app = Server::start();

    for limit in ["0", "-1", "101", "256", "266", "4294967306", "99999999999999999999"] {
        app.get(format!("/search?q=tea&limit={limit}")).send().expect_status(400);
    }
}

#[test]
fn an_empty_limit_gets_400() {
    let app = Server::start();

    app.get("/search?q=tea&limit=").send().expect_status(400);
}

mod stretch {
    use super::*;

    #[test]
    fn encoded_parameters_are_decoded() {
        let app = Server::start();

        for (query, expected) in [
            ("q=a%20b", json!({ "q": "a b" })),
            ("q=a+b", json!({ "q": "a b" })),
            ("q=a%2Bb", json!({ "q": "a+b" })),
            ("q=salt%26pepper%3D1&limit=5", json!({ "q": "salt&pepper=1", "limit": 5 })),
            ("q=caf%C3%A9%20%F0%9F%A6%80", json!({ "q": "café 🦀" })),
            ("q=%22%5C%2541", json!({ "q": "\"\\%41" })),
            ("limit=%32%35", json!({ "limit": 25 })),
        ] {
            let response = app.get(format!("/search?{query}")).send();
            response.expect_status(200).expect_json_including(expected);
        }
    }

    #[test]
    fn a_repeated_parameter_gets_400() {
        let app = Server::start();

        for query in ["limit=5&limit=6", "limit=5&q=tea&limit=5", "q=tea&q=milk", "q=tea&q=tea"] {
            let response = app.get(format!("/search?{query}")).send();
            response.expect_status(400).expect_json_error();
        }
    }

    #[test]
    fn the_error_names_the_invalid_parameter() {
        let app = Server::start();

        for query in ["limit=abc", "q=tea&limit=0", "limit=101", "limit=", "limit=5&limit=6"] {
            expect_names("limit", &app.get(format!("/search?{query}")).send());
        }
        expect_names("q", &app.get("/search?q=tea&q=milk").send());
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        house_rules(&Server::start(), &[Endpoint::get("/search?q=term&limit=10")]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::get("/search?q=term&limit=10"));
    }
}

#[track_caller]
fn expect_names(parameter: &str, rejected: &Response) {
    rejected.expect_status(400).expect_json_error();
    let message = rejected.json_at("/error").as_str().unwrap_or_default().to_lowercase();
    let mut words = message.split(|c: char| !c.is_alphanumeric());
    let is_named = words.any(|word| word == parameter);
    rejected.expect(is_named, &format!("an error that names {parameter}"), message);
}
