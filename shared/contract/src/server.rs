use std::{
    env, fs,
    io::{self, Read},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use process_wrap::std::{ChildWrapper, CommandWrap};
use tempfile::TempDir;

use crate::{
    Connection, Exit, Request, Response, TransportError, WebSocket,
    failure::{self, Failure},
    guard, memory,
    output::Output,
    patience::Patience,
    port::{self, Port},
    report,
    subject::Subject,
};

/// Variables that change what a server of the questions does or says. The person who runs the
/// checks may have set them for something else, so a subject gets them from its check or not at
/// all. Everything else is passed on, because a command in any language may need it.
const CLEARED: &[&str] = &[
    "API_KEY",
    "APP_ENV",
    "BCRYPT_COST",
    "CACHE_MAX_ENTRIES",
    "CACHE_TTL_MS",
    "COOKIE_SECRET",
    "DATA_FILE",
    "HOST",
    "JWT_SECRET",
    "LOG_FILE",
    "PORT",
    "RATE_LIMIT_MAX",
    "RATE_LIMIT_WINDOW_MS",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "SESSION_SECRET",
    "SESSION_TTL_MS",
    "SLOW_MS",
    "UPLOAD_DIR",
    "WORKERS",
];

/// How many ports are tried if the one that was leased turns out to be taken.
const ATTEMPTS: u32 = 5;

/// The server under judgement: a fresh process with a working directory and a port of its own.
///
/// It ends with its process group when this is dropped, also when the check panics; on Unix also when
/// the checks are interrupted or killed.
///
/// `CONTRACT_CMD` names it as a command line: words with quotes as in a shell, perhaps after
/// assignments (`NODE_ENV=test node server.js`). Words that name files become absolute, because the
/// working directory is that of the check. A line that needs a shell (`&&`, `|`, `$HOME`) goes to one
/// and runs where it was given; let it `exec` the server, so that signals reach it and its exit code
/// is seen.
pub struct Server {
    inner: Arc<Inner>,
    builder: Builder,
}

/// What a server is started with, beside `PORT`.
#[derive(Clone)]
#[must_use = "nothing starts until one of the start methods is called"]
pub struct Builder {
    variables: Vec<(String, String)>,
    /// The working directory, kept over restarts.
    directory: Arc<TempDir>,
    port_source: PortSource,
}

/// Where the subject finds the port on which it has to listen.
#[derive(Clone)]
enum PortSource {
    /// In the variable `PORT`.
    Variable,
    /// In a file of the working directory; `PORT` stays unset.
    File { name: String, contents: fn(u16) -> String },
    /// Nowhere: `PORT` stays unset, and 3000 it is.
    Default,
}

impl PortSource {
    /// What to ask of a subject that listens elsewhere.
    fn question(&self) -> String {
        match self {
            Self::Variable => "does it read PORT from the environment?".to_owned(),
            Self::File { name, .. } => format!("does it read {name} in its working directory?"),
            Self::Default => "does it listen on 3000 if PORT is not set?".to_owned(),
        }
    }
}

pub(crate) struct Inner {
    address: SocketAddr,
    /// For the header `Host`.
    host: String,
    /// For commands that people are to try.
    public_url: String,
    name: String,
    process: Option<Mutex<Process>>,
    port_question: String,
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
    /// Each request so far and its outcome: `POST /todos`, `201`.
    trail: Mutex<Vec<(String, String)>>,
}

struct Process {
    child: Box<dyn ChildWrapper>,
    group: u32,
    /// Set once it has ended.
    status: Option<ExitStatus>,
    /// When it was started or sent the last signal.
    since: Instant,
    port: Option<Port>,
    /// Where the subject listens if it does not find its port. Absent if another program does.
    fallback: Option<Port>,
}

impl Server {
    /// Starts the subject with nothing but `PORT` set, and waits until it accepts connections.
    ///
    /// # Panics
    ///
    /// Fails the check if the subject exits, or does not listen within 10 s
    /// (`CONTRACT_START_TIMEOUT_MS`; 1 s once another check has waited in vain and none has seen it
    /// listen).
    #[track_caller]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// Says what the subject is to be started with.
    pub fn builder() -> Builder {
        let directory = TempDir::with_prefix_in("contract-", guard::folder())
            .expect("the system has a temporary folder");
        let directory = Arc::new(directory);
        Builder { variables: Vec::new(), directory, port_source: PortSource::Variable }
    }

    /// A `GET` request; `target` is sent as it is.
    pub fn get(&self, target: impl AsRef<[u8]>) -> Request {
        self.request("GET", target)
    }

    /// A `POST` request.
    pub fn post(&self, target: impl AsRef<[u8]>) -> Request {
        self.request("POST", target)
    }

    /// A `PUT` request.
    pub fn put(&self, target: impl AsRef<[u8]>) -> Request {
        self.request("PUT", target)
    }

    /// A `DELETE` request.
    pub fn delete(&self, target: impl AsRef<[u8]>) -> Request {
        self.request("DELETE", target)
    }

    /// A request with any method, legal or not.
    pub fn request(&self, method: &str, target: impl AsRef<[u8]>) -> Request {
        Request::new(Arc::clone(&self.inner), method, target.as_ref())
    }

    /// Sends `requests` at the same moment, each on a connection of its own, and returns the
    /// answers in the order of the requests.
    ///
    /// # Panics
    ///
    /// Fails the check if one of them gets no complete answer.
    #[track_caller]
    pub fn burst(&self, requests: Vec<Request>) -> Vec<Response> {
        let answers = self.try_burst(&requests);
        (requests.iter().zip(answers))
            .map(|(request, answer)| answer.unwrap_or_else(|error| request.fail(&error)))
            .collect()
    }

    fn try_burst(&self, requests: &[Request]) -> Vec<Result<Response, TransportError>> {
        let released = Barrier::new(requests.len());
        thread::scope(|scope| {
            let senders: Vec<_> = (requests.iter())
                .map(|request| {
                    let released = &released;
                    scope.spawn(move || {
                        let connection = request.connect();
                        released.wait();
                        connection.and_then(|mut connection| connection.exchange(request))
                    })
                })
                .collect();
            let answers: Vec<_> = (senders.into_iter())
                .map(|sender| sender.join().expect("sending does not panic"))
                .collect();
            for (request, answer) in requests.iter().zip(&answers) {
                self.inner.record(request, answer.as_ref().ok().map(Response::status));
            }
            answers
        })
    }

    /// A connection for several requests, raw bytes, or both.
    ///
    /// # Panics
    ///
    /// Fails the check if it is refused.
    #[track_caller]
    pub fn connect(&self) -> Connection {
        Connection::open_to(self.inner.address, None, self.inner.timeout()).unwrap_or_else(
            |error| failure::fail(Failure::new("a connection", &self.inner.explain(&error))),
        )
    }

    /// Opens a WebSocket at `target`.
    ///
    /// # Panics
    ///
    /// Fails the check if the handshake does.
    #[track_caller]
    pub fn websocket(&self, target: &str) -> WebSocket {
        WebSocket::open(&self.get(target))
    }

    /// The port on which the subject listens.
    pub fn port(&self) -> u16 {
        self.inner.address.port()
    }

    /// The working directory of the subject.
    pub fn directory(&self) -> &Path {
        self.builder.directory()
    }

    /// What the subject has written to stdout so far.
    pub fn stdout(&self) -> String {
        self.own_process().map(|_| self.inner.stdout.text()).unwrap_or_default()
    }

    /// What the subject has written to stderr so far.
    pub fn stderr(&self) -> String {
        self.own_process().map(|_| self.inner.stderr.text()).unwrap_or_default()
    }

    /// Waits until `wanted` holds for what the subject has written to stdout, and returns that.
    ///
    /// # Panics
    ///
    /// Fails the check if that has not happened within 5 s (1 s once another check has waited in
    /// vain for what the subject writes, and none has seen it); `what` says what was awaited.
    #[track_caller]
    pub fn wait_for_stdout(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.wait_for(&self.inner.stdout, "stdout", what, wanted)
    }

    /// As [`wait_for_stdout`](Self::wait_for_stdout), for stderr.
    #[track_caller]
    pub fn wait_for_stderr(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.wait_for(&self.inner.stderr, "stderr", what, wanted)
    }

    /// As [`wait_for_stdout`](Self::wait_for_stdout), for what is in the file `name` of the working
    /// directory. A file that is not there is empty; what is not UTF-8 is replaced.
    #[track_caller]
    pub fn wait_for_file(&self, name: &str, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        drop(self.require_process("reads a file that the server writes"));
        let path = self.directory().join(name);
        let mut text = String::new();
        let mut holds = false;
        poll(WRITING.limit(WRITING_LIMIT), || {
            text = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
            holds = wanted(&text);
            holds
        });
        WRITING.learn(holds);
        if !holds {
            fail_awaited(&format!("in {name}: {what}"), &text, &format!("nothing in {name}"));
        }
        text
    }

    #[track_caller]
    fn wait_for(
        &self,
        output: &Output,
        name: &str,
        what: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> String {
        drop(self.require_process("reads what the server writes"));
        let awaited = output.wait_until(WRITING.limit(WRITING_LIMIT), wanted);
        WRITING.learn(awaited.is_ok());
        awaited.unwrap_or_else(|text| {
            fail_awaited(&format!("on {name}: {what}"), &text, &format!("nothing on {name}"))
        })
    }

    /// Memory in use now, in bytes, over all processes of the subject; `None`, with a note in the
    /// report, where it cannot be measured (it is read from /proc on Linux).
    pub fn resident_memory(&self) -> Option<u64> {
        self.memory("VmRSS")
    }

    /// The most memory that was in use at any time, in bytes; `None` as for
    /// [`resident_memory`](Self::resident_memory).
    pub fn peak_memory(&self) -> Option<u64> {
        self.memory("VmHWM")
    }

    /// Whether the subject comes to rest within `limit`: whether there is a second in which all its
    /// processes use less than a fiftieth of one core. `None`, with a note in the report, where that
    /// cannot be measured (it is read from /proc on Linux).
    pub fn rests_within(&self, limit: Duration) -> Option<bool> {
        let group = self.require_process("measures the processor time of the server").group;
        let deadline = Instant::now() + limit;
        let mut used = memory::processor_time_of_group(group);
        if used.is_none() {
            report::note("processor time was not measured on this platform");
        }
        loop {
            let (before, since) = (used?, Instant::now());
            poll(Duration::from_secs(1), || false);
            used = memory::processor_time_of_group(group);
            if used?.saturating_sub(before) < since.elapsed() / 50 {
                return Some(true);
            }
            if Instant::now() > deadline {
                return Some(false);
            }
        }
    }

    #[track_caller]
    fn memory(&self, field: &str) -> Option<u64> {
        let process = self.require_process("measures the memory of the server");
        let bytes = memory::of_group(process.group, field);
        drop(process);
        if bytes.is_none() {
            report::note("memory was not measured on this platform");
        }
        bytes
    }

    /// Asks the subject to end (SIGTERM) and waits for that; on Windows the check is not judged.
    ///
    /// # Panics
    ///
    /// Fails the check if the subject still runs after `limit`.
    #[track_caller]
    pub fn terminate(&self, limit: Duration) -> Exit {
        self.signal(15, "SIGTERM", limit)
    }

    /// Interrupts the subject as Ctrl-C does (SIGINT); otherwise as [`terminate`](Self::terminate).
    #[track_caller]
    pub fn interrupt(&self, limit: Duration) -> Exit {
        self.signal(2, "SIGINT", limit)
    }

    /// Sends SIGTERM and returns at once, for checks that look at what happens meanwhile.
    #[track_caller]
    pub fn begin_termination(&self) {
        self.send_signal(15, "SIGTERM");
    }

    /// As [`begin_termination`](Self::begin_termination), with SIGINT.
    #[track_caller]
    pub fn begin_interruption(&self) {
        self.send_signal(2, "SIGINT");
    }

    /// Waits until the subject has ended by itself.
    ///
    /// # Panics
    ///
    /// Fails the check if it still runs after `limit`.
    #[track_caller]
    pub fn wait_for_exit(&self, limit: Duration) -> Exit {
        drop(self.require_process("waits for the server to end"));
        self.inner.wait_for_exit(limit).unwrap_or_else(|| {
            let limit = limit.as_secs_f32();
            failure::fail(Failure::new(
                &format!("the server to end within {limit} s"),
                "it still runs",
            ))
        })
    }

    /// Ends the subject without warning (SIGKILL) and starts it again with the same settings and
    /// the same working directory.
    #[track_caller]
    pub fn restart(self) -> Self {
        drop(self.require_process("restarts the server"));
        let builder = self.builder.clone();
        drop(self);
        builder.start()
    }

    /// Whether the subject refuses connections within `limit`, or has ended by then.
    pub(crate) fn stops_listening_within(&self, limit: Duration) -> bool {
        let mut has_stopped = false;
        poll(limit, || {
            has_stopped = self.inner.exit_status().is_some() || !listens(self.inner.address);
            has_stopped
        });
        has_stopped
    }

    #[track_caller]
    fn signal(&self, number: i32, name: &str, limit: Duration) -> Exit {
        self.send_signal(number, name);
        self.wait_for_exit(limit)
    }

    #[track_caller]
    fn send_signal(&self, number: i32, name: &str) {
        let mut process = self.require_process(&format!("sends {name} to the server"));
        if cfg!(not(unix)) {
            failure::not_judged(&format!("there is no {name} on this platform"));
        }
        // One that has ended already cannot be reached, and how it ended is for the check to say.
        if process.try_wait().is_some() {
            return;
        }
        process.since = Instant::now();
        #[cfg(unix)]
        if let Err(error) = process.child.signal(number) {
            failure::fail(Failure::new(&format!("{name} to reach the server"), &error.to_string()));
        }
        let _ = number;
    }

    fn own_process(&self) -> Option<MutexGuard<'_, Process>> {
        self.inner.process()
    }

    #[track_caller]
    fn require_process(&self, what: &str) -> MutexGuard<'_, Process> {
        self.own_process().unwrap_or_else(|| needs_process(what))
    }
}

