//! What a server for question 28 must do.

use std::time::Duration;

use contract::{
    Builder, CookieJar, Endpoint, Response, Server, SetCookie, Value, house_rules, json,
    process_rules,
};

/// The two ways to set a cookie.
const KINDS: [&str; 2] = ["/cookies", "/signed"];

#[test]
fn a_cookie_is_returned() {
    let app = Server::start();
    let mut client = CookieJar::new();

    let response = set(&app, &mut client, "/cookies", "theme", "dark");

    response.expect_status(204).expect_empty_body();
    let wanted = json!({ "cookies": { "theme": "dark" }, "signedCookies": {} });
    list(&app, &client).expect_json(wanted);
}

#[test]
fn a_signed_cookie_is_returned_among_the_signed_cookies() {
    let app = Server::start();
    let mut client = CookieJar::new();

    let response = set(&app, &mut client, "/signed", "user", "ada");

    response.expect_status(204).expect_empty_body();
    for _ in 0..5 {
        expect_signed(&list(&app, &client), json!({ "user": "ada" }));
    }
}

#[test]
fn a_client_without_cookies_gets_two_empty_objects() {
    let app = Server::start();

    let cookies = app.get("/cookies").send();

    cookies.expect_status(200).expect_json(json!({ "cookies": {}, "signedCookies": {} }));
}

#[test]
fn plain_and_signed_cookies_are_listed_separately() {
    let app = Server::start();
    let mut client = CookieJar::new();
    for (kind, name, value) in [
        ("/cookies", "theme", "dark"),
        ("/signed", "user", "ada"),
        ("/cookies", "lang", "en"),
        ("/signed", "role", "guest"),
    ] {
        set(&app, &mut client, kind, name, value);
    }

    let cookies = list(&app, &client);

    cookies.expect_json_including(json!({ "cookies": { "theme": "dark", "lang": "en" } }));
    expect_signed(&cookies, json!({ "user": "ada", "role": "guest" }));
}

#[test]
fn every_cookie_is_http_only_and_same_site_lax() {
    let app = Server::start();

    for kind in KINDS {
        let (response, cookie) = new_cookie(&app, kind, "user", "ada");
        let is_http_only = cookie.attribute("HttpOnly").is_some();
        response.expect(is_http_only, "an HttpOnly cookie", &cookie);
        let same_site = cookie.attribute("SameSite").unwrap_or_default();
        let is_lax = same_site.eq_ignore_ascii_case("lax");
        response.expect(is_lax, "a SameSite=Lax cookie", &cookie);
        // Without a path it is that of the request up to the last slash: the same for both kinds.
        let is_everywhere = cookie.attribute("Path").is_none_or(|path| path == "/");
        response.expect(is_everywhere, "a Path=/ cookie", &cookie);
    }
}

#[test]
fn a_later_cookie_with_the_same_name_replaces_the_earlier() {
    let app = Server::start();
    let mut client = CookieJar::new();

    set(&app, &mut client, "/signed", "user", "ada");
    set(&app, &mut client, "/cookies", "user", "alan");
    let plain = list(&app, &client);
    set(&app, &mut client, "/signed", "user", "grace");
    let signed = list(&app, &client);

    plain.expect_json_including(json!({ "cookies": { "user": "alan" } }));
    expect_signed(&plain, json!({}));
    expect_signed(&signed, json!({ "user": "grace" }));
}

#[test]
fn a_deleted_cookie_is_expired_for_every_path() {
    let app = Server::start();

    for kind in KINDS {
        let mut client = CookieJar::new();
        set(&app, &mut client, kind, "user", "ada");

        let response = client.send(app.delete("/cookies/user"));

        response.expect_status(204).expect_empty_body();
        let cookie = response.set_cookie("user");
        let is_expired = cookie.as_ref().is_some_and(SetCookie::is_expired);
        response.expect(is_expired, "the cookie user, expired", &cookie);
        let path = cookie.as_ref().and_then(|cookie| cookie.attribute("Path"));
        response.expect(path == Some("/"), "the cookie user with Path=/", &cookie);
        list(&app, &client).expect_json(json!({ "cookies": {}, "signedCookies": {} }));
    }
}

#[test]
fn a_cookie_made_by_the_client_is_not_signed() {
    let app = Server::start();
    let mut client = CookieJar::new();
    set(&app, &mut client, "/signed", "user", "ada");

    for value in ["ada", "admin", "s:admin", "s%3Aadmin.c2lnbmVk", "admin.", ""] {
        client.set("user", value);
        expect_signed(&list(&app, &client), json!({}));
    }
}

