//! What a server for question 18 must do.

use contract::{Endpoint, Response, Server, house_rules, json, process_rules};

const KEY: &str = "Bearer secret123";

#[test]
fn the_right_key_is_granted_access_and_the_handler_knows_the_user() {
    let app = Server::start();

    let response = app.get("/protected").header("authorization", KEY).send();

    response.expect_status(200).expect_media_type("application/json").expect_json_including(
        json!({
            "message": "Access granted",
            "user": { "id": 1, "name": "Test User" },
        }),
    );
}

#[test]
fn a_missing_key_is_refused_with_401() {
    let app = Server::start();

    expect_refused(&app.get("/protected").send(), "Unauthorized");
    expect_refused(&app.get("/protected?token=secret123").send(), "Unauthorized");
    expect_refused(&app.get("/protected").header("authorization", "").send(), "Unauthorized");
}

#[test]
fn credentials_of_another_scheme_are_refused_with_401() {
    let app = Server::start();

    for credentials in [
        "Basic c2VjcmV0MTIz",
        "Token secret123",
        "Bearers secret123",
        "Bearersecret123",
        "secret123",
    ] {
        let response = app.get("/protected").header("authorization", credentials).send();
        expect_refused(&response, "Unauthorized");
    }
}

#[test]
fn a_wrong_key_is_refused_with_401() {
    let app = Server::start();

    for key in ["wrong", "secret12", "secret1234", "Secret123", "secret124", "xsecret123"] {
        let response = get_protected(&app, key);
        expect_refused(&response, "Invalid token");
    }
}

#[test]
fn the_public_route_asks_for_no_key() {
    let app = Server::start();
    app.get("/protected").send().expect_status(401);

    app.get("/").send().expect_status(200);
    app.get("/").header("authorization", "Bearer wrong").send().expect_status(200);
}

mod stretch {
    use std::time::Duration;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn the_case_of_the_scheme_does_not_matter() {
        let app = Server::start();

        for scheme in ["bearer", "BEARER", "bEaReR"] {
            let right = format!("{scheme} secret123");
            app.get("/protected").header("authorization", right).send().expect_status(200);
            let wrong = format!("{scheme} wrong");
            let response = app.get("/protected").header("authorization", wrong).send();
            expect_refused(&response, "Invalid token");
        }
    }

    #[test]
    fn every_401_names_the_scheme_to_use() {
        let app = Server::start();

        for response in [
            app.get("/protected").send(),
            app.get("/protected").header("authorization", "Basic c2VjcmV0MTIz").send(),
            get_protected(&app, "wrong"),
        ] {
            response.expect_status(401);
            let challenges = response.header_list("www-authenticate");
            let is_named = challenges.iter().any(|value| value.split(' ').next() == Some("bearer"));
            response.expect(is_named, "www-authenticate: Bearer", challenges);
        }
    }

    #[test]
    fn a_wrong_key_of_any_length_and_alphabet_is_refused_alike() {
        let app = Server::start();

        // Some functions that compare in constant time fail for another length, or want ASCII.
        let long = "secret123".repeat(400);
        for key in ["s", "secret12", "secret1234", "SECRET123", &long] {
            expect_refused(&get_protected(&app, key), "Invalid token");
        }
        for key in ["secret123 x", "s\u{e9}cret123", "\u{1f511}", "secret12\u{663}"] {
            get_protected(&app, key).expect_status([400, 401]).expect_json_error();
        }
        get_protected(&app, "secret123").expect_status(200);
    }

    #[test]
    fn the_key_comes_from_the_environment() {
        let app = Server::builder().env("API_KEY", "another-key_7~").start();

        get_protected(&app, "another-key_7~").expect_status(200);
        expect_refused(&get_protected(&app, "secret123"), "Invalid token");
    }

    #[test]
    fn in_development_a_missing_or_empty_key_is_secret123() {
        for api_key in ["", "  "] {
            let app = Server::builder().env("API_KEY", api_key).start();

            get_protected(&app, "secret123").expect_status(200);
            app.get("/protected").header("authorization", "Bearer ").send().expect_status(401);
        }
    }

    #[test]
    fn in_production_a_missing_or_empty_key_stops_the_start_with_a_message_that_names_it() {
        let production = || Server::builder().env("APP_ENV", "production");
        let app = production().env("API_KEY", "another-key_7~").start();
        get_protected(&app, "another-key_7~").expect_status(200);

        production().start_and_wait_for_exit(LIMIT).expect_start_up_error("API_KEY");
        for api_key in ["", "  "] {
            let exit = production().env("API_KEY", api_key).start_and_wait_for_exit(LIMIT);
            exit.expect_start_up_error("API_KEY");
        }
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        let app = Server::start();
        expect_refused(&app.get("/protected").send(), "Unauthorized");
        for credentials in [b"Bearer \xff\xfe".as_slice(), b"\xff", b"Bearer", b" "] {
            let response = app.get("/protected").header("authorization", credentials).send();
            response.expect_status([400, 401]).expect_json_error();
        }

        let protected = Endpoint::get("/protected").header("authorization", KEY);
        house_rules(&app, &[Endpoint::get("/"), protected]);
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
        expect_refused(&Server::start().get("/protected").send(), "Unauthorized");

        process_rules(&Endpoint::get("/protected").header("authorization", KEY));
    }
}

fn get_protected(app: &Server, key: &str) -> Response {
    app.get("/protected").header("authorization", format!("Bearer {key}")).send()
}

#[track_caller]
fn expect_refused(response: &Response, message: &str) {
    response.expect_status(401).expect_media_type("application/json");
    response.expect_json_including(json!({ "error": message }));
}
