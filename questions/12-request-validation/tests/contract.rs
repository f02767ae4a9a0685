//! What a server for question 12 must do.

use contract::{
    Endpoint, Response, Server, Value, house_rules::error_message, house_rules_as, json,
    process_rules,
};

#[test]
fn a_valid_user_gets_a_201() {
    let app = Server::start();

    for (name, email) in [
        ("Ada", "ada@example.com"),
        ("Al", "al@mail.example.org"),
        ("Ada Lovelace", "ada.lovelace+notes@example.co.uk"),
    ] {
        let user = json!({ "name": name, "email": email });
        let response = app.post("/users").json(user.clone()).send();
        response.expect_status(201).expect_json(user).expect_media_type("application/json");
    }
}

#[test]
fn a_short_or_missing_name_gets_a_400() {
    let app = Server::start();

    for body in [
        json!({ "name": "A", "email": "ada@example.com" }),
        json!({ "name": "", "email": "ada@example.com" }),
        json!({ "email": "ada@example.com" }),
    ] {
        expect_errors(&app.post("/users").json(body).send(), 1);
    }
}

#[test]
fn an_email_without_an_at_sign_gets_a_400() {
    let app = Server::start();

    for body in [
        json!({ "name": "Ada", "email": "ada.example.com" }),
        json!({ "name": "Ada", "email": "ada" }),
        json!({ "name": "Ada", "email": "" }),
        json!({ "name": "Ada" }),
    ] {
        expect_errors(&app.post("/users").json(body).send(), 1);
    }
}

#[test]
fn every_problem_is_reported_at_once() {
    let app = Server::start();

    for body in [
        json!({ "name": "A", "email": "ada.example.com" }),
        json!({ "name": "", "email": "" }),
        json!({ "name": "A" }),
        json!({ "email": "ada.example.com" }),
        json!({}),
    ] {
        expect_errors(&app.post("/users").json(body).send(), 2);
    }
}

mod stretch {
    use super::*;

    #[test]
    fn an_email_has_one_at_sign_with_something_on_both_sides() {
        let app = Server::start();

        for email in ["ada@", "@example.com", "ada@@example.com", "ada@home@example.com", "@"] {
            let body = json!({ "name": "Ada", "email": email });
            expect_errors(&app.post("/users").json(body).send(), 1);
        }
    }

    #[test]
    fn whitespace_around_a_name_does_not_count() {
        let app = Server::start();
        let create = |name| {
            let body = json!({ "name": name, "email": "ada@example.com" });
            app.post("/users").json(body).send()
        };

        for name in ["  ", " A", "A ", "\tA\n", "\u{3000}A\u{3000}"] {
            expect_errors(&create(name), 1);
        }
        create(" Al ").expect_status(201);
    }

    #[test]
    fn a_name_is_measured_in_characters_not_bytes() {
        let app = Server::start();
        let create = |name| {
            let body = json!({ "name": name, "email": "ada@example.com" });
            app.post("/users").json(body).send()
        };

        for name in ["\u{e9}", "李", "😀"] {
            expect_errors(&create(name), 1);
        }
        create("李雷").expect_status(201).expect_json_including(json!({ "name": "李雷" }));
    }

    #[test]
    fn a_property_of_the_wrong_type_gets_the_errors_shape() {
        let app = Server::start();

        for body in [
            json!({ "name": 42, "email": "ada@example.com" }),
            json!({ "name": "Ada", "email": ["ada@example.com"] }),
            json!({ "name": null, "email": { "at": "example.com" } }),
            json!({ "name": true, "email": false }),
        ] {
            expect_errors(&app.post("/users").json(body).send(), 1);
        }
    }

    #[test]
    fn an_empty_body_gets_the_errors_shape() {
        let app = Server::start();

        let response = app.post("/users").header("content-type", "application/json").send();

        expect_errors(&response, 1);
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let app = Server::start();
        let user = json!({ "name": "Ada", "email": "ada@example.com" });

        // The checks above say which problems need the shape of this question.
        let either = |body: &Value| are_errors(&body["errors"], 1) || error_message(body);
        let shapes = r#"{"errors": ["<message>"]} or {"error": "<message>"}"#;
        house_rules_as(&app, &[Endpoint::post("/users", user)], shapes, either);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::post(
            "/users",
            json!({ "name": "Ada", "email": "ada@example.com" }),
        ));
    }
}

#[track_caller]
fn expect_errors(response: &Response, at_least: usize) {
    response.expect_status(400).expect_media_type("application/json");
    let errors = response.json_at("/errors");
    let wanted = match at_least {
        1 => "{\"errors\":[…]} with at least one message",
        _ => "{\"errors\":[…]} with one message for each of the two problems",
    };
    response.expect(are_errors(&errors, at_least), wanted, response.text());
}

fn are_errors(errors: &Value, at_least: usize) -> bool {
    let is_message = |error: &Value| error.as_str().is_some_and(|text| !text.trim().is_empty());
    (errors.as_array()).is_some_and(|list| list.len() >= at_least && list.iter().all(is_message))
}