#[test]
fn a_tampered_signed_cookie_is_not_signed() {
    let app = Server::start();
    let (_, cookie) = new_cookie(&app, "/signed", "user", "ada lovelace");
    let value = cookie.value();
    let is_right = app.get("/cookies").cookie("user", value).send();
    expect_signed(&is_right, json!({ "user": "ada lovelace" }));

    // The unused bits at the end of Base64 are low bits, so each change is one of the high bits.
    let changed = (0..value.len()).map(|at| {
        let is_low = matches!(value.as_bytes()[at], b'A'..=b'Z' | b'a'..=b'f');
        format!("{}{}{}", &value[..at], if is_low { "0" } else { "A" }, &value[at + 1..])
    });
    let halves = [&value[..value.len() / 2], &value[value.len() / 2..]];
    for tampered in changed.chain(halves.map(str::to_owned)) {
        let cookies = app.get("/cookies").cookie("user", &tampered).send();
        expect_signed(&cookies, json!({}));
    }
}

mod stretch {
    use super::*;

    const SECRET: &str = "an ocean of tea, and 32 bytes it is";
    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn the_key_depends_on_the_cookie_secret_only() {
        let (app, again) = (with_secret(SECRET).start(), with_secret(SECRET).start());
        let other = with_secret(&SECRET.replace("tea", "ink")).start();
        let mut client = CookieJar::new();

        set(&app, &mut client, "/signed", "user", "ada").expect_status(204);

        expect_signed(&list(&again, &client), json!({ "user": "ada" }));
        expect_signed(&list(&other, &client), json!({}));
    }

    #[test]
    fn a_secret_of_less_than_32_bytes_is_a_startup_error() {
        with_secret(&SECRET[..32]).start().get("/cookies").send().expect_status(200);

        for short in ["tea", &SECRET[..31]] {
            let exit = with_secret(short).start_and_wait_for_exit(LIMIT);
            exit.expect_start_up_error("COOKIE_SECRET");
        }
    }

    #[test]
    fn a_missing_secret_in_production_is_a_startup_error() {
        let production = |builder: Builder| builder.env("APP_ENV", "production");
        let app = production(with_secret(SECRET)).start();
        app.get("/cookies").send().expect_status(200);

        let missing = production(Server::builder()).start_and_wait_for_exit(LIMIT);
        let empty = production(with_secret("")).start_and_wait_for_exit(LIMIT);

        missing.expect_start_up_error("COOKIE_SECRET");
        empty.expect_start_up_error("COOKIE_SECRET");
    }

    #[test]
    fn the_development_secret_is_announced_on_stderr() {
        let app = Server::start();
        let mut client = CookieJar::new();
        set(&app, &mut client, "/signed", "user", "ada");

        app.wait_for_stderr("a line about COOKIE_SECRET", |text| text.contains("COOKIE_SECRET"));
    }

    #[test]
    fn a_misspelled_app_env_is_a_startup_error() {
        list(&Server::builder().env("APP_ENV", "development").start(), &CookieJar::new());

        let exit = with_secret(SECRET).env("APP_ENV", "prod").start_and_wait_for_exit(LIMIT);
        exit.expect_start_up_error("APP_ENV");
    }

    #[test]
    fn a_secret_that_is_not_utf_8_is_not_replaced_by_the_development_secret() {
        let (development, mut client) = (Server::start(), CookieJar::new());
        set(&development, &mut client, "/signed", "user", "ada");

        let secret = [b"\xff\xfe", SECRET.as_bytes()].concat();
        let production = Server::builder().env("APP_ENV", "production");
        if let Ok(app) = production.env_bytes("COOKIE_SECRET", &secret).start_or_exit() {
            expect_signed(&list(&app, &client), json!({}));
        }
    }

    #[test]
    fn cookies_are_secure_in_production() {
        let app = with_secret(SECRET).env("APP_ENV", "production").start();

        for kind in KINDS {
            let (response, cookie) = new_cookie(&app, kind, "user", "ada");
            let is_secure = cookie.attribute("Secure").is_some();
            response.expect(is_secure, &format!("a Secure cookie from POST {kind}"), &cookie);
        }
    }

    #[test]
    fn cookies_of_other_applications_do_not_interfere() {
        let app = Server::start();
        let (_, signed) = new_cookie(&app, "/signed", "user", "ada");

        for other in ["\u{e9}", "other=\u{ff}\u{fe}", "other=%FF%FE", "other", "=", ";;", "a b=c"] {
            // As bytes: what is not ASCII here is not UTF-8 on the wire.
            let other: Vec<u8> = other.chars().map(|c| c as u8).collect();
            let header = [&other, &b"; theme=dark; user="[..], signed.value().as_bytes()].concat();
            let response = app.get("/cookies").header("cookie", header).send();

            response.expect_json_including(json!({ "cookies": { "theme": "dark" } }));
            expect_signed(&response, json!({ "user": "ada" }));
        }
    }

