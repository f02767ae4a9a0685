use std::{process::ExitStatus, time::Duration};

use crate::{
    check,
    failure::{Failure, Start},
    process::describe_status,
};

/// How the subject ended.
#[derive(Debug, Clone)]
pub struct Exit {
    pub(crate) status: ExitStatus,
    pub(crate) start: Start,
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
        if self.code() != Some(0) {
            self.fail("the server to end with exit code 0", &self.describe());
        }
        self
    }

    /// Expects an exit code other than 0, and `word` in one line on stderr.
    ///
    /// A process that a signal ended has no exit code, so that is not a startup error.
    #[track_caller]
    pub fn expect_start_up_error(&self, word: &str) -> &Self {
        if self.code().is_none_or(|code| code == 0) {
            self.fail("a startup error: an exit code other than 0", &self.describe());
        }
        if !self.stderr.lines().any(|line| line.contains(word)) {
            let stderr = self.stderr.trim();
            let stderr = if stderr.is_empty() { "nothing on stderr" } else { stderr };
            let expected = format!("a line on stderr that contains {word}");
            let failure = Failure::new(&expected, stderr).show("stdout", &self.stdout);
            check::fail(failure.of(self.start.clone()));
        }
        self
    }

    /// `it ended with exit code 3`
    fn describe(&self) -> String {
        format!("it {}", describe_status(self.status))
    }

    #[track_caller]
    fn fail(&self, expected: &str, actual: &str) -> ! {
        let failure = Failure::new(expected, actual).show("stderr", &self.stderr);
        check::fail(failure.of(self.start.clone()))
    }
}
