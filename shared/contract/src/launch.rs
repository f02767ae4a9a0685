//! Starts a subject and waits until it listens or has ended.

use std::{
    env,
    ffi::OsString,
    hash::{BuildHasher, Hasher, RandomState},
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use crate::{
    Builder, Exit, check,
    failure::{Failure, Start},
    instance::{Instance, Origin},
    limits::{self, Lesson},
    machine, port,
    process::{Process, describe_status},
    subject::{self, Subject},
    wait::poll,
};

/// How many ports are tried if the one that was leased turns out to be taken.
const ATTEMPTS: u32 = 5;

/// How much longer than the limit a subject may take to listen for as long as it is busy.
const FOR_A_BUSY_SUBJECT: Duration = Duration::from_secs(60);

/// With this code a launcher says that it cannot confine the subject.
const NOT_CONFINED: i32 = 125;

/// With this code shells and launchers say that a program does not exist.
const NOT_FOUND: i32 = 127;

/// Stands before what a launcher itself says. A subject, which takes the launcher's place, cannot know it.
static MARK: LazyLock<String> =
    LazyLock::new(|| format!("{:016x}", RandomState::new().build_hasher().finish()));

/// For the subject to listen.
static START: Lesson = Lesson::new();

/// Starts the subject and waits until it accepts connections.
#[track_caller]
pub(crate) fn start(builder: &Builder) -> Arc<Instance> {
    try_start(builder).unwrap_or_else(|instance| fail(&instance, &describe_exit(&instance)))
}

/// Starts the subject and waits until it accepts connections or has ended.
#[track_caller]
pub(crate) fn start_or_exit(builder: &Builder) -> Result<Arc<Instance>, Exit> {
    try_start(builder)
        .map_err(|instance| instance.wait_for_exit(Duration::ZERO).expect("the process has ended"))
}

/// The subject once it accepts connections; as an error if it ended before that.
#[track_caller]
fn try_start(builder: &Builder) -> Result<Arc<Instance>, Arc<Instance>> {
    let subject = subject(builder);
    if let Subject::Running { address, url } = &subject {
        return Ok(shared(Instance::running(*address, url)));
    }
    let mut attempt = 1;
    loop {
        let instance = spawn(builder, &subject);
        match wait_until_ready(&instance) {
            Ready::Listening => {
                START.learn(true);
                limits::learn_start(instance.age());
                return Ok(instance);
            }
            Ready::Exited => {
                require_launch(&instance);
                if !says_port_in_use(&instance) {
                    return Err(instance);
                }
                // The port may be free again by now, so a second attempt is made in any case.
                let is_taken = port::require_free(instance.address().port()).is_err();
                if attempt >= if is_taken { ATTEMPTS } else { 2 } {
                    fail(&instance, &describe_refusal(&instance, is_taken));
                }
                attempt += 1;
                check::note("the server said that its port is in use, so it got another one");
            }
            Ready::Elsewhere(what) => fail(&instance, &describe_elsewhere(&instance, &what)),
            Ready::TimedOut => {
                START.learn(false);
                fail(&instance, &describe_silence(&instance));
            }
        }
    }
}

/// Starts a subject that has to refuse to start, and waits until it has ended. It gets as long as any
/// start, and `limit` once it listens.
#[track_caller]
pub(crate) fn start_and_wait_for_exit(builder: &Builder, limit: Duration) -> Exit {
    let subject = subject(builder);
    if matches!(subject, Subject::Running { .. }) {
        needs_process("starts a server that has to refuse to start");
    }
    // Where another program listens, it cannot be seen whether the subject does.
    let own_port = builder.port_variable(0).and_then(|port| port.parse().ok());
    let is_taken =
        own_port.is_some_and(|port| port != 0 && listens((Ipv4Addr::LOCALHOST, port).into()));
    let instance = spawn(builder, &subject);
    let longest = limits::patience(limit).max(limits::start().0);
    let began = Instant::now();
    let mut listening = None;
    poll(longest, || {
        if !is_taken && listening.is_none() && listens(instance.address()) {
            listening = Some(Instant::now());
        }
        let is_over = listening.is_some_and(|since: Instant| since.elapsed() > limit);
        is_over || instance.exit_status().is_some()
    });
    let Some(exit) = instance.wait_for_exit(Duration::ZERO) else {
        let seconds = began.elapsed().as_secs_f32();
        let actual = match listening {
            Some(_) => "it listens and accepts connections".to_owned(),
            None => format!("it still runs after {seconds:.1} s"),
        };
        let wanted = "a startup error: the process ends with an exit code other than 0";
        check::fail(Failure::new(wanted, &actual).of(instance.start().clone()));
    };
    require_launch(&instance);
    exit
}

#[track_caller]
fn subject(builder: &Builder) -> Subject {
    let subject = Subject::from_env().unwrap_or_else(|error| {
        check::fail(Failure::new("a server to judge", &error).cause(&error))
    });
    if matches!(subject, Subject::Running { .. }) && !builder.is_plain() {
        needs_process("starts the server with settings of its own");
    }
    subject
}

/// Ends a check that cannot be run with a server that runs already.
#[track_caller]
pub(crate) fn needs_process(what: &str) -> ! {
    check::not_run(&format!(
        "this check {what}; it cannot do so with a server that runs already (use --cmd instead of --url)"
    ))
}

#[track_caller]
fn spawn(builder: &Builder, subject: &Subject) -> Arc<Instance> {
    match try_spawn(builder, subject) {
        Ok(instance) => shared(instance),
        Err(NotStarted::PortTaken) => {
            check::not_run("another program listens on port 3000; stop it and run the check again")
        }
        Err(NotStarted::Nothing(why)) => check::not_run(&why),
        Err(NotStarted::Failed(error)) => {
            check::not_run(&format!("Failed to start {}: {error}", subject.name()))
        }
    }
}

enum NotStarted {
    PortTaken,
    Nothing(String),
    Failed(io::Error),
}

impl From<io::Error> for NotStarted {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::PortTaken,
            _ => Self::Failed(error),
        }
    }
}

