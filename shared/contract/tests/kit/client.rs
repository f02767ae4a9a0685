//! What goes over the wire, and what is made of what comes back.

use std::time::Duration;

use contract::{Request, Response, Server, TransportError, json};

const SOON: Duration = Duration::from_secs(5);

/// Makes the fixture response a `GET` with `bytes`, and then close the connection.
fn respond(app: &Server, bytes: &str) -> Result<Response, TransportError> {
    app.get("/raw").body(bytes).try_send()
}

fn malformed(response: Result<Response, TransportError>) -> String {
    match response {
        Err(TransportError::Malformed(what)) => what,
        Err(error) => panic!("{error:?}"),
        Ok(response) => panic!("{} {}", response.status(), response.text()),
    }
}

#[test]
fn a_request_is_sent_as_it_is_said() {
    let app = Server::start();

    let echo = app.request("BREW", "/echo/../%zz?{x}").header("X-Odd", "1").header("x-odd", "2");
    let echo = echo.body("tea").send().json();

    let host = format!("127.0.0.1:{}", app.port());
    assert_eq!(
        echo["head"],
        format!(
            "BREW /echo/../%zz?{{x}} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             X-Odd: 1\r\nx-odd: 2\r\ncontent-length: 3\r\n\r\n"
        )
    );
    assert_eq!(echo["body"], "tea");
}

#[test]
fn what_a_check_says_of_the_framing_replaces_what_the_kit_would_say() {
    let app = Server::start();

    let echo = app.post("/echo").header("Host", "tea").header("Connection", "close");
    let echo = echo.header("Content-Length", "1").body("tea").send().json();

    assert_eq!(
        echo["head"],
        "POST /echo HTTP/1.1\r\nHost: tea\r\nConnection: close\r\nContent-Length: 1\r\n\r\n"
    );
    assert_eq!(echo["body"], "t");
}

#[test]
fn a_body_can_be_sent_in_chunks() {
    let app = Server::start();

    let echo = app.post("/echo").body("x".repeat(70_000)).chunked().send().json();

    let body = echo["body"].as_str().unwrap();
    assert!(body.starts_with("10000\r\nxxx") && body.ends_with("xxx\r\n0\r\n\r\n"));
    assert!(body.contains("xxx\r\n1170\r\nxxx"));
    assert!(!echo["head"].as_str().unwrap().contains("content-length"));
}

#[test]
fn a_response_of_known_length_ends_there() {
    let app = Server::start();

    let response = app
        .get("/raw/open")
        .body("HTTP/1.1 200 OK\r\nX-Tea: a\r\nx-tea:  b \r\nContent-Length: 3\r\n\r\ntea and more")
        .send();

    assert_eq!(response.text(), "tea");
    assert_eq!(response.headers("X-TEA"), ["a", "b"]);
}

#[test]
fn a_response_of_unknown_length_ends_with_the_connection() {
    let app = Server::start();

    let response = respond(&app, "HTTP/1.0 404 No\r\n\r\ntea").unwrap();

    assert_eq!((response.status(), response.text().as_str()), (404, "tea"));
}

#[test]
fn a_response_in_chunks_is_put_together() {
    let app = Server::start();

    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n";
    let response =
        respond(&app, &format!("{head}3;x=y\r\ntea\r\nA\r\n\r\nand milk\r\n0\r\nx-t: 1\r\n\r\n"));

    assert_eq!(response.unwrap().text(), "tea\r\nand milk");
}

#[test]
fn chunks_that_are_wrong_are_malformed() {
    let app = Server::start();
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    for (chunks, what) in [
        ("2\r\ntea\r\n0\r\n\r\n", "a chunk that is longer than its size"),
        ("4\r\ntea\r\n0\r\n\r\n", "a chunk that is longer than its size"),
        ("+3\r\ntea\r\n0\r\n\r\n", "\"+3\" is not the size of a chunk"),
        ("\r\ntea\r\n0\r\n\r\n", "\"\" is not the size of a chunk"),
        ("fffffffffffffffff\r\ntea", "\"fffffffffffffffff\" is not the size of a chunk"),
    ] {
        let response = respond(&app, &format!("{head}{chunks}"));
        assert_eq!(malformed(response), what, "{chunks:?}");
    }
    let endless = respond(&app, &format!("{head}ffffffffffffffff\r\ntea"));
    assert!(matches!(endless, Err(TransportError::Closed { .. })));
}

#[test]
fn what_is_not_http_is_malformed() {
    let app = Server::start();

    for bytes in [
        "tea\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: +3\r\n\r\ntea",
        "HTTP/1.1 200 OK\r\ncontent-length: \r\n\r\n",
    ] {
        malformed(respond(&app, bytes));
    }
}

#[test]
fn a_response_that_is_cut_off_is_not_a_response() {
    let app = Server::start();

    for bytes in ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ntea"] {
        let error = respond(&app, bytes).err();
        assert_eq!(error, Some(TransportError::Closed { received: bytes.len() }));
    }
    let chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\ntea\r\n";
    let error = respond(&app, chunks).err();
    assert_eq!(error, Some(TransportError::Closed { received: chunks.len() }));
}

#[test]
fn a_response_that_does_not_come_in_time_is_not_a_response() {
    let app = Server::start();
    let limit = Duration::from_millis(100);

    let silent = app.get("/stall").timeout(limit).try_send().err();
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n";
    let slow = app.get("/raw/open").body(head).timeout(limit).try_send().err();

    assert_eq!(silent, Some(TransportError::TimedOut { received: 0, limit }));
    assert_eq!(slow, Some(TransportError::TimedOut { received: head.len(), limit }));
}

