//! What the kit promises to those who write checks, and to those who read the reports of failed ones.

mod channel;
mod client;
mod cookie;
mod house_rules;
#[cfg(unix)]
mod launcher;
mod lifecycle;
mod reports;
mod rerun;
mod specimen;
mod subject;
#[cfg(unix)]
mod survivors;
mod upstream;
mod wait;
mod websocket;
