//! What holds for every server of every question: a client's mistake gets a 4xx and nothing
//! worse, and the process starts and stops as a service should.

use std::{
    net::{Ipv4Addr, TcpListener},
    num::NonZero,
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{Request, Response, Server, TransportError, expect};

/// Time within which a server has to end once it is asked to.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// More than any JSON body may have (the limit is 2 MiB).
const TOO_LARGE: usize = 10_000_000;

/// More than any path, query or header should have.
const ABSURD: usize = 1_000_000;

/// A request that is right, from which the wrong ones are made.
pub struct Endpoint {
    method: &'static str,
    target: String,
    body: Option<Body>,
    headers: Vec<(String, String)>,
}

enum Body {
    Json(Value),
    /// With its content type.
    Other(String, Vec<u8>),
}

impl Body {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Json(value) => value.to_string().into_bytes(),
            Self::Other(_, bytes) => bytes.clone(),
        }
    }
}

impl Endpoint {
    /// `GET target`.
    pub fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target.into(), None)
    }

    /// `POST target` with a JSON body.
    pub fn post(target: impl Into<String>, body: Value) -> Self {
        Self::new("POST", target.into(), Some(Body::Json(body)))
    }

    /// `POST target` with a body that is not JSON, such as an upload; no mistakes in JSON are made
    /// from it.
    pub fn post_as(
        target: impl Into<String>,
        content_type: &str,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        let body = Body::Other(content_type.to_owned(), body.into());
        Self::new("POST", target.into(), Some(body))
    }

    /// `PUT target` with a JSON body.
    pub fn put(target: impl Into<String>, body: Value) -> Self {
        Self::new("PUT", target.into(), Some(Body::Json(body)))
    }

    /// `DELETE target`.
    pub fn delete(target: impl Into<String>) -> Self {
        Self::new("DELETE", target.into(), None)
    }

    /// Adds a header to the request and to all mistakes that are made from it, such as credentials
    /// without which nothing else would be looked at.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn new(method: &'static str, target: String, body: Option<Body>) -> Self {
        Self { method, target, body, headers: Vec::new() }
    }

    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    fn request(&self, app: &Server) -> Request {
        self.request_to(app, &self.target)
    }

    fn request_to(&self, app: &Server, target: impl AsRef<[u8]>) -> Request {
        let request = self.with_method(app, self.method, target);
        match &self.body {
            Some(Body::Json(body)) => request.json(body.clone()),
            Some(Body::Other(content_type, body)) => {
                request.header("content-type", content_type).body(body.clone())
            }
            None => request,
        }
    }

    fn with_method(&self, app: &Server, method: &str, target: impl AsRef<[u8]>) -> Request {
        let request = app.request(method, target);
        (self.headers.iter()).fold(request, |request, (name, value)| request.header(name, value))
    }

    fn with_body(&self, app: &Server, body: impl Into<Vec<u8>>) -> Request {
        let request = self.with_method(app, self.method, &self.target);
        request.header("content-type", "application/json").body(body)
    }
}

/// Whether a JSON body is an error as the question wants it.
pub type ErrorShape = fn(&Value) -> bool;

/// The house's error shape: `{"error": "<a message>"}`.
pub fn error_message(body: &Value) -> bool {
    body["error"].as_str().is_some_and(|message| !message.trim().is_empty())
}

/// Sends the mistakes that clients make to every one of `endpoints` and expects a 4xx in the
/// house's error shape, never a 5xx, a hang or a dropped connection.
///
/// # Panics
///
/// Fails the check at the first rule that does not hold.
#[track_caller]
pub fn house_rules(app: &Server, endpoints: &[Endpoint]) {
    house_rules_with(app, endpoints, error_message);
}

/// As [`house_rules`], for questions with an error shape of their own.
#[track_caller]
pub fn house_rules_with(app: &Server, endpoints: &[Endpoint], shape: ErrorShape) {
    let before: Vec<_> = endpoints.iter().map(|endpoint| answers(app, endpoint)).collect();

    refused(&app.get("/no/such/path").send(), &[404], "an unknown path", shape);
    for endpoint in endpoints {
        refuses_wrong_methods(app, endpoint, endpoints, shape);
        survives_odd_bytes(app, endpoint);
        if let Some(Body::Json(body)) = &endpoint.body {
            refuses_wrong_bodies(app, endpoint, body, shape);
        }
    }

    for (endpoint, before) in endpoints.iter().zip(before) {
        let after = answers(app, endpoint);
        // A DELETE finds nothing the second time.
        let same = after == before || endpoint.method == "DELETE";
        let wanted = format!("status {before} as before the mistakes of other clients");
        expect(
            same,
            &wanted,
            format!("status {after} for {} {}", endpoint.method, endpoint.target),
        );
    }
}

