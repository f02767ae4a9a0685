//! What a server for question 13 must do.

use std::collections::HashSet;

use contract::{
    Endpoint, Request, Server, Value, expect, expect_eq, house_rules, json, process_rules,
};

#[test]
fn a_new_todo_gets_a_201_and_is_not_completed() {
    let app = Server::start();

    let created = app.post("/todos").json(json!({ "title": "tea" })).send();

    created.expect_status(201).expect_json_including(json!({ "title": "tea", "completed": false }));
    created.expect(
        created.json_at("/id").is_number(),
        "a number as the id",
        created.json_at("/id"),
    );
}

#[test]
fn a_new_todo_can_be_completed_already() {
    let app = Server::start();

    let created = app.post("/todos").json(json!({ "title": "tea", "completed": true })).send();

    created.expect_status(201).expect_json_including(json!({ "title": "tea", "completed": true }));
}

#[test]
fn a_missing_or_empty_title_gets_a_400() {
    let app = Server::start();

    for body in [json!({}), json!({ "completed": true }), json!({ "title": "" })] {
        app.post("/todos").json(body).send().expect_status(400).expect_json_error();
    }
}

#[test]
fn a_todo_is_found_by_its_id_on_every_worker() {
    let app = Server::start();
    let todo = create(&app, "tea");

    for _ in 0..20 {
        app.get(path(&todo)).send().expect_status(200).expect_json_including(todo.clone());
    }
}

#[test]
fn the_list_contains_every_todo() {
    let app = Server::start();
    let (tea, milk) = (create(&app, "tea"), create(&app, "milk"));

    let list = list(&app);

    expect(
        list.contains(&tea) && list.contains(&milk),
        "tea and milk in the list",
        json!(list).to_string(),
    );
}

#[test]
fn an_unknown_id_gets_a_404_from_every_method() {
    let app = Server::start();

    for request in [
        app.get("/todos/999999"),
        app.put("/todos/999999").json(json!({ "title": "tea" })),
        app.delete("/todos/999999"),
    ] {
        let response = request.send();
        response.expect_status(404).expect_json(json!({ "error": "Todo not found" }));
    }
}

#[test]
fn a_non_numeric_id_gets_a_4xx_from_every_method() {
    let app = Server::start();

    for request in [
        app.get("/todos/abc"),
        app.put("/todos/abc").json(json!({ "title": "tea" })),
        app.delete("/todos/abc"),
    ] {
        request.send().expect_status(400..=499);
    }
}

#[test]
fn an_update_keeps_the_id_and_the_properties_that_it_omits() {
    let app = Server::start();
    let todo = create(&app, "tea");

    let done = app.put(path(&todo)).json(json!({ "completed": true })).send();
    let renamed = app.put(path(&todo)).json(json!({ "title": "milk", "id": 7777 })).send();

    let id = &todo["id"];
    done.expect_status(200)
        .expect_json_including(json!({ "id": id, "title": "tea", "completed": true }));
    let wanted = json!({ "id": id, "title": "milk", "completed": true });
    renamed.expect_status(200).expect_json_including(wanted.clone());
    app.get(path(&todo)).send().expect_status(200).expect_json_including(wanted);
}

#[test]
fn an_empty_update_changes_nothing() {
    let app = Server::start();
    let todo = create(&app, "tea");

    let updated = app.put(path(&todo)).json(json!({})).send();

    updated.expect_status(200).expect_json_including(todo);
}

#[test]
fn a_deleted_todo_is_gone() {
    let app = Server::start();
    let (tea, milk) = (create(&app, "tea"), create(&app, "milk"));

    app.delete(path(&tea)).send().expect_status(204).expect_empty_body();

    app.get(path(&tea)).send().expect_status(404);
    app.delete(path(&tea)).send().expect_status(404);
    let list = list(&app);
    expect(
        !list.contains(&tea) && list.contains(&milk),
        "milk and no tea in the list",
        json!(list).to_string(),
    );
}

