//! A running subject: its address, its output, its process, and the requests to it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitStatus,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    Exit, TransportError,
    check::Witness,
    failure::{Evidence, Start},
    machine,
    output::Output,
    process::{Outputs, Process, describe_status},
    wait::poll,
};

/// How a subject was started.
pub(crate) struct Origin {
    pub(crate) name: String,
    /// What to ask of a subject that does not listen on its port.
    pub(crate) port_question: String,
    pub(crate) start: Start,
    /// Its working directory.
    pub(crate) directory: PathBuf,
}

pub(crate) struct Instance {
    address: SocketAddr,
    /// For the header `Host`.
    host: String,
    /// For commands that people can try.
    public_url: String,
    origin: Origin,
    process: Option<Mutex<Process>>,
    started: Instant,
    outputs: Outputs,
    /// Each request so far and its outcome: `POST /todos`, `201`.
    trail: Mutex<Vec<(String, String)>>,
}

impl Instance {
    /// A server that runs already.
    pub(crate) fn running(address: SocketAddr, url: &str) -> Self {
        let origin = Origin {
            name: url.to_owned(),
            port_question: String::new(),
            start: Start::default(),
            directory: std::env::temp_dir(),
        };
        let host = url.trim_start_matches("http://").to_owned();
        Self::new(address, host, url.to_owned(), origin, None, Outputs::default())
    }

    /// The subject as a process that was started for a check.
    pub(crate) fn started(origin: Origin, port: u16, process: Process, outputs: Outputs) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let public_url = "http://127.0.0.1:3000".to_owned();
        Self::new(address, address.to_string(), public_url, origin, Some(process), outputs)
    }

    fn new(
        address: SocketAddr,
        host: String,
        public_url: String,
        origin: Origin,
        process: Option<Process>,
        outputs: Outputs,
    ) -> Self {
        let (process, started) = (process.map(Mutex::new), Instant::now());
        Self {
            address,
            host,
            public_url,
            origin,
            process,
            started,
            outputs,
            trail: Mutex::default(),
        }
    }

    /// How it was started.
    pub(crate) fn start(&self) -> &Start {
        &self.origin.start
    }

    /// The time since its start.
    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn name(&self) -> &str {
        &self.origin.name
    }

    /// What to ask of a subject that does not listen on its port.
    pub(crate) fn port_question(&self) -> &str {
        &self.origin.port_question
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

    /// Remembers a request line and its outcome for reports.
    pub(crate) fn record(&self, request: String, outcome: String) {
        self.trail.lock().unwrap_or_else(PoisonError::into_inner).push((request, outcome));
    }

    /// A transport error in terms of what the subject did.
    pub(crate) fn explain(&self, error: &TransportError) -> String {
        // The connection ends a little before the process does, and before the message of a panic has
        // been read.
        if matches!(error, TransportError::Closed { .. } | TransportError::Refused) {
            poll(Duration::from_millis(200), || {
                self.exit_status().is_some() || self.has_panicked()
            });
        }
        match self.exit_status() {
            Some(status) => format!("{} {}", self.name(), describe_status(status)),
            None if *error == TransportError::Refused && self.process.is_none() => {
                format!("nothing listens on {}", self.public_url)
            }
            None if matches!(error, TransportError::Closed { .. }) && self.has_panicked() => {
                format!("{error}; stderr says that a handler panicked")
            }
            None => error.to_string(),
        }
    }

    fn has_panicked(&self) -> bool {
        self.stderr().text().contains("panicked")
    }

    /// Whether the subject uses processor time within `span`; false where that cannot be measured.
    pub(crate) fn is_busy_for(&self, span: Duration) -> bool {
        let Some(group) = self.process().map(|process| process.group()) else { return false };
        let Some(before) = machine::processor_time(group) else { return false };
        let mut is_busy = false;
        poll(span, || {
            is_busy = machine::processor_time(group).is_some_and(|now| now > before);
            is_busy || self.exit_status().is_some()
        });
        is_busy
    }

    /// Waits a moment for the last output of a subject that has ended.
    pub(crate) fn wait_for_output(&self) {
        for output in [self.stdout(), self.stderr()] {
            output.wait_for_end(Duration::from_millis(500));
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
        Some(Exit {
            start: self.origin.start.clone(),
            status,
            stdout: self.stdout().text(),
            stderr: self.stderr().text(),
            took,
        })
    }
}

impl Witness for Instance {
    fn evidence(&self) -> Evidence {
        let stderr = self.stderr().text();
        let folder = &self.origin.directory;
        let shortage = self.process.as_ref().and_then(|_| machine::shortage(folder, &stderr));
        Evidence {
            requests: self.trail.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            start: self.origin.start.clone(),
            stdout: self.stdout().text(),
            stderr,
            shortage,
        }
    }
}
