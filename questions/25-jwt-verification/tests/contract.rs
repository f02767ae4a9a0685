//! What a server for question 25 must do.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use contract::{
    Builder, Endpoint, Response, Server, Value, case, house_rules, json, process_rules,
};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign, get_current_timestamp};

/// Longer than the 32 bytes that RFC 7518 requires for HS256.
const SECRET: &str = "a-secret-that-only-the-checks-know";

#[test]
fn a_valid_token_shows_its_user() {
    let app = server().start();

    for (id, username) in [(7, "ada"), (1815, "李雷")] {
        let mut claims = claims();
        (claims["id"], claims["username"]) = (json!(id), json!(username));

        let profile = show_profile(&app, &token(claims));

        profile.expect_status(200).expect_media_type("application/json");
        profile.expect_json_including(json!({ "user": { "id": id, "username": username } }));
    }
}

#[test]
fn development_has_a_default_secret() {
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let default = "development-secret-do-not-deploy";
    let token = signed(&header, &claims(), Algorithm::HS256, default);

    for secret in [None, Some(""), Some("  ")] {
        let _case = case(format!("JWT_SECRET={secret:?}"));
        let builder = Server::builder();
        let builder = secret.into_iter().fold(builder, |b, value| b.env("JWT_SECRET", value));

        show_profile(&builder.start(), &token).expect_status(200);
    }
}

#[test]
fn the_scheme_is_bearer_in_any_case() {
    let app = server().start();

    for scheme in ["bearer", "BEARER", "bEaReR"] {
        let _case = case(scheme);
        let authorization = format!("{scheme} {}", token(claims()));
        let profile = app.get("/profile").header("authorization", authorization).send();
        profile.expect_status(200).expect_json_including(json!({ "user": { "id": 7 } }));
    }
}

#[test]
fn a_request_without_a_bearer_token_gets_401() {
    let app = server().start();

    for request in [
        app.get("/profile"),
        app.get("/profile").header("authorization", "Basic YWRhOnBhc3N3b3Jk"),
        app.get("/profile").header("authorization", format!("Token {}", token(claims()))),
    ] {
        let response = request.send();
        response.expect_status(401).expect_json(json!({ "error": "No token provided" }));
    }
}

#[test]
fn a_string_that_is_not_a_token_gets_401() {
    let app = server().start();
    let valid = token(claims());

    for text in ["x", "undefined", "a.b.c", "..", "!!!.@@@.###", "eyJhbGciOiJIUzI1NiJ9.e30"] {
        let _case = case(text);
        expect_invalid(&show_profile(&app, text));
    }
    for text in [format!("{valid}.x"), format!("{valid}."), format!("x.{valid}")] {
        let _case = case(&text);
        expect_invalid(&show_profile(&app, &text));
    }
}

#[test]
fn a_tampered_token_gets_401() {
    let app = server().start();
    let valid = token(claims());
    let (message, signature) = valid.rsplit_once('.').expect("it has three segments");
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let mut admin = claims();
    (admin["id"], admin["username"]) = (json!(1), json!("admin"));
    let admin = unsigned(&json!({ "alg": "HS256", "typ": "JWT" }), &admin);

    show_profile(&app, &valid).expect_status(200);
    for tampered in [
        format!("{admin}.{signature}"),
        format!("{message}.{other}{}", &signature[1..]),
        format!("{message}.{}", &signature[..20]),
        format!("{message}."),
        message.to_owned(),
    ] {
        expect_invalid(&show_profile(&app, &tampered));
    }
}

#[test]
fn an_expired_token_gets_401() {
    let app = server().start();

    for seconds in [5 * 60, 3600, 365 * 86_400] {
        let mut claims = claims();
        claims["exp"] = json!(get_current_timestamp() - seconds);
        expect_invalid(&show_profile(&app, &token(claims)));
    }
}

