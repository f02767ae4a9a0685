//! What a server for question 19 must do.

use std::{
    net::Ipv4Addr,
    ops::Range,
    thread,
    time::{Duration, Instant},
};

use contract::{
    Endpoint, Request, Response, Server, expect, expect_eq, house_rules, json, process_rules,
    wait_until,
};

/// Unless a check sets another.
const MAX: usize = 5;

const SOMEBODY_ELSE: [u8; 4] = [127, 0, 0, 2];

#[test]
fn five_requests_of_a_client_pass_and_the_sixth_gets_429() {
    let app = Server::start();

    for _ in 0..MAX {
        app.get("/").send().expect_status(200);
    }

    expect_refusal(&app.get("/").send());
    expect_refusal(&app.get("/").send()).expect_media_type("application/json");
}

#[test]
fn how_many_pass_comes_from_the_environment() {
    let app = Server::builder().env("RATE_LIMIT_MAX", "2").start();

    app.get("/").send().expect_status(200);
    app.get("/").send().expect_status(200);

    expect_refusal(&app.get("/").send());
}

#[test]
fn another_address_is_not_affected() {
    let app = Server::start();
    use_up(&app);

    for _ in 0..MAX {
        app.get("/").from_ip(SOMEBODY_ELSE).send().expect_status(200);
    }

    expect_refusal(&app.get("/").from_ip(SOMEBODY_ELSE).send());
    expect_refusal(&app.get("/").send());
}

#[test]
fn requests_to_all_routes_count_whatever_becomes_of_them() {
    let app = Server::start();
    let requests = || [app.get("/"), app.get("/no/such/path"), app.post("/"), app.get("/?page=2")];

    for request in requests() {
        let response = request.send();
        response.expect(passed(&response), "an answer other than 429", response.status());
    }
    app.delete("/no/such/path").send().expect_status([404, 405]);

    for request in requests() {
        expect_refusal(&request.send());
    }
}

#[test]
fn a_client_is_free_again_after_its_window_however_often_it_was_refused() {
    let window = Duration::from_secs(1);
    let app = with_window(window);
    use_up(&app);

    expect_all_free_after(&app, window);
}

#[test]
fn no_more_than_five_pass_in_any_window() {
    let window = Duration::from_millis(1200);
    let app = with_window(window);
    use_up(&app);

    let mut asked = Instant::now();
    let (mut began, deadline) = (asked, asked + window * 4);
    while !passes(&app.get("/")) {
        expect(asked < deadline, "a request to pass once the window is over", "status 429");
        began = asked;
        asked = Instant::now();
    }

    // The new window has begun since then, so it is not over when this is.
    let mut passed = 1;
    while began.elapsed() < window {
        let passes = passes(&app.get("/"));
        passed += usize::from(passes && began.elapsed() < window);
    }
    expect(passed <= MAX, "no more than 5 requests to pass in a window", passed);
}

mod stretch {
    use super::*;

    #[test]
    fn a_refusal_says_in_whole_seconds_when_to_come_back() {
        let app = Server::start();

        let refused = use_up(&app);

        let seconds = retry_after(&refused);
        refused.expect((1..=60).contains(&seconds), "retry-after: from 1 to 60", seconds);
    }

    #[test]
    fn whoever_waits_for_retry_after_is_let_through() {
        let app = with_window(Duration::from_millis(1500));

        let refused = use_up(&app);
        let seconds = retry_after(&refused);
        let free = Instant::now() + Duration::from_secs(seconds);

        refused.expect((1..=2).contains(&seconds), "retry-after: 1 or 2", seconds);
        wait_until("a request to pass once the window is over", Duration::from_secs(3), || {
            let is_early = Instant::now() < free + Duration::from_millis(50);
            let passes = passes(&app.get("/"));
            let wanted = format!("a request to pass {seconds} s after retry-after: {seconds}");
            expect(passes || is_early, &wanted, "status 429");
            passes
        });
    }

    #[test]
    fn what_a_client_says_of_its_address_buys_no_new_allowance() {
        let app = Server::start();
        let claim = |host: usize| {
            let address = format!("203.0.113.{host}");
            let request = app.get("/").header("x-forwarded-for", &address);
            let request = request.header("forwarded", format!("for={address}"));
            request.header("x-real-ip", &address).send()
        };

        for host in 0..MAX {
            claim(host).expect_status(200);
        }

        expect_refusal(&claim(MAX));
        expect_refusal(&app.get("/").send());
    }

    #[test]
    fn exactly_five_of_fifty_parallel_requests_pass() {
        let app = Server::start();

        let answers = app.burst((0..50).map(|_| app.get("/")).collect());

        let passed = answers.iter().filter(|answer| answer.status() == 200).count();
        let refused = answers.iter().filter(|answer| answer.status() == 429).count();
        expect_eq("requests passed and refused", (passed, refused), (5, 45));
    }

