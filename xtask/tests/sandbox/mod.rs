//! A copy of the fixture workspace, and the program that works in it.

#![allow(dead_code, reason = "each test file uses its part of this")]
#![allow(clippy::unwrap_used, reason = "clippy takes only the test functions for tests")]

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

use tempfile::TempDir;

/// Builds are slow on a busy machine, so nothing is given up early.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

pub(crate) struct Sandbox {
    folder: TempDir,
}

pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture"), folder.path());
        Self { folder }
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root().join(relative)
    }

    pub(crate) fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap()
    }

    pub(crate) fn write(&self, relative: &str, text: &str) {
        fs::write(self.path(relative), text).unwrap();
    }

    /// Makes the starter of question 1 answer this.
    pub(crate) fn answer(&self, answer: &str) {
        self.write(STARTER, &starter(answer));
    }

    pub(crate) fn progress(&self) -> String {
        self.read("progress.txt")
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CARGO_") && name != "CARGO_HOME" || name.starts_with("CONTRACT_") {
                command.env_remove(&*name);
            }
        }
        command
            .current_dir(self.root())
            .env("XTASK_ROOT", self.root())
            .env_remove("RUST_BACKTRACE")
            .env_remove("RUSTFLAGS")
            .env_remove("CLICOLOR_FORCE")
            .env_remove("NO_COLOR")
            .env("CARGO_NET_OFFLINE", "true")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn xtask(&self, line: &str) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_xtask"));
        command.args(line.split_whitespace());
        command
    }

    pub(crate) fn run(&self, line: &str) -> Output {
        output(self.xtask(line))
    }
}

pub(crate) const STARTER: &str = "questions/01-hello-world/src/starter.rs";
pub(crate) const CONTRACT: &str = "questions/01-hello-world/tests/contract.rs";

pub(crate) fn starter(answer: &str) -> String {
    format!("fn main() {{\n    kit::serve({answer:?});\n}}\n")
}

pub(crate) fn output(mut command: Command) -> Output {
    let output = command.output().unwrap();
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// A program that goes on while the test looks at what it prints.
pub(crate) struct Running {
    pub(crate) child: Child,
    stdin: Option<ChildStdin>,
    text: Arc<(Mutex<String>, Condvar)>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let text = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let (mut stdout, printed) = (child.stdout.take().unwrap(), text.clone());
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(length @ 1..) = stdout.read(&mut chunk) {
                let (text, changed) = &*printed;
                text.lock().unwrap().push_str(&String::from_utf8_lossy(&chunk[..length]));
                changed.notify_all();
            }
        });
        Self { stdin: child.stdin.take(), child, text }
    }

    pub(crate) fn type_in(&mut self, keys: &str) {
        self.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn printed(&self) -> String {
        self.text.0.lock().unwrap().clone()
    }

    /// Waits until this was printed so many times.
    #[track_caller]
    pub(crate) fn expect(&self, wanted: &str, times: usize) {
        let (text, changed) = &*self.text;
        let is_missing = |text: &mut String| text.matches(wanted).count() < times;
        let (text, late) =
            changed.wait_timeout_while(text.lock().unwrap(), DEADLINE, is_missing).unwrap();
        assert!(!late.timed_out(), "expected {times} times {wanted:?} in:\n{text}");
    }

    /// Ends its input, waits for its end, and returns its exit code with all that it printed.
    pub(crate) fn finish(mut self) -> (i32, String) {
        drop(self.stdin.take());
        let status = self.child.wait().unwrap();
        (status.code().unwrap_or(-1), self.printed())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command lines of all processes.
#[cfg(target_os = "linux")]
pub(crate) fn processes() -> Vec<String> {
    let line = |entry: fs::DirEntry| {
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    };
    fs::read_dir("/proc").unwrap().filter_map(|entry| line(entry.ok()?)).collect()
}

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}");
        thread::sleep(Duration::from_millis(5));
    }
}
