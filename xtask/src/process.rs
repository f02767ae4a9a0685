//! Child processes that end, with everything they started, when they are no longer wanted.

#[cfg(target_os = "linux")]
use std::os::unix::net::UnixStream;
use std::{
    ffi::OsStr,
    fmt, io,
    io::Read,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Says that a process is no longer wanted.
#[derive(Debug, Clone)]
pub(crate) enum Stop {
    /// Only the end of this program ends the process.
    Never,
    /// The process ends once this is set.
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

    /// Set by Ctrl-C, SIGTERM and SIGHUP from now on, which then do not end this program.
    pub(crate) fn at_signals() -> io::Result<Self> {
        let flag = Arc::<AtomicBool>::default();
        #[cfg(unix)]
        for signal in
            [signal_hook::consts::SIGHUP, signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM]
        {
            // A second one ends the program, should the first one not.
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&flag))?;
            signal_hook::flag::register(signal, Arc::clone(&flag))?;
        }
        #[cfg(not(unix))]
        signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&flag))?;
        Ok(Self::When(flag))
    }
}

/// How a program is kept.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Kept<'a> {
    /// Whether its standard input is the channel of a report, from it to this program.
    pub(crate) report: bool,
    /// A variable that names a folder, which is removed with the program.
    pub(crate) folder: Option<&'a str>,
    /// Where that folder is made; otherwise where temporary folders are.
    pub(crate) below: Option<&'a Path>,
    /// Nothing is passed on from the environment of this program.
    pub(crate) without_environment: bool,
}

/// A program that runs. It ends, with everything that it started, when this is dropped or when this
/// program ends, however it does (on Linux; elsewhere its process group ends when this is dropped).
pub(crate) struct Job {
    child: Child,
    #[cfg(target_os = "linux")]
    lifeline: UnixStream,
    #[cfg(not(target_os = "linux"))]
    report: Option<io::PipeReader>,
    #[cfg(not(target_os = "linux"))]
    _folder: Option<tempfile::TempDir>,
}

/// How a program ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Exit(i32),
    Signal(i32),
    /// It had started more processes than it is allowed to.
    TooManyProcesses,
}

impl Ended {
    pub(crate) fn is_success(self) -> bool {
        self == Self::Exit(0)
    }

    #[cfg(target_os = "linux")]
    fn of(status: ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt;
        match status.code() {
            Some(code) if code == i32::from(crate::keeper::TOO_MANY) => Self::TooManyProcesses,
            // As the keeper says it.
            Some(code) if code > 128 => Self::Signal(code - 128),
            Some(code) => Self::Exit(code),
            None => Self::Signal(status.signal().unwrap_or_default()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn of(status: ExitStatus) -> Self {
        status.code().map_or(Self::Signal(0), Self::Exit)
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(i32, &str); 9] = [
            (1, "SIGHUP"),
            (2, "SIGINT"),
            (4, "SIGILL"),
            (6, "SIGABRT"),
            (7, "SIGBUS"),
            (8, "SIGFPE"),
            (9, "SIGKILL"),
            (11, "SIGSEGV"),
            (15, "SIGTERM"),
        ];
        match self {
            Self::Exit(code) => write!(f, "exit code {code}"),
            Self::TooManyProcesses => f.write_str("stopped: it had started too many processes"),
            Self::Signal(number) => match NAMES.iter().find(|(known, _)| known == number) {
                Some((_, name)) => write!(f, "ended by {name}"),
                None => write!(f, "ended by signal {number}"),
            },
        }
    }
}

/// The program of this process, also after its file was replaced.
#[cfg(target_os = "linux")]
pub(crate) const OWN_PROGRAM: &str = "/proc/self/exe";

impl Job {
    /// Starts `command`, whose output goes to `stdout` and `stderr`.
    pub(crate) fn start(
        command: &Command,
        kept: Kept<'_>,
        stdout: Stdio,
        stderr: Stdio,
    ) -> io::Result<Self> {
        Self::spawn(command, kept, stdout, stderr)
    }

    #[cfg(target_os = "linux")]
    fn spawn(command: &Command, kept: Kept<'_>, stdout: Stdio, stderr: Stdio) -> io::Result<Self> {
        use std::os::{fd::OwnedFd, unix::process::CommandExt};

        let mut keeper = Command::new(OWN_PROGRAM);
        keeper.arg0("xtask").arg("__keep");
        if kept.report {
            keeper.arg("--report");
        }
        if let Some(variable) = kept.folder {
            keeper.args(["--folder", variable]);
            if let Some(below) = kept.below {
                keeper.arg("--below").arg(below);
            }
        }
        keeper.arg("--").arg(command.get_program()).args(command.get_args());
        pass_on(command, &mut keeper, kept);
        let (lifeline, other) = UnixStream::pair()?;
        // In a process group of its own, so that Ctrl-C reaches this program alone.
        keeper.stdin(OwnedFd::from(other)).stdout(stdout).stderr(stderr).process_group(0);
        let child = keeper.spawn()?;
        Ok(Self { child, lifeline })
    }

    #[cfg(not(target_os = "linux"))]
    fn spawn(command: &Command, kept: Kept<'_>, stdout: Stdio, stderr: Stdio) -> io::Result<Self> {
        let mut own = Command::new(command.get_program());
        own.args(command.get_args());
        pass_on(command, &mut own, kept);
        let folder = kept.folder.map(|_| match kept.below {
            Some(below) => tempfile::TempDir::with_prefix_in("xtask-", below),
            None => tempfile::TempDir::with_prefix("xtask-"),
        });
        let folder = folder.transpose()?;
        if let (Some(variable), Some(folder)) = (kept.folder, &folder) {
            own.env(variable, folder.path());
        }
        own.stdout(stdout).stderr(stderr).stdin(Stdio::null());
        let mut report = None;
        if kept.report {
            let (reader, writer) = io::pipe()?;
            own.stdin(writer);
            report = Some(reader);
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut own, 0);
        let child = own.spawn()?;
        Ok(Self { child, report, _folder: folder })
    }

    pub(crate) fn stdout(&mut self) -> Option<impl Read + Send + 'static> {
        self.child.stdout.take()
    }

    pub(crate) fn stderr(&mut self) -> Option<impl Read + Send + 'static> {
        self.child.stderr.take()
    }

