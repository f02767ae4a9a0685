//! What a server for question 31 must do.

use std::{collections::BTreeSet, time::Duration};

use contract::{
    Endpoint, Message, Server, Value, WebSocket, expect, expect_eq, house_rules, json,
    process_rules, wait_until,
};

const LIMIT: usize = 64 * 1024;
const SOON: Duration = Duration::from_secs(5);

#[test]
fn a_client_is_welcomed_with_an_id_of_its_own() {
    let app = Server::start();

    let clients: Vec<_> = (0..4).map(|_| connect(&app, "/ws")).collect();

    let ids: BTreeSet<_> = clients.iter().map(|(_, id)| id.to_string()).collect();
    expect_eq("number of different ids", ids.len(), 4);
}

#[test]
fn who_joins_a_room_is_told_who_is_in_it() {
    let app = Server::start();
    let ((mut ada, ada_id), (mut bob, bob_id)) = (connect(&app, "/ws"), connect(&app, "/ws"));

    expect_eq("members for the first", join(&mut ada, "tea"), set([&ada_id]));
    expect_eq("members for the second", join(&mut bob, "tea"), set([&ada_id, &bob_id]));
    expect_eq("members of another room", join(&mut bob, "milk"), set([&bob_id]));
}

#[test]
fn joining_again_is_joining_once() {
    let app = Server::start();
    let (mut ada, ada_id) = connect(&app, "/ws");
    join(&mut ada, "tea");

    expect_eq("members", join(&mut ada, "tea"), set([&ada_id]));

    say(&mut ada, "tea", "one");
    say(&mut ada, "tea", "two");
    expect_said(&mut ada, "tea", &ada_id, "one");
    expect_said(&mut ada, "tea", &ada_id, "two");
}

#[test]
fn who_leaves_a_room_is_told_so_and_is_in_it_no_longer() {
    let app = Server::start();
    let ((mut ada, _), (mut bob, bob_id)) = (connect(&app, "/ws"), connect(&app, "/ws"));
    join(&mut ada, "tea");
    join(&mut bob, "tea");

    send(&mut ada, "leave", json!({ "room": "tea" }));

    expect_eq("room", &receive(&mut ada, "left")["room"], "tea");
    expect_eq("members", join(&mut bob, "tea"), set([&bob_id]));
}

#[test]
fn a_message_reaches_everyone_in_the_room_and_its_sender() {
    let app = Server::start();
    let ((mut ada, ada_id), (mut bob, bob_id)) = (connect(&app, "/ws"), connect(&app, "/ws"));
    join(&mut ada, "tea");
    join(&mut bob, "tea");

    say(&mut ada, "tea", "hot, \"please\" 🍵");
    for client in [&mut ada, &mut bob] {
        expect_said(client, "tea", &ada_id, "hot, \"please\" 🍵");
    }
    say(&mut bob, "tea", "cold");
    for client in [&mut ada, &mut bob] {
        expect_said(client, "tea", &bob_id, "cold");
    }
}

#[test]
fn a_message_stays_in_its_room() {
    let app = Server::start();
    let ((mut ada, ada_id), (mut bob, bob_id)) = (connect(&app, "/ws"), connect(&app, "/ws"));
    for room in ["tea", "milk"] {
        join(&mut ada, room);
    }
    join(&mut bob, "milk");

    say(&mut ada, "tea", "for tea");
    expect_said(&mut ada, "tea", &ada_id, "for tea");
    say(&mut bob, "milk", "for milk");

    expect_said(&mut bob, "milk", &bob_id, "for milk");
    expect_said(&mut ada, "milk", &bob_id, "for milk");
}

#[test]
fn a_namespace_has_rooms_of_its_own() {
    let app = Server::start();
    let mut clients = ["/ws", "/ws/shop", "/ws/office"].map(|path| connect(&app, path));
    let (mut other, other_id) = connect(&app, "/ws/shop");
    for (client, id) in &mut clients {
        expect_eq("members", join(client, "tea"), set([&*id]));
    }
    expect_eq("members", join(&mut other, "tea"), set([&clients[1].1, &other_id]));

    for (client, id) in &mut clients {
        let text = format!("from {id}");
        say(client, "tea", &text);
        expect_said(client, "tea", id, &text);
    }

    let shop = &clients[1].1;
    expect_said(&mut other, "tea", shop, &format!("from {shop}"));
}

