//! What a server for question 24 must do.

use std::time::Duration;

use contract::{
    Builder, Endpoint, Response, Server, Value, expect, house_rules, json, process_rules,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, get_current_timestamp};

/// As long as the output of SHA-256, which is the least that RFC 7518 allows for HS256.
const SECRET: &str = "a-secret-that-only-the-checks-know";

#[test]
fn the_right_credentials_are_answered_with_a_token() {
    let app = server().start();

    let login = log_in(&app, "admin", "password");

    login.expect_status(200).expect_media_type("application/json");
    let token = login.json_at("/token");
    let segments = token.as_str().unwrap_or_default().split('.').count();
    login.expect(segments == 3, "a token of three segments", token);
}

#[test]
fn the_token_is_signed_with_hs256_under_the_secret() {
    for secret in [SECRET, "bm90LWJhc2U2NC1idXQtdGV4dC1hcy1pdC1zdGFuZHM="] {
        let app = Server::builder().env("JWT_SECRET", secret).start();

        let login = log_in(&app, "admin", "password");

        verified_claims(&login, secret);
    }
}

#[test]
fn the_claims_name_the_user() {
    let app = server().start();

    let claims = claims(&app);

    let named = claims["id"] == 1 && claims["username"] == "admin";
    expect(named, r#"claims with "id":1 and "username":"admin""#, claims.to_string());
}

#[test]
fn the_token_expires_an_hour_after_it_was_issued() {
    let app = server().start();
    let before = get_current_timestamp() as f64;

    let claims = claims(&app);

    let (iat, exp) = (claims["iat"].as_f64(), claims["exp"].as_f64());
    let now = before - 5.0..=get_current_timestamp() as f64 + 5.0;
    let wanted = format!("iat about {before} (seconds since 1970)");
    expect(iat.is_some_and(|iat| now.contains(&iat)), &wanted, claims.to_string());
    // A fraction is allowed, and adding to it is not exact.
    let lifetime = exp.unwrap_or_default() - iat.unwrap_or_default();
    expect((lifetime - 3600.0).abs() < 0.001, "exp = iat + 3600", claims.to_string());
}

#[test]
fn wrong_credentials_are_refused_with_401_whatever_is_wrong() {
    let app = server().start();

    for (username, password) in [
        ("admin", "passw0rd"),
        ("admin", "PASSWORD"),
        ("admin", "password1"),
        ("admin", "pass"),
        ("nobody", "password"),
        ("password", "admin"),
    ] {
        let login = log_in(&app, username, password);
        login.expect_status(401).expect_json(json!({ "error": "Invalid credentials" }));
    }
}

#[test]
fn a_missing_field_is_refused_with_400() {
    let app = server().start();

    for body in [json!({}), json!({ "username": "admin" }), json!({ "password": "password" })] {
        app.post("/login").json(body).send().expect_status(400).expect_json_error();
    }
}

mod stretch {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn in_production_a_missing_or_empty_secret_stops_the_start_with_a_message_that_names_it() {
        let production = || Server::builder().env("APP_ENV", "production");
        let app = production().env("JWT_SECRET", SECRET).start();
        log_in(&app, "admin", "password").expect_status(200);

        let missing = production().start_and_wait_for_exit(LIMIT);
        missing.expect_start_up_error("JWT_SECRET");
        for secret in ["", "  "] {
            let empty = production().env("JWT_SECRET", secret).start_and_wait_for_exit(LIMIT);
            empty.expect_start_up_error("JWT_SECRET");
        }
    }

    #[test]
    fn the_password_is_in_no_claim() {
        let app = server().start();

        let claims = claims(&app).to_string();

        expect(!claims.contains("password"), "claims without the password", claims);
    }

    #[test]
    fn the_password_is_in_no_log() {
        let app = server().start();
        log_in(&app, "admin", "password").expect_status(200);
        log_in(&app, "admin", "hunter2-but-longer").expect_status(401);
        let incomplete = json!({ "password": "hunter2-but-longer" });
        app.post("/login").json(incomplete).send().expect_status(400);

        let exit = app.terminate(LIMIT);

        for (name, text) in [("stdout", exit.stdout), ("stderr", exit.stderr)] {
            // The right password is also a word that a log may use, but not next to itself, which is
            // how a member and its value are printed.
            let words: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
            let logged = text.contains("hunter2") || words.contains("passwordpassword");
            expect(!logged, &format!("no password on {name}"), text);
        }
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        house_rules(&server().start(), &[login()]);
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
        process_rules(&login());
    }

    fn login() -> Endpoint {
        Endpoint::post("/login", json!({ "username": "admin", "password": "password" }))
    }
}

fn server() -> Builder {
    Server::builder().env("JWT_SECRET", SECRET)
}

#[track_caller]
fn log_in(app: &Server, username: &str, password: &str) -> Response {
    app.post("/login").json(json!({ "username": username, "password": password })).send()
}

/// The claims of the token that the right credentials get.
#[track_caller]
fn claims(app: &Server) -> Value {
    verified_claims(&log_in(app, "admin", "password"), SECRET)
}

/// The claims of a token whose signature is right; what they say is for the checks to judge.
#[track_caller]
fn verified_claims(login: &Response, secret: &str) -> Value {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.required_spec_claims.clear();
    (rules.validate_exp, rules.validate_aud) = (false, false);
    let key = DecodingKey::from_secret(secret.as_bytes());
    let token = login.expect_status(200).json_at("/token");
    let verified = decode(token.as_str().unwrap_or_default(), &key, &rules);
    let wanted = format!("a token that is valid with HS256 under {secret}");
    login.expect(verified.is_ok(), &wanted, format!("{token}: {:?}", verified.as_ref().err()));
    verified.map(|token| token.claims).unwrap_or_default()
}
