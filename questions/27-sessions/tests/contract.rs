//! What a server for question 27 must do.

use std::{
    thread,
    time::{Duration, Instant},
};

use contract::{
    Builder, CookieJar, Endpoint, Request, Response, Server, SetCookie, expect, house_rules, json,
    note, patience, process_rules, wait_until,
};

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn views_are_counted_per_session_on_every_worker() {
    let app = Server::start();
    let mut visitor = CookieJar::new();

    for n in 1..=20 {
        let views = visitor.send(app.get("/views"));
        views.expect_status(200).expect_json(json!({ "views": n }));
    }
}

#[test]
fn two_visitors_have_separate_counts() {
    let app = Server::start();
    let (mut ada, mut alan) = (CookieJar::new(), CookieJar::new());

    for n in 1..=3 {
        ada.send(app.get("/views")).expect_json(json!({ "views": n }));
    }
    let views = alan.send(app.get("/views"));

    views.expect_status(200).expect_json(json!({ "views": 1 }));
    ada.send(app.get("/views")).expect_json(json!({ "views": 4 }));
}

#[test]
fn the_right_password_logs_in() {
    let app = Server::start();
    let mut visitor = CookieJar::new();

    let login = visitor.send(right_login(&app));

    login.expect_status(200).expect_json(json!({ "username": "admin" }));
    for _ in 0..20 {
        let me = visitor.send(app.get("/me"));
        me.expect_status(200).expect_json(json!({ "username": "admin" }));
    }
}

#[test]
fn a_wrong_user_or_password_gets_401() {
    let app = Server::start();
    let mut visitor = CookieJar::new();

    for (username, password) in [("admin", "Password"), ("admin", ""), ("root", "password")] {
        let login = visitor.send(login(&app, username, password));
        login.expect_status(401).expect_json_error();
        visitor.send(app.get("/me")).expect_status(401);
    }
}

#[test]
fn a_visitor_without_a_login_gets_401() {
    let app = Server::start();
    let mut visitor = CookieJar::new();
    visitor.send(app.get("/views")).expect_status(200);

    app.get("/me").send().expect_status(401).expect_json_error();
    visitor.send(app.get("/me")).expect_status(401).expect_json_error();
}

#[test]
fn a_logout_ends_the_login() {
    let app = Server::start();
    let (mut visitor, mut other) = (logged_in(&app), logged_in(&app));

    let logout = visitor.send(app.post("/logout"));

    logout.expect_status(204).expect_empty_body();
    visitor.send(app.get("/me")).expect_status(401);
    other.send(app.get("/me")).expect_status(200);
}

#[test]
fn the_cookie_is_http_only_and_same_site_lax_for_every_path() {
    let app = Server::start();

    for response in [app.get("/views").send(), right_login(&app).send()] {
        let cookie = session_cookie(&response);
        let is_http_only = cookie.attribute("HttpOnly").is_some();
        response.expect(is_http_only, "an HttpOnly cookie", &cookie);
        let is_lax = cookie.attribute("SameSite").is_some_and(|site| is(site, "Lax"));
        response.expect(is_lax, "a SameSite=Lax cookie", &cookie);
        response.expect(cookie.attribute("Path") == Some("/"), "a Path=/ cookie", &cookie);
    }
}

#[test]
fn the_cookie_lives_for_an_hour() {
    let app = Server::start();

    for response in [app.get("/views").send(), right_login(&app).send()] {
        let cookie = session_cookie(&response);
        let lifetime = cookie.lifetime().unwrap_or_default().as_secs();
        let wanted = "Max-Age=3600, or Expires in an hour";
        response.expect((3590..=3610).contains(&lifetime), wanted, &cookie);
    }
}

#[test]
fn the_cookie_is_secure_in_production() {
    let app = Server::builder().env("APP_ENV", "production").env("SESSION_SECRET", SECRET).start();

    for request in [app.get("/views"), right_login(&app)] {
        let response = request.header("x-forwarded-proto", "https").send();
        let cookie = session_cookie(response.expect_status(200));
        response.expect(cookie.attribute("Secure").is_some(), "a Secure cookie", &cookie);
    }
}

