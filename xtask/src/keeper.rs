//! `__keep`: runs a program, and ends it with everything that it started as soon as it ends or the
//! program that asked for it does, however that ends.
//!
//! The keeper learns of that end from its standard input, a socket whose other end the asking program
//! holds. It takes in the orphans among its descendants, so that none of them escapes.

use std::{ffi::OsString, path::PathBuf};

use clap::Args;

/// The exit code of a keeper that ended a program because it had started too many processes.
pub(crate) const TOO_MANY: u8 = 124;

/// As many processes at once are more than a build or a server needs.
#[cfg(target_os = "linux")]
const MOST_PROCESSES: usize = 1_000;

/// Run a program that ends when this standard input does. Used by `check` and `grade`.
#[derive(Debug, Args)]
pub(crate) struct Keep {
    /// Let the program have the standard input as well, to report on
    #[arg(long)]
    report: bool,

    /// Make a folder that is removed in the end, and name it in this variable
    #[arg(long, value_name = "VARIABLE")]
    folder: Option<String>,

    /// Where to make that folder
    #[arg(long, value_name = "PATH", requires = "folder")]
    below: Option<PathBuf>,

    /// The program and its arguments; none to print the folder's name and only keep that
    #[arg(last = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn keep(_args: &Keep) -> std::process::ExitCode {
    eprintln!("xtask: Failed to keep a program: only on Linux");
    std::process::ExitCode::from(125)
}

