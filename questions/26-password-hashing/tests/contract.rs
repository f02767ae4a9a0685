//! What a server for question 26 must do.

use std::{
    array,
    num::NonZero,
    thread,
    time::{Duration, Instant},
};

use contract::{Endpoint, Response, Server, expect, expect_eq, house_rules, json, process_rules};

#[test]
fn a_new_user_gets_201() {
    let app = server("4");

    let response = register(&app, "ada", "correct horse");

    response.expect_status(201).expect_json(json!({ "message": "User registered" }));
}

#[test]
fn a_registered_user_can_log_in_on_every_worker() {
    let app = server("4");
    register(&app, "ada", "correct horse").expect_status(201);
    register(&app, "bob", "battery staple").expect_status(201);

    for (username, password) in [("ada", "correct horse"), ("bob", "battery staple")] {
        for _ in 0..10 {
            let response = log_in(&app, username, password);
            response.expect_status(200).expect_json(json!({ "message": "Login successful" }));
        }
    }
}

#[test]
fn a_wrong_password_and_an_unknown_user_get_the_same_401() {
    let app = server("4");
    register(&app, "ada", "correct horse").expect_status(201);
    register(&app, "bob", "battery staple").expect_status(201);

    for (username, password) in [
        ("ada", "wrong horse"),
        ("ada", "battery staple"),
        ("ada", "Correct Horse"),
        ("ada", "correct horse "),
        ("ada", " correct horse"),
        ("ada", "correct"),
        ("nobody", "correct horse"),
    ] {
        let response = log_in(&app, username, password);
        response.expect_status(401).expect_json(json!({ "error": "Invalid credentials" }));
    }
}

#[test]
fn a_taken_name_gets_400_and_keeps_its_password() {
    let app = server("4");
    register(&app, "ada", "correct horse").expect_status(201);

    for password in ["correct horse", "battery staple"] {
        let response = register(&app, "ada", password);
        response.expect_status(400).expect_json(json!({ "error": "User already exists" }));
    }

    log_in(&app, "ada", "battery staple").expect_status(401);
    log_in(&app, "ada", "correct horse").expect_status(200);
}

#[test]
fn a_missing_property_gets_400() {
    let app = server("4");
    register(&app, "bob", "battery staple").expect_status(201);

    for path in ["/register", "/login"] {
        for body in [json!({}), json!({ "username": "ada" }), json!({ "password": "horse" })] {
            app.post(path).json(body).send().expect_status(400).expect_json_error();
        }
    }
}

mod stretch {
    use super::*;

    #[test]
    fn parallel_registrations_of_one_name_create_one_user() {
        let app = server("8");
        let password = |i: usize| format!("password {i}");
        let body = |i| json!({ "username": "ada", "password": password(i) });

        let responses = app.burst((0..10).map(|i| app.post("/register").json(body(i))).collect());

        for response in &responses {
            response.expect_status([201, 400]);
        }
        let winners: Vec<_> = (0..10).filter(|i| responses[*i].status() == 201).collect();
        expect_eq("number of registrations with 201", winners.len(), 1);
        let winner = winners[0];
        log_in(&app, "ada", &password(winner)).expect_status(200);
        log_in(&app, "ada", &password((winner + 1) % 10)).expect_status(401);
    }

    #[test]
    fn similar_passwords_are_distinguished_or_rejected() {
        let app = server("4");
        // Longer than 72 bytes, or with a NUL.
        let (a, face) = ("a".repeat(79), "😀".repeat(24));

        for (username, password, other) in [
            ("ada", a.clone() + "a", a.clone() + "b"),
            ("bob", a.clone() + "a", a.clone()),
            ("eve", face.clone() + "😀", face.clone() + "🙃"),
            ("joe", "tea".to_owned(), "tea\0tea".to_owned()),
            ("kim", "tea\0milk".to_owned(), "tea".to_owned()),
        ] {
            let response = register(&app, username, &password);
            response.expect_status([201, 400]);
            if response.status() == 201 {
                log_in(&app, username, &other).expect_status(401);
                log_in(&app, username, &password).expect_status(200);
            }
        }
    }

    #[test]
    fn a_password_of_64_bytes_is_accepted() {
        let app = server("4");
        let password = "x".repeat(63);

        register(&app, "ada", &format!("{password}y")).expect_status(201);

        log_in(&app, "ada", &format!("{password}z")).expect_status(401);
        log_in(&app, "ada", &format!("{password}y")).expect_status(200);
    }

    #[test]
    fn a_login_with_any_wrong_strings_gets_401() {
        let app = server("4");
        register(&app, "ada", "correct horse").expect_status(201);
        let long = "correct horse".repeat(100);

        let nul = "correct horse\0correct horse";
        for password in ["", " ", "\0", nul, &long[..71], &long[..72], &long] {
            for username in ["ada", "nobody", "", " ", &long] {
                let response = log_in(&app, username, password);
                response.expect_status(401).expect_json(json!({ "error": "Invalid credentials" }));
            }
        }
    }