/// Also while requests to it are still around.
impl Drop for Server {
    fn drop(&mut self) {
        self.inner.end();
    }
}

/// Fails the check with the last lines of what there was, or with `nothing`.
#[track_caller]
fn fail_awaited(what: &str, text: &str, nothing: &str) -> ! {
    let tail: Vec<_> = text.lines().rev().take(3).collect();
    let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
    failure::fail(Failure::new(what, if tail.is_empty() { nothing } else { &tail }))
}

#[track_caller]
fn needs_process(what: &str) -> ! {
    failure::not_judged(&format!(
        "this check {what}; it cannot do so with a server that runs already (use --cmd instead of --url)"
    ))
}

impl Builder {
    /// Sets an environment variable. `PORT` may be set too, and then nothing else is chosen.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves `PORT` unset, so that the subject has to listen on 3000. Not judged if another program
    /// does.
    pub fn on_default_port(mut self) -> Self {
        self.port_source = PortSource::Default;
        self
    }

    /// Leaves `PORT` unset and puts the port into a file of the working directory instead, as
    /// `contents` writes it. [`Server::port`] tells which port that was.
    pub fn port_in_file(mut self, name: &str, contents: fn(u16) -> String) -> Self {
        self.port_source = PortSource::File { name: name.to_owned(), contents };
        self
    }

