//! What a check uses: a black-box kit that judges a server over HTTP and nothing else.
//!
//! A check is a plain `#[test]` whose name is the requirement as a sentence. It starts the server
//! under judgement, the *subject*, in a process of its own, talks to it, and states what it
//! expects:
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
//! The environment says what is judged, so one contract judges every answer in any language:
//!
//! | variable | the subject |
//! | --- | --- |
//! | `CONTRACT_URL` | a server that runs already; checks that need a process of their own are not judged |
//! | `CONTRACT_CMD` | a command line, started once per check with `PORT` set; see [`Server`] |
//! | `CONTRACT_CMD_DIR` | the folder in which that command line was given (default: the current one) |
//! | `CONTRACT_BIN` | the path of a program |
//! | `CONTRACT_SUBJECT` | `starter` or `solution`: which binary of the crate, where none of the above is set (default: the solution) |
//!
//! `CONTRACT_REPORT` names a file to which one JSON line per check is appended (see [`mod@report`]).

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
pub use upstream::{Answer, Upstream};
pub use wait::wait_until;
pub use websocket::{Message, WebSocket};
