//! What can be seen of a server from outside: its output, its files, its memory, its rest.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::{
    Server, check, failure::Failure, memory, output::Output, patience::Patience, wait::poll,
};

/// For the subject to write what is awaited.
static WRITING: Patience = Patience::new();

const WRITING_LIMIT: Duration = Duration::from_secs(5);

impl Server {
    /// What the subject has written to stdout so far.
    pub fn stdout(&self) -> String {
        self.own_process().map(|_| self.instance.stdout().text()).unwrap_or_default()
    }

    /// What the subject has written to stderr so far.
    pub fn stderr(&self) -> String {
        self.own_process().map(|_| self.instance.stderr().text()).unwrap_or_default()
    }

    /// Waits until `wanted` holds for what the subject has written to stdout, and returns that.
    ///
    /// # Panics
    ///
    /// Fails the check if that has not happened within 5 s (1 s once another check has waited in
    /// vain for what the subject writes, and none has seen it); `what` says what was awaited.
    #[track_caller]
    pub fn wait_for_stdout(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.wait_for(self.instance.stdout(), "stdout", what, wanted)
    }

    /// As [`wait_for_stdout`](Self::wait_for_stdout), for stderr.
    #[track_caller]
    pub fn wait_for_stderr(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.wait_for(self.instance.stderr(), "stderr", what, wanted)
    }

    /// As [`wait_for_stdout`](Self::wait_for_stdout), for what is in the file `name` of the working
    /// directory. A file that is not there is empty; what is not UTF-8 is replaced.
    #[track_caller]
    pub fn wait_for_file(&self, name: &str, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        drop(self.require_process("reads a file that the server writes"));
        let path = self.directory().join(name);
        let mut text = String::new();
        let mut holds = false;
        poll(WRITING.limit(WRITING_LIMIT), || {
            text = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
            holds = wanted(&text);
            holds
        });
        WRITING.learn(holds);
        if !holds {
            fail_awaited(&format!("in {name}: {what}"), &text, &format!("nothing in {name}"));
        }
        text
    }

    #[track_caller]
    fn wait_for(
        &self,
        output: &Output,
        name: &str,
        what: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> String {
        drop(self.require_process("reads what the server writes"));
        let awaited = output.wait_until(WRITING.limit(WRITING_LIMIT), wanted);
        WRITING.learn(awaited.is_ok());
        awaited.unwrap_or_else(|text| {
            fail_awaited(&format!("on {name}: {what}"), &text, &format!("nothing on {name}"))
        })
    }

    /// Memory in use now, in bytes, over all processes of the subject; `None`, with a note in the
    /// report, where it cannot be measured (it is read from /proc on Linux).
    pub fn resident_memory(&self) -> Option<u64> {
        self.memory(memory::now)
    }

    /// The most memory that was in use at any time, in bytes; `None` as for
    /// [`resident_memory`](Self::resident_memory).
    pub fn peak_memory(&self) -> Option<u64> {
        self.memory(memory::peak)
    }

    /// Whether the subject comes to rest within `limit`: whether there is a second in which all its
    /// processes use less than a fiftieth of one core. `None`, with a note in the report, where that
    /// cannot be measured (it is read from /proc on Linux).
    pub fn rests_within(&self, limit: Duration) -> Option<bool> {
        let group = self.require_process("measures the processor time of the server").group();
        let deadline = Instant::now() + limit;
        let mut used = memory::processor_time(group);
        if used.is_none() {
            check::note("processor time was not measured on this platform");
        }
        loop {
            let (before, since) = (used?, Instant::now());
            poll(Duration::from_secs(1), || false);
            used = memory::processor_time(group);
            if used?.saturating_sub(before) < since.elapsed() / 50 {
                return Some(true);
            }
            if Instant::now() > deadline {
                return Some(false);
            }
        }
    }

    #[track_caller]
    fn memory(&self, measure: fn(u32) -> Option<u64>) -> Option<u64> {
        let process = self.require_process("measures the memory of the server");
        let bytes = measure(process.group());
        drop(process);
        if bytes.is_none() {
            check::note("memory was not measured on this platform");
        }
        bytes
    }
}

/// Fails the check with the last lines of what there was, or with `nothing`.
#[track_caller]
fn fail_awaited(what: &str, text: &str, nothing: &str) -> ! {
    let tail: Vec<_> = text.lines().rev().take(3).collect();
    let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
    check::fail(Failure::new(what, if tail.is_empty() { nothing } else { &tail }))
}