/// Starts the server on a port in use, and ends it with SIGTERM and with SIGINT.
///
/// `endpoint` is asked first, and is in flight during a SIGTERM if it has a body.
///
/// # Panics
///
/// Fails the check at the first rule that does not hold. Not judged on Windows.
#[track_caller]
pub fn process_rules(endpoint: &Endpoint) {
    let (interrupted, terminated, busy) = (Server::start(), Server::start(), Server::start());
    let mut idle = interrupted.connect();
    no_5xx(&idle.send(&endpoint.request(&interrupted)), "the request that is right");
    let mut first = terminated.connect();
    let request = endpoint.request(&terminated).header("connection", "close");
    no_5xx(&first.send(&request), "the request that is right");
    // What is still open when SIGTERM comes may make the end slower, though not wrong.
    first.closes_within(Duration::from_secs(1));

    // A server may answer before it has set up what it does at a signal, so this comes in between.
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let exit = Server::builder().env("PORT", &port).start_and_wait_for_exit(SHUTDOWN);
    exit.expect_start_up_error(&port);
    let lines = exit.stderr.lines().filter(|line| !line.trim().is_empty()).count();
    expect(lines <= 3, "one clear line on stderr for a port in use", exit.stderr.trim());

    interrupted.begin_interruption();
    terminated.begin_termination();
    if let Some(body) = &endpoint.body {
        finishes_what_is_in_flight(&busy, endpoint, &body.bytes());
    }
    interrupted.wait_for_exit(SHUTDOWN).expect_success();
    terminated.wait_for_exit(SHUTDOWN).expect_success();
}

/// Leaves the server with SIGTERM sent to it. Its end is not waited for: some look only once a second
/// whether they are done.
#[track_caller]
fn finishes_what_is_in_flight(app: &Server, endpoint: &Endpoint, body: &[u8]) {
    let (first_half, second_half) = body.split_at(body.len() / 2);
    let mut in_flight = app.connect();
    in_flight.write(endpoint.request(app).head(true));
    in_flight.write(first_half);
    // Workers get connections in turn and take them in order, so whichever got that one has begun
    // with it when as many further requests are answered.
    for _ in 0..thread::available_parallelism().map_or(2, NonZero::get).max(2) {
        app.get("/").send();
    }

    app.begin_termination();
    // Who ends without finishing has the time to do so.
    app.stops_listening_within(Duration::from_millis(500));
    in_flight.write(second_half);
    let answer = in_flight.read_response(endpoint.method);
    let actual =
        answer.as_ref().map_or_else(ToString::to_string, |answer| answer.status().to_string());
    expect(
        answer.is_ok_and(|answer| answer.status() < 500),
        "an answer to the request that was in flight at SIGTERM",
        actual,
    );
}

#[track_caller]
fn answers(app: &Server, endpoint: &Endpoint) -> u16 {
    let response = endpoint.request(app).send();
    no_5xx(&response, "the request that is right");
    response.status()
}

#[track_caller]
fn refuses_wrong_methods(app: &Server, endpoint: &Endpoint, all: &[Endpoint], shape: ErrorShape) {
    let used = |method: &&str| {
        all.iter().any(|other| other.path() == endpoint.path() && other.method == *method)
    };
    for method in ["PATCH", "POST"].iter().filter(|method| !used(method)) {
        let response = endpoint.with_method(app, method, &endpoint.target).send();
        refused(&response, &[404, 405], "a method that the path does not have", shape);
    }
    let response = endpoint.with_method(app, "BREW", &endpoint.target).send();
    response.expect_status([400, 404, 405, 501]);
}