mod stretch {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn a_token_with_alg_none_gets_401() {
        let app = server().start();
        show_profile(&app, &token(claims())).expect_status(200);

        for alg in ["none", "None", "NONE", "nOnE", ""] {
            let _case = case(format!("alg {alg:?}"));
            let header = json!({ "alg": alg, "typ": "JWT" });
            let unsigned = unsigned(&header, &claims());
            expect_invalid(&show_profile(&app, &unsigned));
            expect_invalid(&show_profile(&app, &format!("{unsigned}.")));
            let signed = signed(&header, &claims(), Algorithm::HS256, SECRET);
            expect_invalid(&show_profile(&app, &signed));
        }
    }

    #[test]
    fn a_token_with_another_algorithm_gets_401() {
        let app = server().start();
        show_profile(&app, &token(claims())).expect_status(200);

        for (alg, algorithm) in [("HS384", Algorithm::HS384), ("HS512", Algorithm::HS512)] {
            let header = json!({ "alg": alg, "typ": "JWT" });
            expect_invalid(&show_profile(&app, &signed(&header, &claims(), algorithm, SECRET)));
        }
        for alg in ["HS384", "RS256", "PS256", "ES256", "EdDSA", "XYZ"] {
            let _case = case(format!("alg {alg}, signed with HS256"));
            let header = json!({ "alg": alg, "typ": "JWT" });
            let signed = signed(&header, &claims(), Algorithm::HS256, SECRET);
            expect_invalid(&show_profile(&app, &signed));
        }
    }

    #[test]
    fn a_token_without_exp_gets_401() {
        let app = server().start();
        show_profile(&app, &token(claims())).expect_status(200);

        let mut claims = claims();
        claims.as_object_mut().expect("it is one").remove("exp");

        expect_invalid(&show_profile(&app, &token(claims)));
    }

    #[test]
    fn a_token_signed_with_another_secret_gets_401() {
        let app = server().start();
        let header = json!({ "alg": "HS256", "typ": "JWT" });
        let show =
            |secret| show_profile(&app, &signed(&header, &claims(), Algorithm::HS256, secret));
        show(SECRET).expect_status(200);

        for secret in [
            "another-secret-than-that-of-the-checks",
            "development-secret-do-not-deploy",
            "secret",
            "",
        ] {
            let _case = case(format!("secret {secret:?}"));
            expect_invalid(&show(secret));
        }
    }

    #[test]
    fn a_token_is_not_valid_before_its_nbf() {
        let app = server().start();
        let show = |nbf: u64| {
            let mut claims = claims();
            claims["nbf"] = json!(nbf);
            show_profile(&app, &token(claims))
        };

        show(get_current_timestamp() - 5 * 60).expect_status(200);
        expect_invalid(&show(get_current_timestamp() + 5 * 60));
    }

    #[test]
    fn clocks_may_differ_by_at_most_60_seconds() {
        let app = server().start();
        show_profile(&app, &token(claims())).expect_status(200);
        let now = get_current_timestamp();

        let (mut expired, mut early) = (claims(), claims());
        expired["exp"] = json!(now - 70);
        early["nbf"] = json!(now + 100);

        expect_invalid(&show_profile(&app, &token(expired)));
        expect_invalid(&show_profile(&app, &token(early)));
    }

    #[test]
    fn every_401_has_a_bearer_challenge() {
        let app = server().start();
        let mut expired = claims();
        expired["exp"] = json!(get_current_timestamp() - 5 * 60);

        for response in [
            app.get("/profile").send(),
            show_profile(&app, "x"),
            show_profile(&app, &token(expired)),
        ] {
            let challenge = response.expect_status(401).header("www-authenticate");
            let scheme = challenge.iter().flat_map(|value| value.split([' ', ','])).next();
            let is_bearer = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"));
            response.expect(is_bearer, "www-authenticate: Bearer", challenge);
        }
    }

