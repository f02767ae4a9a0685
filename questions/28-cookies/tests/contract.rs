//! What a server for question 28 must do.

use std::time::Duration;

use contract::{
    Builder, CookieJar, Endpoint, Response, Server, SetCookie, Value, house_rules, json,
    process_rules,
};

/// The two ways to set a cookie.
const KINDS: [&str; 2] = ["/cookies", "/signed"];

#[test]
fn a_cookie_comes_back() {
    let app = Server::start();
    let mut client = CookieJar::new();

    let answer = set(&app, &mut client, "/cookies", "theme", "dark");

    answer.expect_status(204).expect_empty_body();
    let wanted = json!({ "cookies": { "theme": "dark" }, "signedCookies": {} });
    list(&app, &client).expect_json(wanted);
}

#[test]
fn a_signed_cookie_comes_back_among_the_signed_ones() {
    let app = Server::start();
    let mut client = CookieJar::new();

    let answer = set(&app, &mut client, "/signed", "user", "ada");

    answer.expect_status(204).expect_empty_body();
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
fn several_cookies_of_both_kinds_are_told_apart() {
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
        let (answer, cookie) = new_cookie(&app, kind, "user", "ada");
        let is_http_only = cookie.attribute("HttpOnly").is_some();
        answer.expect(is_http_only, "an HttpOnly cookie", &cookie);
        let same_site = cookie.attribute("SameSite").unwrap_or_default();
        let is_lax = same_site.eq_ignore_ascii_case("lax");
        answer.expect(is_lax, "a SameSite=Lax cookie", &cookie);
        // Without a path it is that of the request up to the last slash: the same for both kinds.
        let is_everywhere = cookie.attribute("Path").is_none_or(|path| path == "/");
        answer.expect(is_everywhere, "a Path=/ cookie", &cookie);
    }
}

#[test]
fn the_later_of_two_cookies_with_one_name_takes_the_place_of_the_other() {
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

        let answer = client.send(app.delete("/cookies/user"));

        answer.expect_status(204).expect_empty_body();
        let cookie = answer.set_cookie("user");
        let is_expired = cookie.as_ref().is_some_and(SetCookie::is_expired);
        answer.expect(is_expired, "the cookie user, expired", &cookie);
        let path = cookie.as_ref().and_then(|cookie| cookie.attribute("Path"));
        answer.expect(path == Some("/"), "the cookie user with Path=/", &cookie);
        list(&app, &client).expect_json(json!({ "cookies": {}, "signedCookies": {} }));
    }
}

#[test]
fn a_cookie_that_the_client_has_made_is_not_signed() {
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

    // The last characters may hold bits that mean nothing.
    let changed = (0..value.len().saturating_sub(4)).map(|at| {
        let other = if value[at..].starts_with('0') { "1" } else { "0" };
        format!("{}{other}{}", &value[..at], &value[at + 1..])
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
    fn the_key_is_made_from_the_cookie_secret() {
        let (app, again) = (with_secret(SECRET).start(), with_secret(SECRET).start());
        let other = with_secret(&SECRET.replace("tea", "ink")).start();
        let mut client = CookieJar::new();

        set(&app, &mut client, "/signed", "user", "ada").expect_status(204);

        expect_signed(&list(&again, &client), json!({ "user": "ada" }));
        expect_signed(&list(&other, &client), json!({}));
    }

    #[test]
    fn a_secret_of_less_than_32_bytes_stops_the_start_with_a_message_that_names_it() {
        with_secret(&SECRET[..32]).start().get("/cookies").send().expect_status(200);

        for short in ["tea", &SECRET[..31]] {
            let exit = with_secret(short).start_and_wait_for_exit(LIMIT);
            exit.expect_start_up_error("COOKIE_SECRET");
        }
    }

    #[test]
    fn in_production_a_missing_or_empty_secret_stops_the_start_with_a_message_that_names_it() {
        let production = |builder: Builder| builder.env("APP_ENV", "production");
        let app = production(with_secret(SECRET)).start();
        app.get("/cookies").send().expect_status(200);

        let missing = production(Server::builder()).start_and_wait_for_exit(LIMIT);
        let empty = production(with_secret("")).start_and_wait_for_exit(LIMIT);

        missing.expect_start_up_error("COOKIE_SECRET");
        empty.expect_start_up_error("COOKIE_SECRET");
    }

    #[test]
    fn a_signed_value_is_worth_nothing_under_another_name() {
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
    fn an_invalid_name_is_refused_with_400() {
        let app = Server::start();

        for kind in KINDS {
            for name in
                ["", " ", "a b", "a;b", "a=b", "a,b", "a\"b", "a/b", "(a)", "a\r\nb", "a\0", "é"]
            {
                let answer = app.post(kind).json(json!({ "name": name, "value": "tea" })).send();
                answer.expect_status(400).expect_json_error().expect_no_header("set-cookie");
            }
        }
        app.delete("/cookies/a%3Bb").send().expect_status([400, 404]);
    }

    #[test]
    fn a_name_of_every_character_that_is_allowed_is_set_and_deleted() {
        let app = Server::start();

        for kind in KINDS {
            let mut client = CookieJar::new();
            let name = "!#$%&'*+-.^_`|~09AZaz";
            set(&app, &mut client, kind, name, "tea").expect_status(204);
            let member = if kind == "/signed" { "signedCookies" } else { "cookies" };
            list(&app, &client).expect_json_including(json!({ member: { name: "tea" } }));

            client.send(app.delete("/cookies/!%23$%25&'*+-.%5E_%60%7C~09AZaz")).expect_status(204);

            list(&app, &client).expect_json(json!({ "cookies": {}, "signedCookies": {} }));
        }
    }

    #[test]
    fn any_text_survives_as_a_value() {
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
            for (kind, member) in KINDS.into_iter().zip(["cookies", "signedCookies"]) {
                let mut client = CookieJar::new();
                set(&app, &mut client, kind, "tea", value).expect_status(204);
                list(&app, &client).expect_json_including(json!({ member: { "tea": value } }));
            }
        }
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
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
    fn it_starts_and_stops_as_a_service_should() {
        process_rules(&Endpoint::post("/cookies", json!({ "name": "user", "value": "ada" })));
    }
}

fn with_secret(secret: &str) -> Builder {
    Server::builder().env("COOKIE_SECRET", secret)
}

/// Has a cookie set, and `client` remembers it.
#[track_caller]
fn set(app: &Server, client: &mut CookieJar, kind: &str, name: &str, value: &str) -> Response {
    let answer = client.send(app.post(kind).json(json!({ "name": name, "value": value })));
    answer.expect_status(204);
    answer
}

/// Has a cookie set that nobody remembers.
#[track_caller]
fn new_cookie(app: &Server, kind: &str, name: &str, value: &str) -> (Response, SetCookie) {
    let answer = set(app, &mut CookieJar::new(), kind, name, value);
    let cookie = answer.set_cookie(name);
    let set = answer.headers("set-cookie");
    answer.expect(cookie.is_some(), &format!("a cookie with the name {name}"), set);
    (answer, cookie.expect("it is there"))
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