#[test]
fn an_idle_session_ends() {
    let app = with_ttl(Duration::from_millis(300)).start();
    let cookie = session_cookie(right_login(&app).send().expect_status(200));

    // Each request keeps the session alive, so the pauses grow beyond its time.
    let limit = patience(Duration::from_secs(5));
    wait_until("a session that is idle for 300 ms to be gone", limit, || {
        with(&cookie, app.get("/me")).send().status() == 401
    });
}

#[test]
fn a_session_in_use_does_not_end() {
    let ttl = Duration::from_millis(800);
    let app = with_ttl(ttl).start();
    let log_in = || session_cookie(right_login(&app).send().expect_status(200));
    let (mut began, mut last_use, mut cookie) = (Instant::now(), Instant::now(), log_in());

    // The pauses grow up to 400 ms.
    wait_until("a session to be in use for 1.6 s", Duration::from_secs(4), || {
        let idle_since = last_use;
        last_use = Instant::now();
        let me = with(&cookie, app.get("/me")).send();
        if idle_since.elapsed() > ttl {
            note("the machine was too slow to keep a session in use, so another one was started");
            (began, last_use, cookie) = (Instant::now(), Instant::now(), log_in());
        } else {
            me.expect_status(200);
        }
        began.elapsed() > 2 * ttl
    });
}

mod stretch {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn a_login_gives_the_session_a_new_id() {
        let app = Server::start();
        let handed_out = session_cookie(app.get("/views").send().expect_status(200));
        let invented = format!("{}=1234567890", handed_out.name());

        for planted in [format!("{}={}", handed_out.name(), handed_out.value()), invented] {
            let login = right_login(&app).header("cookie", &planted).send();

            let cookie = session_cookie(login.expect_status(200));
            with(&cookie, app.get("/me")).send().expect_status(200);
            app.get("/me").header("cookie", &planted).send().expect_status(401);
        }
    }

    #[test]
    fn a_copied_cookie_is_invalid_after_the_logout() {
        let app = Server::start();
        let mut visitor = logged_in(&app);
        let stolen = visitor.clone();
        stolen.attach(app.get("/me")).send().expect_status(200);

        visitor.send(app.post("/logout")).expect_status(204);

        for _ in 0..5 {
            stolen.attach(app.get("/me")).send().expect_status(401);
        }
    }

    #[test]
    fn a_tampered_cookie_starts_a_new_session() {
        let app = Server::start();
        let cookie = session_cookie(right_login(&app).send().expect_status(200));

        for tampered in tampered(cookie.value()) {
            let with_it = |request: Request| request.cookie(cookie.name(), &tampered).send();
            with_it(app.get("/me")).expect_status(401);
            // Twice: nobody can choose an id.
            for _ in 0..2 {
                let views = with_it(app.get("/views"));
                views.expect_status(200).expect_json(json!({ "views": 1 }));
            }
        }
    }

    #[test]
    fn idle_sessions_leave_the_memory() {
        let app = with_ttl(Duration::from_millis(100)).start();
        let mut resident = Vec::new();

        for _ in 0..8 {
            begin_sessions(&app, 5_000);

            let Some(now) = app.resident_memory() else { return };
            resident.push(now);
            // At first a server takes what it needs to be at work.
            if let [.., before, _, now] = resident[..]
                && now.saturating_sub(before) < 2 << 20
            {
                return;
            }
        }
        let mebibytes: Vec<_> = resident.iter().map(|bytes| bytes >> 20).collect();
        expect(false, "less than 2 MiB for 10,000 more visitors, in the end", mebibytes);
    }

    #[test]
    fn a_missing_or_short_secret_in_production_is_a_startup_error() {
        let production = || Server::builder().env("APP_ENV", "production");
        let app = production().env("SESSION_SECRET", SECRET).start();
        app.get("/views").send().expect_status(200);

        let missing = production().start_and_wait_for_exit(LIMIT);
        let empty = production().env("SESSION_SECRET", "").start_and_wait_for_exit(LIMIT);

        missing.expect_start_up_error("SESSION_SECRET");
        empty.expect_start_up_error("SESSION_SECRET");
        let short =
            production().env("SESSION_SECRET", &SECRET[..31]).start_and_wait_for_exit(LIMIT);
        short.expect_start_up_error("SESSION_SECRET");
    }

