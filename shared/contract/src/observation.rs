//! What can be seen of a server from outside: its output, its files, its memory, its processor time.

#[cfg(unix)]
use std::os::unix::fs::OpenOptionsExt;
use std::{
    fs::OpenOptions,
    io::Read,
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    Server, check,
    failure::Failure,
    limits::{self, Lesson},
    machine,
    output::Output,
    wait::poll,
};

/// For the subject to write what is awaited.
static WRITING: Lesson = Lesson::new();

const WRITING_LIMIT: Duration = Duration::from_secs(5);

/// More than any check has a server write.
const FILE_LIMIT: u64 = 64 * 1024 * 1024;

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
    /// Fails the check if that has not happened within 5 s, or more where the subject or the machine
    /// is slow (1 s once another check has waited in vain for what the subject writes, and none has
    /// seen it); `what` says what was awaited.
    #[track_caller]
    pub fn wait_for_stdout(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let stdout = self.instance.stdout();
        self.wait_for(stdout, wanted).unwrap_or_else(|text| {
            check::fail(awaited(&format!("on stdout: {what}"), &text, "nothing on stdout"))
        })
    }

    /// As [`wait_for_stdout`](Self::wait_for_stdout), for stderr.
    #[track_caller]
    pub fn wait_for_stderr(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let stderr = self.instance.stderr();
        self.wait_for(stderr, wanted).unwrap_or_else(|text| {
            let failure = awaited(&format!("on stderr: {what}"), &text, "nothing on stderr");
            check::fail(failure.show_stdout())
        })
    }

    /// Expects the cause of a 5xx on stderr: a line with the method and the path of the request.
    ///
    /// # Panics
    ///
    /// As [`wait_for_stderr`](Self::wait_for_stderr).
    #[track_caller]
    pub fn expect_logged_failure(&self, method: &str, path: &str) {
        let says_both = |line: &str| line.contains(method) && line.contains(path);
        let what = format!("a line with the cause of the failure, {method} and {path}");
        self.wait_for_stderr(&what, |text| text.lines().any(says_both));
    }

    /// As [`wait_for_stdout`](Self::wait_for_stdout), for what is in the file `name` of the working
    /// directory. A file that does not exist is empty; what is not UTF-8 is replaced.
    #[track_caller]
    pub fn wait_for_file(&self, name: &str, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        drop(self.require_process("reads a file that the server writes"));
        let mut text = String::new();
        let mut holds = false;
        poll(WRITING.limit(limits::patience(WRITING_LIMIT)), || {
            let bytes = self.read_file(name).unwrap_or_default();
            text = String::from_utf8_lossy(&bytes).into_owned();
            holds = wanted(&text);
            holds
        });
        WRITING.learn(holds);
        if !holds {
            let nothing = format!("nothing in {name}");
            check::fail(awaited(&format!("in {name}: {what}"), &text, &nothing));
        }
        text
    }

    /// The contents of the file `name` of the working directory, or its first 64 MiB; `None` if there
    /// is no such file. A FIFO or a device is not read.
    pub fn read_file(&self, name: impl AsRef<Path>) -> Option<Vec<u8>> {
        let mut options = OpenOptions::new();
        options.read(true);
        // A FIFO without a writer would be waited for.
        #[cfg(unix)]
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
        let file = options.open(self.directory().join(name)).ok()?;
        if !file.metadata().ok()?.is_file() {
            return None;
        }
        let mut bytes = Vec::new();
        file.take(FILE_LIMIT).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    #[track_caller]
    fn wait_for(&self, output: &Output, wanted: impl Fn(&str) -> bool) -> Result<String, String> {
        drop(self.require_process("reads what the server writes"));
        let awaited = output.wait_until(WRITING.limit(limits::patience(WRITING_LIMIT)), wanted);
        WRITING.learn(awaited.is_ok());
        awaited
    }

    /// Memory in use now, in bytes, over all processes of the subject; `None`, with a note in the
    /// report, where it cannot be measured (it is read from /proc on Linux).
    pub fn resident_memory(&self) -> Option<u64> {
        self.memory(machine::memory_now)
    }

    /// The most memory that was in use at any time, in bytes; `None` as for
    /// [`resident_memory`](Self::resident_memory).
    pub fn peak_memory(&self) -> Option<u64> {
        self.memory(machine::memory_peak)
    }

    /// Whether the subject comes to rest within `limit`: whether there is a second in which all its
    /// processes use less than a fiftieth of one core. `None`, with a note in the report, where that
    /// cannot be measured (it is read from /proc on Linux).
    pub fn rests_within(&self, limit: Duration) -> Option<bool> {
        let group = self.require_process("measures the processor time of the server").group();
        let deadline = Instant::now() + limit;
        let mut used = machine::processor_time(group);
        if used.is_none() {
            check::note("processor time was not measured on this platform");
        }
        loop {
            let (before, since) = (used?, Instant::now());
            poll(Duration::from_secs(1), || false);
            used = machine::processor_time(group);
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

/// The failure to see `what`, with the last lines of what there was, or with `nothing`.
fn awaited(what: &str, text: &str, nothing: &str) -> Failure {
    let tail: Vec<_> = text.lines().rev().take(3).collect();
    let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
    Failure::new(what, if tail.is_empty() { nothing } else { &tail })
}
