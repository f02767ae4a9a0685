//! What a server for question 27 must do.

use std::{
    thread,
    time::{Duration, Instant},
};

use contract::{
    Builder, CookieJar, Endpoint, Request, Response, Server, SetCookie, expect, house_rules, json,
    note, process_rules, wait_until,
};

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn views_are_counted_per_session_whichever_worker_answers() {
    let app = Server::start();
    let mut visitor = CookieJar::new();

    for n in 1..=20 {
        let views = visitor.send(app.get("/views"));
        views.expect_status(200).expect_json_including(json!({ "views": n }));
    }
}

#[test]
fn two_visitors_are_counted_apart() {
    let app = Server::start();
    let (mut ada, mut alan) = (CookieJar::new(), CookieJar::new());

    for n in 1..=3 {
        ada.send(app.get("/views")).expect_json_including(json!({ "views": n }));
    }
    let views = alan.send(app.get("/views"));

    views.expect_status(200).expect_json_including(json!({ "views": 1 }));
    ada.send(app.get("/views")).expect_json_including(json!({ "views": 4 }));
}

#[test]
fn the_right_password_logs_in() {
    let app = Server::start();
    let mut visitor = CookieJar::new();

    let login = visitor.send(right_login(&app));

    login.expect_status(200).expect_json_including(json!({ "username": "admin" }));
    for _ in 0..20 {
        let me = visitor.send(app.get("/me"));
        me.expect_status(200).expect_json_including(json!({ "username": "admin" }));
    }
}

#[test]
fn a_wrong_user_or_password_is_refused_with_401() {
    let app = Server::start();
    let mut visitor = CookieJar::new();

    for (username, password) in [("admin", "Password"), ("admin", ""), ("root", "password")] {
        let login = visitor.send(login(&app, username, password));
        login.expect_status(401).expect_json_error();
        visitor.send(app.get("/me")).expect_status(401);
    }
}

#[test]
fn who_has_not_logged_in_is_nobody() {
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
fn the_cookie_is_kept_from_scripts_and_sent_to_every_path() {
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
fn the_cookie_is_kept_for_an_hour() {
    let app = Server::start();

    for response in [app.get("/views").send(), right_login(&app).send()] {
        let cookie = session_cookie(&response);
        let lifetime = cookie.lifetime().unwrap_or_default().as_secs();
        let wanted = "Max-Age=3600, or Expires in an hour";
        response.expect((3590..=3610).contains(&lifetime), wanted, &cookie);
    }
}

#[test]
fn in_production_the_cookie_is_secure() {
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

    // Whoever asks keeps the session alive, so the pauses grow beyond its time.
    wait_until("a session that is idle for 300 ms to be gone", Duration::from_secs(5), || {
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
            note("the machine was too slow to keep a session in use, so another one was begun");
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
    fn the_cookie_of_a_session_that_was_logged_out_is_worth_nothing() {
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
                views.expect_status(200).expect_json_including(json!({ "views": 1 }));
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
    fn in_production_a_missing_or_empty_session_secret_stops_the_start() {
        let production = || Server::builder().env("APP_ENV", "production");

        let missing = production().start_and_wait_for_exit(LIMIT);
        let empty = production().env("SESSION_SECRET", "").start_and_wait_for_exit(LIMIT);

        missing.expect_start_up_error("SESSION_SECRET");
        empty.expect_start_up_error("SESSION_SECRET");
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        let credentials = json!({ "username": "admin", "password": "password" });

        let endpoints =
            [Endpoint::get("/views"), Endpoint::get("/me"), Endpoint::post("/login", credentials)];
        house_rules(&Server::start(), &endpoints);
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
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

/// The cookie that an answer sets, however long a client would keep it.
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
        let other = if value[at..].starts_with('0') { "1" } else { "0" };
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
            // A server may close a connection after an answer.
            let views = connection.try_send(&request).unwrap_or_else(|_| {
                connection = app.connect();
                connection.send(&request)
            });
            views.expect_status(200).expect_json_including(json!({ "views": 1 }));
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(begin)).collect();
        for thread in threads {
            expect(thread.join().is_ok(), "a new session for every visitor", "a failure");
        }
    });
}
