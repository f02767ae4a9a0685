//! What the subject writes, kept while it runs so that the pipe never fills.

use std::{
    io::Read,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Older output is dropped beyond this many bytes; a subject may flood.
const KEPT: usize = 8 * 1024 * 1024;

/// One stream of the subject, readable at any time.
#[derive(Clone, Default)]
pub(crate) struct Output {
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    ended: bool,
}

impl Output {
    pub(crate) fn follow(&self, mut pipe: impl Read + Send + 'static) -> JoinHandle<()> {
        let output = self.clone();
        thread::spawn(move || {
            let mut chunk = [0; 16 * 1024];
            while let Ok(read @ 1..) = pipe.read(&mut chunk) {
                output.update(|state| {
                    state.bytes.extend_from_slice(&chunk[..read]);
                    if state.bytes.len() > 2 * KEPT {
                        let surplus = state.bytes.len() - KEPT;
                        state.bytes.drain(..surplus);
                    }
                });
            }
            output.update(|state| state.ended = true);
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.lock().bytes).into_owned()
    }

    /// Waits until `wanted` holds for the text so far. Returns that text, or `Err` with what there
    /// is when the stream ends or `limit` has passed.
    pub(crate) fn wait_until(
        &self,
        limit: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<String, String> {
        let deadline = Instant::now() + limit;
        let mut state = self.lock();
        loop {
            let text = String::from_utf8_lossy(&state.bytes).into_owned();
            if wanted(&text) {
                return Ok(text);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.ended || left.is_zero() {
                return Err(text);
            }
            state =
                self.shared.1.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the stream has ended, at most `limit`.
    pub(crate) fn wait_for_end(&self, limit: Duration) {
        let (mutex, changed) = &*self.shared;
        let state = mutex.lock().unwrap_or_else(PoisonError::into_inner);
        drop(changed.wait_timeout_while(state, limit, |state| !state.ended));
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.shared.1.notify_all();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
