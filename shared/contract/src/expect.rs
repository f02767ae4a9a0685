use std::fmt::Debug;

use crate::{check, failure::Failure, text::plain};

/// Expects `actual` to equal `wanted`; `what` names the value.
#[track_caller]
pub fn expect_eq<A: PartialEq<W> + Debug, W: Debug>(what: &str, actual: A, wanted: W) {
    if actual != wanted {
        check::fail(Failure::new(
            &format!("{what}: {}", plain(&wanted)),
            &format!("{what}: {}", plain(&actual)),
        ));
    }
}

/// Expects `holds` to be true; `wanted` says what that means, and `actual` what was seen instead.
#[track_caller]
pub fn expect(holds: bool, wanted: &str, actual: impl Debug) {
    if !holds {
        check::fail(Failure::new(wanted, &plain(&actual)));
    }
}