    /// Puts a file into the working directory, in a folder if `name` has one.
    pub fn file(self, name: &str, contents: impl AsRef<[u8]>) -> Self {
        let path = self.directory.path().join(name);
        (path.parent().map_or(Ok(()), fs::create_dir_all))
            .and_then(|()| fs::write(&path, contents))
            .expect("the working directory can be written to");
        self
    }

    /// The working directory of the subject.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Starts the subject and waits until it accepts connections.
    ///
    /// # Panics
    ///
    /// As [`Server::start`].
    #[track_caller]
    pub fn start(self) -> Server {
        report::begin();
        let subject = self.subject();
        match &subject {
            Subject::Running { address, url } => self.server(Inner::running(*address, url)),
            Subject::Program { .. } => self.start_process(&subject),
        }
    }

    /// Starts a subject that is to refuse to start, and waits until it has ended.
    ///
    /// # Panics
    ///
    /// Fails the check if it still runs after `limit`.
    #[track_caller]
    pub fn start_and_wait_for_exit(self, limit: Duration) -> Exit {
        report::begin();
        let subject = self.subject();
        if matches!(subject, Subject::Running { .. }) {
            needs_process("starts a server that is to refuse to start");
        }
        let server = self.spawn(&subject);
        server.inner.wait_for_exit(limit).unwrap_or_else(|| {
            failure::fail(Failure::new(
                "a start-up error: the process to end with an exit code other than 0",
                &format!("it still runs after {} s", limit.as_secs_f32()),
            ))
        })
    }

