//! What a check uses: a black-box kit that judges a server over HTTP and nothing else.
//!
//! A check is a plain `#[test]` whose name is the requirement as a sentence. It starts the server
//! under judgment, the *subject*, in a process of its own, talks to it, and states what it expects:
//!
//! ```no_run
//! use contract::{Server, json};
//!
//! let app = Server::start();
//!
//! let created = app.post("/todos").json(json!({ "title": "tea" })).send();
//!
//! created.expect_status(201).expect_json_including(json!({ "title": "tea", "completed": false }));
//! ```
//!
//! # The subject
//!
//! The environment says which server is judged, so that one contract judges servers in any language:
//!
//! | variable | the subject |
//! | --- | --- |
//! | `CONTRACT_URL` | a server that already runs; checks that need a process of their own are not run |
//! | `CONTRACT_CMD` | a command line, started once per check with `PORT` set; see [`Server`] |
//! | `CONTRACT_CMD_DIR` | the folder in which that command line was typed (default: the current one) |
//! | `CONTRACT_BIN` | the path of a program |
//! | `CONTRACT_SUBJECT` | `starter` or `solution`: the binary of the crate to use if none of the above is set (default: the solution) |
//!
//! # Other variables
//!
//! | variable | meaning |
//! | --- | --- |
//! | `CONTRACT_TIMEOUT_MS` | the time for one request and its response, in milliseconds (default: 10 s, and more where the subject or the machine is slow, see [`patience`]) |
//! | `CONTRACT_START_TIMEOUT_MS` | the time for a start, in milliseconds (default: 10 s, more where the machine is busy, and up to 60 s more while the subject itself is busy) |
//! | `CONTRACT_CLEAR` | comma-separated names of variables that a subject gets only from its check. Default: `env` in `[package.metadata.question]` of the crate's manifest. `APP_ENV`, `HOST`, `PORT`, `RUST_LOG` and `RUST_BACKTRACE` are always cleared |
//! | `CONTRACT_START` | the command with which people start the subject, for failure reports |
//! | `CONTRACT_TEMP` | the folder in which temporary folders are made (default: the system's) |
//!
//! Programs that run a contract also set these:
//!
//! | variable | meaning |
//! | --- | --- |
//! | `CONTRACT_REPORT` | `stdin`: a JSON line per check is written to stdin, which must be open for writing; see [`mod@report`] |
//! | `CONTRACT_ANNOUNCE` | set: a line in the report says beforehand which check takes long; see [`announce`] |
//! | `CONTRACT_LAUNCHER` | a JSON array of strings, a program and its first arguments, through which every subject is started. The kit adds `--bind PORT`, `--connect PORT`, `--write FOLDER`, `--read PATH` (each as often as needed), `--mark WORD`, `--` and the subject's command line. Exit code 125 or 127 and a line on stderr that starts with `WORD:` mean that the launcher could not confine or start the subject; the check is then not run |
//! | `CONTRACT_CONNECT` | comma-separated ports of services to which a confined subject may connect |
//!
//! # Finding your way
//!
//! The modules depend on each other in one direction. `text`, `status`, `transport`, `output`, `port`,
//! `machine`, `limits` and `environment` know nothing of checks. `failure` says how a failed check is
//! told, `report` writes the machine-readable report, and `check` knows the check that runs on this
//! thread. `builder` holds what a server is started with, `launch` starts it as a `process` and
//! watches it as an `instance`, and `server` is what a check holds; `verbs` and `observation` are more
//! of its methods. `request`, `connection`, `response`, `websocket` and `cookie` are HTTP. `upstream`
//! is a stub. `house_rules` uses all of it.

mod builder;
mod check;
mod command_line;
mod connection;
mod cookie;
mod environment;
mod exit;
mod expect;
mod failure;
mod guard;
pub mod house_rules;
mod instance;
mod json_diff;
mod launch;
mod limits;
mod machine;
mod observation;
mod output;
mod port;
mod process;
mod recorded;
pub mod report;
mod request;
mod response;
mod server;
mod status;
mod subject;
mod tally;
mod text;
mod transport;
mod upstream;
mod verbs;
mod wait;
mod websocket;

pub use builder::Builder;
pub use check::{Case, announce, case, not_run, note};
pub use connection::{BodyStream, Connection};
pub use cookie::{CookieJar, SetCookie};
pub use exit::Exit;
pub use expect::{expect, expect_eq};
pub use house_rules::{Endpoint, house_rules, house_rules_as, house_rules_with, process_rules};
pub use limits::patience;
pub use recorded::RecordedRequest;
pub use request::Request;
pub use response::Response;
pub use serde_json::{Value, json};
pub use server::Server;
pub use transport::TransportError;
pub use upstream::{Reply, Upstream};
pub use wait::wait_until;
pub use websocket::{Message, WebSocket};
