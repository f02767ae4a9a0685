//! What holds for every server of every question: an invalid request gets a 4xx and nothing worse,
//! and the process starts and stops as a service should.
//!
//! Every question has two checks for it: `invalid_requests_get_a_4xx` calls [`house_rules`], and
//! `starts_and_stops_cleanly` calls [`process_rules`].

use std::{
    net::{Ipv4Addr, TcpListener},
    num::NonZero,
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    Request, Response, Server, TransportError, check, expect,
    failure::Failure,
    patience,
    text::{excerpt, shorten},
};

/// Time within which a server has to end once it is asked to.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// More than any JSON body may have (the limit is 2 MiB).
const TOO_LARGE: usize = 10_000_000;

/// More than any path, query or header should have.
const ABSURD: usize = 1_000_000;

/// A valid request, from which the invalid ones are made.
pub struct Endpoint {
    method: &'static str,
    target: String,
    body: Option<Body>,
    headers: Vec<(String, String)>,
    /// Whether a property of the wrong type is an invalid request.
    typed: bool,
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

    /// `POST target` with a body that is not JSON, such as an upload; no invalid JSON is made
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

    /// Adds a header to the request and to all invalid ones that are made from it, such as credentials
    /// without which nothing else would be looked at.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves open which types the properties of the JSON body have, so that no wrong ones are sent.
    pub fn any_types(mut self) -> Self {
        self.typed = false;
        self
    }

    fn new(method: &'static str, target: String, body: Option<Body>) -> Self {
        Self { method, target, body, headers: Vec::new(), typed: true }
    }

    /// `POST /todos`
    fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
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

/// Sends invalid requests to every one of `endpoints` and expects a 4xx in the
/// house's error shape, never a 5xx, a hang or a dropped connection.
///
/// # Panics
///
/// Fails the check with all faults of the first endpoint that has any.
#[track_caller]
pub fn house_rules(app: &Server, endpoints: &[Endpoint]) {
    house_rules_as(app, endpoints, r#"{"error": "<a message>"}"#, error_message);
}

/// As [`house_rules`], for questions with an error shape of their own. [`house_rules_as`] also says
/// what the shape is.
#[track_caller]
pub fn house_rules_with(app: &Server, endpoints: &[Endpoint], shape: ErrorShape) {
    house_rules_as(app, endpoints, "the one in the prompt", shape);
}

/// As [`house_rules`], for questions with an error shape of their own, which failures show as
/// `example`.
#[track_caller]
pub fn house_rules_as(app: &Server, endpoints: &[Endpoint], example: &str, shape: ErrorShape) {
    let mut sweep = Sweep { app, example, shape, faults: Vec::new() };
    let before: Vec<_> = endpoints.iter().map(|endpoint| statuses_before(app, endpoint)).collect();

    sweep.refused(app.get("/no/such/path"), &[404], "an unknown path");
    sweep.finish("any server");
    for endpoint in endpoints {
        sweep.wrong_methods(endpoint, endpoints);
        sweep.odd_bytes(endpoint);
        if let Some(Body::Json(body)) = &endpoint.body {
            sweep.wrong_bodies(endpoint, body);
        }
        sweep.finish(&endpoint.line());
    }
    for (endpoint, before) in endpoints.iter().zip(before) {
        // A DELETE finds nothing the second time.
        if endpoint.method != "DELETE" {
            let rule = format!("status {before} as before the invalid requests");
            sweep.expect(endpoint.request(app), |response| response.status() == before, &rule);
            sweep.finish(&endpoint.line());
        }
    }
}

/// The invalid requests to one endpoint after the other.
struct Sweep<'a> {
    app: &'a Server,
    example: &'a str,
    shape: ErrorShape,
    /// Those of one endpoint.
    faults: Vec<Fault>,
}

struct Fault {
    /// What should have come: `status 400 for malformed JSON`.
    rule: String,
    actual: String,
    request: Request,
}

impl Sweep<'_> {
    /// Sends `request`, whose response has to be as `holds` says.
    #[track_caller]
    fn expect(&mut self, request: Request, holds: impl Fn(&Response) -> bool, rule: &str) {
        match request.clone().try_send() {
            Ok(response) if holds(&response) => {}
            Ok(response) => self.blame(request, rule, &describe(&response)),
            Err(error) => self.blame_transport(request, rule, &error),
        }
    }