#[test]
fn everyone_shares_the_rooms_whichever_worker_serves_them() {
    let app = Server::start();
    let mut clients: Vec<_> = (0..10).map(|_| connect(&app, "/ws")).collect();
    for (client, _) in &mut clients {
        join(client, "tea");
    }

    let first = clients[0].1.clone();
    say(&mut clients[0].0, "tea", "hot");

    for (client, _) in &mut clients {
        expect_said(client, "tea", &first, "hot");
    }
}

#[test]
fn who_is_not_in_a_room_can_neither_speak_in_it_nor_leave_it() {
    let app = Server::start();
    let ((mut ada, ada_id), (mut bob, _)) = (connect(&app, "/ws"), connect(&app, "/ws"));
    join(&mut ada, "tea");

    send(&mut bob, "message", json!({ "room": "tea", "text": "let me in" }));
    expect_refused(&mut bob, "a message to a room that the client is not in");
    send(&mut bob, "leave", json!({ "room": "tea" }));
    expect_refused(&mut bob, "leaving a room that the client is not in");

    say(&mut ada, "tea", "who was that?");
    expect_said(&mut ada, "tea", &ada_id, "who was that?");
}

#[test]
fn a_blank_room_is_refused() {
    let app = Server::start();
    let (mut ada, ada_id) = connect(&app, "/ws");

    for room in ["", " ", " \t\u{3000}"] {
        send(&mut ada, "join", json!({ "room": room }));
        expect_refused(&mut ada, &format!("the room {room:?}"));
    }

    expect_eq("members of a room with a name", join(&mut ada, "tea"), set([&ada_id]));
}

#[test]
fn what_is_not_understood_is_answered_with_an_error_and_the_connection_stays() {
    let app = Server::start();
    let (mut ada, ada_id) = connect(&app, "/ws");

    for frame in [
        "tea",
        r#"{"event":"join","data":{"room":"tea"}"#,
        "[]",
        "null",
        r#"{"event":"dance","data":{"room":"tea"}}"#,
        r#"{"event":7,"data":{"room":"tea"}}"#,
        r#"{"data":{"room":"tea"}}"#,
        r#"{"event":"join"}"#,
        r#"{"event":"join","data":{}}"#,
        r#"{"event":"join","data":{"room":{"$gt":""}}}"#,
    ] {
        ada.send_text(frame);
        expect_refused(&mut ada, frame);
    }
    join(&mut ada, "tea");
    send(&mut ada, "message", json!({ "room": "tea" }));
    expect_refused(&mut ada, "a message without text");

    say(&mut ada, "tea", "still here");
    expect_said(&mut ada, "tea", &ada_id, "still here");
}

mod stretch {
    use super::*;

    #[test]
    fn a_ping_is_answered_with_its_payload() {
        let app = Server::start();
        let (mut ada, _) = connect(&app, "/ws");

        for payload in ["tea", "", "milk"] {
            ada.ping(payload.as_bytes());
            expect_eq("answer to a ping", ada.receive(), Message::Pong(payload.into()));
        }
    }

    #[test]
    fn a_message_in_fragments_counts_as_a_whole() {
        let app = Server::start();
        let (mut ada, ada_id) = connect(&app, "/ws");
        join(&mut ada, "tea");

        let frame = json!({ "event": "message", "data": { "room": "tea", "text": "há 🍵" } });
        let frame = frame.to_string();
        // In the middle of the last character, and with a ping in between, as RFC 6455 allows.
        let (first, rest) = frame.as_bytes().split_at(frame.find('🍵').unwrap_or_default() + 2);
        ada.send_frame(false, 1, first, true);
        ada.send_frame(true, 9, b"still there?", true);
        ada.send_frame(false, 0, b"", true);
        ada.send_frame(true, 0, rest, true);

        expect_eq("answer to the ping", ada.receive(), Message::Pong(b"still there?".into()));
        expect_said(&mut ada, "tea", &ada_id, "há 🍵");
    }