    #[test]
    fn a_token_with_a_critical_extension_gets_401() {
        let app = server().start();
        show_profile(&app, &token(claims())).expect_status(200);

        for crit in [json!(["urn:example:device"]), json!(["urn:example:a", "urn:example:b"])] {
            let _case = case(format!("crit {crit}"));
            let header = json!({ "alg": "HS256", "crit": crit, "urn:example:device": "phone" });
            let token = signed(&header, &claims(), Algorithm::HS256, SECRET);
            expect_invalid(&show_profile(&app, &token));
        }
    }

    #[test]
    fn a_token_for_another_audience_gets_401() {
        let app = server().start();
        show_profile(&app, &token(claims())).expect_status(200);

        for audience in [json!("billing"), json!(["billing", "shop"])] {
            let _case = case(format!("aud {audience}"));
            let mut claims = claims();
            claims["aud"] = audience.clone();
            expect_invalid(&show_profile(&app, &token(claims)));
        }
    }

    #[test]
    fn production_requires_a_secret_of_32_bytes() {
        let production = || Server::builder().env("APP_ENV", "production");
        let start = |secret: &str| production().env("JWT_SECRET", secret);
        let app = start(SECRET).start();
        show_profile(&app, &token(claims())).expect_status(200);

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
        show_profile(&server().start(), &token(claims())).expect_status(200);

        for name in ["prod", "Production", "staging"] {
            let _case = case(format!("APP_ENV={name}"));
            let exit = server().env("APP_ENV", name).start_and_wait_for_exit(LIMIT);
            exit.expect_start_up_error("APP_ENV");
        }
    }

    #[test]
    fn a_secret_that_is_not_utf_8_never_becomes_the_default() {
        show_profile(&server().start(), &token(claims())).expect_status(200);
        let secret = [b"\xff\xfe", SECRET.as_bytes()].concat();
        let header = json!({ "alg": "HS256", "typ": "JWT" });
        let default = "development-secret-do-not-deploy";

        // A server may take the bytes as they are, or refuse to start.
        match Server::builder().env_bytes("JWT_SECRET", &secret).start_or_exit() {
            Ok(app) => {
                let forged = signed(&header, &claims(), Algorithm::HS256, default);
                expect_invalid(&show_profile(&app, &forged));
            }
            Err(exit) => {
                exit.expect_start_up_error("JWT_SECRET");
            }
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let app = server().start();
        let odd = app.get("/profile").header("authorization", b"Bearer \xff.\xfe.\xfd").send();
        odd.expect_status(400..=499).expect_json_error();

        house_rules(&app, &[Endpoint::get("/profile")]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::get("/profile"));
    }
}

fn server() -> Builder {
    Server::builder().env("JWT_SECRET", SECRET)
}

#[track_caller]
fn show_profile(app: &Server, token: &str) -> Response {
    app.get("/profile").header("authorization", format!("Bearer {token}")).send()
}

/// Expects the response to every invalid token.
#[track_caller]
fn expect_invalid(response: &Response) {
    response.expect_status(401).expect_json(json!({ "error": "Invalid token" }));
}

/// The claims of a valid token.
fn claims() -> Value {
    let now = get_current_timestamp();
    json!({ "id": 7, "username": "ada", "iat": now, "exp": now + 3600 })
}

/// A token as question 24 issues it, with these claims.
fn token(claims: Value) -> String {
    signed(&json!({ "alg": "HS256", "typ": "JWT" }), &claims, Algorithm::HS256, SECRET)
}

/// A token that is signed with `algorithm`, even if its header says something else.
fn signed(header: &Value, claims: &Value, algorithm: Algorithm, secret: &str) -> String {
    let message = unsigned(header, claims);
    let key = EncodingKey::from_secret(secret.as_bytes());
    let signature = sign(message.as_bytes(), &key, algorithm).expect("an HMAC key signs anything");
    format!("{message}.{signature}")
}

/// The first two segments of a token.
fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}