    /// A 4xx with one of `statuses`, in the shape of the question.
    #[track_caller]
    fn refused(&mut self, request: Request, statuses: &[u16], what: &str) {
        let named = statuses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        let response = match request.clone().try_send() {
            Ok(response) => response,
            Err(error) => {
                return self.blame_transport(
                    request,
                    &format!("status {named} for {what}"),
                    &error,
                );
            }
        };
        if !statuses.contains(&response.status()) {
            self.blame(request, &format!("status {named} for {what}"), &describe(&response));
        } else if !(self.shape)(&serde_json::from_slice(response.body()).unwrap_or_default()) {
            let rule = format!("a JSON error like {} for {what}", self.example);
            self.blame(request, &rule, &describe(&response));
        }
    }

    #[track_caller]
    fn no_5xx(&mut self, request: Request, what: &str) {
        self.expect(request, |response| response.status() < 500, &format!("no 5xx for {what}"));
    }

    /// A request that is not valid HTTP may get a closed connection in place of a response, but no hang.
    #[track_caller]
    fn no_5xx_or_cut_off(&mut self, request: Request, what: &str) {
        match request.clone().try_send() {
            Ok(response) if response.status() < 500 => {}
            Ok(response) => {
                self.blame(request, &format!("no 5xx for {what}"), &describe(&response));
            }
            Err(error @ (TransportError::TimedOut { .. } | TransportError::Machine(_))) => {
                self.blame_transport(request, &format!("a response to {what}"), &error);
            }
            Err(_) => {}
        }
    }

    fn blame(&mut self, request: Request, rule: &str, actual: &str) {
        self.faults.push(Fault { rule: rule.to_owned(), actual: actual.to_owned(), request });
    }

    /// A server that has ended or hangs gets no further requests.
    #[track_caller]
    fn blame_transport(&mut self, request: Request, rule: &str, error: &TransportError) {
        if let TransportError::Machine(what) = error {
            check::not_run(what);
        }
        let is_lost = matches!(error, TransportError::Refused | TransportError::TimedOut { .. });
        let actual = request.explain(error);
        self.blame(request, rule, &actual);
        if is_lost {
            self.finish("the server");
        }
    }

    /// Fails the check if there are faults.
    #[track_caller]
    fn finish(&mut self, place: &str) {
        let faults = std::mem::take(&mut self.faults);
        let Some(first) = faults.first() else { return };
        let request = (first.request.summary(), first.request.curl());
        if faults.len() == 1 {
            check::fail(Failure::new(&first.rule, &first.actual).request(request.0, request.1));
        }
        let expected = format!("the house rules for {place}; {} are broken:", faults.len());
        let lines = faults
            .iter()
            .map(|fault| format!("{}, got {}", fault.rule, shorten(&fault.actual, 60)));
        check::fail(
            Failure::new(&expected, "").faults(lines.collect()).request(request.0, request.1),
        );
    }

    #[track_caller]
    fn wrong_methods(&mut self, endpoint: &Endpoint, all: &[Endpoint]) {
        let app = self.app;
        let used = |method: &&str| {
            all.iter().any(|other| other.path() == endpoint.path() && other.method == *method)
        };
        for method in ["PATCH", "POST"].iter().filter(|method| !used(method)) {
            let request = endpoint.with_method(app, method, &endpoint.target);
            let what = format!("{method}, which the path does not have");
            self.refused(request, &[404, 405], &what);
        }
        let is_known = |response: &Response| [400, 404, 405, 501].contains(&response.status());
        let request = endpoint.with_method(app, "BREW", &endpoint.target);
        self.expect(request, is_known, "status 400, 404, 405 or 501 for the unknown method BREW");
    }

    #[track_caller]
    fn odd_bytes(&mut self, endpoint: &Endpoint) {
        let app = self.app;
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
            (query(b"x=1&x=2"), "a repeated parameter"),
        ] {
            self.no_5xx(endpoint.request_to(app, target), what);
        }
        let odd_header = endpoint.request(app).header("x-odd", b"\xff\xfe");
        self.no_5xx(odd_header, "a header that is not UTF-8");