fn try_spawn(builder: &Builder, subject: &Subject) -> Result<Instance, NotStarted> {
    let (port, fallback) = builder.lease_ports()?;
    let variable = builder.port_variable(port.number());
    let number = variable.as_ref().and_then(|port| port.parse().ok()).unwrap_or(port.number());
    let words = subject.words(variable.as_deref()).map_err(NotStarted::Nothing)?;
    let words = launched(words, builder, subject, &[port.number(), number])?;
    let mut command = subject::command(&words)
        .ok_or_else(|| NotStarted::Nothing("the launcher is empty".to_owned()))?;
    builder.prepare(&mut command, port.number())?;
    let (process, outputs) = Process::spawn(command, port, fallback)?;
    let origin = Origin {
        name: subject.name(),
        port_question: builder.port_question(),
        start: Start {
            settings: builder.settings(),
            command: builder.assignments().and_then(|settings| subject.typed(&settings)),
        },
        directory: builder.directory().to_owned(),
    };
    Ok(Instance::started(origin, number, process, outputs))
}

/// `words` after the launcher that confines the subject, if `CONTRACT_LAUNCHER` names one.
fn launched(
    words: Vec<OsString>,
    builder: &Builder,
    subject: &Subject,
    ports: &[u16],
) -> Result<Vec<OsString>, NotStarted> {
    let Ok(launcher) = env::var("CONTRACT_LAUNCHER") else { return Ok(words) };
    let launcher: Vec<String> = serde_json::from_str(&launcher).map_err(|error| {
        NotStarted::Nothing(format!("CONTRACT_LAUNCHER is not a JSON array of strings: {error}"))
    })?;
    let mut all: Vec<OsString> = launcher.into_iter().map(OsString::from).collect();
    let mut option = |name: &str, value: OsString| all.extend([name.into(), value]);
    option("--mark", MARK.clone().into());
    let mut ports = ports.to_vec();
    ports.dedup();
    for port in ports {
        option("--bind", port.to_string().into());
    }
    for port in check::stubs().into_iter().chain(services()) {
        option("--connect", port.to_string().into());
    }
    option("--write", builder.directory().into());
    for path in subject.paths() {
        option("--read", path.into());
    }
    all.push("--".into());
    all.extend(words);
    Ok(all)
}

/// The ports of services that run beside the checks.
fn services() -> impl Iterator<Item = u16> {
    let ports = env::var("CONTRACT_CONNECT").unwrap_or_default();
    let ports: Vec<_> = ports.split(',').filter_map(|port| port.trim().parse().ok()).collect();
    ports.into_iter()
}

fn shared(instance: Instance) -> Arc<Instance> {
    let instance = Arc::new(instance);
    let witness: Arc<dyn check::Witness> = Arc::clone(&instance) as _;
    check::uses(Arc::downgrade(&witness), instance.start().settings.clone());
    instance
}

enum Ready {
    Listening,
    /// Where the subject listens instead.
    Elsewhere(String),
    Exited,
    TimedOut,
}