#[track_caller]
fn survives_odd_bytes(app: &Server, endpoint: &Endpoint) {
    let target = endpoint.target.as_bytes();
    let (path, query) = target.split_at(endpoint.path().len());
    let with = |suffix: &[u8]| [path, suffix, query].concat();
    let first = if endpoint.target.contains('?') { '&' } else { '?' };
    let query = |query: &[u8]| [target, first.to_string().as_bytes(), query].concat();

    for (target, what) in [
        (with(b"%ff"), "%ff in the path"),
        (with(b"%00"), "%00 in the path"),
        (query(b"x=%ff&%fe=1"), "%ff in the query"),
        (query(b"x=%00"), "%00 in the query"),
        (query(b"x=1&x=2"), "a parameter given twice"),
    ] {
        no_5xx(&endpoint.request_to(app, target).send(), what);
    }
    let odd_header = endpoint.request(app).header("x-odd", b"\xff\xfe");
    no_5xx(&odd_header.send(), "a header that is not UTF-8");

    let long = vec![b'a'; ABSURD];
    for (request, what) in [
        (endpoint.request_to(app, with(b"\0")), "a NUL in the path"),
        (endpoint.request_to(app, query(b"x=\0")), "a NUL in the query"),
        (endpoint.request(app).header("x-odd", b"\0"), "a NUL in a header"),
        (endpoint.request_to(app, [b"/".as_slice(), &long].concat()), "a path of 1 MB"),
        (endpoint.request_to(app, query(&long)), "a query of 1 MB"),
        (endpoint.request(app).header("x-odd", &long), "a header of 1 MB"),
    ] {
        // What is not HTTP may be cut off without an answer, but not left waiting.
        match request.try_send() {
            Ok(response) => no_5xx(&response, what),
            Err(TransportError::TimedOut { limit, .. }) => {
                expect(false, &format!("an answer to {what}"), format!("none within {limit:?}"));
            }
            Err(_) => {}
        }
    }
}

#[track_caller]
fn refuses_wrong_bodies(app: &Server, endpoint: &Endpoint, body: &Value, shape: ErrorShape) {
    let valid = body.to_string();
    let send = |body: &[u8]| endpoint.with_body(app, body).send();

    let cut_off = &valid.as_bytes()[..valid.len() - 1];
    refused(&send(cut_off), &[400], "malformed JSON", shape);
    let plain = endpoint.with_method(app, endpoint.method, &endpoint.target);
    let plain = plain.header("content-type", "text/plain");
    refused(&plain.body(valid.clone()).send(), &[400, 415], "a body of type text/plain", shape);
    refused(&send(&too_large(body)), &[413], "a JSON body of 10 MB", shape);
    for wrong in ["[]", "\"text\"", "42", "null"] {
        refused(&send(wrong.as_bytes()), &[400], &format!("{wrong} in place of an object"), shape);
    }
    no_5xx(&send(b""), "an empty body");

    let members = body.as_object().into_iter().flatten();
    for (name, _) in members.clone() {
        let mut wrong = body.clone();
        wrong[name] = json!({ "$gt": "" });
        refused(
            &send(wrong.to_string().as_bytes()),
            &[400],
            &format!("an object as {name}"),
            shape,
        );
    }
    for (name, _) in members.filter(|(_, value)| value.is_string()) {
        let not_utf8 = with_text(body, name, b"\xff");
        refused(&send(&not_utf8), &[400], &format!("{name} that is not UTF-8"), shape);
    }

    let mut more = body.clone();
    more["member_nobody_knows"] = json!(true);
    let known = endpoint.request(app).send().status();
    let status = send(more.to_string().as_bytes()).status();
    let both_work = status / 100 == known / 100;
    expect(both_work, &format!("an unknown member to be ignored (status {known})"), status);
}

/// The example with its first text grown beyond every limit.
fn too_large(body: &Value) -> Vec<u8> {
    let mut members = body.as_object().into_iter().flatten();
    let text = members.find(|(_, value)| value.is_string());
    with_text(body, text.map_or("padding", |(name, _)| name), &vec![b'a'; TOO_LARGE])
}

/// The example with `text`, which need not be text at all, as its member `name`.
fn with_text(body: &Value, name: &str, text: &[u8]) -> Vec<u8> {
    const MARKER: &str = "the place of the text";
    let mut body = body.clone();
    body[name] = json!(MARKER);
    let body = body.to_string();
    let (before, after) = body.split_once(MARKER).expect("the marker is in the body");
    [before.as_bytes(), text, after.as_bytes()].concat()
}

#[track_caller]
fn refused(response: &Response, statuses: &[u16], what: &str, shape: ErrorShape) {
    let status = response.status();
    let named = statuses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    response.expect(statuses.contains(&status), &format!("status {named} for {what}"), status);
    let body = serde_json::from_slice(response.body()).unwrap_or_default();
    response.expect(
        shape(&body),
        &format!("a JSON error in the shape of the question for {what}"),
        response.text(),
    );
}

#[track_caller]
fn no_5xx(response: &Response, what: &str) {
    let status = response.status();
    response.expect(status < 500, &format!("no 5xx for {what}"), format!("status {status}"));
}
