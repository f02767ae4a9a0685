//! What a server for question 30 must do.

use std::time::{Duration, Instant};

use contract::{
    Builder, Endpoint, Response, Server, Value, case, expect, expect_eq, house_rules, json,
    patience, process_rules, wait_until,
};

const SOON: Duration = Duration::from_secs(3);

#[test]
fn the_three_products_are_found() {
    let app = quick().start();

    for id in 1..=3 {
        let product = get(&app, id);
        product.expect_json_including(json!({ "id": id })).expect_media_type("application/json");
        let body = product.json();
        let has_types = body["name"].is_string() && body["price"].is_number();
        product.expect(has_types, "a name that is a string and a price that is a number", body);
    }
}

#[test]
fn the_first_response_is_a_slow_miss() {
    let app = Server::start();

    let asked = Instant::now();
    let first = get(&app, 1);

    first.expect_header("x-cache", "MISS");
    let took = asked.elapsed();
    expect(took >= Duration::from_millis(190), "a lookup that takes 200 ms", took);
}

#[test]
fn later_responses_are_fast_hits_on_every_worker() {
    let app = slow(600).start();
    let first = get(&app, 1);
    first.expect_header("x-cache", "MISS");

    let times = (0..10).map(|_| {
        let asked = Instant::now();
        get(&app, 1).expect_header("x-cache", "HIT").expect_json(first.json());
        asked.elapsed()
    });

    let fastest = times.min().unwrap_or_default();
    expect(fastest < Duration::from_millis(300), "less than half the time of a lookup", fastest);
}

#[test]
fn cache_control_has_the_ttl_in_whole_seconds() {
    for (builder, max_age) in
        [(quick(), "max-age=60"), (quick().env("CACHE_TTL_MS", "120000"), "max-age=120")]
    {
        let app = builder.start();
        for x_cache in ["MISS", "HIT"] {
            let response = get(&app, 1);
            response.expect_header("x-cache", x_cache);
            response.expect_header_list("cache-control", "public");
            response.expect_header_list("cache-control", max_age);
        }
    }
}

#[test]
fn an_update_removes_the_cached_response() {
    let app = quick().start();
    get(&app, 1);
    get(&app, 1).expect_header("x-cache", "HIT");

    put(&app, 1, "Lamp").expect_json_including(json!({ "id": 1, "name": "Lamp", "price": 12.5 }));

    let next = get(&app, 1);
    next.expect_header("x-cache", "MISS");
    next.expect_json_including(json!({ "id": 1, "name": "Lamp", "price": 12.5 }));
    for _ in 0..5 {
        get(&app, 1).expect_header("x-cache", "HIT").expect_json_including(next.json());
    }
}

#[test]
fn a_cached_response_expires_after_the_ttl_even_if_it_is_used() {
    let ttl = Duration::from_millis(600);
    let app = quick().env("CACHE_TTL_MS", "600").start();
    let asked = Instant::now();
    get(&app, 1).expect_header("x-cache", "MISS");

    // The pauses grow up to 300 ms, so a cache that counts from the last use never expires.
    wait_until("a MISS once the copy has expired", SOON, || is_miss(&get(&app, 1)));

    let lived = asked.elapsed();
    expect(lived >= ttl.mul_f32(0.9), "a copy that lives for 600 ms", lived);
}

#[test]
fn an_unknown_product_gets_404_every_time() {
    let app = quick().start();
    get(&app, 1).expect_header_list("cache-control", "max-age=60");

    for request in [
        app.get("/products/999"),
        app.get("/products/999"),
        app.put("/products/999").json(json!({ "name": "Lamp", "price": 12.5 })),
        app.get("/products/999"),
    ] {
        let response = request.send();
        response.expect_status(404).expect_json_error();
        let directives = response.header_list("cache-control");
        let may_be_kept = directives.iter().any(|name| name == "public" || name == "max-age=60");
        response.expect(!may_be_kept, "no cache-control of a product", directives);
    }
}

mod stretch {
    use super::*;

