//! The stub of a service that the subject calls.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    thread,
    time::{Duration, Instant},
};

use contract::{Reply, Upstream, json};

const GET: &str = "GET /tea?a=1 HTTP/1.1\r\nX-Tea: green\r\n\r\n";

fn connect(upstream: &Upstream) -> TcpStream {
    TcpStream::connect(upstream.url().trim_start_matches("http://")).expect("it listens")
}

/// Everything that comes after `request` until the connection ends, as a client asks for that has
/// nothing more to say.
fn ask(upstream: &Upstream, request: &str) -> String {
    let mut stream = connect(upstream);
    stream.write_all(request.as_bytes()).expect("it reads");
    stream.shutdown(Shutdown::Write).expect("it is open");
    read(&mut stream)
}

fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn replies_are_given_in_turn_and_the_last_one_stays() {
    let upstream =
        Upstream::start([Reply::Json(503, json!({})), Reply::Json(200, json!({ "a": 1 }))]);

    let responses = [ask(&upstream, GET), ask(&upstream, GET), ask(&upstream, GET)];

    assert!(responses[0].starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    assert!(responses[1].starts_with("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"));
    assert!(responses[1].ends_with("\r\n\r\n{\"a\":1}"));
    assert_eq!(responses[1], responses[2]);

    upstream.reply([Reply::Json(404, json!({}))]);
    assert!(ask(&upstream, GET).starts_with("HTTP/1.1 404 Not Found\r\n"));
    assert_eq!(upstream.calls(), 4);
}

#[test]
fn requests_are_recorded() {
    let upstream = Upstream::start([Reply::Json(200, json!({}))]);

    ask(&upstream, &format!("{GET}POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\ntea"));
    let chunks = "2\r\nte\r\n1\r\na\r\n0\r\n\r\n";
    ask(&upstream, &format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}{GET}"));

    let [first, second, third, fourth] = &upstream.requests()[..] else { panic!("not four calls") };
    assert_eq!((first.method.as_str(), first.target.as_str()), ("GET", "/tea?a=1"));
    assert_eq!(first.header("x-TEA"), Some("green"));
    assert_eq!((second.body.as_slice(), third.body.as_slice()), (&b"tea"[..], &b"tea"[..]));
    assert_eq!(fourth.target, "/tea?a=1");
}

#[test]
fn bad_replies_are_as_bad_as_they_say() {
    let upstream = Upstream::start([Reply::Garbage, Reply::HalfBody, Reply::Raw(b"tea".to_vec())]);

    assert!(ask(&upstream, GET).contains("this is not HTTP"));
    let half = ask(&upstream, GET);
    assert!(half.contains("content-length: 1000\r\n") && half.ends_with("{\"half\":"));
    assert_eq!(ask(&upstream, GET), "tea");
}

#[test]
fn a_response_can_come_late() {
    let delay = Duration::from_millis(100);
    let upstream = Upstream::start([Reply::After(delay, Box::new(Reply::Raw(b"tea".to_vec())))]);
    let began = Instant::now();

    assert_eq!(ask(&upstream, GET), "tea");

    assert!(began.elapsed() >= delay);
}

#[test]
fn calls_can_be_waited_for() {
    let upstream = Upstream::start([Reply::Hang]);

    thread::scope(|scope| {
        scope.spawn(|| upstream.wait_for_calls(2));
        let mut streams = [connect(&upstream), connect(&upstream)];
        for stream in &mut streams {
            stream.write_all(GET.as_bytes()).unwrap();
        }
        upstream.wait_for_calls(2);
    });

    assert_eq!(upstream.calls(), 2);
}

#[test]
fn nothing_is_left_of_one_that_is_dropped() {
    let upstream = Upstream::start([Reply::Json(200, json!({})), Reply::Hang]);
    let (mut kept, mut hanging) = (connect(&upstream), connect(&upstream));
    kept.write_all(GET.as_bytes()).unwrap();
    let mut response = [0; 15];
    kept.read_exact(&mut response).unwrap();
    hanging.write_all(GET.as_bytes()).unwrap();
    upstream.wait_for_calls(2);
    let address = upstream.url().trim_start_matches("http://").to_owned();

    drop(upstream);

    assert!(TcpStream::connect(address).is_err());
    assert_eq!(&response, b"HTTP/1.1 200 OK");
    assert!(read(&mut kept).ends_with("{}"), "the rest of the response, and then the end");
    assert_eq!(read(&mut hanging), "");
}
