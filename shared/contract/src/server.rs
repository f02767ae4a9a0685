use std::{
    path::Path,
    sync::{Arc, MutexGuard},
    time::Duration,
};

use crate::{
    Builder, Exit, check,
    failure::Failure,
    instance::Instance,
    launch::{self, listens, needs_process},
    limits,
    process::Process,
    wait::poll,
};

/// The server under judgment: a fresh process with a working directory and a port of its own.
///
/// It ends with its process group when this is dropped, also when the check panics; on Unix also when
/// the checks are interrupted or killed.
///
/// `CONTRACT_CMD` names it as a command line: words with quotes as in a shell, perhaps after
/// assignments (`NODE_ENV=test node server.js`). `$PORT` and `${PORT}` stand for its port
/// (`uvicorn app:app --port $PORT`). The working directory is that of the check, so words that name
/// files become absolute. A line with anything else that only a shell understands (`&&`, `|`,
/// `$HOME`) goes to `sh`, in the same directory: its plain words that name files, and the folder after
/// `cd`, become absolute there too, and `exec` is put before the last command, so that signals reach
/// the server and its exit code is seen. In a line with `|`, `(`, a single `&` or `if` nothing can be
/// put there; let such a line `exec` the server itself.
pub struct Server {
    pub(crate) instance: Arc<Instance>,
    builder: Builder,
}

impl Server {
    /// Starts the subject with nothing but `PORT` set, and waits until it accepts connections.
    ///
    /// # Panics
    ///
    /// Fails the check if the subject exits, or does not listen within 10 s
    /// (`CONTRACT_START_TIMEOUT_MS`; more where the machine is busy, up to a minute more while the
    /// subject is; 1 s once another check has waited in vain and none has seen it listen).
    #[track_caller]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// Sets what the subject is started with.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The port on which the subject listens.
    pub fn port(&self) -> u16 {
        self.instance.address().port()
    }

    /// The working directory of the subject.
    pub fn directory(&self) -> &Path {
        self.builder.directory()
    }

    /// Asks the subject to end (SIGTERM) and waits for that; on Windows the check is not run.
    ///
    /// # Panics
    ///
    /// Fails the check if the subject still runs after `limit`, which grows where it or the machine
    /// is slow (see [`patience`](crate::patience)).
    #[track_caller]
    pub fn terminate(&self, limit: Duration) -> Exit {
        self.signal(15, "SIGTERM", limit)
    }

    /// Interrupts the subject as Ctrl-C does (SIGINT); otherwise as [`terminate`](Self::terminate).
    #[track_caller]
    pub fn interrupt(&self, limit: Duration) -> Exit {
        self.signal(2, "SIGINT", limit)
    }

    /// Sends SIGTERM and returns at once, for checks that look at what happens meanwhile.
    #[track_caller]
    pub fn begin_termination(&self) {
        self.send_signal(15, "SIGTERM");
    }

    /// As [`begin_termination`](Self::begin_termination), with SIGINT.
    #[track_caller]
    pub fn begin_interruption(&self) {
        self.send_signal(2, "SIGINT");
    }

    /// Waits until the subject has ended by itself.
    ///
    /// # Panics
    ///
    /// As [`terminate`](Self::terminate).
    #[track_caller]
    pub fn wait_for_exit(&self, limit: Duration) -> Exit {
        drop(self.require_process("waits for the server to end"));
        let limit = limits::patience(limit);
        self.instance.wait_for_exit(limit).unwrap_or_else(|| {
            let expected = format!("the server to end within {:.1} s", limit.as_secs_f32());
            check::fail(Failure::new(&expected, "it still runs"))
        })
    }

    /// Ends the subject without warning (SIGKILL) and starts it again with the same settings and
    /// the same working directory.
    #[track_caller]
    pub fn restart(self) -> Self {
        drop(self.require_process("restarts the server"));
        let builder = self.builder.clone();
        drop(self);
        builder.start()
    }

    /// Whether the subject refuses connections within `limit`, or has ended by then.
    pub(crate) fn stops_listening_within(&self, limit: Duration) -> bool {
        let mut has_stopped = false;
        poll(limit, || {
            has_stopped =
                self.instance.exit_status().is_some() || !listens(self.instance.address());
            has_stopped
        });
        has_stopped
    }

    #[track_caller]
    fn signal(&self, number: i32, name: &str, limit: Duration) -> Exit {
        self.send_signal(number, name);
        self.wait_for_exit(limit)
    }

    #[track_caller]
    fn send_signal(&self, number: i32, name: &str) {
        let mut process = self.require_process(&format!("sends {name} to the server"));
        if cfg!(not(unix)) {
            check::not_run(&format!("there is no {name} on this platform"));
        }
        // One that has ended already cannot be reached, and how it ended is for the check to say.
        if process.try_wait().is_some() {
            return;
        }
        #[cfg(unix)]
        if let Err(error) = process.signal(number) {
            check::fail(Failure::new(&format!("{name} to reach the server"), &error.to_string()));
        }
        let _ = number;
    }

    pub(crate) fn own_process(&self) -> Option<MutexGuard<'_, Process>> {
        self.instance.process()
    }

    #[track_caller]
    pub(crate) fn require_process(&self, what: &str) -> MutexGuard<'_, Process> {
        self.own_process().unwrap_or_else(|| needs_process(what))
    }
}

/// Also while requests to it are still around.
impl Drop for Server {
    fn drop(&mut self) {
        self.instance.end();
    }
}

impl Builder {
    /// Starts the subject and waits until it accepts connections.
    ///
    /// # Panics
    ///
    /// As [`Server::start`].
    #[track_caller]
    pub fn start(self) -> Server {
        let instance = launch::start(&self);
        Server { instance, builder: self }
    }

    /// Starts a subject that may also refuse to start: the server once it accepts connections, or how
    /// the process ended before that.
    ///
    /// # Errors
    ///
    /// [`Exit`] if the subject ended before it listened.
    ///
    /// # Panics
    ///
    /// Fails the check if the subject does neither, as [`Server::start`].
    #[track_caller]
    pub fn start_or_exit(self) -> Result<Server, Exit> {
        let instance = launch::start_or_exit(&self)?;
        Ok(Server { instance, builder: self })
    }

    /// Starts a subject that has to refuse to start, and waits until it has ended.
    ///
    /// # Panics
    ///
    /// Fails the check if it accepts connections and still does after `limit`, or if it does neither
    /// that nor end within the time for a start (see [`Server::start`]) or `limit`, if that is more.
    #[track_caller]
    pub fn start_and_wait_for_exit(self, limit: Duration) -> Exit {
        launch::start_and_wait_for_exit(&self, limit)
    }
}
