use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{check, failure::Failure};

/// Asks until `holds` says so. The pauses double from 1 ms up to a tenth of `limit`: what ends by
/// being left alone for less than that is left alone for long enough.
///
/// # Panics
///
/// Fails the check if that has not happened within `limit`; `what` says what was awaited.
#[track_caller]
pub fn wait_until(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_millis(1);
    while !holds() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let actual = format!("not within {} s", limit.as_secs_f32());
            check::fail(Failure::new(what, &actual));
        }
        thread::park_timeout(pause.min(left));
        pause = (pause * 2).min(limit / 10);
    }
}

/// Asks until `done` says so, or until `limit` has passed. The pauses grow from 0.2 to 10 ms.
pub(crate) fn poll(limit: Duration, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_micros(200);
    while !done() && Instant::now() < deadline {
        thread::park_timeout(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}
