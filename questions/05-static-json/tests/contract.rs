//! What a server for question 05 must do.

use std::collections::HashSet;

use contract::{Endpoint, Server, Value, expect, expect_eq, house_rules, process_rules};

#[test]
fn the_response_is_an_array_of_at_least_three_products() {
    let app = Server::start();

    let response = app.get("/products").send();

    let products = response.expect_status(200).json();
    let count = products.as_array().map_or(0, Vec::len);
    response.expect(count >= 3, "an array of at least 3 products", &products);
}

#[test]
fn every_product_has_an_id_and_a_name() {
    let app = Server::start();

    for product in list(&app) {
        let has_id = product["id"].is_number() || is_filled_string(&product["id"]);
        expect(has_id, "a number or a string as the id of every product", &product);
        expect(
            is_filled_string(&product["name"]),
            "a string that is not only whitespace as the name of every product",
            &product,
        );
    }
}

#[test]
fn every_price_is_a_number() {
    let app = Server::start();

    for product in list(&app) {
        expect(product["price"].is_number(), "a number as the price of every product", &product);
    }
}

#[test]
fn every_product_id_is_unique() {
    let app = Server::start();

    let products = list(&app);

    let ids: HashSet<_> = products.iter().map(|product| product["id"].to_string()).collect();
    expect_eq("number of distinct ids", ids.len(), products.len());
}

mod stretch {
    use super::*;

    #[test]
    fn the_media_type_is_application_json() {
        let app = Server::start();

        let response = app.get("/products").send();

        response.expect_status(200).expect_media_type("application/json");
    }

    #[test]
    fn the_list_is_the_same_for_every_request() {
        let app = Server::start();
        let products = Value::from(list(&app));

        for _ in 0..20 {
            app.get("/products").send().expect_status(200).expect_json(products.clone());
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        house_rules(&Server::start(), &[Endpoint::get("/products")]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::get("/products"));
    }
}

/// All products: at least one.
#[track_caller]
fn list(app: &Server) -> Vec<Value> {
    let response = app.get("/products").send();
    let products = response.expect_status(200).json();
    let is_list = products.as_array().is_some_and(|products| !products.is_empty());
    response.expect(is_list, "an array of products", &products);
    products.as_array().cloned().unwrap_or_default()
}

fn is_filled_string(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}