    #[test]
    fn a_message_of_64_kib_is_heard() {
        let app = Server::start();
        let (mut ada, ada_id) = connect(&app, "/ws");
        join(&mut ada, "tea");

        let (frame, text) = message_of(LIMIT);
        ada.send_text(&frame);
        expect_said(&mut ada, "tea", &ada_id, &text);

        let (first, rest) = frame.as_bytes().split_at(LIMIT / 2);
        ada.send_frame(false, 1, first, true);
        ada.send_frame(true, 0, rest, true);
        expect_said(&mut ada, "tea", &ada_id, &text);
    }

    #[test]
    fn a_longer_message_is_closed_with_1009() {
        let app = Server::start();
        let (mut bob, bob_id) = connect(&app, "/ws");
        join(&mut bob, "tea");

        for (length, fragments) in [(LIMIT + 1, 1), (16 * LIMIT, 1), (LIMIT + 1, 2), (4 * LIMIT, 8)]
        {
            let (mut ada, _) = connect(&app, "/ws");
            join(&mut ada, "milk");
            let frame = message_of(length).0;
            let parts: Vec<_> = frame.as_bytes().chunks(length.div_ceil(fragments)).collect();
            for (i, part) in parts.iter().enumerate() {
                ada.send_frame(i + 1 == parts.len(), u8::from(i == 0), part, true);
            }
            let what = format!("after {length} bytes in {fragments} frames");
            expect_eq(&what, ada.receive(), Message::Closed(Some(1009)));
        }

        say(&mut bob, "tea", "still here");
        expect_said(&mut bob, "tea", &bob_id, "still here");
    }

    #[test]
    fn a_client_that_is_gone_has_left_its_rooms() {
        let app = Server::start();
        let (mut ada, ada_id) = connect(&app, "/ws");
        let ((mut bob, _), (mut eve, _)) = (connect(&app, "/ws"), connect(&app, "/ws"));
        for client in [&mut bob, &mut eve, &mut ada] {
            join(client, "tea");
        }

        bob.vanish();
        eve.close(1000);

        let alone = set([&ada_id]);
        wait_until("only the one who is left among the members", SOON, || {
            join(&mut ada, "tea") == alone
        });
    }

    #[test]
    fn a_client_that_does_not_read_delays_nobody() {
        let app = Server::start();
        let (mut stalled, _) = connect(&app, "/ws");
        let ((mut ada, _), (mut bob, _)) = (connect(&app, "/ws"), connect(&app, "/ws"));
        for client in [&mut stalled, &mut ada, &mut bob] {
            join(client, "tea");
        }

        let frame = message_of(LIMIT).0;
        for i in 1..=300 {
            ada.send_text(&frame);
            expect_long(&mut ada, i);
            expect_long(&mut bob, i);
        }
    }

    #[test]
    fn a_client_that_reads_loses_nothing_however_fast_the_others_are() {
        let app = Server::start();
        let ((mut ada, _), (mut bob, _)) = (connect(&app, "/ws"), connect(&app, "/ws"));
        join(&mut ada, "tea");
        join(&mut bob, "tea");

        for i in 0..1000 {
            let data = json!({ "room": "tea", "text": i.to_string() });
            ada.send_json(json!({ "event": "message", "data": data }));
        }

        for i in 0..1000 {
            for client in [&mut bob, &mut ada] {
                let heard = client.receive_json();
                expect_eq(
                    "text of the next message",
                    &heard["data"]["text"],
                    &json!(i.to_string()),
                );
            }
        }
    }

