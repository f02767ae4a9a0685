//! What a server for question 04 must do.

use std::collections::HashSet;

use contract::{
    Endpoint, Request, Response, Server, Value, expect_eq, house_rules, json, process_rules,
};

#[test]
fn creating_a_user_returns_201_and_the_user() {
    let app = Server::start();

    for (name, email) in [("Ada", "ada@example.com"), ("Grace \"G\" Höpper", "g+h@example.org")] {
        let user = json!({ "name": name, "email": email });
        app.post("/users").json(user.clone()).send().expect_status(201).expect_json_including(user);
    }
}

#[test]
fn the_id_of_a_new_user_is_a_number() {
    let app = Server::start();

    let created = app.post("/users").json(ada()).send();

    let id = created.expect_status(201).json_at("/id");
    created.expect(id.is_number(), "a number as the id", id);
}

#[test]
fn a_missing_name_or_email_gets_400() {
    let app = Server::start();

    for body in [json!({}), json!({ "name": "Ada" }), json!({ "email": "ada@example.com" })] {
        app.post("/users").json(body).send().expect_status(400);
    }
}

mod stretch {
    use super::*;

    #[test]
    fn one_hundred_parallel_creates_get_distinct_ids() {
        let app = Server::start();
        let creates: Vec<Request> = (0..100).map(|_| app.post("/users").json(ada())).collect();

        let created = app.burst(creates);

        expect_eq("number of distinct ids", distinct_ids(&created), 100);
    }

    #[test]
    fn location_is_the_path_of_the_new_user() {
        let app = Server::start();

        let created = app.post("/users").json(ada()).send();

        let path = format!("/users/{}", created.expect_status(201).json_at("/id"));
        created.expect_location(&path);
    }

    #[test]
    fn an_id_in_the_body_is_ignored() {
        let app = Server::start();
        let with_id = json!({ "id": 7777, "name": "Ada", "email": "ada@example.com" });

        let created: Vec<Response> =
            (0..2).map(|_| app.post("/users").json(with_id.clone()).send()).collect();

        expect_eq("number of distinct ids", distinct_ids(&created), 2);
    }

    #[test]
    fn other_properties_in_the_body_are_not_returned() {
        let app = Server::start();
        let user = json!({ "name": "Ada", "email": "ada@example.com", "isAdmin": true });

        let created = app.post("/users").json(user).send();

        let id = created.expect_status(201).json_at("/id");
        let user = json!({ "id": id, "name": "Ada", "email": "ada@example.com" });
        created.expect_json(user);
    }

    #[test]
    fn a_null_empty_or_whitespace_name_or_email_gets_400() {
        let app = Server::start();

        for missing in [json!(null), json!(""), json!(" \t\u{3000}")] {
            for property in ["name", "email"] {
                let mut user = ada();
                user[property] = missing.clone();
                app.post("/users").json(user).send().expect_status(400).expect_json_error();
            }
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        house_rules(&Server::start(), &[Endpoint::post("/users", ada())]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::post("/users", ada()));
    }
}

fn ada() -> Value {
    json!({ "name": "Ada", "email": "ada@example.com" })
}

#[track_caller]
fn distinct_ids(created: &[Response]) -> usize {
    let id = |response: &Response| response.expect_status(201).json_at("/id").to_string();
    created.iter().map(id).collect::<HashSet<_>>().len()
}
