//! The WebSocket client: what it says, what it hears, and how it misbehaves on request.

use std::{
    panic::{self, AssertUnwindSafe},
    thread,
    time::{Duration, Instant},
};

use contract::{Message, Server, WebSocket, json};

const SOON: Duration = Duration::from_secs(5);

#[test]
fn messages_go_back_and_forth() {
    let app = Server::start();
    let mut socket = app.websocket("/ws");

    socket.send_text("tea");
    socket.send_json(json!({ "tea": "green" }));

    assert_eq!(socket.receive(), Message::Text("tea".to_owned()));
    assert_eq!(socket.receive_json(), json!({ "tea": "green" }));
    assert_eq!(socket.try_receive(Duration::from_millis(20)), None);
}

#[test]
fn pings_go_both_ways() {
    let app = Server::start();
    let mut socket = app.websocket("/ws");

    socket.ping(b"milk");
    assert_eq!(socket.receive(), Message::Pong(b"milk".to_vec()));

    // The kit responds while it waits for the next message.
    socket.send_text("ping");
    assert_eq!(socket.receive(), Message::Text("pong tea".to_owned()));
}

#[test]
fn frames_are_sent_as_they_are_said() {
    let app = Server::start();
    let mut socket = app.websocket("/ws");
    let long = vec![b'x'; 70_000];

    socket.send_frame(false, 1, b"te", true);
    socket.send_frame(true, 9, b"ping between fragments", true);
    socket.send_frame(true, 0, b"a", true);
    socket.send_frame(true, 2, &long[..200], true);
    socket.send_frame(true, 2, &long, true);

    assert_eq!(socket.receive(), Message::Pong(b"ping between fragments".to_vec()));
    assert_eq!(socket.receive(), Message::Text("tea".to_owned()));
    assert_eq!(socket.receive(), Message::Binary(long[..200].to_vec()));
    assert_eq!(socket.receive(), Message::Binary(long));
}

#[test]
fn frames_may_be_illegal() {
    let app = Server::start();

    for (is_final, opcode, masked) in [(true, 1, false), (true, 3, true), (true, 0, true)] {
        let mut socket = app.websocket("/ws");
        socket.send_frame(is_final, opcode, b"tea", masked);
        assert_eq!(socket.receive(), Message::Closed(Some(1002)), "opcode {opcode}");
    }
}

#[test]
fn either_side_may_close() {
    let app = Server::start();
    let (mut ours, mut theirs) = (app.websocket("/ws"), app.websocket("/ws"));

    ours.close(1000);
    theirs.send_text("close 4000");

    assert_eq!(ours.receive(), Message::Closed(Some(1000)));
    assert_eq!(theirs.receive(), Message::Closed(Some(4000)));
}

#[test]
fn either_side_may_vanish() {
    let app = Server::start();
    let (ours, mut theirs) = (app.websocket("/ws"), app.websocket("/ws"));

    ours.vanish();
    theirs.send_text("vanish");

    assert_eq!(theirs.receive(), Message::Closed(None));
    let deadline = Instant::now() + SOON;
    while app.get("/sockets").send().json() != 0 {
        assert!(Instant::now() < deadline, "the server does not see that its clients are gone");
        thread::yield_now();
    }
}

#[test]
fn a_client_that_has_stopped_reading_gets_everything_later() {
    let app = Server::start();
    let mut socket = app.websocket("/ws");

    // More than fits between the two, so that the server has to wait.
    socket.send_text("flood");
    app.get("/").send().expect_status(200);

    for _ in 0..32 {
        assert!(matches!(socket.receive(), Message::Text(text) if text.len() == 1 << 20));
    }
}

#[test]
fn a_server_that_does_not_agree_responds() {
    let app = Server::start();

    let refused = WebSocket::try_open(&app.get("/")).expect("there is a response");

    assert_eq!(refused.err().map(|response| response.text()).as_deref(), Some("hello"));
    assert!(fails(|| drop(app.websocket("/"))));
    assert!(fails(|| drop(app.websocket("/close"))), "there is no response");
}

#[test]
fn a_server_that_agrees_without_the_right_key_fails_the_check() {
    let app = Server::start();

    assert!(fails(|| drop(app.websocket("/ws/liar"))));
}

fn fails(check: impl FnOnce()) -> bool {
    panic::catch_unwind(AssertUnwindSafe(check)).is_err()
}
