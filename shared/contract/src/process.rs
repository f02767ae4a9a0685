//! One process of the subject, together with its process group.

use std::{
    io::{self, Read},
    process::{Command, ExitStatus, Stdio},
    time::Instant,
};

use process_wrap::std::{ChildWrapper, CommandWrap};

use crate::{
    guard,
    output::Output,
    port::{self, Port},
};

/// A process in a group of its own. What it has started ends with it.
pub(crate) struct Process {
    child: Box<dyn ChildWrapper>,
    group: u32,
    /// Set once it has ended.
    status: Option<ExitStatus>,
    /// When it was started or sent the last signal.
    since: Instant,
    port: Option<Port>,
    /// Where the subject listens if it does not find its port. Absent if another program does.
    fallback: Option<Port>,
}

/// What a process has written so far.
#[derive(Default)]
pub(crate) struct Outputs {
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
}

impl Process {
    /// Starts `command` with an empty stdin. The ports are held until the process has ended.
    pub(crate) fn spawn(
        mut command: Command,
        port: Port,
        fallback: Option<Port>,
    ) -> io::Result<(Self, Outputs)> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut wrapped = CommandWrap::from(command);
        #[cfg(unix)]
        wrapped.wrap(process_wrap::std::ProcessGroup::leader());
        #[cfg(windows)]
        wrapped.wrap(process_wrap::std::JobObject);
        let spawning = port::while_spawning();
        let mut child = wrapped.spawn()?;
        drop(spawning);
        let group = child.id();
        guard::watch(group);

        let outputs = Outputs::default();
        follow(&outputs.stdout, child.stdout().take());
        follow(&outputs.stderr, child.stderr().take());
        let (status, since, port) = (None, Instant::now(), Some(port));
        Ok((Self { child, group, status, since, port, fallback }, outputs))
    }

    /// The number of its process group.
    pub(crate) fn group(&self) -> u32 {
        self.group
    }

    /// When it was started or sent the last signal.
    pub(crate) fn since(&self) -> Instant {
        self.since
    }

    /// The port on which the subject listens if it does not find its own.
    pub(crate) fn fallback(&self) -> Option<u16> {
        self.fallback.as_ref().map(Port::number)
    }

    /// Sends the signal `number` to the process group.
    #[cfg(unix)]
    pub(crate) fn signal(&mut self, number: i32) -> io::Result<()> {
        self.since = Instant::now();
        self.child.signal(number)
    }

    /// How it has ended, if it has. Then what it has started ends too, because from there on the
    /// number of its group may be given to others.
    pub(crate) fn try_wait(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
            if self.status.is_some() {
                self.kill();
            }
        }
        self.status
    }

    /// Kills it if it still runs, and gives its ports back.
    pub(crate) fn end(&mut self) {
        if self.try_wait().is_none() {
            self.kill();
            self.status = self.child.wait().ok();
        }
        (self.port, self.fallback) = (None, None);
    }

    fn kill(&mut self) {
        let _ = self.child.start_kill();
        guard::forget(self.group);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// What happened to a process: `ended with exit code 3`, `was ended by SIGTERM`.
pub(crate) fn describe_status(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(number) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("was ended by {}", signal_name(number));
    }
    match status.code() {
        Some(code) => format!("ended with exit code {code}"),
        None => format!("ended: {status}"),
    }
}

#[cfg(unix)]
fn signal_name(number: i32) -> String {
    use rustix::process::Signal;

    let known = [
        (Signal::HUP, "SIGHUP"),
        (Signal::INT, "SIGINT"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::ILL, "SIGILL"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::TERM, "SIGTERM"),
    ];
    let name = known.iter().find(|(signal, _)| signal.as_raw() == number).map(|(_, name)| *name);
    name.map_or_else(|| format!("signal {number}"), str::to_owned)
}

fn follow(output: &Output, pipe: Option<impl Read + Send + 'static>) {
    match pipe {
        Some(pipe) => drop(output.follow(pipe)),
        None => drop(output.follow(io::empty())),
    }
}
