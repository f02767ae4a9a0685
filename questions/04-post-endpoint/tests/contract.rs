//! What a server for question 04 must do.

use std::collections::HashSet;

use contract::{
    Endpoint, Request, Response, Server, Value, expect_eq, house_rules, json, process_rules,
};

#[test]
fn a_new_user_is_answered_with_201_and_what_was_sent() {
    let app = Server::start();

    for (name, email) in [("Ada", "ada@example.com"), ("Grace \"G\" Höpper", "g+h@example.org")] {
        let user = json!({ "name": name, "email": email });
        app.post("/users").json(user.clone()).send().expect_status(201).expect_json_including(user);
    }
}

#[test]
fn a_new_user_has_a_number_as_id() {
    let app = Server::start();

    let created = app.post("/users").json(ada()).send();

    created.expect_status(201);
    created.expect(created.json_at("/id").is_number(), "a number as id", created.json_at("/id"));
}

#[test]
fn a_missing_name_or_email_is_refused_with_400() {
    let app = Server::start();

    for body in [json!({}), json!({ "name": "Ada" }), json!({ "email": "ada@example.com" })] {
        app.post("/users").json(body).send().expect_status(400);
    }
}

mod stretch {
    use super::*;

    #[test]
    fn one_hundred_parallel_creates_get_one_hundred_ids() {
        let app = Server::start();
        let creates: Vec<Request> = (0..100).map(|_| app.post("/users").json(ada())).collect();

        let created = app.burst(creates);

        expect_eq("number of different ids", different_ids(&created), 100);
    }

    #[test]
    fn a_new_user_says_where_it_is() {
        let app = Server::start();

        let created = app.post("/users").json(ada()).send();

        let path = format!("/users/{}", created.json_at("/id"));
        created.expect_status(201).expect_header("location", &path);
    }

    #[test]
    fn an_id_in_the_body_is_ignored() {
        let app = Server::start();
        let with_id = json!({ "id": 7777, "name": "Ada", "email": "ada@example.com" });

        let created: Vec<Response> =
            (0..2).map(|_| app.post("/users").json(with_id.clone()).send()).collect();

        expect_eq("number of different ids", different_ids(&created), 2);
    }

    #[test]
    fn a_name_or_email_of_nothing_but_blanks_is_refused_with_400() {
        let app = Server::start();

        for nothing in [json!(""), json!(" \t\u{3000}"), json!(null)] {
            for member in ["name", "email"] {
                let mut user = ada();
                user[member] = nothing.clone();
                app.post("/users").json(user).send().expect_status(400).expect_json_error();
            }
        }
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        house_rules(&Server::start(), &[Endpoint::post("/users", ada())]);
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
        process_rules(&Endpoint::post("/users", ada()));
    }
}

fn ada() -> Value {
    json!({ "name": "Ada", "email": "ada@example.com" })
}

#[track_caller]
fn different_ids(created: &[Response]) -> usize {
    let id = |response: &Response| response.expect_status(201).json_at("/id").to_string();
    created.iter().map(id).collect::<HashSet<_>>().len()
}
