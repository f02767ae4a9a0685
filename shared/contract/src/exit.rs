use std::{process::ExitStatus, time::Duration};

use crate::{expect, expect_eq};

/// How the subject ended by itself.
#[derive(Debug, Clone)]
pub struct Exit {
    pub(crate) status: ExitStatus,
    /// What it had written to stdout.
    pub stdout: String,
    /// What it had written to stderr.
    pub stderr: String,
    /// From the last signal to its end, or from its start if there was none.
    pub took: Duration,
}

impl Exit {
    /// The exit code; `None` if a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Expects exit code 0.
    #[track_caller]
    pub fn expect_success(&self) -> &Self {
        expect_eq("exit code", self.code(), Some(0));
        self
    }

    /// Expects an exit code other than 0, and `word` in one line on stderr.
    ///
    /// A death by signal is no start-up error.
    #[track_caller]
    pub fn expect_start_up_error(&self, word: &str) -> &Self {
        let failed = self.code().is_some_and(|code| code != 0);
        expect(failed, "an exit code other than 0", self.status.to_string());
        let said = self.stderr.lines().any(|line| line.contains(word));
        expect(said, &format!("a line on stderr that says {word}"), self.stderr.trim());
        self
    }
}