    #[test]
    fn a_signed_value_is_invalid_under_another_name() {
        let app = Server::start();
        let (_, theme) = new_cookie(&app, "/signed", "theme", "admin");
        let (_, user) = new_cookie(&app, "/signed", "user", "guest");

        let moved = app.get("/cookies").cookie("user", theme.value()).send();
        let swapped = app.get("/cookies").cookie("user", theme.value());
        let swapped = swapped.cookie("theme", user.value()).send();

        expect_signed(&moved, json!({}));
        expect_signed(&swapped, json!({}));
    }

    #[test]
    fn an_invalid_name_gets_400() {
        let app = Server::start();

        for kind in KINDS {
            for name in
                ["", " ", "a b", "a;b", "a=b", "a,b", "a\"b", "a/b", "(a)", "a\r\nb", "a\0", "é"]
            {
                let response = app.post(kind).json(json!({ "name": name, "value": "tea" })).send();
                response.expect_status(400).expect_json_error().expect_no_header("set-cookie");
            }
        }
        app.delete("/cookies/a%3Bb").send().expect_status([400, 404]);
    }

    #[test]
    fn a_name_with_every_allowed_character_works() {
        let app = Server::start();

        for kind in KINDS {
            let mut client = CookieJar::new();
            let name = "!#$%&'*+-.^_`|~09AZaz";
            set(&app, &mut client, kind, name, "tea").expect_status(204);
            let property = if kind == "/signed" { "signedCookies" } else { "cookies" };
            list(&app, &client).expect_json_including(json!({ property: { name: "tea" } }));

            client.send(app.delete("/cookies/!%23$%25&'*+-.%5E_%60%7C~09AZaz")).expect_status(204);

            list(&app, &client).expect_json(json!({ "cookies": {}, "signedCookies": {} }));
        }
    }

    #[test]
    fn any_string_works_as_a_value() {
        let app = Server::start();

        for value in [
            "a;b=c; Path=/x",
            "\"quoted\" and 'quoted'",
            "\"",
            " blanks, and\ta tab ",
            "Grüße, 李雷 😀",
            "100% %41%zz +",
            "line\r\nSet-Cookie: admin=1",
            "back\\slash",
            "s:tea.milk",
            "j:{\"tea\":1}",
            "",
        ] {
            for (kind, property) in KINDS.into_iter().zip(["cookies", "signedCookies"]) {
                let mut client = CookieJar::new();
                set(&app, &mut client, kind, "tea", value).expect_status(204);
                list(&app, &client).expect_json_including(json!({ property: { "tea": value } }));
            }
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let cookie = json!({ "name": "user", "value": "ada" });

        let endpoints = [
            Endpoint::get("/cookies").header("cookie", "user=ada"),
            Endpoint::post("/cookies", cookie.clone()),
            Endpoint::post("/signed", cookie),
            Endpoint::delete("/cookies/user"),
        ];
        house_rules(&Server::start(), &endpoints);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::post("/cookies", json!({ "name": "user", "value": "ada" })));
    }
}

fn with_secret(secret: &str) -> Builder {
    Server::builder().env("COOKIE_SECRET", secret)
}

/// Has a cookie set, and `client` remembers it.
#[track_caller]
fn set(app: &Server, client: &mut CookieJar, kind: &str, name: &str, value: &str) -> Response {
    let response = client.send(app.post(kind).json(json!({ "name": name, "value": value })));
    response.expect_status(204);
    response
}

/// Has a cookie set that nobody remembers.
#[track_caller]
fn new_cookie(app: &Server, kind: &str, name: &str, value: &str) -> (Response, SetCookie) {
    let response = set(app, &mut CookieJar::new(), kind, name, value);
    let cookie = response.set_cookie(name);
    let set = response.headers("set-cookie");
    response.expect(cookie.is_some(), &format!("a cookie with the name {name}"), set);
    (response, cookie.expect("it is there"))
}

#[track_caller]
fn list(app: &Server, client: &CookieJar) -> Response {
    let cookies = client.attach(app.get("/cookies")).send();
    cookies.expect_status(200);
    cookies
}

/// Expects exactly these signed cookies; they may be among the others as well.
#[track_caller]
fn expect_signed(cookies: &Response, wanted: Value) {
    let signed = cookies.expect_status(200).json_at("/signedCookies");
    cookies.expect(signed == wanted, &format!("signedCookies: {wanted}"), signed.to_string());
}
