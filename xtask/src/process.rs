//! Child processes that can be stopped with everything they started.

use std::{
    io,
    process::{Command, ExitStatus},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use process_wrap::std::{ChildWrapper, CommandWrap};

/// Says that a process is no longer wanted.
#[derive(Debug, Clone)]
pub(crate) enum Stop {
    /// Only the user's Ctrl-C ends the process, which stays in the terminal's process group.
    Never,
    /// The process leads a group of its own, and is killed with it once this is set.
    When(Arc<AtomicBool>),
}

impl Stop {
    pub(crate) fn new() -> Self {
        Self::When(Arc::default())
    }

    pub(crate) fn set(&self) {
        if let Self::When(flag) = self {
            flag.store(true, Ordering::Relaxed);
        }
    }

    /// Whether both are the one of the same process.
    pub(crate) fn is(&self, other: &Self) -> bool {
        matches!((self, other), (Self::When(mine), Self::When(theirs)) if Arc::ptr_eq(mine, theirs))
    }

    pub(crate) fn is_set(&self) -> bool {
        matches!(self, Self::When(flag) if flag.load(Ordering::Relaxed))
    }
}

pub(crate) fn spawn(command: Command, stop: &Stop) -> io::Result<Box<dyn ChildWrapper>> {
    let mut command = CommandWrap::from(command);
    if let Stop::When(_) = stop {
        #[cfg(unix)]
        command.wrap(process_wrap::std::ProcessGroup::leader());
        #[cfg(windows)]
        command.wrap(process_wrap::std::JobObject);
    }
    command.spawn()
}

/// How the child ended; `None` when it was stopped.
pub(crate) fn wait(child: &mut dyn ChildWrapper, stop: &Stop) -> io::Result<Option<ExitStatus>> {
    if let Stop::Never = stop {
        return child.wait().map(Some);
    }
    loop {
        if stop.is_set() {
            // It may have ended by itself just now, and then can't be killed.
            let _ = child.start_kill();
            return child.wait().map(|_| None);
        }
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Starts the command and waits for its end; `None` when it was stopped.
pub(crate) fn run(command: Command, stop: &Stop) -> io::Result<Option<ExitStatus>> {
    wait(spawn(command, stop)?.as_mut(), stop)
}
