//! What a server for question 16 must do.

use contract::{Endpoint, Response, Server, Value, house_rules, json, process_rules};

#[test]
fn all_products_are_in_order_of_id_by_default() {
    let app = Server::start();

    let response = app.get("/products").send();

    response.expect_status(200).expect_media_type("application/json").expect_json(json!([
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
    ]));
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
        // The other names may be among these or after them: a stretch check covers case.
        sorted.retain(|name| name.starts_with(char::is_uppercase));
        let case = format!("order={order}: {wanted}");
        response.expect(sorted.join(" ") == wanted, &case, sorted.join(" "));
    }
}

#[test]
fn sort_is_id_and_order_is_asc_by_default() {
    let app = Server::start();

    let prices = [1.2, 1.2, 3.75, 9.5, 9.5, 12.5, 12.5, 12.5, 35.0, 100.0, 129.9, 250.0];
    expect_sorted(&app, "?sort=price", "price", prices);
    let ids = [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1];
    expect_sorted(&app, "?order=desc", "id", ids);
}

#[test]
fn any_other_sort_field_gets_a_400() {
    let app = Server::start();

    let fields = "title stock ids 0 -price price,name length __proto__ constructor toString \
        price%3Bdrop id%27 %20";
    for field in fields.split(' ').chain([""]) {
        for query in [format!("sort={field}"), format!("sort={field}&order=desc")] {
            let response = app.get(format!("/products?{query}")).send();
            response.expect_status(400).expect_json(json!({ "error": "Invalid sort field" }));
        }
    }
}

mod stretch {
    use super::*;

    #[test]
    fn a_sort_field_with_a_nul_gets_a_400() {
        let app = Server::start();

        // Any message is right: a server may reject the NUL before it looks at the parameter.
        for field in ["name%00", "%00", "%00price"] {
            let response = app.get(format!("/products?sort={field}")).send();
            response.expect_status(400).expect_json_error();
        }
    }

    #[test]
    fn any_other_order_gets_a_400() {
        let app = Server::start();

        for order in ["up", "descending", "", "%20", "-1", "1", "true", "desc%3B", "asc%00"] {
            for query in [format!("order={order}"), format!("sort=price&order={order}")] {
                let response = app.get(format!("/products?{query}")).send();
                response.expect_status(400).expect_json_error();
            }
        }
    }

    #[test]
    fn names_are_sorted_without_regard_to_case() {
        let app = Server::start();

        for (order, wanted) in [
            ("asc", "binder Chair Desk eraser Ink Lamp mug mug Notebook Pencil Stapler Whiteboard"),
            (
                "desc",
                "Whiteboard Stapler Pencil Notebook mug mug Lamp Ink eraser Desk Chair binder",
            ),
        ] {
            let response = app.get(format!("/products?sort=name&order={order}")).send();
            // The next check covers which mug comes first.
            let sorted = names(&response).join(" ").replace("Mug", "mug");
            response.expect(sorted == wanted, &format!("order={order}: {wanted}"), sorted);
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
    fn a_request_never_changes_later_responses() {
        let app = Server::start();
        let targets = ["/products", "/products?sort=price", "/products?sort=price&order=desc"];
        let responses = targets.map(|target| app.get(target).send().expect_status(200).json());

        for earlier in ["?sort=name&order=desc", "?sort=price&order=desc", "?order=desc"] {
            for (target, response) in targets.iter().zip(&responses) {
                app.get(format!("/products{earlier}")).send().expect_status(200);
                app.get(target).send().expect_status(200).expect_json(response.clone());
            }
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let endpoints =
            [Endpoint::get("/products"), Endpoint::get("/products?sort=price&order=desc")];
        house_rules(&Server::start(), &endpoints);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::get("/products?sort=price&order=desc"));
    }
}

/// Expects all products, with the values of their property `name` in this order.
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
