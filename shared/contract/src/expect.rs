use std::fmt::Debug;

use crate::{check, failure::Failure, text::plain};

/// Expects `actual` to equal `wanted`; `what` says of what both are values.
#[track_caller]
pub fn expect_eq<A: PartialEq<W> + Debug, W: Debug>(what: &str, actual: A, wanted: W) {
    if actual != wanted {
        check::fail(Failure::new(
            &format!("{what}: {}", plain(&wanted)),
            &format!("{what}: {}", plain(&actual)),
        ));
    }
}

/// Expects whatever else has to hold, in words, with what was seen instead.
#[track_caller]
pub fn expect(holds: bool, wanted: &str, actual: impl Debug) {
    if !holds {
        check::fail(Failure::new(wanted, &plain(&actual)));
    }
}
