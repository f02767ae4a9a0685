//! Ten thousand starts, in parallel within a process and between processes, and no two subjects meet
//! on a port.

use std::{
    env,
    process::{Command, Stdio},
    thread,
};

use contract::{Server, expect_eq};

const PROCESSES: usize = 2;
const THREADS: usize = 4;
const STARTS_PER_THREAD: usize = 1250;

#[test]
fn ten_thousand_starts_never_meet_on_a_port() {
    assert_eq!(PROCESSES * THREADS * STARTS_PER_THREAD, 10_000);
    let processes: Vec<_> = (0..PROCESSES)
        .map(|_| {
            Command::new(env::current_exe().expect("it has a path"))
                .args(["--nocapture", "--exact", "a_server_responds_in_its_own_name"])
                .env("STARTS_PER_THREAD", STARTS_PER_THREAD.to_string())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the tests can be run again")
        })
        .collect();

    for process in processes {
        let output = process.wait_with_output().expect("it ends");
        // A start that had to be repeated is noted there.
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert!(output.status.success());
    }
}

#[test]
fn a_server_responds_in_its_own_name() {
    let starts =
        env::var("STARTS_PER_THREAD").map_or(1, |starts| starts.parse().expect("a number"));

    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                for start in 0..starts {
                    let nonce = format!("{} {thread} {start}", std::process::id());
                    let app = Server::builder().env("NONCE", &nonce).start();
                    expect_eq("nonce", app.get("/env/NONCE").send().json(), nonce);
                }
            });
        }
    });
}
