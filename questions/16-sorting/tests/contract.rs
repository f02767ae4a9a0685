//! What a server for question 16 must do.

use contract::{Endpoint, Response, Server, Value, house_rules, json, process_rules};

#[test]
fn all_products_come_in_order_of_id_by_default() {
    let app = Server::start();

    let response = app.get("/products").send();

    response.expect_status(200).expect_media_type("application/json").expect_json_including(
        json!([
            { "id": 1, "name": "Desk", "price": 250 },
            { "id": 2, "name": "Pencil", "price": 1.2 },
            { "id": 3, "name": "Chair", "price": 129.9 },
            { "id": 4, "name": "mug", "price": 9.5 },
            { "id": 5, "name": "eraser", "price": 1.2 },
            { "id": 6, "name": "Ink", "price": 12.5 },
            { "id": 7, "name": "Stapler", "price": 12.5 },
            { "id": 8, "name": "binder", "price": 9.5 },
            { "id": 9, "name": "Notebook", "price": 3.75 },
            { "id": 10, "name": "Lamp", "price": 35 },
            { "id": 11, "name": "Mug", "price": 12.5 },
            { "id": 12, "name": "Whiteboard", "price": 100 },
        ]),
    );
}

#[test]
fn ids_are_sorted_in_both_directions() {
    let app = Server::start();

    let ascending = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    let descending = [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1];
    expect_sorted(&app, "?sort=id&order=asc", "id", ascending);
    expect_sorted(&app, "?sort=id&order=desc", "id", descending);
}

#[test]
fn prices_are_sorted_as_numbers_in_both_directions() {
    let app = Server::start();

    let ascending = [1.2, 1.2, 3.75, 9.5, 9.5, 12.5, 12.5, 12.5, 35.0, 100.0, 129.9, 250.0];
    let descending = [250.0, 129.9, 100.0, 35.0, 12.5, 12.5, 12.5, 9.5, 9.5, 3.75, 1.2, 1.2];
    expect_sorted(&app, "?sort=price&order=asc", "price", ascending);
    expect_sorted(&app, "?sort=price&order=desc", "price", descending);
}

#[test]
fn names_are_sorted_in_both_directions() {
    let app = Server::start();

    for (order, wanted) in [
        ("asc", "Chair Desk Ink Lamp Mug Notebook Pencil Stapler Whiteboard"),
        ("desc", "Whiteboard Stapler Pencil Notebook Mug Lamp Ink Desk Chair"),
    ] {
        let response = app.get(format!("/products?sort=name&order={order}")).send();
        let mut sorted = names(&response);
        // The others may stand among these or after them: their case is for a stretch check.
        sorted.retain(|name| name.starts_with(char::is_uppercase));
        response.expect(sorted.join(" ") == wanted, wanted, sorted.join(" "));
    }
}

#[test]
fn a_missing_order_is_asc_and_a_missing_sort_is_id() {
    let app = Server::start();

    let prices = [1.2, 1.2, 3.75, 9.5, 9.5, 12.5, 12.5, 12.5, 35.0, 100.0, 129.9, 250.0];
    expect_sorted(&app, "?sort=price", "price", prices);
    let ids = [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1];
    expect_sorted(&app, "?order=desc", "id", ids);
}

#[test]
fn another_sort_field_is_refused_with_400() {
    let app = Server::start();

    let fields = "title stock ids 0 -price price,name length __proto__ constructor toString \
        price%3Bdrop id%27 name%00 %20";
    for field in fields.split(' ').chain([""]) {
        for query in [format!("sort={field}"), format!("sort={field}&order=desc")] {
            let response = app.get(format!("/products?{query}")).send();
            response
                .expect_status(400)
                .expect_json_including(json!({ "error": "Invalid sort field" }));
        }
    }
}

mod stretch {
    use super::*;

    #[test]
    fn another_order_is_refused_with_400() {
        let app = Server::start();

        for order in ["up", "descending", "", "%20", "-1", "1", "true", "desc%3B", "asc%00"] {
            for query in [format!("order={order}"), format!("sort=price&order={order}")] {
                let response = app.get(format!("/products?{query}")).send();
                response.expect_status(400).expect_json_error();
            }
        }
    }

    #[test]
    fn names_are_in_order_whatever_their_case() {
        let app = Server::start();

        for (order, wanted) in [
            ("asc", "binder Chair Desk eraser Ink Lamp mug mug Notebook Pencil Stapler Whiteboard"),
            (
                "desc",
                "Whiteboard Stapler Pencil Notebook mug mug Lamp Ink eraser Desk Chair binder",
            ),
        ] {
            let response = app.get(format!("/products?sort=name&order={order}")).send();
            // Which mug comes first is for the next check.
            let sorted = names(&response).join(" ").replace("Mug", "mug");
            response.expect(sorted == wanted, wanted, sorted);
        }
    }

    #[test]
    fn ties_are_in_ascending_order_of_id_in_both_directions() {
        let app = Server::start();

        let by_price = [2, 5, 9, 4, 8, 6, 7, 11, 10, 12, 3, 1];
        let by_price_descending = [1, 3, 12, 10, 6, 7, 11, 4, 8, 9, 2, 5];
        let by_name = [8, 3, 1, 5, 6, 10, 4, 11, 9, 2, 7, 12];
        let by_name_descending = [12, 7, 2, 9, 4, 11, 10, 6, 5, 1, 3, 8];
        expect_sorted(&app, "?sort=price&order=asc", "id", by_price);
        expect_sorted(&app, "?sort=price&order=desc", "id", by_price_descending);
        expect_sorted(&app, "?sort=name&order=asc", "id", by_name);
        expect_sorted(&app, "?sort=name&order=desc", "id", by_name_descending);
    }

    #[test]
    fn a_sort_never_changes_later_answers() {
        let app = Server::start();
        let targets = ["/products", "/products?sort=price", "/products?sort=price&order=desc"];
        let answers = targets.map(|target| app.get(target).send().expect_status(200).json());

        for earlier in ["?sort=name&order=desc", "?sort=price&order=desc", "?order=desc"] {
            for (target, answer) in targets.iter().zip(&answers) {
                app.get(format!("/products{earlier}")).send().expect_status(200);
                app.get(target).send().expect_status(200).expect_json(answer.clone());
            }
        }
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        let endpoints =
            [Endpoint::get("/products"), Endpoint::get("/products?sort=price&order=desc")];
        house_rules(&Server::start(), &endpoints);
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
        process_rules(&Endpoint::get("/products?sort=price&order=desc"));
    }
}

/// Expects all products, the members `name` of which are in the order of `wanted`.
#[track_caller]
fn expect_sorted<const N: usize>(
    app: &Server,
    query: &str,
    name: &str,
    wanted: [impl Into<Value>; N],
) {
    let response = app.get(format!("/products{query}")).send();
    let wanted = wanted.map(|value| json!({ name: value.into() }));
    response.expect_status(200).expect_json_including(wanted.into_iter().collect());
}

fn names(response: &Response) -> Vec<String> {
    let products = response.expect_status(200).json();
    let names = products.as_array().into_iter().flatten().map(|product| &product["name"]);
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}
