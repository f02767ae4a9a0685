//! What a server for question 14 must do.

use contract::{Endpoint, Server, Value, expect_eq, house_rules, json, process_rules};

#[test]
fn the_first_page_has_the_first_items() {
    let app = Server::start();

    let response = app.get("/items?page=1&limit=3").send();

    response.expect_status(200).expect_media_type("application/json").expect_json_including(
        json!({
            "data": [
                { "id": 1, "name": "Item 1" },
                { "id": 2, "name": "Item 2" },
                { "id": 3, "name": "Item 3" },
            ],
        }),
    );
}

#[test]
fn each_page_starts_where_the_page_before_ended() {
    let app = Server::start();

    for (query, ids) in [
        ("page=2&limit=3", 4..=6),
        ("page=10&limit=10", 91..=100),
        ("page=100&limit=1", 100..=100),
        ("limit=20&page=3", 41..=60),
    ] {
        let response = app.get(format!("/items?{query}")).send();
        response.expect_status(200).expect_json_including(json!({ "data": items(ids) }));
    }
}

#[test]
fn the_response_has_page_limit_total_and_total_pages() {
    let app = Server::start();

    let response = app.get("/items?page=3&limit=20").send();

    response.expect_status(200).expect_json_including(json!({
        "page": 3, "limit": 20, "total": 100, "totalPages": 5,
    }));
}

#[test]
fn page_is_1_and_limit_is_10_by_default() {
    let app = Server::start();

    for (target, page, limit, ids) in [
        ("/items", 1, 10, 1..=10),
        ("/items?page=4", 4, 10, 31..=40),
        ("/items?limit=25", 1, 25, 1..=25),
    ] {
        let response = app.get(target).send();
        let wanted = json!({ "data": items(ids), "page": page, "limit": limit });
        response.expect_status(200).expect_json_including(wanted);
    }
}

#[test]
fn a_limit_of_100_is_allowed() {
    let app = Server::start();

    let response = app.get("/items?limit=100").send();

    let wanted = json!({ "data": items(1..=100), "limit": 100, "totalPages": 1 });
    response.expect_status(200).expect_json_including(wanted);
}

#[test]
fn a_shorter_last_page_counts_as_a_page() {
    let app = Server::start();

    for (page, limit, ids) in [(4, 30, 91..=100), (15, 7, 99..=100), (2, 99, 100..=100)] {
        let response = app.get(format!("/items?page={page}&limit={limit}")).send();
        let wanted = json!({ "data": items(ids), "total": 100, "totalPages": page });
        response.expect_status(200).expect_json_including(wanted);
    }
}

#[test]
fn all_pages_together_contain_every_item_once() {
    let app = Server::start();
    let first = app.get("/items?limit=9").send();
    let pages = first.expect_status(200).json_at("/totalPages").as_u64().unwrap_or_default();

    let mut seen = Vec::new();
    for page in 1..=pages.min(100) {
        let response = app.get(format!("/items?page={page}&limit=9")).send();
        let data = response.expect_status(200).json_at("/data");
        seen.extend(data.as_array().into_iter().flatten().map(|item| item["id"].clone()));
    }

    expect_eq("ids on all pages", json!(seen), json!((1..=100).collect::<Vec<_>>()));
}

#[test]
fn a_page_past_the_end_is_empty() {
    let app = Server::start();

    for (page, limit, total_pages) in [(11, 10, 10), (5, 30, 4), (2, 100, 1), (1_000_000, 10, 10)] {
        let response = app.get(format!("/items?page={page}&limit={limit}")).send();
        response.expect_status(200).expect_json_including(json!({
            "data": [], "page": page, "limit": limit, "total": 100, "totalPages": total_pages,
        }));
    }
}

mod stretch {
    use super::*;

    #[test]
    fn a_page_or_limit_below_1_gets_a_400() {
        let app = Server::start();

        for query in ["page=0", "page=-1", "page=-9999999999999999999", "limit=0", "limit=-10"] {
            app.get(format!("/items?{query}")).send().expect_status(400).expect_json_error();
        }
    }

    #[test]
    fn a_page_or_limit_that_is_not_a_whole_number_gets_a_400() {
        let app = Server::start();

        for value in ["abc", "2abc", "1.5", "NaN", "true", "", "%20", "%00", "1,2"] {
            for name in ["page", "limit"] {
                let response = app.get(format!("/items?{name}={value}")).send();
                response.expect_status(400).expect_json_error();
            }
        }
    }

    #[test]
    fn a_limit_above_100_gets_a_400() {
        let app = Server::start();

        for limit in ["101", "256", "266", "4294967306", "18446744073709551626"] {
            let response = app.get(format!("/items?limit={limit}")).send();
            response.expect_status(400).expect_json_error();
        }
    }

    #[test]
    fn a_huge_page_gets_a_400_or_is_empty() {
        let app = Server::start();

        // With a limit of 16, most of these overflow to the first page in some integer of 32, 64 or
        // 128 bits.
        for page in [
            "268435457",
            "2147483648",
            "4294967297",
            "1152921504606846977",
            "9223372036854775807",
            "18446744073709551615",
            "18446744073709551616",
            "18446744073709551617",
            "340282366920938463463374607431768211457",
            &"9".repeat(40),
        ] {
            let response = app.get(format!("/items?page={page}&limit=16")).send();
            match response.status() {
                400 => response.expect_json_error(),
                _ => response
                    .expect_status(200)
                    .expect_json_including(json!({ "data": [], "total": 100 })),
            };
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let endpoints = [Endpoint::get("/items"), Endpoint::get("/items?page=1&limit=10")];
        house_rules(&Server::start(), &endpoints);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::get("/items?page=1&limit=10"));
    }
}

fn items(ids: std::ops::RangeInclusive<u32>) -> Vec<Value> {
    ids.map(|id| json!({ "id": id, "name": format!("Item {id}") })).collect()
}