#[cfg(target_os = "linux")]
pub(crate) use linux::keep;

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        env, fs,
        io::{self, ErrorKind, Read, Write},
        os::unix::fs::PermissionsExt,
        path::{Path, PathBuf},
        process::{Command, ExitCode, Stdio},
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
            mpsc::{self, RecvTimeoutError},
        },
        thread,
        time::{Duration, Instant},
    };

    use rustix::{
        io::Errno,
        process::{Signal, WaitOptions, kill_process, wait},
    };
    use tempfile::TempDir;

    use super::{Keep, MOST_PROCESSES, TOO_MANY};
    use crate::{confine::CANNOT_RUN, descendants};

    enum Event {
        /// The program has ended, with this exit code; 128 and the signal's number if one ended it.
        Ended(u8),
        /// Nothing is left that this process or a descendant started.
        Empty,
        /// The standard input has ended.
        Released,
    }

    pub(crate) fn keep(args: &Keep) -> ExitCode {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGTERM] {
            // Otherwise the signal ends this process at once, and the program runs on.
            let _ = signal_hook::flag::register(signal, Arc::clone(&stop));
        }
        let folder = match args.folder.as_ref().map(|_| folder(args.below.as_deref())) {
            None => None,
            Some(Ok(folder)) => Some(folder.keep()),
            Some(Err(error)) => {
                eprintln!("xtask: Failed to make a temporary folder: {error}");
                return ExitCode::from(CANNOT_RUN);
            }
        };
        let code = match args.program.is_empty() {
            true => hold(folder.as_deref(), &stop),
            false => run(args, folder.as_deref(), &stop),
        };
        if let Some(folder) = folder {
            remove(&folder);
        }
        ExitCode::from(code)
    }

    fn folder(below: Option<&Path>) -> io::Result<TempDir> {
        let below = below.map_or_else(env::temp_dir, PathBuf::from);
        TempDir::with_prefix_in("xtask-", below)
    }

    /// Whatever still ends somewhere else may write into it for a moment.
    fn remove(folder: &Path) {
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut moved = 0;
        while let Err(error) = try_remove(folder, &mut moved) {
            if error.kind() == ErrorKind::NotFound {
                return;
            }
            if Instant::now() > deadline {
                eprintln!("xtask: Failed to remove {}: {error}", folder.display());
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Removes one level after the other, so that no folder is too deep: for a path, the open files or
    /// the stack.
    fn try_remove(folder: &Path, moved: &mut u64) -> io::Result<()> {
        loop {
            let mut is_flat = true;
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    is_flat = false;
                    dissolve(&entry.path(), folder, moved)?;
                } else {
                    fs::remove_file(entry.path())?;
                }
            }
            if is_flat {
                return fs::remove_dir(folder);
            }
        }
    }

    /// Removes a folder, and moves the folders in it to the one that it is in. No program of a candidate
    /// can make names there.
    fn dissolve(folder: &Path, above: &Path, moved: &mut u64) -> io::Result<()> {
        make_writable(folder)?;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                make_writable(&entry.path())?;
                *moved += 1;
                fs::rename(entry.path(), above.join(format!("moved-{moved}")))?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        fs::remove_dir(folder)
    }

    /// A folder in which nothing may be removed is still to be removed.
    fn make_writable(folder: &Path) -> io::Result<()> {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
    }

    fn released() -> bool {
        let mut stdin = io::stdin().lock();
        let mut byte = [0];
        loop {
            match stdin.read(&mut byte) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return true,
            }
        }
    }

    /// Keeps the folder until the end of the standard input.
    fn hold(folder: Option<&Path>, stop: &AtomicBool) -> u8 {
        let name = folder.map(|folder| folder.display().to_string()).unwrap_or_default();
        println!("{name}");
        let _ = io::stdout().flush();
        let (sender, events) = mpsc::channel();
        thread::spawn(move || sender.send(released()));
        while let Err(RecvTimeoutError::Timeout) = events.recv_timeout(Duration::from_millis(200)) {
            if stop.load(Ordering::Relaxed) {
                break;
            }
        }
        0
    }

    fn run(args: &Keep, folder: Option<&Path>, stop: &AtomicBool) -> u8 {
        descendants::adopt();
        let Some((program, arguments)) = args.program.split_first() else { return 0 };
        let mut command = Command::new(program);
        command.args(arguments);
        if !args.report {
            command.stdin(Stdio::null());
        }
        if let (Some(variable), Some(folder)) = (&args.folder, folder) {
            command.env(variable, folder);
        }
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                eprintln!("xtask: Failed to run {}: {error}", Path::new(program).display());
                return CANNOT_RUN;
            }
        };
        let child = i32::try_from(child.id()).unwrap_or_default();

        let (sender, events) = mpsc::channel();
        let reaped = sender.clone();
        thread::spawn(move || reap(child, &reaped));
        thread::spawn(move || {
            released();
            sender.send(Event::Released)
        });
        let mut code = 0;
        loop {
            match events.recv_timeout(Duration::from_millis(200)) {
                Ok(Event::Ended(ended)) => {
                    code = ended;
                    break;
                }
                Ok(Event::Empty | Event::Released) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => break,
                Err(RecvTimeoutError::Timeout) => {
                    if descendants::all(&[]).len() > MOST_PROCESSES {
                        code = TOO_MANY;
                        break;
                    }
                }
            }
        }
        end(&events);
        code
    }

    /// Waits for every child and every orphan, until there is none.
    fn reap(child: i32, events: &mpsc::Sender<Event>) {
        loop {
            match wait(WaitOptions::empty()) {
                Ok(Some((pid, status))) if pid.as_raw_nonzero().get() == child => {
                    let signal = status.terminating_signal().map(|signal| 128 + signal);
                    let code = status.exit_status().or(signal).unwrap_or(1);
                    let _ = events.send(Event::Ended(u8::try_from(code).unwrap_or(1)));
                }
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => {
                    let _ = events.send(Event::Empty);
                    return;
                }
            }
        }
    }

    /// Kills every descendant, until none is left.
    fn end(events: &mpsc::Receiver<Event>) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut pause = Duration::from_micros(200);
        while Instant::now() < deadline {
            match events.recv_timeout(pause) {
                Ok(Event::Empty) | Err(RecvTimeoutError::Disconnected) => return,
                _ => {}
            }
            for pid in descendants::all(&[]) {
                let _ = kill_process(pid, Signal::KILL);
            }
            pause = (pause * 2).min(Duration::from_millis(5));
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_folder_is_removed_however_deep_and_locked() {
            let top = tempfile::tempdir().unwrap();
            let (folder, inner) = (top.path().join("folder"), top.path().join("inner"));
            fs::create_dir(&inner).unwrap();
            fs::write(inner.join("file"), "x").unwrap();
            // From the inside out: the path of the innermost one is too long to be named.
            for _ in 0..1_100 {
                fs::create_dir(&folder).unwrap();
                fs::rename(&inner, folder.join("inner")).unwrap();
                fs::rename(&folder, &inner).unwrap();
            }
            let locked = inner.join("inner");
            fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();

            remove(&inner);

            assert!(!inner.exists());
        }
    }
}
