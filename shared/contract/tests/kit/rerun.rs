//! Runs a specimen in a process of its own, against the fixture with a fault.

use std::{
    env, fs,
    process::{Command, ExitStatus},
};

use contract::Value;
use tempfile::TempDir;

/// A run of some specimens that is being put together.
pub(crate) struct Rerun {
    pub(crate) command: Command,
    folder: TempDir,
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
    let folder = TempDir::new().expect("the system has a temporary folder");
    let mut command = Command::new(env::current_exe().expect("it has a path"));
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CONTRACT_") {
            command.env_remove(name);
        }
    }
    command
        .args(["--nocapture", "--test-threads=1", "--exact"])
        .args(names.iter().map(|name| format!("specimen::{name}")))
        .env_remove("FIXTURE")
        .env_remove("RUST_BACKTRACE")
        .env("CONTRACT_REPORT", folder.path().join("report"));
    Rerun { command, folder }
}

/// Runs one specimen against the fixture with `fault`.
pub(crate) fn specimen_with(name: &str, fault: &str) -> Outcome {
    specimens(&[name]).env("FIXTURE", fault).run()
}

impl Rerun {
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn run(mut self) -> Outcome {
        let output = self.command.output().expect("the tests can be run again");
        let report = fs::read_to_string(self.folder.path().join("report")).unwrap_or_default();
        let report = report.lines().map(|line| line.parse().expect("it is JSON"));
        Outcome {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            report: report.collect(),
        }
    }
}

/// The path of the fixture.
pub(crate) fn fixture() -> String {
    env::var("CARGO_BIN_EXE_contract-fixture-solution").expect("cargo test says where it is")
}
