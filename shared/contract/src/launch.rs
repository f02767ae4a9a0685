//! Starts a subject and waits until it listens or has ended.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use crate::{
    Builder, Exit, check,
    failure::Failure,
    instance::{Instance, milliseconds},
    patience::Patience,
    process::{Process, describe_status},
    subject::Subject,
    wait::poll,
};

/// How many ports are tried if the one that was leased turns out to be taken.
const ATTEMPTS: u32 = 5;

/// For the subject to listen.
static START: Patience = Patience::new();

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
    check::begin();
    let subject = subject(builder);
    if let Subject::Running { address, url } = &subject {
        return Ok(shared(Instance::running(*address, url)));
    }
    let limit = START.limit(milliseconds("CONTRACT_START_TIMEOUT_MS", 10_000));
    let mut attempt = 1;
    loop {
        let instance = spawn(builder, &subject);
        match wait_until_ready(&instance, limit) {
            Ready::Listening => {
                START.learn(true);
                return Ok(instance);
            }
            Ready::Exited if attempt < ATTEMPTS && says_port_in_use(&instance) => {
                attempt += 1;
                let port = instance.address().port();
                check::note(&format!("port {port} was taken, so another one was tried"));
            }
            Ready::Exited => return Err(instance),
            Ready::Elsewhere => fail(&instance, &describe_fallback(&instance)),
            Ready::TimedOut => fail(&instance, &describe_silence(&instance)),
        }
    }
}

/// Starts a subject that is to refuse to start, and waits until it has ended.
#[track_caller]
pub(crate) fn start_and_wait_for_exit(builder: &Builder, limit: Duration) -> Exit {
    check::begin();
    let subject = subject(builder);
    if matches!(subject, Subject::Running { .. }) {
        needs_process("starts a server that is to refuse to start");
    }
    let instance = spawn(builder, &subject);
    let exit = instance.wait_for_exit(limit);
    instance.end();
    exit.unwrap_or_else(|| {
        check::fail(Failure::new(
            "a start-up error: the process to end with an exit code other than 0",
            &format!("it still runs after {} s", limit.as_secs_f32()),
        ))
    })
}

#[track_caller]
fn subject(builder: &Builder) -> Subject {
    let subject = Subject::from_env().unwrap_or_else(|error| {
        check::fail(Failure::new("something to judge", &error).cause(&error))
    });
    if matches!(subject, Subject::Running { .. }) && !builder.is_plain() {
        needs_process("starts the server with settings of its own");
    }
    subject
}

#[track_caller]
pub(crate) fn needs_process(what: &str) -> ! {
    check::not_judged(&format!(
        "this check {what}; it cannot do so with a server that runs already (use --cmd instead of --url)"
    ))
}

#[track_caller]
fn spawn(builder: &Builder, subject: &Subject) -> Arc<Instance> {
    match try_spawn(builder, subject) {
        Ok(instance) => shared(instance),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            check::not_judged("another program listens on port 3000")
        }
        Err(error) => {
            let cause = format!("{} cannot be run: {error}", subject.name());
            check::fail(Failure::new("a server that starts", &cause).cause(&cause))
        }
    }
}

fn try_spawn(builder: &Builder, subject: &Subject) -> io::Result<Instance> {
    let (port, fallback) = builder.lease_ports()?;
    let mut command = subject.command().ok_or_else(|| io::Error::other("it runs already"))?;
    builder.prepare(&mut command, port.number())?;
    let number = builder.port(port.number());
    let (process, outputs) = Process::spawn(command, port, fallback)?;
    Ok(Instance::started(subject.name(), number, builder.port_question(), process, outputs))
}

fn shared(instance: Instance) -> Arc<Instance> {
    let instance = Arc::new(instance);
    let witness: Arc<dyn check::Witness> = Arc::clone(&instance) as _;
    check::uses(Arc::downgrade(&witness));
    instance
}

enum Ready {
    Listening,
    /// On the port that it falls back to.
    Elsewhere,
    Exited,
    TimedOut,
}

fn wait_until_ready(instance: &Instance, limit: Duration) -> Ready {
    let fallback = instance.process().and_then(|process| process.fallback());
    let fallback = fallback.map(|port| (Ipv4Addr::LOCALHOST, port).into());
    let mut ready = Ready::TimedOut;
    poll(limit, || {
        if instance.exit_status().is_some() {
            ready = Ready::Exited;
        } else if listens(instance.address()) {
            ready = Ready::Listening;
        } else if fallback.is_some_and(listens) {
            ready = Ready::Elsewhere;
        }
        !matches!(ready, Ready::TimedOut)
    });
    ready
}

fn says_port_in_use(instance: &Instance) -> bool {
    instance.stderr().wait_for_end(Duration::from_secs(1));
    let said = instance.stderr().text().to_lowercase();
    ["in use", "eaddrinuse", "errno 98", "errno 48", "10048"].iter().any(|sign| said.contains(sign))
}

#[track_caller]
fn fail(instance: &Instance, cause: &str) -> ! {
    instance.stderr().wait_for_end(Duration::from_millis(200));
    check::fail(Failure::new(&format!("{} to listen on PORT", instance.name()), cause).cause(cause))
}

fn describe_exit(instance: &Instance) -> String {
    let status = instance.exit_status().map_or("no status".to_owned(), describe_status);
    format!("{} ended with {status} before it listened", instance.name())
}

fn describe_fallback(instance: &Instance) -> String {
    format!(
        "{} listens on 3000, which is not its PORT: {}",
        instance.name(),
        instance.port_question()
    )
}

fn describe_silence(instance: &Instance) -> String {
    START.learn(false);
    let elsewhere = SocketAddr::from((Ipv6Addr::LOCALHOST, instance.address().port()));
    let hint = match TcpStream::connect(elsewhere) {
        Ok(_) => "it listens on [::1] only; HOST is 127.0.0.1 by default",
        Err(_) => instance.port_question(),
    };
    format!("{} runs, but does not listen on PORT: {hint}", instance.name())
}

/// Whether something accepts connections at `address`.
pub(crate) fn listens(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}