    /// What the program writes to its standard input, if that is the channel of a report. It ends with
    /// the program.
    #[cfg(target_os = "linux")]
    pub(crate) fn report(&mut self) -> io::Result<impl Read + Send + 'static> {
        self.lifeline.try_clone()
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn report(&mut self) -> io::Result<impl Read + Send + 'static> {
        self.report.take().ok_or_else(|| io::Error::other("it does not report"))
    }

    /// Waits for the end of the program; `None` when it was stopped.
    pub(crate) fn wait(&mut self, stop: &Stop) -> io::Result<Option<Ended>> {
        let mut pause = Duration::from_micros(200);
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(Ended::of(status)));
            }
            if stop.is_set() {
                self.end();
                return Ok(None);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(2));
        }
    }

    /// Ends it now, with everything that it started.
    #[cfg(target_os = "linux")]
    fn end(&mut self) {
        self.end_within(Duration::from_secs(30));
    }

    #[cfg(target_os = "linux")]
    fn end_within(&mut self, limit: Duration) {
        // The keeper then ends everything, and last itself.
        let _ = self.lifeline.shutdown(std::net::Shutdown::Write);
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    #[cfg(not(target_os = "linux"))]
    fn end(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            #[cfg(unix)]
            let _ = Command::new("kill").args(["-KILL", &format!("-{}", self.child.id())]).status();
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        let _ = Instant::now();
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.end();
    }
}

/// The folder and the environment of a command, for another one.
fn pass_on(from: &Command, to: &mut Command, kept: Kept<'_>) {
    if kept.without_environment {
        to.env_clear();
    }
    for (name, value) in from.get_envs() {
        match value {
            Some(value) => to.env(name, value),
            None => to.env_remove(name),
        };
    }
    if let Some(folder) = from.get_current_dir() {
        to.current_dir(folder);
    }
}

/// A folder that is removed when this is dropped or this program ends, however it does.
pub(crate) struct Folder {
    path: std::path::PathBuf,
    #[cfg(target_os = "linux")]
    job: Job,
    #[cfg(not(target_os = "linux"))]
    _folder: tempfile::TempDir,
}

impl Folder {
    #[cfg(target_os = "linux")]
    pub(crate) fn new() -> io::Result<Self> {
        use std::{
            io::{BufRead, BufReader},
            os::{fd::OwnedFd, unix::process::CommandExt},
        };

        let mut keeper = Command::new(OWN_PROGRAM);
        keeper.arg0("xtask").args(["__keep", "--folder", "NONE"]);
        let (lifeline, other) = UnixStream::pair()?;
        keeper.stdin(OwnedFd::from(other)).stdout(Stdio::piped()).process_group(0);
        let mut job = Job { child: keeper.spawn()?, lifeline };
        let mut name = String::new();
        if let Some(stdout) = job.child.stdout.take() {
            BufReader::new(stdout).read_line(&mut name)?;
        }
        let path = Path::new(name.trim_end_matches('\n'));
        if !path.is_dir() {
            return Err(io::Error::other("no temporary folder can be made"));
        }
        Ok(Self { path: path.to_owned(), job })
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn new() -> io::Result<Self> {
        let folder = tempfile::TempDir::with_prefix("xtask-")?;
        Ok(Self { path: folder.path().to_owned(), _folder: folder })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The process that removes it.
    pub(crate) fn keeper(&self) -> u32 {
        #[cfg(target_os = "linux")]
        return self.job.child.id();
        #[cfg(not(target_os = "linux"))]
        0
    }
}

#[cfg(target_os = "linux")]
impl Drop for Folder {
    fn drop(&mut self) {
        // A slow disk takes minutes to remove what a build can write.
        self.job.end_within(Duration::from_secs(600));
    }
}

/// How the launcher is named in a command line that another program runs.
pub(crate) fn launcher() -> String {
    if cfg!(target_os = "linux") {
        return format!("/proc/{}/exe", std::process::id());
    }
    std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default()
}

/// At most `most` bytes of what `from` has, read to its end so that nobody waits to write.
pub(crate) fn read_at_most(mut from: impl Read, most: usize) -> (Vec<u8>, bool) {
    let mut kept = Vec::new();
    let mut chunk = [0; 16 * 1024];
    let mut is_cut = false;
    loop {
        match from.read(&mut chunk) {
            Ok(0) => return (kept, is_cut),
            Ok(length) => {
                let room = most.saturating_sub(kept.len());
                is_cut |= length > room;
                kept.extend_from_slice(&chunk[..length.min(room)]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return (kept, is_cut),
        }
    }
}

/// The variables of this program's environment whose names pass, with their values.
pub(crate) fn variables(
    passes: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)> {
    let passes = move |name: &OsStr| name.to_str().is_some_and(&passes);
    std::env::vars_os().filter(move |(name, _)| passes(name))
}
