//! What a server for question 10 must do.

use std::time::Duration;

use contract::{Endpoint, Server, case, expect, house_rules, json, process_rules};

const API_KEY: &str = "k3y-that-nobody-may-see";

#[test]
fn the_env_file_sets_the_port_and_the_api_key() {
    let app = Server::builder()
        .port_in_file(".env", |port| format!("# settings\nPORT={port}\nAPI_KEY={API_KEY}\n"))
        .start();

    let config = app.get("/config").send();

    config.expect_status(200).expect_media_type("application/json");
    config.expect_json(json!({ "port": app.port(), "apiKeySet": true }));
}

#[test]
fn api_key_set_is_false_without_an_api_key() {
    let app = Server::builder().port_in_file(".env", |port| format!("PORT={port}\n")).start();

    let config = app.get("/config").send();

    config.expect_status(200).expect_json(json!({ "port": app.port(), "apiKeySet": false }));
}

#[test]
fn the_default_port_is_3000() {
    let env_file = format!("API_KEY={API_KEY}\n");
    let app = Server::builder().on_default_port().file(".env", env_file).start();

    let config = app.get("/config").send();

    config.expect_status(200).expect_json(json!({ "port": 3000, "apiKeySet": true }));
}

#[test]
fn a_port_in_the_environment_overrides_the_file() {
    let app = Server::builder().file(".env", "PORT=4000\n").start();

    let config = app.get("/config").send();

    config.expect_status(200).expect_json_including(json!({ "port": app.port() }));
}

#[test]
fn an_api_key_in_the_environment_overrides_the_file() {
    let app = Server::builder().file(".env", "API_KEY=\n").env("API_KEY", API_KEY).start();

    let config = app.get("/config").send();

    config.expect_status(200).expect_json_including(json!({ "apiKeySet": true }));
}

mod stretch {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn a_missing_env_file_is_fine() {
        let app = Server::builder().env("API_KEY", API_KEY).start();

        let config = app.get("/config").send();

        config.expect_status(200).expect_json(json!({ "port": app.port(), "apiKeySet": true }));
    }

    #[test]
    fn quotes_around_a_value_are_not_part_of_it() {
        for (env_file, is_set) in [("API_KEY=''", false), ("API_KEY='k3y'", true)] {
            let _case = case(format!(".env with the line {env_file}"));
            let app = Server::builder().file(".env", env_file).start();

            let config = app.get("/config").send();

            let wanted = json!({ "apiKeySet": is_set });
            config.expect_status(200).expect_json_including(wanted);
        }
    }

    #[test]
    fn a_dollar_sign_never_changes_a_value_silently() {
        let quoted = Server::builder().file(".env", "API_KEY='$winter'\n").start();
        let config = quoted.get("/config").send();
        config.expect_status(200).expect_json_including(json!({ "apiKeySet": true }));

        expect_set_or_refused("API_KEY=$winter\n", "winter", 1);
    }

    #[test]
    fn an_unreadable_line_is_a_startup_error_that_names_its_number_and_variable() {
        for (number, env_file) in
            [(2, "# settings\nAPI_KEY=k3y 'with a quote\n"), (1, "API_KEY=two k3ys\n")]
        {
            expect_set_or_refused(env_file, "k3y", number);
        }
    }

    #[test]
    fn an_empty_or_whitespace_api_key_is_not_set() {
        for api_key in ["", "  "] {
            let app = Server::builder().env("API_KEY", api_key).start();

            let config = app.get("/config").send();

            config.expect_status(200).expect_json_including(json!({ "apiKeySet": false }));
        }
    }

    #[test]
    fn an_api_key_that_is_not_utf_8_is_set_or_a_startup_error() {
        Server::start().get("/config").send().expect_status(200);

        match Server::builder().env_bytes("API_KEY", b"k3y \xff\xfe").start_or_exit() {
            Ok(app) => {
                let config = app.get("/config").send();
                config.expect_status(200).expect_json_including(json!({ "apiKeySet": true }));
            }
            Err(exit) => drop(exit.expect_start_up_error("API_KEY")),
        }
    }

    #[test]
    fn the_api_key_is_never_sent_or_logged() {
        let app = Server::builder().file(".env", format!("API_KEY={API_KEY}\n")).start();

        let config = app.get("/config").send();
        config.expect_status(200).expect_json_including(json!({ "apiKeySet": true }));
        config.expect(!config.text().contains(API_KEY), "no key in the response", config.text());

        let exit = app.terminate(LIMIT);
        for (name, text) in [("stdout", exit.stdout), ("stderr", exit.stderr)] {
            expect(!text.contains(API_KEY), &format!("no key on {name}"), text);
        }
    }

    #[test]
    fn an_invalid_port_is_a_startup_error_that_names_it() {
        Server::start().get("/config").send().expect_status(200);

        // Port 3000 stays free for servers that fall back to it.
        let fresh = || Server::builder().on_default_port();
        for port in ["abc", "70000", "-1", "4000abc", "80.5"] {
            let exit = fresh().env("PORT", port).start_and_wait_for_exit(LIMIT);
            exit.expect_start_up_error("PORT");
        }
        let exit = fresh().file(".env", "PORT=abc\n").start_and_wait_for_exit(LIMIT);
        exit.expect_start_up_error("PORT");
    }

    #[test]
    fn an_invalid_app_env_is_a_startup_error_that_names_it() {
        Server::start().get("/config").send().expect_status(200);

        for app_env in ["prod", "Production", ""] {
            let app = Server::builder().env("APP_ENV", app_env).env("API_KEY", API_KEY);
            app.start_and_wait_for_exit(LIMIT).expect_start_up_error("APP_ENV");
        }
    }

    #[test]
    fn in_production_a_missing_or_empty_api_key_is_a_startup_error_that_names_it() {
        let production = || Server::builder().env("APP_ENV", "production");
        let app = production().env("API_KEY", API_KEY).start();
        let config = app.get("/config").send();
        config.expect_status(200).expect_json_including(json!({ "apiKeySet": true }));

        production().start_and_wait_for_exit(LIMIT).expect_start_up_error("API_KEY");
        for api_key in ["", "  "] {
            let exit = production().env("API_KEY", api_key).start_and_wait_for_exit(LIMIT);
            exit.expect_start_up_error("API_KEY");
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        house_rules(&Server::start(), &[Endpoint::get("/config")]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::get("/config"));
    }
}

/// Expects a server that uses the value as it is, or one that refuses to start and names the line
/// and the variable, but not the value.
#[track_caller]
fn expect_set_or_refused(env_file: &str, value: &str, number: usize) {
    let _case = case(format!(".env with {env_file:?}"));
    match Server::builder().file(".env", env_file).start_or_exit() {
        Ok(app) => {
            let config = app.get("/config").send();
            config.expect_status(200);
            let is_set = config.json_at("/apiKeySet");
            expect(is_set == json!(true), "apiKeySet is true", is_set);
        }
        Err(exit) => {
            exit.expect_start_up_error("API_KEY");
            let line = exit.stderr.lines().find(|line| line.contains("API_KEY"));
            let line = line.unwrap_or_default();
            expect(
                line.contains(&number.to_string()),
                &format!("line number {number} next to API_KEY on stderr"),
                line,
            );
            let is_secret = !exit.stderr.contains(value);
            expect(is_secret, "no value on stderr", exit.stderr.trim());
        }
    }
}
