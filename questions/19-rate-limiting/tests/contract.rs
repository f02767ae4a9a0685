//! What a server for question 19 must do.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    ops::Range,
    time::{Duration, Instant},
};

use contract::{
    Endpoint, Request, Response, Server, announce, expect, expect_eq, house_rules, json, patience,
    process_rules, wait_until,
};
use socket2::{Domain, Protocol, Socket, Type};

/// The default of `RATE_LIMIT_MAX`.
const MAX: usize = 5;

const ANOTHER_IP: [u8; 4] = [127, 0, 0, 2];

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
fn rate_limit_max_sets_how_many_requests_pass() {
    let app = Server::builder().env("RATE_LIMIT_MAX", "2").start();

    app.get("/").send().expect_status(200);
    app.get("/").send().expect_status(200);

    expect_refusal(&app.get("/").send());
}

#[test]
fn another_ip_address_has_its_own_allowance() {
    let app = Server::start();
    use_up(&app);

    for _ in 0..MAX {
        app.get("/").from_ip(ANOTHER_IP).send().expect_status(200);
    }

    expect_refusal(&app.get("/").from_ip(ANOTHER_IP).send());
    expect_refusal(&app.get("/").send());
}

#[test]
fn requests_to_every_path_count_whatever_their_status() {
    let app = Server::start();
    let requests = || [app.get("/"), app.get("/no/such/path"), app.post("/"), app.get("/?page=2")];

    for request in requests() {
        let response = request.send();
        response.expect(passed(&response), "a status other than 429", response.status());
    }
    app.delete("/no/such/path").send().expect_status([404, 405]);

    for request in requests() {
        expect_refusal(&request.send());
    }
}

#[test]
fn a_client_gets_its_whole_allowance_back_after_its_window() {
    let window = Duration::from_secs(2);
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

    // The new window began after that, so it ends later than this one.
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
    fn a_429_has_retry_after_in_whole_seconds() {
        let app = Server::start();

        let refused = use_up(&app);

        let seconds = retry_after(&refused);
        refused.expect((1..=60).contains(&seconds), "retry-after: from 1 to 60", seconds);
    }

    #[test]
    fn a_client_that_waits_for_retry_after_is_served() {
        let app = with_window(Duration::from_millis(1500));

        let refused = use_up(&app);
        let seconds = retry_after(&refused);
        let free = Instant::now() + Duration::from_secs(seconds);

        refused.expect((1..=2).contains(&seconds), "retry-after: 1 or 2", seconds);
        wait_until(
            "a request to pass once the window is over",
            patience(Duration::from_secs(3)),
            || {
                let is_early = Instant::now() < free + Duration::from_millis(50);
                let passes = passes(&app.get("/"));
                let wanted = format!("a request to pass {seconds} s after retry-after: {seconds}");
                expect(passes || is_early, &wanted, "status 429");
                passes
            },
        );
    }

    #[test]
    fn forwarding_headers_do_not_grant_a_new_allowance() {
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
        expect_eq("requests passed and rejected", (passed, refused), (5, 45));
    }

    #[test]
    fn memory_does_not_grow_with_clients_whose_window_is_over() {
        const MIB: f64 = 1_048_576.0;
        announce(Duration::from_secs(10));
        let app = with_window(Duration::from_millis(200));
        use_up(&app);
        let memory = || app.resident_memory().map(|bytes| bytes as f64 / MIB);
        visit(&app, 0..20_000);
        let Some(first) = memory() else { return };

        visit(&app, 20_000..60_000);
        let second = memory().unwrap_or_default();
        if second - first < 3.0 {
            return;
        }
        // A garbage collector may not have caught up yet.
        visit(&app, 60_000..120_000);
        let third = memory().unwrap_or_default();

        let actual = format!("{:.1} MiB, then {:.1} MiB more", second - first, third - second);
        let wanted = "less than 3 MiB more for 40,000 new clients, or for 60,000 after them";
        expect(third - second < 3.0, wanted, actual);
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        use_up(&Server::start());

        let app = Server::builder().env("RATE_LIMIT_MAX", "1000000").start();
        house_rules(&app, &[Endpoint::get("/")]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        use_up(&Server::start());

        process_rules(&Endpoint::get("/"));
    }
}

fn with_window(window: Duration) -> Server {
    Server::builder().env("RATE_LIMIT_WINDOW_MS", &window.as_millis().to_string()).start()
}

/// Sends requests until one is refused, and returns that response. If windows follow the clock, one
/// may end meanwhile, and then there are two to use up.
#[track_caller]
fn use_up(app: &Server) -> Response {
    let mut passed = 0;
    let mut answer = app.get("/").send();
    while answer.status() == 200 && passed < 2 * MAX {
        passed += 1;
        answer = app.get("/").send();
    }
    expect_refusal(&answer);
    expect(passed >= MAX, "5 requests to pass before one is rejected", passed);
    answer
}

#[track_caller]
fn expect_all_free_after(app: &Server, window: Duration) {
    // The pauses between these requests are at most a tenth of the limit, so they stay shorter than a
    // window, which a server that extends it would start anew.
    wait_until("a request to pass once the window is over", window * 5, || passes(&app.get("/")));

    // With a sliding window, requests become free one after the other, as they were sent.
    let mut left = MAX - 1;
    wait_until("the other 4 requests of a window to pass soon after the first", window / 2, || {
        left -= usize::from(passes(&app.get("/")));
        left == 0
    });
}

#[track_caller]
fn expect_refusal(response: &Response) -> &Response {
    response.expect_status(429).expect_json(json!({ "error": "Too many requests" }))
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

/// Sends one request from each of these addresses. It has a short client of its own, because the kit's
/// client uses twice as much processor time as the server.
#[track_caller]
fn visit(app: &Server, clients: Range<u32>) {
    let limit = patience(Duration::from_secs(10));
    let connect = |client: u32| -> io::Result<TcpStream> {
        let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 0)) + client);
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.bind(&SocketAddr::from((address, 0)).into())?;
        socket.connect(&SocketAddr::from((Ipv4Addr::LOCALHOST, app.port())).into())?;
        socket.set_read_timeout(Some(limit))?;
        let mut stream = TcpStream::from(socket);
        stream.write_all(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")?;
        Ok(stream)
    };
    let read_status = |mut stream: TcpStream| -> io::Result<String> {
        let mut response = Vec::new();
        stream.read_to_end(&mut response)?;
        Ok(String::from_utf8_lossy(response.get(9..12).unwrap_or_default()).into_owned())
    };
    // Many at a time, so that client and server seldom wait for each other on a busy machine, but no
    // more than the usual backlog of 128.
    const BATCH: u32 = 100;
    for first in clients.clone().step_by(BATCH as usize) {
        let streams: Vec<_> = (first..clients.end.min(first + BATCH)).map(connect).collect();
        for stream in streams {
            let status = stream.and_then(read_status).map_err(|error| error.to_string());
            expect_eq("status for a new client", status, Ok("200".to_owned()));
        }
    }
}