#[test]
fn the_id_of_a_deleted_todo_is_never_reused() {
    let app = Server::start();
    let (tea, milk) = (create(&app, "tea"), create(&app, "milk"));
    app.delete(path(&milk)).send().expect_status(204);

    let next = create(&app, "bread");

    let (first, second, third) = (&tea["id"], &milk["id"], &next["id"]);
    let wanted = format!("an id other than {first} and {second}");
    expect(third != first && third != second, &wanted, third.to_string());
}

mod stretch {
    use super::*;

    #[test]
    fn a_title_of_whitespace_gets_a_400() {
        let app = Server::start();

        let response = app.post("/todos").json(json!({ "title": " \t\u{3000}" })).send();

        response.expect_status(400).expect_json_error();
    }

    #[test]
    fn a_completed_that_is_not_a_boolean_gets_a_400() {
        let app = Server::start();

        for completed in [json!("yes"), json!(1), json!("true")] {
            let body = json!({ "title": "tea", "completed": completed });
            app.post("/todos").json(body).send().expect_status(400).expect_json_error();
        }
    }

    #[test]
    fn an_invalid_update_gets_a_400_and_changes_nothing() {
        let app = Server::start();
        let todo = create(&app, "tea");

        for body in [
            json!({ "title": "" }),
            json!({ "title": "  ", "completed": true }),
            json!({ "title": 5 }),
            json!({ "title": "milk", "completed": "yes" }),
        ] {
            app.put(path(&todo)).json(body).send().expect_status(400).expect_json_error();
        }

        app.get(path(&todo)).send().expect_json_including(todo);
    }

    #[test]
    fn two_hundred_parallel_creates_lose_nothing() {
        let app = Server::start();
        let creates: Vec<Request> =
            (0..200).map(|i| app.post("/todos").json(json!({ "title": i.to_string() }))).collect();

        let created = app.burst(creates);

        let ids = |todos: Vec<Value>| -> HashSet<String> {
            todos.iter().map(|todo| todo["id"].to_string()).collect()
        };
        let created = ids(created.iter().map(|response| response.json()).collect());
        expect_eq("number of different ids", created.len(), 200);
        let listed = ids(list(&app));
        expect_eq(
            "number of created todos in the list",
            listed.intersection(&created).count(),
            200,
        );
    }

    #[test]
    fn the_list_is_in_order_of_creation() {
        let app = Server::start();
        let titles: Vec<String> = (1..=12).rev().map(|i| format!("todo {i}")).collect();
        let first = create(&app, "first");
        for title in &titles {
            create(&app, title);
        }
        app.put(path(&first)).json(json!({ "title": "changed" })).send().expect_status(200);

        let list = list(&app);

        let listed: Vec<_> = list.iter().filter_map(|todo| todo["title"].as_str()).collect();
        let wanted: Vec<_> =
            std::iter::once("changed").chain(titles.iter().map(String::as_str)).collect();
        let tail = &listed[listed.len().saturating_sub(wanted.len())..];
        expect_eq("titles in the list", tail, &wanted[..]);
    }

    #[test]
    fn the_location_of_a_new_todo_is_its_path() {
        let app = Server::start();

        let created = app.post("/todos").json(json!({ "title": "tea" })).send();

        created.expect_status(201).expect_location(&path(&created.json()));
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let app = Server::start();
        let (todo, other) = (path(&create(&app, "tea")), path(&create(&app, "milk")));

        let endpoints = [
            Endpoint::get("/todos"),
            Endpoint::post("/todos", json!({ "title": "tea", "completed": false })),
            Endpoint::get(&todo),
            Endpoint::put(&todo, json!({ "title": "milk", "completed": true })),
            Endpoint::delete(other),
        ];
        house_rules(&app, &endpoints);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::post("/todos", json!({ "title": "tea" })));
    }
}

fn create(app: &Server, title: &str) -> Value {
    let created = app.post("/todos").json(json!({ "title": title })).send();
    created.expect_status(201).json()
}

fn list(app: &Server) -> Vec<Value> {
    let response = app.get("/todos").send();
    let list = response.expect_status(200).json();
    response.expect(list.is_array(), "an array", &list);
    list.as_array().cloned().unwrap_or_default()
}

fn path(todo: &Value) -> String {
    format!("/todos/{}", todo["id"])
}