/// A subject that is busy for longer than the limit may be one that starts slowly.
fn wait_until_ready(instance: &Instance) -> Ready {
    /// For how long a subject may listen elsewhere only.
    const ASTRAY: Duration = Duration::from_secs(2);

    let (limit, is_final) = limits::start();
    let limit = START.limit(limit);
    let fallback = instance.process().and_then(|process| process.fallback());
    let elsewhere = [
        (fallback.map(|port| (Ipv4Addr::LOCALHOST, port).into()), "on 3000"),
        (Some((Ipv6Addr::LOCALHOST, instance.address().port()).into()), "on [::1] only"),
    ];
    let mut astray = None;
    let mut ready = Ready::TimedOut;
    let mut look = || {
        if instance.exit_status().is_some() {
            ready = Ready::Exited;
        } else if listens(instance.address()) {
            ready = Ready::Listening;
        } else {
            let found = elsewhere.iter().find(|(address, _)| address.is_some_and(listens));
            match (found, astray) {
                (None, _) => astray = None,
                (Some(_), None) => astray = Some(Instant::now()),
                (Some((_, place)), Some(since)) if since.elapsed() > ASTRAY.min(limit) => {
                    ready = Ready::Elsewhere((*place).to_owned());
                }
                _ => {}
            }
        }
        !matches!(ready, Ready::TimedOut)
    };
    poll(limit, &mut look);
    if !is_final && !START.is_lost() {
        let deadline = Instant::now() + FOR_A_BUSY_SUBJECT;
        while !look() && Instant::now() < deadline && instance.is_busy_for(Duration::from_secs(2)) {
        }
    }
    ready
}

/// Whether the subject has ended because it found its port, or another one, in use.
fn says_port_in_use(instance: &Instance) -> bool {
    instance.wait_for_output();
    let said = (instance.stderr().text() + &instance.stdout().text()).to_lowercase();
    ["in use", "eaddrinuse", "errno 98", "errno 48", "10048"].iter().any(|sign| said.contains(sign))
}

/// Ends the check as not run if the launcher could not start the subject.
#[track_caller]
fn require_launch(instance: &Instance) {
    let code = instance.exit_status().and_then(|status| status.code());
    if !matches!(code, Some(NOT_CONFINED | NOT_FOUND)) {
        return;
    }
    instance.wait_for_output();
    let stderr = instance.stderr().text();
    let is_launched = env::var_os("CONTRACT_LAUNCHER").is_some();
    let said = |line: &str| Some(format!("xtask:{}", line.strip_prefix(&format!("{}:", *MARK))?));
    let launcher = stderr.lines().filter(|_| is_launched).find_map(said);
    let says_so = |line: &&str| line.contains("not found") || line.contains("No such file");
    // A program is started without a shell.
    let has_shell = code == Some(NOT_FOUND) && env::var_os("CONTRACT_CMD").is_some();
    let shell = stderr.lines().find(says_so).filter(|_| has_shell);
    if let Some(line) = launcher.or(shell.map(str::to_owned)) {
        check::not_run(line.trim());
    }
}

#[track_caller]
fn fail(instance: &Instance, cause: &str) -> ! {
    instance.wait_for_output();
    check::fail(Failure::new(&format!("{} to listen on PORT", instance.name()), cause).cause(cause))
}

fn describe_exit(instance: &Instance) -> String {
    let status = instance.exit_status().map_or("ended".to_owned(), describe_status);
    format!("{} {status} before it listened", instance.name())
}

fn describe_refusal(instance: &Instance, is_taken: bool) -> String {
    let what = describe_exit(instance);
    if is_taken {
        return format!("{what}: another program uses its port");
    }
    format!("{what}: it found a port in use that is not its PORT; {}", instance.port_question())
}

fn describe_elsewhere(instance: &Instance, place: &str) -> String {
    let (name, question) = (instance.name(), instance.port_question());
    match place {
        "on 3000" => format!("{name} listens on 3000, which is not its PORT: {question}"),
        place => format!("{name} listens {place}, and HOST is 127.0.0.1 by default"),
    }
}

fn describe_silence(instance: &Instance) -> String {
    let (name, question) = (instance.name(), instance.port_question());
    let group = instance.process().map(|process| process.group());
    let ports = group.map(machine::listening_addresses).unwrap_or_default();
    let ports: Vec<_> = ports.iter().map(|address| readable(*address)).collect();
    match ports.is_empty() {
        true => format!("{name} runs, but does not listen on PORT: {question}"),
        false => {
            format!("{name} listens on {}, which is not its PORT: {question}", ports.join(", "))
        }
    }
}

fn readable(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(_) => address.port().to_string(),
        IpAddr::V6(_) => address.to_string(),
    }
}

/// Whether a program accepts connections at `address`.
pub(crate) fn listens(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}