    fn server(&self, inner: Inner) -> Server {
        let inner = Arc::new(inner);
        report::uses(Arc::downgrade(&inner));
        Server { inner, builder: self.clone() }
    }

    #[track_caller]
    fn subject(&self) -> Subject {
        let subject = Subject::from_env().unwrap_or_else(|error| {
            failure::fail(Failure::new("something to judge", &error).cause(&error))
        });
        let has_settings = !self.variables.is_empty()
            || !matches!(self.port_source, PortSource::Variable)
            || fs::read_dir(self.directory.path()).is_ok_and(|mut files| files.next().is_some());
        if has_settings && matches!(subject, Subject::Running { .. }) {
            needs_process("starts the server with settings of its own");
        }
        subject
    }

    #[track_caller]
    fn start_process(&self, subject: &Subject) -> Server {
        let limit = START.limit(milliseconds("CONTRACT_START_TIMEOUT_MS", 10_000));
        let mut attempt = 1;
        loop {
            let server = self.spawn(subject);
            let inner = &server.inner;
            match inner.wait_until_ready(limit) {
                Ready::Listening => {
                    START.learn(true);
                    return server;
                }
                Ready::Exited if attempt < ATTEMPTS && inner.says_port_in_use() => {
                    attempt += 1;
                    let port = server.port();
                    report::note(&format!("port {port} was taken, so another one was tried"));
                }
                Ready::Exited => inner.fail_start(&inner.describe_exit()),
                Ready::Elsewhere => inner.fail_start(&inner.describe_fallback()),
                Ready::TimedOut => inner.fail_start(&inner.describe_silence()),
            }
        }
    }

