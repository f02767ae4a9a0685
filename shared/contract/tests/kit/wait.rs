//! Waiting for what happens by itself.

use std::{
    panic,
    time::{Duration, Instant},
};

use contract::wait_until;

#[test]
fn what_is_so_already_is_not_waited_for() {
    let mut asked = 0;

    wait_until("tea", Duration::ZERO, || {
        asked += 1;
        true
    });

    assert_eq!(asked, 1);
}

#[test]
fn what_ends_by_being_left_alone_is_left_alone_for_longer_and_longer() {
    let mut last = Instant::now();

    wait_until("to be left alone", Duration::from_secs(5), || {
        let alone = last.elapsed();
        last = Instant::now();
        alone > Duration::from_millis(50)
    });
}

#[test]
fn what_does_not_happen_in_time_fails_the_check() {
    let began = Instant::now();
    let limit = Duration::from_millis(30);
    let mut last_asked = Duration::ZERO;

    let waiting = panic::AssertUnwindSafe(|| {
        wait_until("tea", limit, || {
            last_asked = began.elapsed();
            false
        });
    });

    assert!(panic::catch_unwind(waiting).is_err());
    assert!(last_asked >= limit, "asked at the very end too");
}
