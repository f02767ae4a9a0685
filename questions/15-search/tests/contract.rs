//! What a server for question 15 must do.

use contract::{Endpoint, Response, Server, house_rules, json, process_rules};

#[test]
fn a_product_is_found_by_its_name_and_has_id_and_price() {
    let app = Server::start();

    for (term, product) in [
        ("Headphones", json!({ "id": 3, "name": "Headphones", "price": 89.9 })),
        ("Laptop Stand", json!({ "id": 5, "name": "Laptop Stand", "price": 39.95 })),
        ("Café Table", json!({ "id": 4, "name": "Café Table", "price": 149 })),
    ] {
        let response = search(&app, term);
        response.expect_status(200).expect_media_type("application/json");
        response.expect_json(json!([product]));
    }
}

#[test]
fn any_part_of_the_name_is_enough() {
    let app = Server::start();

    for (term, names) in [
        ("Lap", vec!["Laptop", "Laptop Stand"]),
        ("amp", vec!["Desk Lamp"]),
        ("hone", vec!["Phone", "Headphones"]),
        ("27", vec!["Écran 27"]),
        ("an", vec!["Laptop Stand", "Écran 27"]),
    ] {
        expect_found(&app, term, &names);
    }
}

#[test]
fn case_is_ignored() {
    let app = Server::start();

    for term in ["laptop", "LAPTOP", "lApToP"] {
        expect_found(&app, term, &["Laptop", "Laptop Stand"]);
    }
    expect_found(&app, "usb", &["USB 3.0 Hub (4 Ports)"]);
    expect_found(&app, "PHONE", &["Phone", "Headphones"]);
}

#[test]
fn a_term_with_spaces_is_one_string() {
    let app = Server::start();

    for (query, names) in [
        ("top%20St", vec!["Laptop Stand"]),
        ("Desk+Lamp", vec!["Desk Lamp"]),
        ("Stand%20Laptop", vec![]),
        ("Laptop%20Phone", vec![]),
        ("DeskLamp", vec![]),
    ] {
        expect_names(&app.get(format!("/search?q={query}")).send(), &names);
    }
}

#[test]
fn without_a_match_the_array_is_empty() {
    let app = Server::start();

    for term in ["zebra", "laptops", "999.99"] {
        search(&app, term).expect_status(200).expect_json(json!([]));
    }
}

#[test]
fn a_missing_or_empty_term_finds_nothing() {
    let app = Server::start();

    for target in ["/search", "/search?q=", "/search?q=%20", "/search?q=+%20%09+"] {
        app.get(target).send().expect_status(200).expect_json(json!([]));
    }
}

mod stretch {
    use super::*;

    #[test]
    fn case_is_ignored_beyond_a_to_z() {
        let app = Server::start();

        for (term, name) in [
            ("CAFÉ", "Café Table"),
            ("café t", "Café Table"),
            ("écran", "Écran 27"),
            ("ÉCRAN", "Écran 27"),
            ("самовар", "Самовар"),
            ("САМО", "Самовар"),
        ] {
            expect_found(&app, term, &[name]);
        }
    }

    #[test]
    fn whitespace_around_the_term_is_ignored() {
        let app = Server::start();

        for term in [" headphones", "headphones ", "  Head ", "\theadphones\n", "\u{3000}HEAD"] {
            expect_found(&app, term, &["Headphones"]);
        }
        expect_found(&app, " top st ", &["Laptop Stand"]);
    }

    #[test]
    fn every_other_character_is_literal() {
        let app = Server::start();

        let terms =
            r#".* . 3.0 ( (4 % _ * la%op ph_ne p.one lap|pho ^lap lamp$ [a-z] [ \w \ ? ' ""#;
        for term in terms.split(' ') {
            let literal = ["USB 3.0 Hub (4 Ports)"].into_iter().filter(|name| name.contains(term));
            expect_found(&app, term, &literal.collect::<Vec<_>>());
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let endpoints = [Endpoint::get("/search"), Endpoint::get("/search?q=phone")];
        house_rules(&Server::start(), &endpoints);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::get("/search?q=phone"));
    }
}

fn search(app: &Server, term: &str) -> Response {
    let encoded: String = term.bytes().map(|byte| format!("%{byte:02X}")).collect();
    app.get(format!("/search?q={encoded}")).send()
}

#[track_caller]
fn expect_found(app: &Server, term: &str, names: &[&str]) {
    expect_names(&search(app, term), names);
}

/// Expects exactly the products with these names, in any order.
#[track_caller]
fn expect_names(response: &Response, names: &[&str]) {
    let products = response.expect_status(200).json();
    response.expect(products.is_array(), "an array", &products);
    let products = products.as_array().into_iter().flatten();
    let mut found: Vec<_> = products.filter_map(|product| product["name"].as_str()).collect();
    let mut names = names.to_vec();
    found.sort_unstable();
    names.sort_unstable();
    response.expect(found == names, &format!("products named {names:?}"), found);
}
