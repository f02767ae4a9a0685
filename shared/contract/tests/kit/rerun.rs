//! Runs a specimen in a process of its own, against the fixture with a fault.

use std::{
    env,
    io::{self, PipeReader, Read},
    process::{Command, ExitStatus, Output},
    thread,
};

use contract::Value;

/// A run of some specimens that is being put together.
pub(crate) struct Rerun {
    pub(crate) command: Command,
}

/// How a run ended.
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    /// What the kit said of failures, without the empty lines around.
    pub(crate) said: String,
    /// The lines of `CONTRACT_REPORT`.
    pub(crate) report: Vec<Value>,
}

/// Runs the specimens whose names are `names`.
pub(crate) fn specimens(names: &[&str]) -> Rerun {
    let mut command = Command::new(env::current_exe().expect("it has a path"));
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CONTRACT_") {
            command.env_remove(name);
        }
    }
    command
        .args(["--nocapture", "--test-threads=1", "--exact"])
        .env_remove("CARGO_MANIFEST_DIR")
        .args(names.iter().map(|name| format!("specimen::{name}")))
        .env_remove("FIXTURE")
        .env_remove("RUST_BACKTRACE");
    Rerun { command }
}

/// Runs one specimen against the fixture with `fault`.
pub(crate) fn specimen_with(name: &str, fault: &str) -> Outcome {
    specimens(&[name]).env("FIXTURE", fault).run()
}

impl Rerun {
    /// Runs another specimen in place of the one that was named.
    pub(crate) fn of(mut self, name: &str) -> Self {
        let mut other = specimens(&[name]);
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => other.command.env(name, value),
                None => other.command.env_remove(name),
            };
        }
        self.command = other.command;
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// As a person runs it: without a report.
    pub(crate) fn run_by_hand(mut self) -> Outcome {
        let output = self.command.output().expect("the tests can be run again");
        Outcome::new(output, Vec::new())
    }

    pub(crate) fn run(mut self) -> Outcome {
        let report = self.report();
        let output = self.command.output().expect("the tests can be run again");
        // Its handle of the write end.
        drop(self.command);
        let report = report.join().expect("reading does not panic");
        let report = report.lines().map(|line| line.parse().expect("it is JSON"));
        Outcome::new(output, report.collect())
    }

    /// Asks for a report, and reads it.
    fn report(&mut self) -> thread::JoinHandle<String> {
        let (mut reader, writer): (PipeReader, _) = io::pipe().expect("pipes can be made");
        self.command.stdin(writer).env("CONTRACT_REPORT", "stdin");
        thread::spawn(move || {
            let mut report = String::new();
            reader.read_to_string(&mut report).expect("it is text");
            report
        })
    }
}

impl Outcome {
    fn new(output: Output, report: Vec<Value>) -> Self {
        Self {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            report,
        }
    }

    /// The rest of the first line of stdout in which `word` stands.
    #[track_caller]
    pub(crate) fn printed(&self, word: &str) -> &str {
        let line = self.stdout.lines().find_map(|line| Some(line.split_once(word)?.1));
        line.unwrap_or_else(|| panic!("{word} is not in {}\n{}", self.stdout, self.said))
    }
}

/// The path of the fixture.
pub(crate) fn fixture() -> String {
    env::var("CARGO_BIN_EXE_contract-fixture-solution").expect("cargo test says where it is")
}
