//! How long to wait for what a subject may never do.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

/// What is left of a wait that others have shown to be in vain.
const SHORT: Duration = Duration::from_secs(1);

/// The checks of one process learn from each other: once one has waited in vain for something that
/// none has ever seen, the others need not wait as long for it.
pub(crate) struct Patience {
    seen: AtomicBool,
    in_vain: AtomicBool,
}

impl Patience {
    pub(crate) const fn new() -> Self {
        Self { seen: AtomicBool::new(false), in_vain: AtomicBool::new(false) }
    }

    /// How long to wait, `full` at the most.
    pub(crate) fn limit(&self, full: Duration) -> Duration {
        let is_lost = self.in_vain.load(Ordering::Relaxed) && !self.seen.load(Ordering::Relaxed);
        if is_lost { full.min(SHORT) } else { full }
    }

    /// Says whether the wait was worth it.
    pub(crate) fn learn(&self, has_come: bool) {
        let what = if has_come { &self.seen } else { &self.in_vain };
        what.store(true, Ordering::Relaxed);
    }
}
