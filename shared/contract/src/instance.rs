//! A subject that is asked: where it is, what it has said, and how it fares.

use std::{
    env,
    net::{Ipv4Addr, SocketAddr},
    process::ExitStatus,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    Exit, TransportError,
    check::Witness,
    failure::Evidence,
    output::Output,
    process::{Outputs, Process, describe_status},
    wait::poll,
};

pub(crate) struct Instance {
    address: SocketAddr,
    /// For the header `Host`.
    host: String,
    /// For commands that people are to try.
    public_url: String,
    name: String,
    process: Option<Mutex<Process>>,
    port_question: String,
    outputs: Outputs,
    /// Each request so far and its outcome: `POST /todos`, `201`.
    trail: Mutex<Vec<(String, String)>>,
}

impl Instance {
    pub(crate) fn running(address: SocketAddr, url: &str) -> Self {
        Self {
            address,
            host: url.trim_start_matches("http://").to_owned(),
            public_url: url.to_owned(),
            name: url.to_owned(),
            process: None,
            port_question: String::new(),
            outputs: Outputs::default(),
            trail: Mutex::default(),
        }
    }

    /// The subject as a process that was started for a check.
    pub(crate) fn started(
        name: String,
        port: u16,
        port_question: String,
        process: Process,
        outputs: Outputs,
    ) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            address,
            host: address.to_string(),
            public_url: "http://127.0.0.1:3000".to_owned(),
            name,
            process: Some(Mutex::new(process)),
            port_question,
            outputs,
            trail: Mutex::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What to ask of a subject that does not listen on its port.
    pub(crate) fn port_question(&self) -> &str {
        &self.port_question
    }

    pub(crate) fn stdout(&self) -> &Output {
        &self.outputs.stdout
    }

    pub(crate) fn stderr(&self) -> &Output {
        &self.outputs.stderr
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn public_url(&self) -> &str {
        &self.public_url
    }

    pub(crate) fn timeout(&self) -> Duration {
        milliseconds("CONTRACT_TIMEOUT_MS", 10_000)
    }

    /// Remembers a request line and its outcome for reports.
    pub(crate) fn record(&self, request: String, outcome: String) {
        self.trail.lock().unwrap_or_else(PoisonError::into_inner).push((request, outcome));
    }

    /// A transport error in terms of what the subject did.
    pub(crate) fn explain(&self, error: &TransportError) -> String {
        // The connection ends a little before the process does, and before the last words of a
        // handler that panicked have been read.
        if matches!(error, TransportError::Closed { .. } | TransportError::Refused) {
            poll(Duration::from_millis(200), || {
                self.exit_status().is_some() || self.stderr().text().contains("panicked")
            });
        }
        match self.exit_status() {
            Some(status) => format!("{} has ended with {}", self.name, describe_status(status)),
            None if *error == TransportError::Refused && self.process.is_none() => {
                format!("nothing listens on {}", self.public_url)
            }
            None => error.to_string(),
        }
    }

    pub(crate) fn process(&self) -> Option<MutexGuard<'_, Process>> {
        let process = self.process.as_ref()?;
        Some(process.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn exit_status(&self) -> Option<ExitStatus> {
        self.process()?.try_wait()
    }

    pub(crate) fn end(&self) {
        if let Some(mut process) = self.process() {
            process.end();
        }
    }

    pub(crate) fn wait_for_exit(&self, limit: Duration) -> Option<Exit> {
        let mut status = None;
        poll(limit, || {
            status = self.exit_status();
            status.is_some()
        });
        let status = status?;
        let took = self.process()?.since().elapsed();
        for output in [self.stdout(), self.stderr()] {
            output.wait_for_end(Duration::from_secs(1));
        }
        Some(Exit { status, stdout: self.stdout().text(), stderr: self.stderr().text(), took })
    }
}

impl Witness for Instance {
    fn evidence(&self) -> Evidence {
        Evidence {
            requests: self.trail.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            stderr: self.stderr().text(),
        }
    }
}

/// The value of `variable` in milliseconds, or `default`.
pub(crate) fn milliseconds(variable: &str, default: u64) -> Duration {
    let value = env::var(variable).ok().and_then(|value| value.parse().ok());
    Duration::from_millis(value.unwrap_or(default))
}
