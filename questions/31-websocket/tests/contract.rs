//! What a server for question 31 must do.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use contract::{
    Endpoint, Message, Server, Value, WebSocket, case, expect, expect_eq, house_rules, json,
    patience, process_rules, wait_until,
};

const LIMIT: usize = 64 * 1024;
const SOON: Duration = Duration::from_secs(10);

#[test]
fn each_client_gets_a_welcome_with_its_own_id() {
    let app = Server::start();

    let clients: Vec<_> = (0..4).map(|_| connect(&app, "/ws")).collect();

    let ids: BTreeSet<_> = clients.iter().map(|(_, id)| id.to_string()).collect();
    expect_eq("number of different ids", ids.len(), 4);
}

#[test]
fn joining_a_room_returns_its_members() {
    let app = Server::start();
    let ((mut ada, ada_id), (mut bob, bob_id)) = (connect(&app, "/ws"), connect(&app, "/ws"));

    expect_eq("members for the first", join(&mut ada, "tea"), set([&ada_id]));
    expect_eq("members for the second", join(&mut bob, "tea"), set([&ada_id, &bob_id]));
    expect_eq("members of another room", join(&mut bob, "milk"), set([&bob_id]));
}

#[test]
fn joining_a_room_twice_changes_nothing() {
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
fn leaving_a_room_ends_the_membership() {
    let app = Server::start();
    let ((mut ada, _), (mut bob, bob_id)) = (connect(&app, "/ws"), connect(&app, "/ws"));
    join(&mut ada, "tea");
    join(&mut bob, "tea");

    send(&mut ada, "leave", json!({ "room": "tea" }));

    expect_eq("room", &receive(&mut ada, "left")["room"], "tea");
    expect_eq("members", join(&mut bob, "tea"), set([&bob_id]));
}

#[test]
fn a_message_reaches_every_member_and_its_sender() {
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
fn each_namespace_has_its_own_rooms() {
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
fn clients_on_different_workers_share_the_rooms() {
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
fn only_members_can_message_or_leave_a_room() {
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
fn a_blank_room_name_is_rejected() {
    let app = Server::start();
    let (mut ada, ada_id) = connect(&app, "/ws");

    for room in ["", " ", " \t\u{3000}"] {
        send(&mut ada, "join", json!({ "room": room }));
        expect_refused(&mut ada, &format!("the room {room:?}"));
    }

    expect_eq("members of a room with a name", join(&mut ada, "tea"), set([&ada_id]));
}

#[test]
fn invalid_events_get_an_error_and_the_connection_stays_open() {
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
    fn a_ping_gets_a_pong_with_the_same_payload() {
        let app = Server::start();
        let (mut ada, _) = connect(&app, "/ws");

        for payload in ["tea", "", "milk"] {
            ada.ping(payload.as_bytes());
            expect_eq("response to a ping", ada.receive(), Message::Pong(payload.into()));
        }
    }

    #[test]
    fn a_fragmented_message_counts_as_one_message() {
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

        expect_eq("response to the ping", ada.receive(), Message::Pong(b"still there?".into()));
        expect_said(&mut ada, "tea", &ada_id, "há 🍵");
    }

    #[test]
    fn a_message_of_64_kib_is_accepted() {
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
            let _case = case(format!("{length} bytes in {fragments} frames"));
            let (mut ada, _) = connect(&app, "/ws");
            join(&mut ada, "milk");
            let frame = message_of(length).0;
            let parts: Vec<_> = frame.as_bytes().chunks(length.div_ceil(fragments)).collect();
            for (i, part) in parts.iter().enumerate() {
                ada.send_frame(i + 1 == parts.len(), u8::from(i == 0), part, true);
            }
            expect_eq("next message", ada.receive(), Message::Closed(Some(1009)));
        }

        say(&mut bob, "tea", "still here");
        expect_said(&mut bob, "tea", &bob_id, "still here");
    }

    #[test]
    fn a_frame_that_announces_too_much_is_closed_before_it_is_complete() {
        let app = Server::start();
        let (mut ada, _) = connect(&app, "/ws");

        // A final text frame of 1 GiB, of which 128 KiB come.
        let header = [&[0x81, 0xff], &(1_u64 << 30).to_be_bytes()[..], &[0; 4]].concat();
        ada.send_raw(&header);
        ada.send_raw(&vec![b'x'; 2 * LIMIT]);

        expect_eq("after 128 KiB of a frame", ada.receive(), Message::Closed(Some(1009)));
    }

    #[test]
    fn a_client_that_disconnects_leaves_its_rooms() {
        let app = Server::start();
        let (mut ada, ada_id) = connect(&app, "/ws");
        let ((mut bob, _), (mut eve, _)) = (connect(&app, "/ws"), connect(&app, "/ws"));
        for client in [&mut bob, &mut eve, &mut ada] {
            join(client, "tea");
        }

        bob.vanish();
        eve.close(1000);
        expect(matches!(eve.receive(), Message::Closed(_)), "a close frame", "another message");
        eve.vanish();

        let alone = set([&ada_id]);
        wait_until("only the remaining client among the members", patience(SOON), || {
            join(&mut ada, "tea") == alone
        });
    }

    #[test]
    fn a_client_that_answers_no_pings_leaves_its_rooms() {
        let app = Server::builder().env("HEARTBEAT_MS", "500").start();
        let ((mut ada, ada_id), (mut bob, _)) = (connect(&app, "/ws"), connect(&app, "/ws"));
        join(&mut bob, "tea");
        join(&mut ada, "tea");

        // Nobody reads from bob any more, so nobody answers pings, and his connection stays open.
        let alone = set([&ada_id]);
        wait_until("only the client that answers pings among the members", patience(SOON), || {
            join(&mut ada, "tea") == alone
        });
    }

    #[test]
    fn a_client_that_only_answers_pings_stays_connected() {
        let app = Server::builder().env("HEARTBEAT_MS", "500").start();
        let ((mut ada, _), (mut bob, bob_id)) = (connect(&app, "/ws"), connect(&app, "/ws"));
        join(&mut ada, "tea");
        join(&mut bob, "tea");

        // Both answer pings for six beats, in turns of 100 ms.
        for _ in 0..15 {
            for client in [&mut ada, &mut bob] {
                expect_eq("message", client.try_receive(Duration::from_millis(100)), None);
            }
        }

        say(&mut bob, "tea", "still here");
        expect_said(&mut ada, "tea", &bob_id, "still here");
    }

    #[test]
    fn a_client_that_reads_receives_every_message_in_order() {
        let app = patient_server();
        let ((mut ada, _), (mut bob, _)) = (connect(&app, "/ws"), connect(&app, "/ws"));
        join(&mut ada, "tea");
        join(&mut bob, "tea");

        for i in 0..1000 {
            say(&mut ada, "tea", &i.to_string());
        }

        for i in 0..1000 {
            for client in [&mut bob, &mut ada] {
                let text = receive(client, "message")["text"].clone();
                expect_eq("text of the next message", text, json!(i.to_string()));
            }
        }
    }

    #[test]
    fn no_message_is_lost_when_200_clients_send_at_once() {
        for (clients, messages) in [(100, 5), (150, 2), (200, 1)] {
            let _case = case(format!("{clients} clients that send {messages} messages each"));
            let app = patient_server();
            let mut room: Vec<_> = (0..clients).map(|_| connect(&app, "/ws")).collect();
            for (client, _) in &mut room {
                join(client, "tea");
            }

            for number in 0..messages {
                for (client, _) in &mut room {
                    say(client, "tea", &number.to_string());
                }
            }

            for reader in 0..clients {
                let mut next: BTreeMap<_, _> =
                    room.iter().map(|(_, id)| (id.to_string(), 0)).collect();
                for count in 0..clients * messages {
                    let Some(Message::Text(frame)) = room[reader].0.try_receive(patience(SOON))
                    else {
                        let all = clients * messages;
                        let actual = format!("{count} at client {reader}");
                        expect(false, &format!("{all} messages at each client"), actual);
                        return;
                    };
                    let data =
                        serde_json::from_str::<Value>(&frame).unwrap_or_default()["data"].take();
                    let number = next.entry(data["from"].to_string()).or_default();
                    let what = format!("text of the next message from {}", data["from"]);
                    expect_eq(&what, &data["text"], &json!(number.to_string()));
                    *number += 1;
                }
            }
        }
    }

    #[test]
    fn a_client_that_does_not_read_does_not_delay_others() {
        let app = patient_server();
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
    fn a_client_with_256_waiting_messages_is_disconnected() {
        let app = patient_server();
        let ((mut stalled, _), (mut ada, ada_id)) = (connect(&app, "/ws"), connect(&app, "/ws"));
        join(&mut stalled, "tea");
        join(&mut ada, "tea");

        // The network holds some megabytes before anything has to wait.
        send_until_alone(&mut ada, &ada_id, 480);

        while let Message::Text(_) = stalled.receive() {}
    }

    #[test]
    fn twenty_clients_that_do_not_read_cost_less_than_128_mib() {
        let app = patient_server();
        let (mut ada, ada_id) = connect(&app, "/ws");
        join(&mut ada, "tea");
        let mut stalled: Vec<_> = (0..20).map(|_| connect(&app, "/ws")).collect();
        for (client, _) in &mut stalled {
            join(client, "tea");
        }
        let Some(before) = app.peak_memory() else { return };

        send_until_alone(&mut ada, &ada_id, 480);

        let cost = app.peak_memory().unwrap_or_default().saturating_sub(before) >> 20;
        expect(cost < 128, "less than 128 MiB more than before", format!("{cost} MiB"));
    }

    #[test]
    fn a_client_can_be_in_at_most_100_rooms() {
        let app = Server::start();
        let (mut ada, ada_id) = connect(&app, "/ws");
        for number in 1..=100 {
            join(&mut ada, &format!("room {number}"));
        }

        send(&mut ada, "join", json!({ "room": "room 101" }));
        expect_refused(&mut ada, "a join of room 101");
        expect_eq("members of room 1", join(&mut ada, "room 1"), set([&ada_id]));

        send(&mut ada, "leave", json!({ "room": "room 7" }));
        receive(&mut ada, "left");
        expect_eq("members after another was left", join(&mut ada, "room 101"), set([&ada_id]));
    }

    #[test]
    fn a_plain_get_gets_400_or_426() {
        let app = Server::start();

        for path in ["/ws", "/ws/shop"] {
            app.get(path).send().expect_status([400, 426]).expect_json_error();
        }
    }

    #[test]
    fn open_connections_do_not_delay_shutdown() {
        let app = Server::start();
        let (mut ada, _) = connect(&app, "/ws");
        join(&mut ada, "tea");

        app.terminate(SOON).expect_success();
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let app = Server::start();

        house_rules(&app, &[Endpoint::get("/ws"), Endpoint::get("/ws/shop")]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::get("/ws"));
    }
}

/// A server that does not miss the pongs of clients that a check does not read for a while.
#[track_caller]
fn patient_server() -> Server {
    Server::builder().env("HEARTBEAT_MS", "60000").start()
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

/// Sends long messages until nobody else is in the room tea, at most `limit`.
#[track_caller]
fn send_until_alone(client: &mut WebSocket, id: &Value, limit: usize) {
    let frame = message_of(LIMIT).0;
    let alone = set([id]);
    let mut sent = 0;
    while join(client, "tea") != alone {
        let wanted = format!("nobody else in the room after {sent} messages of 64 KiB");
        expect(sent < limit, &wanted, "clients that do not read are still in the room");
        for _ in 0..16 {
            sent += 1;
            client.send_text(&frame);
            expect_long(client, sent);
        }
    }
}

/// Its content is left unread, because checks are not optimized.
#[track_caller]
fn expect_long(client: &mut WebSocket, number: usize) {
    let is_long = match client.try_receive(patience(SOON)) {
        Some(Message::Text(text)) => text.len() > LIMIT / 2,
        _ => false,
    };
    expect(is_long, &format!("message {number} within 10 s"), "no message");
}
