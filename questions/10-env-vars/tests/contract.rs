//! What a server for question 10 must do.

use std::time::Duration;

use contract::{Endpoint, Server, expect, house_rules, json, process_rules};

const API_KEY: &str = "k3y-that-nobody-may-see";

#[test]
fn the_env_file_supplies_the_port_and_the_api_key() {
    let app = Server::builder()
        .port_in_file(".env", |port| format!("# settings\nPORT={port}\nAPI_KEY={API_KEY}\n"))
        .start();

    let config = app.get("/config").send();

    config.expect_status(200).expect_media_type("application/json");
    config.expect_json_including(json!({ "port": app.port(), "apiKeySet": true }));
}

#[test]
fn a_key_that_nobody_gave_is_not_set() {
    let app = Server::builder().port_in_file(".env", |port| format!("PORT={port}\n")).start();

    let config = app.get("/config").send();

    config
        .expect_status(200)
        .expect_json_including(json!({ "port": app.port(), "apiKeySet": false }));
}

#[test]
fn the_port_is_3000_if_nobody_names_one() {
    let env_file = format!("API_KEY={API_KEY}\n");
    let app = Server::builder().on_default_port().file(".env", env_file).start();

    let config = app.get("/config").send();

    config.expect_status(200).expect_json_including(json!({ "port": 3000, "apiKeySet": true }));
}

#[test]
fn a_real_port_beats_the_port_in_the_file() {
    let app = Server::builder().file(".env", "PORT=4000\n").start();

    let config = app.get("/config").send();

    config.expect_status(200).expect_json_including(json!({ "port": app.port() }));
}

#[test]
fn a_real_api_key_beats_the_key_in_the_file() {
    let app = Server::builder().file(".env", "API_KEY=\n").env("API_KEY", API_KEY).start();

    let config = app.get("/config").send();

    config.expect_status(200).expect_json_including(json!({ "apiKeySet": true }));
}

mod stretch {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn no_env_file_is_fine() {
        let app = Server::builder().env("API_KEY", API_KEY).start();

        let config = app.get("/config").send();

        config
            .expect_status(200)
            .expect_json_including(json!({ "port": app.port(), "apiKeySet": true }));
    }

    #[test]
    fn an_empty_or_blank_api_key_is_not_set() {
        for api_key in ["", "  "] {
            let app = Server::builder().env("API_KEY", api_key).start();

            let config = app.get("/config").send();

            config.expect_status(200).expect_json_including(json!({ "apiKeySet": false }));
        }
    }

    #[test]
    fn the_api_key_is_never_returned_or_logged() {
        let app = Server::builder().file(".env", format!("API_KEY={API_KEY}\n")).start();

        let config = app.get("/config").send();
        config.expect_status(200).expect_json_including(json!({ "apiKeySet": true }));
        config.expect(!config.text().contains(API_KEY), "no key in the answer", config.text());

        let exit = app.terminate(LIMIT);
        for (name, text) in [("stdout", exit.stdout), ("stderr", exit.stderr)] {
            expect(!text.contains(API_KEY), &format!("no key on {name}"), text);
        }
    }

    #[test]
    fn a_bad_port_stops_the_start_with_a_message_that_names_it() {
        Server::start().get("/config").send().expect_status(200);

        // Port 3000 stays free for answers that fall back to it.
        let fresh = || Server::builder().on_default_port();
        for port in ["abc", "70000", "-1", "4000abc", "80.5"] {
            let exit = fresh().env("PORT", port).start_and_wait_for_exit(LIMIT);
            exit.expect_start_up_error("PORT");
        }
        let exit = fresh().file(".env", "PORT=abc\n").start_and_wait_for_exit(LIMIT);
        exit.expect_start_up_error("PORT");
    }

    #[test]
    fn in_production_a_missing_or_empty_api_key_stops_the_start_with_a_message_that_names_it() {
        let production = || Server::builder().env("APP_ENV", "production");
        let app = production().env("API_KEY", API_KEY).start();
        app.get("/config")
            .send()
            .expect_status(200)
            .expect_json_including(json!({ "apiKeySet": true }));

        let missing = production().start_and_wait_for_exit(LIMIT);
        let empty = production().env("API_KEY", "").start_and_wait_for_exit(LIMIT);

        missing.expect_start_up_error("API_KEY");
        empty.expect_start_up_error("API_KEY");
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        house_rules(&Server::start(), &[Endpoint::get("/config")]);
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
        process_rules(&Endpoint::get("/config"));
    }
}