    #[track_caller]
    fn spawn(&self, subject: &Subject) -> Server {
        match self.try_spawn(subject) {
            Ok(inner) => self.server(inner),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                failure::not_judged("another program listens on port 3000")
            }
            Err(error) => cannot_run(subject, &error),
        }
    }

    fn try_spawn(&self, subject: &Subject) -> io::Result<Inner> {
        let (port, fallback) = match self.port_source {
            PortSource::Variable => (Port::lease()?, None),
            PortSource::File { .. } => (Port::lease()?, Port::lease_default().ok()),
            PortSource::Default => (Port::lease_default()?, None),
        };
        let mut command = subject.command().ok_or_else(|| io::Error::other("it runs already"))?;
        for name in CLEARED {
            command.env_remove(name);
        }
        for (name, _) in env::vars_os().filter(|(name, _)| is_of_the_kit(name.to_str())) {
            command.env_remove(name);
        }
        match &self.port_source {
            PortSource::Variable => {
                command.env("PORT", port.number().to_string());
            }
            PortSource::File { name, contents } => {
                fs::write(self.directory.path().join(name), contents(port.number()))?;
            }
            PortSource::Default => {}
        }
        command
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());

        let mut wrapped = CommandWrap::from(command);
        #[cfg(unix)]
        wrapped.wrap(process_wrap::std::ProcessGroup::leader());
        #[cfg(windows)]
        wrapped.wrap(process_wrap::std::JobObject);
        let spawning = port::while_spawning();
        let mut child = wrapped.spawn()?;
        drop(spawning);
        let group = child.id();
        guard::watch(group);

        let (stdout, stderr) = (Output::default(), Output::default());
        follow(&stdout, child.stdout().take());
        follow(&stderr, child.stderr().take());
        let own_port = self.variables.iter().rev().find(|(name, _)| name == "PORT");
        let number = own_port.and_then(|(_, port)| port.parse().ok()).unwrap_or(port.number());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, number));
        let (status, since, port) = (None, Instant::now(), Some(port));
        let process = Process { child, group, status, since, port, fallback };
        Ok(Inner {
            address,
            host: address.to_string(),
            public_url: "http://127.0.0.1:3000".to_owned(),
            name: subject.name(),
            process: Some(Mutex::new(process)),
            port_question: self.port_source.question(),
            stdout,
            stderr,
            trail: Mutex::default(),
        })
    }
}

