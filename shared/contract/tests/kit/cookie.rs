//! Cookies that responses set, and what a client makes of them.

use std::time::Duration;

use contract::{CookieJar, Response, Server, SetCookie};

const HOUR: Duration = Duration::from_secs(3600);

/// a response of the fixture that sets cookies with `lines`.
fn response(app: &Server, lines: &[&str]) -> Response {
    let head: String = lines.iter().map(|line| format!("Set-Cookie: {line}\r\n")).collect();
    app.get("/raw").body(format!("HTTP/1.1 200 OK\r\n{head}\r\n")).send()
}

fn set(app: &Server, line: &str) -> SetCookie {
    response(app, &[line]).set_cookie("tea").unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn a_cookie_is_read_as_a_browser_does() {
    let app = Server::start();

    let cookie =
        set(&app, " tea = \"a=%3B\" ;httponly; SameSite=Strict ; PATH=/ ;samesite = Lax;x");

    assert_eq!((cookie.name(), cookie.value()), ("tea", "\"a=%3B\""));
    assert_eq!(cookie.attribute("HttpOnly"), Some(""));
    assert_eq!(cookie.attribute("SameSite"), Some("Lax"), "the last one counts");
    assert_eq!(cookie.attribute("Path"), Some("/"));
    assert_eq!(cookie.attribute("Secure"), None);
    assert_eq!(set(&app, "tea=").value(), "");
}

#[test]
fn what_a_browser_ignores_is_no_cookie() {
    let app = Server::start();

    let response = response(&app, &["tea", "=green", "; tea=green", "milk=1"]);

    let names: Vec<_> =
        response.set_cookies().iter().map(|cookie| cookie.name().to_owned()).collect();
    assert_eq!(names, ["milk"]);
    assert_eq!(response.set_cookie("tea"), None);
}

#[test]
fn the_last_word_about_a_cookie_counts() {
    let app = Server::start();

    let response = response(&app, &["tea=green", "milk=1", "tea=black"]);

    assert_eq!(response.set_cookies().len(), 3);
    assert_eq!(response.set_cookie("tea").unwrap().value(), "black");
}

#[test]
fn how_long_a_cookie_is_kept_is_seen() {
    let app = Server::start();
    let lifetime = |line: &str| set(&app, line).lifetime();

    assert_eq!(lifetime("tea=1"), None);
    assert_eq!(lifetime("tea=1; Max-Age=many"), None);
    assert_eq!(lifetime("tea=1; Max-Age=3600"), Some(HOUR));
    let both = "tea=1; Max-Age=3600; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    assert_eq!(lifetime(both), Some(HOUR), "Max-Age goes before Expires");
    for date in ["Fri, 01 Jan 2100 00:00:00 GMT", "Fri, 01-Jan-2100 00:00:00 GMT"] {
        let lifetime = lifetime(&format!("tea=1; expires={date}")).unwrap();
        assert!(HOUR * 24 * 365 < lifetime && lifetime < HOUR * 24 * 366 * 80, "{lifetime:?}");
    }
}

#[test]
fn an_expired_cookie_is_seen() {
    let app = Server::start();

    for attribute in [
        "Max-Age=0",
        "max-age=-1",
        "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "Expires=Thu, 01-Jan-1970 00:00:01 GMT",
        "Expires=Sunday, 06-Nov-94 08:49:37 GMT",
        "Max-Age=0; Expires=Fri, 01 Jan 2100 00:00:00 GMT",
    ] {
        assert!(set(&app, &format!("tea=1; {attribute}")).is_expired(), "{attribute}");
    }
    for attribute in ["", "Max-Age=1", "Max-Age=", "Expires=soon"] {
        assert!(!set(&app, &format!("tea=1; {attribute}")).is_expired(), "{attribute}");
    }
}

#[test]
fn cookies_are_sent_as_they_are_in_one_header() {
    let app = Server::start();

    let echo = app.get("/echo").cookie("tea", "\"a\"").cookie("milk", "").cookie("tea", "%zz");

    let head = echo.send().json()["head"].to_string();
    assert!(head.contains(r#"\r\ncookie: tea=\"a\"; milk=; tea=%zz\r\n\r\n"#), "{head}");
}

#[test]
fn a_jar_remembers_what_responses_set_and_forgets_what_they_expire() {
    let app = Server::start();
    let mut jar = CookieJar::new();

    jar.keep(&response(&app, &["tea=\"1\"; Secure; Path=/api", "milk=1", "bread=1; Max-Age=0"]));
    jar.keep(&response(&app, &["milk=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "egg=1", "tea=2"]));
    jar.set("salt", "1");
    jar.remove("egg");

    assert_eq!(jar.iter().collect::<Vec<_>>(), [("tea", "2"), ("salt", "1")]);
    assert_eq!((jar.get("tea"), jar.get("milk")), (Some("2"), None));
}

#[test]
fn a_jar_sends_what_it_has_and_keeps_what_comes_back() {
    let app = Server::start();
    let mut jar = CookieJar::new();
    jar.set("tea", "1");

    let set_milk = app.get("/raw").body("HTTP/1.1 200 OK\r\nSet-Cookie: milk=1\r\n\r\n");
    jar.send(set_milk).expect_status(200);
    let head = jar.send(app.get("/echo")).json()["head"].to_string();

    assert!(head.contains(r"\r\ncookie: tea=1; milk=1\r\n\r\n"), "{head}");
}