    #[test]
    fn clients_whose_window_is_over_are_forgotten() {
        let window = Duration::from_secs(1);
        let app = with_window(window);
        expect_the_essentials(&app, window);
        if app.resident_memory().is_none() {
            return;
        }

        visit(&app, 0..100_000);
        let before = app.resident_memory().unwrap_or_default();
        visit(&app, 100_000..165_000);
        visit(&app, 165_000..230_000);
        let grown = app.resident_memory().unwrap_or_default().saturating_sub(before);

        let wanted = "less than 8 MiB more than after the first 100,000 clients";
        expect(grown < 8 << 20, wanted, format!("{:.1} MiB more", grown as f64 / 1_048_576.0));
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        use_up(&Server::start());

        let app = Server::builder().env("RATE_LIMIT_MAX", "1000000").start();
        house_rules(&app, &[Endpoint::get("/")]);
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
        use_up(&Server::start());

        process_rules(&Endpoint::get("/"));
    }
}

fn with_window(window: Duration) -> Server {
    Server::builder().env("RATE_LIMIT_WINDOW_MS", &window.as_millis().to_string()).start()
}

/// Asks until the client is refused, and returns the refusal. Windows by the clock may end
/// meanwhile, and then there are two to use up.
#[track_caller]
fn use_up(app: &Server) -> Response {
    let mut passed = 0;
    let mut answer = app.get("/").send();
    while answer.status() == 200 && passed < 2 * MAX {
        passed += 1;
        answer = app.get("/").send();
    }
    expect_refusal(&answer);
    expect(passed >= MAX, "5 requests to pass before one is refused", passed);
    answer
}

#[track_caller]
fn expect_all_free_after(app: &Server, window: Duration) {
    wait_until("a request to pass once the window is over", window * 5, || passes(&app.get("/")));

    // If windows slide, they end one after the other, as they had begun.
    let mut left = MAX - 1;
    wait_until("the other 4 requests of a window to pass soon after the first", window / 2, || {
        left -= usize::from(passes(&app.get("/")));
        left == 0
    });
}

/// What other checks judge one by one. Who fails at it is not worth 230,000 requests.
#[track_caller]
fn expect_the_essentials(with_window: &Server, window: Duration) {
    use_up(with_window);
    expect_all_free_after(with_window, window);

    let app = Server::builder().env("RATE_LIMIT_MAX", "2").start();
    let claim = |host: usize| app.get("/").header("x-forwarded-for", format!("203.0.113.{host}"));
    let answers = app.burst((0..20).map(claim).collect());
    expect_eq("requests passed", answers.iter().filter(|answer| passed(answer)).count(), 2);
    let refused = app.get("/no/such/path").send();
    let seconds = retry_after(expect_refusal(&refused));
    refused.expect((1..=60).contains(&seconds), "retry-after: from 1 to 60", seconds);
    let unknown = app.get("/no/such/path").from_ip(SOMEBODY_ELSE).send();
    unknown.expect_status(404).expect_json_error();
}

#[track_caller]
fn expect_refusal(response: &Response) -> &Response {
    response.expect_status(429).expect_json_including(json!({ "error": "Too many requests" }))
}

#[track_caller]
fn passes(request: &Request) -> bool {
    let response = request.clone().send();
    response.expect_status([200, 429]);
    passed(&response)
}

fn passed(response: &Response) -> bool {
    response.status() != 429
}

#[track_caller]
fn retry_after(refused: &Response) -> u64 {
    let value = refused.header("retry-after").unwrap_or_default();
    let seconds = value.parse();
    refused.expect(seconds.is_ok(), "retry-after: a whole number of seconds", &value);
    seconds.unwrap_or_default()
}

/// One request of each of these clients, of which no two have the same address.
fn visit(app: &Server, clients: Range<u32>) {
    const THREADS: usize = 4;
    let visit = |first: usize| {
        let clients: Vec<u32> = clients.clone().skip(first).step_by(THREADS).collect();
        for clients in clients.chunks(16) {
            let begin = |client: &u32| {
                let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 0)) + client);
                app.get("/").from_ip(address).begin()
            };
            let begun: Vec<_> = clients.iter().map(begin).collect();
            for mut connection in begun {
                let answer = connection.read_response("GET").map(|answer| answer.status());
                expect_eq("status for a client that is new", answer, Ok(200));
            }
        }
    };
    thread::scope(|scope| {
        for first in 0..THREADS {
            scope.spawn(move || visit(first));
        }
    });
}
