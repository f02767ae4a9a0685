//! What a server for question 18 must do.

use contract::{Endpoint, Response, Server, house_rules, json, process_rules};

const KEY: &str = "Bearer secret123";

#[test]
fn the_right_key_gets_a_200_with_the_user() {
    let app = Server::start();

    let response = app.get("/protected").header("authorization", KEY).send();

    response.expect_status(200).expect_media_type("application/json").expect_json(json!({
        "message": "Access granted",
        "user": { "id": 1, "name": "Test User" },
    }));
}

#[test]
fn a_missing_key_gets_a_401() {
    let app = Server::start();

    expect_unauthorized(&app.get("/protected").send(), "Unauthorized");
    expect_unauthorized(&app.get("/protected?token=secret123").send(), "Unauthorized");
    let empty = app.get("/protected").header("authorization", "").send();
    expect_unauthorized(&empty, "Unauthorized");
}

#[test]
fn credentials_of_another_scheme_get_a_401() {
    let app = Server::start();

    for credentials in [
        "Basic c2VjcmV0MTIz",
        "Token secret123",
        "Bearers secret123",
        "Bearersecret123",
        "secret123",
    ] {
        let response = app.get("/protected").header("authorization", credentials).send();
        expect_unauthorized(&response, "Unauthorized");
    }
}

#[test]
fn a_wrong_key_gets_a_401() {
    let app = Server::start();

    for key in ["wrong", "secret12", "secret1234", "Secret123", "secret124", "xsecret123"] {
        expect_unauthorized(&get_protected(&app, key), "Invalid token");
    }
}

#[test]
fn the_public_route_needs_no_key() {
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
    fn the_case_of_the_scheme_is_ignored() {
        let app = Server::start();

        for scheme in ["bearer", "BEARER", "bEaReR"] {
            let right = format!("{scheme} secret123");
            app.get("/protected").header("authorization", right).send().expect_status(200);
            let wrong = format!("{scheme} wrong");
            let response = app.get("/protected").header("authorization", wrong).send();
            expect_unauthorized(&response, "Invalid token");
        }
    }

    #[test]
    fn every_401_has_a_bearer_challenge() {
        let app = Server::start();

        for response in [
            app.get("/protected").send(),
            app.get("/protected").header("authorization", "Basic c2VjcmV0MTIz").send(),
            get_protected(&app, "wrong"),
        ] {
            response.expect_status(401);
            let challenges = response.header_list("www-authenticate");
            let is_named = challenges.iter().any(|value| value.split(' ').next() == Some("bearer"));
            response.expect(is_named, "the header WWW-Authenticate: Bearer", challenges);
        }
    }

    #[test]
    fn a_wrong_key_of_any_length_and_alphabet_is_rejected() {
        let app = Server::start();

        // Some functions that compare in constant time fail for another length, or need ASCII.
        let long = "secret123".repeat(400);
        for key in ["s", "secret12", "secret1234", "SECRET123", &long] {
            expect_unauthorized(&get_protected(&app, key), "Invalid token");
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
        expect_unauthorized(&get_protected(&app, "secret123"), "Invalid token");
    }

    #[test]
    fn in_development_a_missing_or_empty_key_is_secret123() {
        let development = || Server::builder().env("APP_ENV", "development");
        for builder in [
            Server::builder(),
            development(),
            development().env("API_KEY", ""),
            development().env("API_KEY", "  "),
        ] {
            let app = builder.start();

            get_protected(&app, "secret123").expect_status(200);
            app.get("/protected").header("authorization", "Bearer ").send().expect_status(401);
        }
    }

    #[test]
    fn the_use_of_the_development_key_is_logged_to_stderr() {
        let app = Server::start();
        get_protected(&app, "secret123").expect_status(200);

        let what = "a line that names API_KEY, because it is unset";
        app.wait_for_stderr(what, |printed| printed.contains("API_KEY"));
    }

    #[test]
    fn in_production_a_missing_or_empty_key_is_a_startup_error_that_names_it() {
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
    fn an_invalid_app_env_is_a_startup_error_that_names_it() {
        get_protected(&Server::start(), "secret123").expect_status(200);

        for app_env in ["prod", "Production", ""] {
            let app = Server::builder().env("APP_ENV", app_env).env("API_KEY", "another-key_7~");
            app.start_and_wait_for_exit(LIMIT).expect_start_up_error("APP_ENV");
        }
    }

    #[test]
    fn a_key_that_is_not_utf_8_never_becomes_secret123() {
        get_protected(&Server::start(), "secret123").expect_status(200);

        for app_env in ["development", "production"] {
            let app = Server::builder().env("APP_ENV", app_env);
            match app.env_bytes("API_KEY", b"another \xff\xfe key").start_or_exit() {
                Ok(app) => expect_unauthorized(&get_protected(&app, "secret123"), "Invalid token"),
                Err(exit) => drop(exit.expect_start_up_error("API_KEY")),
            }
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let app = Server::start();
        expect_unauthorized(&app.get("/protected").send(), "Unauthorized");
        for credentials in [b"Bearer \xff\xfe".as_slice(), b"\xff", b"Bearer", b" "] {
            let response = app.get("/protected").header("authorization", credentials).send();
            response.expect_status([400, 401]).expect_json_error();
        }

        let protected = Endpoint::get("/protected").header("authorization", KEY);
        house_rules(&app, &[Endpoint::get("/"), protected]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        expect_unauthorized(&Server::start().get("/protected").send(), "Unauthorized");

        process_rules(&Endpoint::get("/protected").header("authorization", KEY));
    }
}

fn get_protected(app: &Server, key: &str) -> Response {
    app.get("/protected").header("authorization", format!("Bearer {key}")).send()
}

#[track_caller]
fn expect_unauthorized(response: &Response, message: &str) {
    response.expect_status(401).expect_media_type("application/json");
    response.expect_json(json!({ "error": message }));
}