    #[test]
    fn a_misspelled_app_env_is_a_startup_error() {
        let start = |value| Server::builder().env("SESSION_SECRET", SECRET).env("APP_ENV", value);
        start("development").start().get("/views").send().expect_status(200);

        start("prod").start_and_wait_for_exit(LIMIT).expect_start_up_error("APP_ENV");
    }

    #[test]
    fn the_development_secret_is_announced_on_stderr() {
        let app = Server::start();
        app.get("/views").send().expect_status(200);

        app.wait_for_stderr("a line about SESSION_SECRET", |text| text.contains("SESSION_SECRET"));
    }

    #[test]
    fn cookies_of_other_applications_do_not_interfere() {
        let app = Server::start();
        let session = session_cookie(right_login(&app).send().expect_status(200));

        for other in [&b"other=\xff\xfe"[..], b"\xe9", b"other=%FF%FE", b"other", b"=", b";;"] {
            let _case = contract::case(format!("Cookie: {}", other.escape_ascii()));
            let session = format!("; {}={}", session.name(), session.value());
            let cookies = [other, session.as_bytes()].concat();
            app.get("/me").header("cookie", cookies).send().expect_status(200);
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let credentials = json!({ "username": "admin", "password": "password" });

        let endpoints =
            [Endpoint::get("/views"), Endpoint::get("/me"), Endpoint::post("/login", credentials)];
        house_rules(&Server::start(), &endpoints);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        let credentials = json!({ "username": "admin", "password": "password" });
        process_rules(&Endpoint::post("/login", credentials));
    }
}

fn with_ttl(ttl: Duration) -> Builder {
    Server::builder().env("SESSION_TTL_MS", &ttl.as_millis().to_string())
}

fn login(app: &Server, username: &str, password: &str) -> Request {
    app.post("/login").json(json!({ "username": username, "password": password }))
}

fn right_login(app: &Server) -> Request {
    login(app, "admin", "password")
}

fn logged_in(app: &Server) -> CookieJar {
    let mut visitor = CookieJar::new();
    visitor.send(right_login(app)).expect_status(200);
    visitor
}

/// The cookie that a response sets, however long a client would keep it.
#[track_caller]
fn session_cookie(response: &Response) -> SetCookie {
    let cookies = response.set_cookies();
    response.expect(!cookies.is_empty(), "a session cookie", response.headers("set-cookie"));
    cookies.into_iter().next().expect("it is not empty")
}

fn with(cookie: &SetCookie, request: Request) -> Request {
    request.cookie(cookie.name(), cookie.value())
}

fn is(text: &str, wanted: &str) -> bool {
    text.eq_ignore_ascii_case(wanted)
}

fn tampered(value: &str) -> Vec<String> {
    let changed_at = |at: usize| {
        // The unused bits at the end of Base64 are low bits, so this changes one of the high bits.
        let is_low = matches!(value.as_bytes()[at], b'A'..=b'Z' | b'a'..=b'f');
        let other = if is_low { "0" } else { "A" };
        format!("{}{other}{}", &value[..at], &value[at + 1..])
    };
    let quarter = value.len() / 4;
    let mut values: Vec<_> = [0, quarter, 2 * quarter, 3 * quarter].map(changed_at).into();
    values.extend([value[..2 * quarter].to_owned(), format!("{value}0"), value.repeat(20)]);
    values.extend(["", "1", "%ff", "s%3A1.1"].map(str::to_owned));
    values
}

/// As many visitors without a cookie, on four connections.
fn begin_sessions(app: &Server, count: usize) {
    let begin = || {
        let mut connection = app.connect();
        for _ in 0..count / 4 {
            let request = app.get("/views");
            // A server may close a connection after a response.
            let views = connection.try_send(&request).unwrap_or_else(|_| {
                connection = app.connect();
                connection.send(&request)
            });
            views.expect_status(200).expect_json(json!({ "views": 1 }));
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(begin)).collect();
        for thread in threads {
            expect(thread.join().is_ok(), "a new session for every visitor", "a failure");
        }
    });
}
