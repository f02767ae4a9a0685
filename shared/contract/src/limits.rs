//! How long to wait. A correct server must never fail because the machine is slow, so every limit of
//! the kit grows with what was measured.

use std::{
    env,
    num::NonZero,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

/// The limit for a wait that was in vain in other checks.
const SHORT: Duration = Duration::from_secs(1);

/// The longest time that a start of this subject has taken so far, in milliseconds.
static SLOWEST_START: AtomicU64 = AtomicU64::new(0);

/// `limit`, made longer where this subject or this machine is slow: by ten times what the slowest
/// start of the subject took so far, or as many times as processes wait for each core, up to six
/// times. The larger value counts.
///
/// For limits within which something has to happen. Not for times in which nothing may happen.
pub fn patience(limit: Duration) -> Duration {
    let start = Duration::from_millis(SLOWEST_START.load(Ordering::Relaxed));
    (limit + 10 * start).max(limit.mul_f64(crowding().clamp(1.0, 6.0)))
}

/// Remembers how long a start took.
pub(crate) fn learn_start(took: Duration) {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    SLOWEST_START.fetch_max(millis, Ordering::Relaxed);
}

/// The whole time for one exchange.
pub(crate) fn exchange() -> Duration {
    milliseconds("CONTRACT_TIMEOUT_MS").unwrap_or_else(|| patience(Duration::from_secs(10)))
}

/// The time for a start, and whether that is final: without `CONTRACT_START_TIMEOUT_MS` a
/// subject that is still busy gets more.
pub(crate) fn start() -> (Duration, bool) {
    match milliseconds("CONTRACT_START_TIMEOUT_MS") {
        Some(limit) => (limit, true),
        None => (patience(Duration::from_secs(10)), false),
    }
}

fn milliseconds(variable: &str) -> Option<Duration> {
    env::var(variable).ok()?.parse().ok().map(Duration::from_millis)
}

/// Processes that want to run, for each core.
fn crowding() -> f64 {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    f64::from(runnable()) / cores as f64
}

#[cfg(target_os = "linux")]
fn runnable() -> f32 {
    use procfs::{Current, LoadAverage};

    LoadAverage::current().map_or(0.0, |load| load.one.max(load.cur as f32))
}

#[cfg(not(target_os = "linux"))]
fn runnable() -> f32 {
    0.0
}

/// The checks of one process learn from each other: once one has waited in vain for something that
/// none has ever seen, the others need not wait as long for it.
pub(crate) struct Lesson {
    seen: AtomicBool,
    in_vain: AtomicBool,
}

impl Lesson {
    pub(crate) const fn new() -> Self {
        Self { seen: AtomicBool::new(false), in_vain: AtomicBool::new(false) }
    }

    /// How long to wait, `full` at the most.
    pub(crate) fn limit(&self, full: Duration) -> Duration {
        if self.is_lost() { full.min(SHORT) } else { full }
    }

    /// Whether others have waited in vain, and none has seen it.
    pub(crate) fn is_lost(&self) -> bool {
        self.in_vain.load(Ordering::Relaxed) && !self.seen.load(Ordering::Relaxed)
    }

    /// Says whether the wait was worth it.
    pub(crate) fn learn(&self, has_come: bool) {
        let what = if has_come { &self.seen } else { &self.in_vain };
        what.store(true, Ordering::Relaxed);
    }
}