    #[test]
    fn a_client_for_which_256_messages_wait_is_disconnected() {
        let app = Server::start();
        let ((mut stalled, _), (mut ada, ada_id)) = (connect(&app, "/ws"), connect(&app, "/ws"));
        join(&mut stalled, "tea");
        join(&mut ada, "tea");

        // The network holds some megabytes before anything has to wait.
        let frame = message_of(LIMIT).0;
        let alone = set([&ada_id]);
        let mut sent = 0;
        while join(&mut ada, "tea") != alone {
            expect(sent < 480, "the one who does not read to be gone from the room", "it is in it");
            for _ in 0..16 {
                sent += 1;
                ada.send_text(&frame);
                expect_long(&mut ada, sent);
            }
        }

        while let Message::Text(_) = stalled.receive() {}
    }

    #[test]
    fn a_plain_get_is_refused_with_400_or_426() {
        let app = Server::start();

        for path in ["/ws", "/ws/shop"] {
            app.get(path).send().expect_status([400, 426]).expect_json_error();
        }
    }

    #[test]
    fn open_sockets_do_not_keep_the_server_from_ending() {
        let app = Server::start();
        let (mut ada, _) = connect(&app, "/ws");
        join(&mut ada, "tea");

        app.terminate(SOON).expect_success();
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        let app = Server::start();

        house_rules(&app, &[Endpoint::get("/ws"), Endpoint::get("/ws/shop")]);
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
        process_rules(&Endpoint::get("/ws"));
    }
}

/// A client that has been welcomed, and its id.
#[track_caller]
fn connect(app: &Server, path: &str) -> (WebSocket, Value) {
    let mut client = app.websocket(path);
    let id = receive(&mut client, "welcome")["id"].clone();
    expect(id.is_number() || id.is_string(), "an id in the welcome", &id);
    (client, id)
}

fn send(client: &mut WebSocket, event: &str, data: Value) {
    client.send_json(json!({ "event": event, "data": data }));
}

/// The data of the next event, which has to be `event`.
#[track_caller]
fn receive(client: &mut WebSocket, event: &str) -> Value {
    let mut frame = client.receive_json();
    expect(frame["event"] == event, &format!("the event {event}"), &frame);
    frame["data"].take()
}

/// Joins a room, and returns its members.
#[track_caller]
fn join(client: &mut WebSocket, room: &str) -> BTreeSet<String> {
    send(client, "join", json!({ "room": room }));
    let joined = receive(client, "joined");
    expect_eq("room", &joined["room"], room);
    let members = joined["members"].as_array().cloned().unwrap_or_default();
    let ids = set(&members);
    expect(ids.len() == members.len(), "each member once", &members);
    ids
}

fn set<'a>(ids: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    ids.into_iter().map(Value::to_string).collect()
}

fn say(client: &mut WebSocket, room: &str, text: &str) {
    send(client, "message", json!({ "room": room, "text": text }));
}

#[track_caller]
fn expect_said(client: &mut WebSocket, room: &str, from: &Value, text: &str) {
    let wanted = json!({ "room": room, "from": from, "text": text });
    let message = receive(client, "message");
    let same = ["room", "from", "text"].iter().all(|member| message[member] == wanted[member]);
    expect(same, &format!("the message {wanted}"), message.to_string());
}

#[track_caller]
fn expect_refused(client: &mut WebSocket, what: &str) {
    let frame = client.receive_json();
    let message = frame["data"]["message"].as_str().unwrap_or_default();
    let is_error = frame["event"] == "error" && !message.trim().is_empty();
    expect(is_error, &format!("an error with a message for {what}"), frame.to_string());
}

/// A message to the room tea as a frame of `length` bytes, and its text.
fn message_of(length: usize) -> (String, String) {
    let frame = |text: &str| {
        json!({ "event": "message", "data": { "room": "tea", "text": text } }).to_string()
    };
    let text = "x".repeat(length - frame("").len());
    (frame(&text), text)
}

/// Its content is left unread, because checks are not optimised.
#[track_caller]
fn expect_long(client: &mut WebSocket, number: usize) {
    let is_long = match client.try_receive(SOON) {
        Some(Message::Text(text)) => text.len() > LIMIT / 2,
        _ => false,
    };
    expect(is_long, &format!("message {number} within 5 s"), "it did not come");
}