#[test]
fn an_interim_response_is_not_the_response() {
    let app = Server::start();

    let response = respond(&app, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 201 Created\r\n\r\n");

    assert_eq!(response.unwrap().status(), 201);
}

#[test]
fn a_body_where_there_must_be_none_is_seen() {
    let app = Server::start();

    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
        let response = |rest: &str| {
            let bytes = format!("HTTP/1.1 {status} OK\r\ncontent-length: 3\r\n\r\n{rest}");
            app.request(method, "/raw").body(bytes).send().text()
        };
        assert_eq!(response(""), "", "{method} {status}");
        assert_eq!(response("tea"), "tea", "{method} {status}");
    }
}

#[test]
fn a_response_that_comes_before_a_large_body_was_sent_is_seen() {
    let app = Server::start();
    let large = vec![b'x'; 10_000_000];

    let polite = app.post("/todos").body(large.clone());
    assert_eq!(polite.send().status(), 413);

    // A server that closes at once resets the connection; Linux still hands over what came before.
    if cfg!(target_os = "linux") {
        for _ in 0..20 {
            assert_eq!(app.post("/rude").body(large.clone()).send().status(), 413);
        }
    }
}

#[test]
fn a_large_body_arrives_whole() {
    let app = Server::start();

    let echo = app.post("/echo").body(vec![b'x'; 10_000_000]).send().json();

    assert_eq!(echo["length"], 10_000_000);
}

#[test]
fn a_connection_takes_one_request_after_the_other() {
    let app = Server::start();
    let mut connection = app.connect();

    for _ in 0..3 {
        connection.send(&app.post("/todos").json(json!({ "title": "tea" }))).expect_status(201);
    }
    assert!(!connection.closes_within(Duration::from_millis(20)));
    connection.send(&app.get("/").header("connection", "close")).expect_status(200);

    assert!(connection.closes_within(SOON));
}

#[test]
fn a_connection_carries_raw_bytes() {
    let app = Server::start();
    let mut connection = app.connect();

    connection.write("GET / HT");
    connection.write("TP/1.1\r\n\r\nHEAD / HTTP/1.1\r\n\r\n");

    assert_eq!(connection.read_response("GET").unwrap().text(), "hello");
    assert_eq!(connection.read_response("HEAD").unwrap().header("content-length").unwrap(), "5");
    connection.finish_writing();
    assert!(connection.closes_within(SOON));
}

#[test]
fn the_pieces_of_a_stream_are_seen_as_they_come() {
    let app = Server::start();

    let mut stream = app.post("/steps").body("HTTP/1.1 200 OK\r\n\r\none|two|").stream();

    assert_eq!((stream.status(), stream.head().status()), (200, 200));
    assert_eq!(stream.next(SOON), Ok(Some(b"one".to_vec())));
    let limit = Duration::from_millis(20);
    assert!(matches!(stream.next(limit), Err(TransportError::TimedOut { .. })));
    app.get("/next").send();
    assert_eq!(stream.next(SOON), Ok(Some(b"two".to_vec())));
    app.get("/next").send();
    assert_eq!(stream.next(SOON), Ok(None));
}

#[test]
fn a_response_can_be_left_for_later() {
    let app = Server::start();

    let mut begun = app.post("/steps").body("HTTP/1.1 200 OK\r\n\r\none|two").begin();
    app.get("/next").send();

    assert_eq!(begun.read_response("POST").unwrap().text(), "onetwo");
}

#[test]
fn a_burst_is_under_way_all_at_once() {
    let app = Server::start();

    // Each gets its response once all of them have come.
    let requests: Vec<Request> = (0..50).map(|_| app.get("/meet/50")).collect();

    assert!(app.burst(requests).iter().all(|response| response.status() == 200));
}

#[test]
fn a_burst_has_its_responses_in_the_order_of_its_requests() {
    let app = Server::start();

    let responses = app.burst((0..20).map(|i| app.post("/echo").body(i.to_string())).collect());

    for (i, response) in responses.iter().enumerate() {
        assert_eq!(response.json()["body"], i.to_string());
    }
}

#[test]
#[cfg(not(target_os = "macos"))]
fn a_request_comes_from_the_address_that_is_said() {
    let app = Server::start();

    let client = app.get("/client").from_ip([127, 0, 0, 2]).send();
    let other = app.get("/client").from_ip([127, 9, 8, 7]).begin().read_response("GET").unwrap();

    assert_eq!(client.text(), "127.0.0.2");
    assert_eq!(other.text(), "127.9.8.7");
    assert_eq!(app.get("/client").send().text(), "127.0.0.1");
}

#[test]
fn a_body_without_end_is_cut_off() {
    let app = Server::start();

    let endless = app.get("/endless").try_send().err();
    assert!(matches!(endless, Some(TransportError::TooLong { .. })), "{endless:?}");

    // A stream is as long as it is.
    let mut stream = app.get("/endless").stream();
    let mut received = 0;
    while received < 200 << 20 {
        received += stream.next(SOON).unwrap().unwrap().len();
    }
}

#[test]
fn a_location_is_a_path_or_an_absolute_url() {
    let app = Server::start();

    for (said, path) in [
        ("/todos/1", "/todos/1"),
        ("http+~127.0.0.1+3000/todos/1", "/todos/1"),
        ("HTTP+~tea/todos/1!a=b", "/todos/1?a=b"),
        ("https+~tea", "/"),
        ("todos/1", "todos/1"),
    ] {
        let response = app.get(format!("/location/{said}")).send();
        assert_eq!(response.location().as_deref(), Some(path));
        response.expect_location(path);
    }
    assert_eq!(app.get("/").send().location(), None);
}