    #[test]
    fn health_responds_while_16_passwords_are_hashed() {
        // More cores make each hash slower, so that all of them together take as long everywhere,
        // and make more workers, of which each is asked.
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let app = server(&(8 + cores.ilog2()).to_string());

        measure("16 registrations to take more than twice as long as GET /health", |round| {
            let begin = Instant::now();
            let mut busy: Vec<_> = (0..16).map(|_| app.connect()).collect();
            for (i, connection) in busy.iter_mut().enumerate() {
                connection.write(raw_registration(&format!("user {round}-{i}")));
            }

            for _ in 0..cores + 4 {
                app.get("/health").send().expect_status(200);
            }
            let healthy = begin.elapsed();

            for connection in &mut busy {
                let status = connection.read_response("POST").map(|response| response.status());
                expect(status == Ok(201), "status 201 for every registration", status);
            }
            let all = begin.elapsed();
            (healthy < all / 2, format!("{healthy:.0?} and {all:.0?}"))
        });
    }

    #[test]
    fn an_unknown_user_takes_as_long_as_a_wrong_password() {
        let app = server("9");
        register(&app, "ada", "correct horse").expect_status(201);

        measure("about the same time for an unknown user and a wrong password", |_| {
            let [unknown, wrong] = medians(7, ["nobody", "ada"], |name, _| {
                log_in(&app, name, "battery staple").expect_status(401);
            });
            let same = unknown < wrong * 2 && wrong < unknown * 2;
            (same, format!("{unknown:.1?} and {wrong:.1?}"))
        });
    }

    #[test]
    fn bcrypt_cost_sets_the_cost_and_is_10_by_default() {
        let apps = [&Server::start(), &server("10"), &server("6")];

        measure(
            "a hash takes as long by default as with BCRYPT_COST=10, and longer than with 6",
            |round| {
                let [default, ten, six] = medians(3, apps, |app, i| {
                    register(app, &format!("user {round}-{i}"), "correct horse").expect_status(201);
                });
                let holds = default < ten * 2 && ten < default * 2 && six * 2 < ten;
                (holds, format!("{default:.1?}, {ten:.1?} and {six:.1?}"))
            },
        );
    }

    #[test]
    fn passwords_and_hashes_are_in_no_response_and_no_log() {
        const PASSWORD: &str = "hunter2 is nobody's business";
        let app = server("4");
        register(&app, "ada", PASSWORD).expect_status(201);

        let responses = [
            register(&app, "bob", PASSWORD),
            register(&app, "ada", PASSWORD),
            log_in(&app, "ada", PASSWORD),
            log_in(&app, "ada", "hunter2"),
            log_in(&app, "nobody", PASSWORD),
            app.post("/login").json(json!({ "password": PASSWORD })).send(),
            register(&app, "eve", &PASSWORD.repeat(9)),
        ];
        let exit = app.terminate(Duration::from_secs(5));

        let texts = responses.map(|response| response.text()).join("\n");
        for (place, text) in
            [("a response", texts), ("stdout", exit.stdout), ("stderr", exit.stderr)]
        {
            let secrets = ["hunter2", "$2a$", "$2b$", "$2x$", "$2y$"];
            let found = secrets.iter().any(|secret| text.contains(secret));
            expect(!found, &format!("no password and no hash in {place}"), text);
        }
    }

    #[test]
    fn a_blank_name_or_an_empty_password_gets_400() {
        let app = server("4");

        for (username, password) in [("", "horse"), (" \t", "horse"), ("ada", "")] {
            register(&app, username, password).expect_status(400).expect_json_error();
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let app = server("4");
        let credentials = json!({ "username": "ada", "password": "correct horse" });
        register(&app, "ada", "correct horse").expect_status(201);

        let endpoints = [
            Endpoint::post("/register", credentials.clone()),
            Endpoint::post("/login", credentials),
            Endpoint::get("/health"),
        ];
        house_rules(&app, &endpoints);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        let credentials = json!({ "username": "ada", "password": "correct horse" });
        process_rules(&Endpoint::post("/register", credentials));
    }
}

fn server(cost: &str) -> Server {
    Server::builder().env("BCRYPT_COST", cost).start()
}

#[track_caller]
fn register(app: &Server, username: &str, password: &str) -> Response {
    app.post("/register").json(json!({ "username": username, "password": password })).send()
}

#[track_caller]
fn log_in(app: &Server, username: &str, password: &str) -> Response {
    app.post("/login").json(json!({ "username": username, "password": password })).send()
}

/// A registration to send without waiting for its response.
fn raw_registration(username: &str) -> String {
    let body = json!({ "username": username, "password": "correct horse" }).to_string();
    let length = body.len();
    format!(
        "POST /register HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// Measures again if a busy machine may have misled; three times is no accident.
#[track_caller]
fn measure(wanted: &str, mut once: impl FnMut(usize) -> (bool, String)) {
    let mut seen = String::new();
    for round in 0..3 {
        let (holds, times) = once(round);
        if holds {
            return;
        }
        seen = times;
    }
    expect(false, wanted, seen);
}

/// How long `act` takes with each of `cases`, taken in turn so that other work slows all alike.
fn medians<T: Copy, const N: usize>(
    samples: usize,
    cases: [T; N],
    act: impl Fn(T, usize),
) -> [Duration; N] {
    let mut times: [Vec<Duration>; N] = array::from_fn(|_| Vec::new());
    for sample in 0..samples {
        for (case, times) in cases.iter().zip(&mut times) {
            let begin = Instant::now();
            act(*case, sample);
            times.push(begin.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort();
        times[samples / 2]
    })
}