    #[test]
    fn the_etag_stays_the_same_until_the_product_changes() {
        let app = quick().env("CACHE_TTL_MS", "300").start();

        let tag = etag(&get(&app, 1));
        wait_until("a MISS once the copy has expired", patience(SOON), || {
            let response = get(&app, 1);
            expect_eq("etag of a product that has not changed", etag(&response), tag.clone());
            is_miss(&response)
        });

        put(&app, 1, "Lamp");
        let changed = etag(&get(&app, 1));
        expect(changed != tag, "a different etag after a change", changed);
    }

    #[test]
    fn if_none_match_with_the_etag_gets_304() {
        let app = quick().start();
        let known = get(&app, 1);

        for _ in 0..2 {
            let response = if_none_match(&app, &etag(&known));
            response.expect_status(304).expect_empty_body();
            response.expect_header("etag", &etag(&known));
            response.expect_header_list("cache-control", "public");
            response.expect_header_list("cache-control", "max-age=60");
        }
    }

    #[test]
    fn if_none_match_may_be_a_list_a_star_or_weak() {
        let app = quick().start();
        let tag = etag(&get(&app, 1));
        let plain = tag.trim_start_matches("W/");

        for known in [
            format!("\"other\", {tag}"),
            format!("{tag},\"other\""),
            format!("W/\"other\" , W/{plain}, \"another\""),
            format!("W/{plain}"),
            plain.to_owned(),
            "*".to_owned(),
        ] {
            if_none_match(&app, &known).expect_status(304).expect_empty_body();
        }
    }

    #[test]
    fn if_none_match_without_the_etag_gets_200() {
        let app = quick().start();
        let tag = etag(&get(&app, 1));
        if_none_match(&app, &tag).expect_status(304);
        let text = tag.trim_start_matches("W/").trim_matches('"');

        let longer = format!("\"{text}0\", \"0{text}\"");
        for unknown in ["\"other\"", "W/\"other\", \"*\"", &longer, "\"\""] {
            if_none_match(&app, unknown)
                .expect_status(200)
                .expect_json_including(json!({ "id": 1 }));
        }
        put(&app, 1, "Lamp");
        if_none_match(&app, &tag)
            .expect_status(200)
            .expect_json_including(json!({ "name": "Lamp" }));
        let missing = app.get("/products/999").header("if-none-match", "*").send();
        missing.expect_status(404).expect_json_error();
    }

    #[test]
    fn fifty_parallel_misses_make_one_lookup() {
        let app = slow(300).start();

        let responses = app.burst((0..50).map(|_| app.get("/products/1")).collect());

        for response in &responses {
            response.expect_status(200).expect_json(responses[0].json());
        }
        app.get("/stats").send().expect_status(200).expect_json(json!({ "computations": 1 }));
    }

    #[test]
    fn a_lookup_does_not_block_requests_for_other_products() {
        let delay = Duration::from_millis(800);
        let app = slow(800).start();
        get(&app, 1);

        let begun = Instant::now();
        let _lookup = app.get("/products/2").begin();
        wait_for_lookups(&app, 2);
        for _ in 0..4 {
            get(&app, 1).expect_header("x-cache", "HIT");
        }

        let took = begun.elapsed();
        expect(took < delay, "responses while another product is being looked up", took);
    }

    #[test]
    fn an_update_during_a_lookup_is_not_undone_by_it() {
        let app = slow(500).start();
        let mut lookup = app.get("/products/1").begin();
        wait_for_lookups(&app, 1);

        put(&app, 1, "Lamp");

        let status = lookup.read_response("GET").map(|response| response.status());
        expect_eq("status of the request before the update", status, Ok(200));
        for _ in 0..3 {
            get(&app, 1).expect_json_including(json!({ "name": "Lamp", "price": 12.5 }));
        }
    }

    #[test]
    fn an_update_during_a_lookup_is_visible_to_the_next_request() {
        let app = slow(500).start();
        let _lookup = app.get("/products/1").begin();
        wait_for_lookups(&app, 1);

        put(&app, 1, "Lamp");

        for _ in 0..3 {
            get(&app, 1).expect_json_including(json!({ "name": "Lamp", "price": 12.5 }));
        }
    }

