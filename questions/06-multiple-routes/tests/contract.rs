//! What a server for question 06 must do.

use contract::{Endpoint, Server, Value, house_rules, process_rules};

const COLLECTIONS: [&str; 3] = ["/users", "/posts", "/comments"];

#[test]
fn users_are_an_array_of_objects_with_an_id() {
    let app = Server::start();

    expect_list(&app, "/users");
}

#[test]
fn posts_are_an_array_of_objects_with_an_id() {
    let app = Server::start();

    expect_list(&app, "/posts");
}

#[test]
fn comments_are_an_array_of_objects_with_an_id() {
    let app = Server::start();

    expect_list(&app, "/comments");
}

mod stretch {
    use super::*;

    #[test]
    fn every_collection_is_a_bare_array_that_is_not_empty() {
        let app = Server::start();

        for path in COLLECTIONS {
            let response = app.get(path).send();

            let items = response.expect_status(200).expect_media_type("application/json").json();
            let filled = items.as_array().is_some_and(|items| !items.is_empty());
            response.expect(filled, "a bare array that is not empty", items);
        }
    }

    #[test]
    fn an_unknown_collection_gets_a_json_404() {
        let app = Server::start();
        app.get("/comments").send().expect_status(200);

        for path in ["/likes", "/user", "/usersandposts"] {
            app.get(path).send().expect_status(404).expect_json_error();
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        house_rules(&Server::start(), &COLLECTIONS.map(Endpoint::get));
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::get("/users"));
    }
}

fn expect_list(app: &Server, path: &str) {
    let response = app.get(path).send();
    let list = response.expect_status(200).json();
    response.expect(list.is_array(), "an array", &list);
    let items = list.as_array().cloned().unwrap_or_default();
    let identified = |item: &Value| item["id"].is_number() || item["id"].is_string();
    response.expect(
        items.iter().all(identified),
        "an object with an id for every item of the array",
        &list,
    );
}