fn is_of_the_kit(name: Option<&str>) -> bool {
    name.is_some_and(|name| name.starts_with("CONTRACT_") || name.starts_with("CARGO_BIN_EXE_"))
}

fn follow(output: &Output, pipe: Option<impl Read + Send + 'static>) {
    match pipe {
        Some(pipe) => drop(output.follow(pipe)),
        None => drop(output.follow(io::empty())),
    }
}

#[track_caller]
fn cannot_run(subject: &Subject, error: &io::Error) -> ! {
    let cause = format!("{} cannot be run: {error}", subject.name());
    failure::fail(Failure::new("a server that starts", &cause).cause(&cause))
}

/// For the subject to listen.
static START: Patience = Patience::new();

/// For it to write what is awaited.
static WRITING: Patience = Patience::new();

const WRITING_LIMIT: Duration = Duration::from_secs(5);

pub(crate) fn milliseconds(variable: &str, default: u64) -> Duration {
    let value = env::var(variable).ok().and_then(|value| value.parse().ok());
    Duration::from_millis(value.unwrap_or(default))
}

fn listens(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}

enum Ready {
    Listening,
    /// On the port that it falls back to.
    Elsewhere,
    Exited,
    TimedOut,
}

impl Inner {
    fn running(address: SocketAddr, url: &str) -> Self {
        Self {
            address,
            host: url.trim_start_matches("http://").to_owned(),
            public_url: url.to_owned(),
            name: url.to_owned(),
            process: None,
            port_question: String::new(),
            stdout: Output::default(),
            stderr: Output::default(),
            trail: Mutex::default(),
        }
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

    pub(crate) fn trail(&self) -> Vec<(String, String)> {
        self.trail.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn record(&self, request: &Request, status: Option<u16>) {
        let outcome = status.map_or("no answer".to_owned(), |status| status.to_string());
        self.record_as(request, &outcome);
    }

    pub(crate) fn record_as(&self, request: &Request, outcome: &str) {
        let entry = (request.line(), outcome.to_owned());
        self.trail.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// A transport error in terms of what the subject did.
    pub(crate) fn explain(&self, error: &TransportError) -> String {
        // The connection ends a little before the process does, and before the last words of a
        // handler that panicked have been read.
        if matches!(error, TransportError::Closed { .. } | TransportError::Refused) {
            poll(Duration::from_millis(200), || {
                self.exit_status().is_some() || self.stderr.text().contains("panicked")
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

    fn process(&self) -> Option<MutexGuard<'_, Process>> {
        let process = self.process.as_ref()?;
        Some(process.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn exit_status(&self) -> Option<ExitStatus> {
        self.process()?.try_wait()
    }

    fn end(&self) {
        if let Some(mut process) = self.process() {
            process.end();
        }
    }

    fn wait_until_ready(&self, limit: Duration) -> Ready {
        let fallback = self.process().and_then(|process| Some(process.fallback.as_ref()?.number()));
        let fallback = fallback.map(|port| (Ipv4Addr::LOCALHOST, port).into());
        let mut ready = Ready::TimedOut;
        poll(limit, || {
            if self.exit_status().is_some() {
                ready = Ready::Exited;
            } else if listens(self.address) {
                ready = Ready::Listening;
            } else if fallback.is_some_and(listens) {
                ready = Ready::Elsewhere;
            }
            !matches!(ready, Ready::TimedOut)
        });
        ready
    }

    fn wait_for_exit(&self, limit: Duration) -> Option<Exit> {
        let mut status = None;
        poll(limit, || {
            status = self.exit_status();
            status.is_some()
        });
        let status = status?;
        let took = self.process()?.since.elapsed();
        for output in [&self.stdout, &self.stderr] {
            output.wait_for_end(Duration::from_secs(1));
        }
        Some(Exit { status, stdout: self.stdout.text(), stderr: self.stderr.text(), took })
    }

    fn says_port_in_use(&self) -> bool {
        self.stderr.wait_for_end(Duration::from_secs(1));
        let said = self.stderr.text().to_lowercase();
        ["in use", "eaddrinuse", "errno 98", "errno 48", "10048"]
            .iter()
            .any(|sign| said.contains(sign))
    }

    #[track_caller]
    fn fail_start(&self, cause: &str) -> ! {
        self.stderr.wait_for_end(Duration::from_millis(200));
        failure::fail(Failure::new(&format!("{} to listen on PORT", self.name), cause).cause(cause))
    }

    fn describe_exit(&self) -> String {
        let status = self.exit_status().map_or("no status".to_owned(), describe_status);
        format!("{} ended with {status} before it listened", self.name)
    }

    fn describe_fallback(&self) -> String {
        format!("{} listens on 3000, which is not its PORT: {}", self.name, self.port_question)
    }

    fn describe_silence(&self) -> String {
        START.learn(false);
        let elsewhere = SocketAddr::from((Ipv6Addr::LOCALHOST, self.address.port()));
        let hint = match TcpStream::connect(elsewhere) {
            Ok(_) => "it listens on [::1] only; HOST is 127.0.0.1 by default",
            Err(_) => &self.port_question,
        };
        format!("{} runs, but does not listen on PORT: {hint}", self.name)
    }
}

impl Process {
    /// How it has ended, if it has. Then what it has started ends too, because from there on the
    /// number of its group may be given to others.
    fn try_wait(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
            if self.status.is_some() {
                self.kill();
            }
        }
        self.status
    }

    fn end(&mut self) {
        if self.try_wait().is_none() {
            self.kill();
            self.status = self.child.wait().ok();
        }
        (self.port, self.fallback) = (None, None);
    }

    fn kill(&mut self) {
        let _ = self.child.start_kill();
        guard::forget(self.group);
    }
}

fn describe_status(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    }
}

/// Asks until it is so, or until `limit` has passed. The pauses grow from 0.2 to 10 ms.
fn poll(limit: Duration, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_micros(200);
    while !done() && Instant::now() < deadline {
        thread::park_timeout(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}