    #[test]
    fn an_update_leaves_the_other_products_in_the_cache() {
        let app = quick().start();
        for id in 1..=3 {
            get(&app, id);
        }

        put(&app, 2, "Lamp");

        get(&app, 1).expect_header("x-cache", "HIT");
        get(&app, 2).expect_header("x-cache", "MISS");
        get(&app, 3).expect_header("x-cache", "HIT");
    }

    #[test]
    fn the_cache_holds_no_more_entries_than_allowed() {
        let app = quick().env("CACHE_MAX_ENTRIES", "1").start();
        get(&app, 1);
        get(&app, 1).expect_header("x-cache", "HIT");
        get(&app, 2);
        get(&app, 3);

        // One of the three is in the cache, so two of them must be looked up.
        wait_until("two lookups for three products and room for one", patience(SOON * 2), || {
            let before = lookups(&app);
            let misses = (1..=3).filter(|id| is_miss(&get(&app, *id))).count();
            misses >= 2 && lookups(&app) >= before + 2
        });
    }

    #[test]
    fn an_invalid_setting_is_a_startup_error_and_an_extreme_one_works() {
        let app = quick().env("CACHE_TTL_MS", "4294967295").start();
        get(&app, 1).expect_header_list("cache-control", "max-age=4294967");

        for (name, value) in [
            ("CACHE_TTL_MS", "a minute"),
            ("CACHE_TTL_MS", "-1"),
            ("CACHE_TTL_MS", "18446744073709551615"),
            ("CACHE_MAX_ENTRIES", "many"),
        ] {
            let _case = case(format!("{name}={value}"));
            let exit = quick().env(name, value).start_and_wait_for_exit(SOON);
            exit.expect_start_up_error(name);
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let app = quick().start();
        get(&app, 1).expect_header("x-cache", "MISS");

        let update = json!({ "name": "Lamp", "price": 12.5 });
        let endpoints = [
            Endpoint::get("/products/1"),
            Endpoint::put("/products/2", update),
            Endpoint::get("/stats"),
        ];
        house_rules(&app, &endpoints);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        get(&quick().start(), 1).expect_header("x-cache", "MISS");

        process_rules(&Endpoint::put("/products/1", json!({ "name": "Lamp", "price": 12.5 })));
    }
}

/// A server whose lookups take this many milliseconds.
fn slow(millis: u32) -> Builder {
    Server::builder().env("SLOW_MS", &millis.to_string())
}

fn quick() -> Builder {
    slow(1)
}

#[track_caller]
fn get(app: &Server, id: u32) -> Response {
    let response = app.get(format!("/products/{id}")).send();
    response.expect_status(200);
    response
}

/// Changes the name, and the price to 12.5.
#[track_caller]
fn put(app: &Server, id: u32, name: &str) -> Response {
    let body = json!({ "name": name, "price": 12.5 });
    let response = app.put(format!("/products/{id}")).json(body).send();
    response.expect_status(200);
    response
}

#[track_caller]
fn if_none_match(app: &Server, known: &str) -> Response {
    app.get("/products/1").header("if-none-match", known).send()
}

#[track_caller]
fn is_miss(response: &Response) -> bool {
    let x_cache = response.headers("x-cache");
    response.expect(x_cache == ["HIT"] || x_cache == ["MISS"], "x-cache: HIT or MISS", &x_cache);
    x_cache == ["MISS"]
}

/// The tag as it is written, which has to be with quotes.
#[track_caller]
fn etag(response: &Response) -> String {
    let tag = response.header("etag").unwrap_or_default();
    let quoted = tag.trim_start_matches("W/");
    let text = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let is_tag = text.is_some_and(|text| !text.is_empty() && !text.contains(['"', ' ']));
    response.expect(is_tag, "etag: \"…\" or W/\"…\"", &tag);
    tag
}

/// How many lookups have begun.
#[track_caller]
fn lookups(app: &Server) -> u64 {
    let stats = app.get("/stats").send();
    let computations = stats.expect_status(200).json_at("/computations");
    stats.expect(computations.is_u64(), "{\"computations\":1}, a number", stats.text());
    Value::as_u64(&computations).unwrap_or_default()
}

#[track_caller]
fn wait_for_lookups(app: &Server, number: u64) {
    wait_until("the lookup to begin", patience(SOON), || lookups(app) >= number);
}