        let long = vec![b'a'; ABSURD];
        for (request, what) in [
            (endpoint.request_to(app, with(b"\0")), "a NUL in the path"),
            (endpoint.request_to(app, query(b"x=\0")), "a NUL in the query"),
            (endpoint.request(app).header("x-odd", b"\0"), "a NUL in a header"),
            (endpoint.request_to(app, [b"/".as_slice(), &long].concat()), "a path of 1 MB"),
            (endpoint.request_to(app, query(&long)), "a query of 1 MB"),
            (endpoint.request(app).header("x-odd", &long), "a header of 1 MB"),
        ] {
            self.no_5xx_or_cut_off(request, what);
        }
    }

    #[track_caller]
    fn wrong_bodies(&mut self, endpoint: &Endpoint, body: &Value) {
        let app = self.app;
        let valid = body.to_string();
        let with = |body: &[u8]| endpoint.with_body(app, body);

        self.refused(with(&valid.as_bytes()[..valid.len() - 1]), &[400], "malformed JSON");
        let plain = endpoint.with_method(app, endpoint.method, &endpoint.target);
        let plain = plain.header("content-type", "text/plain").body(valid.clone());
        self.refused(plain, &[400, 415], "a body of type text/plain");
        self.refused(with(&too_large(body)), &[413], "a JSON body of 10 MB");
        for wrong in ["[]", "\"text\"", "42", "null"] {
            self.refused(with(wrong.as_bytes()), &[400], &format!("{wrong} in place of an object"));
        }
        self.no_5xx(with(b""), "an empty body");

        let properties = body.as_object().into_iter().flatten();
        for (name, _) in properties.clone().filter(|_| endpoint.typed) {
            let mut wrong = body.clone();
            wrong[name] = json!({ "$gt": "" });
            let wrong = with(wrong.to_string().as_bytes());
            self.refused(wrong, &[400], &format!("an object as {name}"));
        }
        for (name, _) in properties.filter(|(_, value)| value.is_string()) {
            let not_utf8 = with(&with_text(body, name, b"\xff"));
            self.refused(not_utf8, &[400], &format!("{name} that is not UTF-8"));
        }

        let mut more = body.clone();
        more["unknown_property"] = json!(true);
        let Ok(known) = endpoint.request(app).try_send() else { return };
        let known = known.status();
        let rule = format!("an unknown property to be ignored (status {known})");
        let both_work = |response: &Response| response.status() / 100 == known / 100;
        self.expect(with(more.to_string().as_bytes()), both_work, &rule);
    }
}

/// `500  {"error":"…"}`
fn describe(response: &Response) -> String {
    match response.body() {
        [] => format!("{}  (no body)", response.status()),
        body => format!("{}  {}", response.status(), excerpt(body, 160)),
    }
}

#[track_caller]
fn statuses_before(app: &Server, endpoint: &Endpoint) -> u16 {
    let response = endpoint.request(app).send();
    no_5xx(&response, "a valid request");
    response.status()
}

/// Starts the server on a port in use, and ends it with SIGTERM and with SIGINT.
///
/// `endpoint` is asked first, and is in flight during a SIGTERM if it has a body.
///
/// # Panics
///
/// Fails the check at the first rule that does not hold. The check is not run on Windows.
#[track_caller]
pub fn process_rules(endpoint: &Endpoint) {
    let (interrupted, terminated, busy) = (Server::start(), Server::start(), Server::start());
    let mut idle = interrupted.connect();
    no_5xx(&idle.send(&endpoint.request(&interrupted)), "a valid request");
    let mut first = terminated.connect();
    let request = endpoint.request(&terminated).header("connection", "close");
    no_5xx(&first.send(&request), "a valid request");
    // A connection that is still open at SIGTERM may make the end slower, which is not an error.
    first.closes_within(Duration::from_secs(1));

    // A server may respond before it has set up what it does at a signal, so this comes in between.
    names_a_port_in_use();

    interrupted.begin_interruption();
    terminated.begin_termination();
    if let Some(body) = &endpoint.body {
        finishes_what_is_in_flight(&busy, endpoint, &body.bytes());
    }
    interrupted.wait_for_exit(SHUTDOWN).expect_success();
    terminated.wait_for_exit(SHUTDOWN).expect_success();
}

/// Other lines beside the one with the port may be the server's log.
#[track_caller]
fn names_a_port_in_use() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap_or_else(|error| {
        check::not_run(&format!("Failed to occupy a port: {error}"));
    });
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let exit = Server::builder().env("PORT", &port).start_and_wait_for_exit(SHUTDOWN);
    let _case = check::case(format!("port {port} is in use"));
    exit.expect_start_up_error(&port);
    let trace = exit.stderr.lines().find(|line| is_of_a_stack_trace(line));
    if let Some(line) = trace {
        let expected = format!("one line on stderr that names port {port}, and no stack trace");
        check::fail(
            Failure::new(&expected, line.trim())
                .show("stderr", &exit.stderr)
                .of(exit.start.clone()),
        );
    }
}

