//! What a server for question 24 must do.

use std::time::Duration;

use contract::{
    Builder, Endpoint, Response, Server, Value, case, expect, house_rules, json, process_rules,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, get_current_timestamp};

/// Longer than the 32 bytes that RFC 7518 requires for HS256.
const SECRET: &str = "a-secret-that-only-the-checks-know";

#[test]
fn the_right_credentials_get_a_token() {
    let app = server().start();

    let login = log_in(&app, "admin", "password");

    login.expect_status(200).expect_media_type("application/json");
    let token = login.json_at("/token");
    let segments = token.as_str().unwrap_or_default().split('.').count();
    login.expect(segments == 3, "a token of three segments", &token);
    login.expect_json(json!({ "token": token }));
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
fn development_has_a_default_secret() {
    for secret in [None, Some(""), Some("  ")] {
        let _case = case(format!("JWT_SECRET={secret:?}"));
        let builder = Server::builder();
        let builder = secret.into_iter().fold(builder, |b, value| b.env("JWT_SECRET", value));

        let app = builder.start();

        verified_claims(&log_in(&app, "admin", "password"), "development-secret-do-not-deploy");
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
    // Fractions are allowed, and adding to them is not exact.
    let lifetime = exp.unwrap_or_default() - iat.unwrap_or_default();
    expect((lifetime - 3600.0).abs() < 0.001, "exp = iat + 3600", claims.to_string());
}

#[test]
fn a_wrong_user_or_password_gets_the_same_401() {
    let app = server().start();

    for (username, password) in [
        ("admin", "passw0rd"),
        ("admin", "PASSWORD"),
        ("admin", "password1"),
        ("admin", "pass"),
        ("nobody", "password"),
        ("password", "admin"),
    ] {
        let _case = case(format!("{username} with {password}"));
        let login = log_in(&app, username, password);
        login.expect_status(401).expect_json(json!({ "error": "Invalid credentials" }));
    }
}

#[test]
fn a_missing_property_gets_400() {
    let app = server().start();

    for body in [json!({}), json!({ "username": "admin" }), json!({ "password": "password" })] {
        app.post("/login").json(body).send().expect_status(400).expect_json_error();
    }
}

mod stretch {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn production_requires_a_secret_of_32_bytes() {
        let production = || Server::builder().env("APP_ENV", "production");
        let start = |secret: &str| production().env("JWT_SECRET", secret);
        let secret = &SECRET[..32];
        let app = start(secret).start();
        verified_claims(&log_in(&app, "admin", "password"), secret);

        for secret in ["", "  ", "secret", &SECRET[..31]] {
            let _case = case(format!("JWT_SECRET={secret:?}"));
            start(secret).start_and_wait_for_exit(LIMIT).expect_start_up_error("JWT_SECRET");
        }
        let _case = case("JWT_SECRET is unset");
        let unset = production().start_and_wait_for_exit(LIMIT);
        unset.expect_start_up_error("JWT_SECRET");
    }

    #[test]
    fn an_unknown_app_env_is_a_startup_error() {
        log_in(&server().start(), "admin", "password").expect_status(200);

        for name in ["prod", "Production", "staging"] {
            let _case = case(format!("APP_ENV={name}"));
            let exit = server().env("APP_ENV", name).start_and_wait_for_exit(LIMIT);
            exit.expect_start_up_error("APP_ENV");
        }
    }

    #[test]
    fn a_secret_that_is_not_utf_8_never_becomes_the_default() {
        log_in(&server().start(), "admin", "password").expect_status(200);
        let secret = [b"\xff\xfe", SECRET.as_bytes()].concat();

        // A server may take the bytes as they are, or refuse to start.
        match Server::builder().env_bytes("JWT_SECRET", &secret).start_or_exit() {
            Ok(app) => {
                verified_claims_under(&log_in(&app, "admin", "password"), &secret);
            }
            Err(exit) => {
                exit.expect_start_up_error("JWT_SECRET");
            }
        }
    }

    #[test]
    fn the_response_must_not_be_stored() {
        let login = log_in(&server().start(), "admin", "password");

        login.expect_status(200).expect_header_list("cache-control", "no-store");
    }

    #[test]
    fn the_password_is_in_no_claim() {
        let app = server().start();

        let claims = claims(&app).to_string();

        expect(!claims.contains("password"), "claims without the password", claims);
    }

    #[test]
    fn no_password_is_logged() {
        let app = server().start();
        log_in(&app, "admin", "password").expect_status(200);
        log_in(&app, "admin", "hunter2-but-longer").expect_status(401);
        let incomplete = json!({ "password": "hunter2-but-longer" });
        app.post("/login").json(incomplete).send().expect_status(400);

        let exit = app.terminate(LIMIT);

        for (name, text) in [("stdout", exit.stdout), ("stderr", exit.stderr)] {
            // The right password is also a word that a log may use, but not twice in a row, which is
            // how a property and its value look.
            let words: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
            let logged = text.contains("hunter2") || words.contains("passwordpassword");
            expect(!logged, &format!("no password on {name}"), text);
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        house_rules(&server().start(), &[login()]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
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

/// As [`verified_claims_under`], with a secret that is a string.
#[track_caller]
fn verified_claims(login: &Response, secret: &str) -> Value {
    verified_claims_under(login, secret.as_bytes())
}

/// The claims of a token whose signature is right, even if the token has expired.
#[track_caller]
fn verified_claims_under(login: &Response, secret: &[u8]) -> Value {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.required_spec_claims.clear();
    (rules.validate_exp, rules.validate_aud) = (false, false);
    let key = DecodingKey::from_secret(secret);
    let token = login.expect_status(200).json_at("/token");
    let verified = decode(token.as_str().unwrap_or_default(), &key, &rules);
    let wanted =
        format!("a token signed with HS256 and the secret {}", String::from_utf8_lossy(secret));
    login.expect(verified.is_ok(), &wanted, format!("{token}: {:?}", verified.as_ref().err()));
    verified.map(|token| token.claims).unwrap_or_default()
}