/// In the words of Rust, Python, JavaScript, Java, Go and Ruby.
fn is_of_a_stack_trace(line: &str) -> bool {
    let is_call = |line: &str| line.starts_with("at ") && line.contains([':', '(', '/']);
    let text = line.trim_start();
    let is_indented = text.len() < line.len();
    ["stack backtrace:", "Traceback (most recent call last)"].iter().any(|sign| line.contains(sign))
        || is_indented
            && (is_call(text) || text.starts_with("File \"") || text.starts_with("from /"))
        || text.starts_with("goroutine ") && text.ends_with("]:")
}

/// Sends SIGTERM to the server and does not wait for its end: some servers check only once a second
/// whether they are done.
#[track_caller]
fn finishes_what_is_in_flight(app: &Server, endpoint: &Endpoint, body: &[u8]) {
    let (first_half, second_half) = body.split_at(body.len() / 2);
    let request = endpoint.request(app);
    let mut in_flight = app.connect();
    in_flight.write(request.head(true));
    in_flight.write(first_half);
    // Workers get connections in turn and take them in order, so whichever got that one has begun
    // with it when as many further requests have a response. A server that serves fewer at a time is
    // busy with that one, and has no response to give.
    for _ in 0..thread::available_parallelism().map_or(2, NonZero::get).max(2) {
        // Less than the time after which servers end a worker that makes no progress.
        let limit = patience(Duration::from_secs(1)).min(Duration::from_secs(10));
        let filler = app.get("/").timeout(limit);
        if filler.try_send().is_err() {
            break;
        }
    }

    app.begin_termination();
    // A server that ends without finishing has the time to do so.
    app.stops_listening_within(Duration::from_millis(500));
    in_flight.write(second_half);
    let expected = "a response to the request that was in flight at SIGTERM";
    match in_flight.read_response(endpoint.method) {
        Ok(response) => {
            expect(response.status() < 500, expected, format!("status {}", response.status()));
        }
        Err(error) => {
            let failure = Failure::new(expected, &error.to_string());
            check::fail(failure.request(request.summary(), request.curl()));
        }
    }
}

/// The example with its first string grown beyond every limit.
fn too_large(body: &Value) -> Vec<u8> {
    let mut properties = body.as_object().into_iter().flatten();
    let text = properties.find(|(_, value)| value.is_string());
    with_text(body, text.map_or("padding", |(name, _)| name), &vec![b'a'; TOO_LARGE])
}

/// The example with `text`, which need not be text at all, as its property `name`.
fn with_text(body: &Value, name: &str, text: &[u8]) -> Vec<u8> {
    const MARKER: &str = "the place of the text";
    let mut body = body.clone();
    body[name] = json!(MARKER);
    let body = body.to_string();
    let (before, after) = body.split_once(MARKER).expect("the marker is in the body");
    [before.as_bytes(), text, after.as_bytes()].concat()
}

#[track_caller]
fn no_5xx(response: &Response, what: &str) {
    response.expect(response.status() < 500, &format!("no 5xx for {what}"), response.describe());
}

#[cfg(test)]
mod tests {
    use super::is_of_a_stack_trace;

    #[test]
    fn stack_traces_are_told_from_logs() {
        for line in [
            "stack backtrace:",
            "   0: rust_begin_unwind\n             at /rustc/library/std/src/panicking.rs:697:5",
            "Traceback (most recent call last):",
            "  File \"/app/main.py\", line 3, in <module>",
            "    at Server.setupListenHandle [as _listen2] (node:net:1817:16)",
            "\tat java.base/sun.nio.ch.Net.bind(Net.java:1)",
            "goroutine 1 [running]:",
        ] {
            let line = line.lines().last().unwrap_or_default();
            assert!(is_of_a_stack_trace(line), "{line}");
        }
        for line in [
            "port 3000 is in use",
            "INFO:     Application startup complete.",
            "error: Failed to listen at http://127.0.0.1:3000",
        ] {
            assert!(!is_of_a_stack_trace(line), "{line}");
        }
    }
}
