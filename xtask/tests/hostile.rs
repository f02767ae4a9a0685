//! Hand-ins that want a better result than they deserve, or something else of the interviewer's
//! machine, and what each of them gets. And hand-ins that look odd and are fine.
//!
//! Each test grades several folders with one command, one after the other, so that it also shows that
//! none of them harms the next.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "clippy takes only the test functions for tests")]

mod sandbox;

use std::{
    fs::{self, File},
    io::ErrorKind,
    net::{TcpListener, UdpSocket},
    os::unix::{
        fs::{PermissionsExt, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use sandbox::{
    CONTRACT, DEADLINE, Output, STARTER, Sandbox, output, processes, starter, wait_until,
};
use serde_json::Value;
use tempfile::TempDir;

/// The fixture workspace, and a desk outside it for what came back.
struct Desk {
    sandbox: Sandbox,
    outside: TempDir,
    /// In the order in which they are graded.
    names: Vec<String>,
}

impl Desk {
    fn new() -> Self {
        let outside = tempfile::tempdir().unwrap();
        fs::create_dir(outside.path().join("tmp")).unwrap();
        Self { sandbox: Sandbox::new(), outside, names: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.outside.path().join(name)
    }

    fn xtask(&self, line: &str) -> Command {
        let mut xtask = self.sandbox.xtask(line);
        xtask.env("TMPDIR", self.path("tmp"));
        xtask
    }

    /// Hands out question 1 as `name`, to be graded.
    fn hand_out(&mut self, name: &str) -> PathBuf {
        let dir = self.path(name);
        let mut handout = self.xtask("handout 1");
        handout.arg(&dir);
        output(handout).expect_code(0);
        self.names.push(name.to_owned());
        dir
    }

    /// A hand-out whose server answers with what `code`, the body of a function, returns.
    fn server(&mut self, name: &str, code: &str) -> PathBuf {
        let dir = self.hand_out(name);
        fs::write(dir.join("src/starter.rs"), server(code)).unwrap();
        dir
    }

    /// A hand-out with a right answer.
    fn right(&mut self, name: &str) -> PathBuf {
        let dir = self.hand_out(name);
        fs::write(dir.join("src/starter.rs"), starter("hello, world")).unwrap();
        dir
    }

    /// A hand-out with a right answer and a build script whose body is `code`.
    fn script(&mut self, name: &str, code: &str) -> PathBuf {
        let dir = self.right(name);
        fs::write(dir.join("build.rs"), script(code)).unwrap();
        dir
    }

    fn grade(&self, options: &str) -> (Cards, Output) {
        let mut grade = self.xtask(&format!("grade 1 {options} --json"));
        grade.args(self.names.iter().map(|name| self.path(name)));
        let output = output(grade);
        let cards = serde_json::from_str(&output.stdout);
        let cards = cards.unwrap_or_else(|_| panic!("{}\n{}", output.stdout, output.stderr));
        assert_eq!(left_in(&self.path("tmp")), [""; 0], "temporary files are left");
        (Cards { cards, names: self.names.clone() }, output)
    }

    fn card(&self, name: &str, file: &str) -> String {
        self.sandbox.read(&format!("grades/01-hello-world-{name}/{file}"))
    }
}

struct Cards {
    cards: Value,
    names: Vec<String>,
}

impl Cards {
    fn of(&self, name: &str) -> &Value {
        let at = self.names.iter().position(|other| other == name);
        &self.cards[at.unwrap_or_else(|| panic!("{name} was not graded"))]
    }

    /// Expects that it was judged, with so many of the three required checks passed.
    #[track_caller]
    fn judged(&self, name: &str, passed: u64, exit_code: u64) -> String {
        let card = self.of(name);
        assert_eq!(card["outcome"], "judged", "{name}: {card:#}");
        assert_eq!(card["required"]["passed"], passed, "{name}: {card:#}");
        assert_eq!(card["exit_code"], exit_code, "{name}: {card:#}");
        card["checks"].to_string()
    }

    #[track_caller]
    fn not_built(&self, name: &str, why: &str) {
        let card = self.of(name);
        assert_eq!(card["outcome"], "not_built", "{name}: {card:#}");
        assert_eq!(card["exit_code"], 2, "{name}: {card:#}");
        assert!(card["why"].as_str().unwrap().contains(why), "{name}: {card:#}");
    }

    /// Expects that the card names this among what to look at.
    #[track_caller]
    fn names(&self, name: &str, what: &str, which: &str) {
        let look = self.of(name)["look"].as_array().unwrap();
        let seen = look.iter().find(|seen| seen["what"] == what);
        let which_of = |seen: &Value| seen["which"].as_array().unwrap().clone();
        let names = seen.map(which_of).unwrap_or_default();
        let is_named = names.iter().any(|name| name.as_str().unwrap().contains(which));
        assert!(is_named, "{name}: no {which:?} in {what:?}: {look:#?}");
    }

    #[track_caller]
    fn names_nothing(&self, name: &str) {
        assert_eq!(self.of(name)["look"], serde_json::json!([]), "{name}");
    }
}

/// A program that answers with what `code`, the body of a function, returns.
fn server(code: &str) -> String {
    format!(
        "#![allow(unused)]\nuse std::{{env, fs, io::{{Read, Write}}, net::*, os::unix::process::parent_id, process::Command, thread, time::Duration}};\n\nfn said<T>(what: std::io::Result<T>) -> String {{\n    what.map_or_else(|error| format!(\"{{:?}}\", error.kind()), |_| \"IT WORKED\".to_owned())\n}}\n\nfn work() -> String {{\n    {code}\n}}\n\nfn main() {{\n    kit::serve(&work());\n}}\n"
    )
}

fn script(code: &str) -> String {
    format!(
        "#![allow(unused)]\nuse std::{{env, fs, process::Command}};\n\nfn main() {{\n    {code}\n}}\n"
    )
}

fn left_in(folder: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap())).collect()
}

/// No process has `part` in its command line.
#[track_caller]
fn expect_no_process(part: &str) {
    let left = processes().into_iter().find(|line| line.contains(part));
    assert_eq!(left, None);
}

struct Victim(Child);

impl Victim {
    fn new() -> Self {
        Self(Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_cannot_reach_its_judge() {
    let mut desk = Desk::new();
    let mut victim = Victim::new();
    let pid = victim.0.id();
    desk.server(
        "forger",
        r##"
        let parent = format!("/proc/{}", parent_id());
        let environment = said(fs::read(format!("{parent}/environ")));
        let mut forged = Vec::new();
        for number in 0..20 {
            for process in [parent.as_str(), "/proc/self"] {
                let channel = fs::File::options().write(true).open(format!("{process}/fd/{number}"));
                if let Ok(mut channel) = channel {
                    for check in ["a_greeting_says_hello", "a_greeting_is_lower_case"] {
                        let line = format!("{{\"check\":\"{check}\",\"outcome\":\"passed\"}}\n");
                        forged.push(channel.write_all(line.as_bytes()).is_ok());
                    }
                }
            }
        }
        let report = env::vars().any(|(name, value)| name.contains("CONTRACT") || value.contains("CONTRACT"));
        format!("environ {environment}, report named {report}")
        "##,
    );
    desk.server(
        "killer",
        &format!(
            r##"
            let kill = |pid: String| Command::new("sh").args(["-c", &format!("kill -9 {{pid}}")]).output();
            let killed = |pid: String| kill(pid).is_ok_and(|output| output.status.success());
            format!("contract {{}}, other {{}}", killed(parent_id().to_string()), killed("{pid}".into()))
            "##
        ),
    );
    desk.server(
        "peeker",
        r##"
        let parent = format!("/proc/{}", parent_id());
        let memory = said(fs::read(format!("{parent}/mem")));
        let line = said(fs::read(format!("{parent}/cmdline")));
        let others = said(fs::read_dir("/proc"));
        let folder = said(fs::read_dir(format!("{parent}/cwd/")));
        format!("memory {memory}, cmdline {line}, proc {others}, cwd {folder}")
        "##,
    );
    desk.server(
        "leaver",
        r##"
        Command::new("setsid").args(["sleep", "6131"]).spawn().unwrap();
        "hello, world".to_owned()
        "##,
    );
    desk.server(
        "multiplier",
        r##"
        let mut children = Vec::new();
        for _ in 0..600 {
            children.extend(Command::new("sleep").arg("6132").spawn());
        }
        thread::sleep(Duration::from_secs(8));
        "hello, world".to_owned()
        "##,
    );
    desk.server("crasher", "std::process::abort()");
    desk.hand_out("untouched");

    let (cards, _) = desk.grade("");

    let forger = cards.judged("forger", 1, 1);
    assert!(forger.contains("environ PermissionDenied, report named false"), "{forger}");
    let killer = cards.judged("killer", 1, 1);
    assert!(killer.contains("contract false, other false"), "{killer}");
    assert!(victim.0.try_wait().unwrap().is_none(), "it was killed");
    let peeker = cards.judged("peeker", 1, 1);
    assert!(
        peeker.contains(
            "memory PermissionDenied, cmdline PermissionDenied, proc PermissionDenied, cwd PermissionDenied"
        ),
        "{peeker}"
    );
    cards.judged("leaver", 3, 0);
    expect_no_process("sleep 6131");
    assert_eq!(cards.of("multiplier")["outcome"], "not_judged_to_the_end");
    assert!(cards.of("multiplier")["why"].as_str().unwrap().contains("too many processes"));
    expect_no_process("sleep 6132");
    assert_eq!(cards.of("crasher")["outcome"], "not_started");
    cards.judged("untouched", 1, 1);
    cards.names_nothing("untouched");
}

#[test]
fn a_server_reaches_nothing_but_its_own_files_and_ports() {
    let mut desk = Desk::new();
    let root = desk.sandbox.root().display().to_string();
    let outside = desk.outside.path().display().to_string();
    let home = std::env::home_dir().unwrap().display().to_string();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    tcp.set_nonblocking(true).unwrap();
    let port = tcp.local_addr().unwrap().port();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.set_nonblocking(true).unwrap();
    let udp_port = udp.local_addr().unwrap().port();
    let socket = UnixListener::bind(desk.path("socket")).unwrap();
    socket.set_nonblocking(true).unwrap();

    desk.server(
        "executor",
        &format!(
            r##"
            let run = said(Command::new("{root}/target/debug/q01-solution").spawn());
            format!("run {{run}}, read {{}}", said(fs::read("{root}/target/debug/q01-solution")))
            "##
        ),
    );
    desk.server(
        "reader",
        &format!(
            r##"
            let solution = said(fs::read("{root}/questions/01-hello-world/src/solution.rs"));
            let neighbor = said(fs::read("{outside}/executor/src/starter.rs"));
            let home = said(fs::read_dir("{home}"));
            let secrets = said(fs::read("/etc/shadow"));
            format!("solution {{solution}}, neighbor {{neighbor}}, home {{home}}, secrets {{secrets}}")
            "##
        ),
    );
    desk.server(
        "writer",
        &format!(
            r##"
            let places = ["{root}/written", "{outside}/executor/written", "{home}/.written-by-a-server",
                "{outside}/written", "/usr/written"];
            let tried: Vec<String> = places.iter().map(|place| said(fs::write(place, "x"))).collect();
            let own = said(fs::write("own", "x"));
            let temporary = said(fs::write(env::temp_dir().join("own"), "x"));
            format!("{{}}, own {{own}}, temporary {{temporary}}", tried.join(" "))
            "##
        ),
    );
    desk.server(
        "caller",
        &format!(
            r##"
            let bound = said(TcpListener::bind("127.0.0.1:0"));
            let called = said(TcpStream::connect("127.0.0.1:{port}"));
            let datagram = said(UdpSocket::bind("127.0.0.1:0").and_then(|it| it.send_to(b"x", "127.0.0.1:{udp_port}")));
            let socket = said(std::os::unix::net::UnixStream::connect("{outside}/socket"));
            format!("bound {{bound}}, called {{called}}, datagram {{datagram}}, socket {{socket}}")
            "##
        ),
    );
    desk.server(
        "flooder",
        r##"
        thread::spawn(|| {
            let line = vec![b'x'; 64 * 1024];
            let mut stdout = std::io::stdout();
            while stdout.write_all(&line).is_ok() {}
        });
        "hello, world".to_owned()
        "##,
    );
    desk.server(
        "filler",
        r##"
        let file = fs::File::create("large").unwrap();
        said(file.set_len(2 << 30))
        "##,
    );

    let (cards, output) = desk.grade("");

    let executor = cards.judged("executor", 1, 1);
    assert!(executor.contains("run PermissionDenied, read PermissionDenied"), "{executor}");
    let reader = cards.judged("reader", 1, 1);
    for what in ["solution", "neighbor", "home", "secrets"] {
        assert!(reader.contains(&format!("{what} PermissionDenied")), "{reader}");
    }
    let writer = cards.judged("writer", 1, 1);
    assert_eq!(writer.matches("IT WORKED").count() % 2, 0, "its own and a temporary: {writer}");
    assert!(writer.contains("PermissionDenied, own IT WORKED, temporary IT WORKED"), "{writer}");
    for place in [format!("{root}/written"), format!("{home}/.written-by-a-server")] {
        assert!(!Path::new(&place).exists(), "{place}");
    }
    assert!(!desk.path("executor/written").exists() && !desk.path("written").exists());
    let caller = cards.judged("caller", 1, 1);
    for what in ["bound", "called", "datagram", "socket"] {
        assert!(caller.contains(&format!("{what} PermissionDenied")), "{caller}");
    }
    assert_eq!(tcp.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(udp.recv(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(socket.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    cards.judged("flooder", 3, 0);
    // The limit ends it, or it goes on without the file.
    assert_ne!(cards.of("filler")["exit_code"], 0);
    assert!(!cards.of("filler").to_string().contains("IT WORKED"), "{}", cards.of("filler"));
    assert!(output.stdout.len() < 200_000, "{} bytes", output.stdout.len());
}

#[test]
fn a_build_cannot_fetch_the_answer_or_touch_the_judge() {
    let mut desk = Desk::new();
    desk.sandbox.run("check 1").expect_code(1);
    let root = desk.sandbox.root().display().to_string();
    let solution = format!("{root}/questions/01-hello-world/src/solution.rs");
    let marker = desk.path("marker").display().to_string();

    let dir = desk.hand_out("includes");
    let code = format!("const ANSWER: &str = include_str!({solution:?});\n{}", starter("bye"));
    fs::write(dir.join("src/starter.rs"), code).unwrap();
    let dir = desk.hand_out("module");
    let code = format!("#[path = {solution:?}]\nmod answer;\n{}", starter("bye"));
    fs::write(dir.join("src/starter.rs"), code).unwrap();
    let dir = desk.hand_out("link");
    fs::remove_file(dir.join("src/starter.rs")).unwrap();
    symlink(&solution, dir.join("src/starter.rs")).unwrap();
    let dir = desk.hand_out("folder-link");
    fs::remove_dir_all(dir.join("src")).unwrap();
    symlink(format!("{root}/questions/01-hello-world/src"), dir.join("src")).unwrap();
    desk.script(
        "copies",
        &format!("fs::copy({solution:?}, \"src/starter.rs\").expect(\"the solution\");"),
    );
    let poison = format!(
        r##"
        let mut open = vec![std::path::PathBuf::from("{root}/target")];
        while let Some(folder) = open.pop() {{
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {{
                let path = entry.path();
                if path.is_dir() {{ open.push(path) }} else {{ let _ = fs::write(&path, "#!/bin/sh\n"); }}
            }}
        }}
        for name in ["q01-starter", "q01-solution"] {{
            let _ = fs::write(format!("{root}/target/debug/{{name}}"), "#!/bin/sh\n");
            let _ = fs::remove_file(format!("{root}/target/debug/{{name}}"));
        }}
        let _ = fs::write("{marker}", "x");
        let _ = fs::write("{root}/progress.txt", "x");
        let null = std::process::Stdio::null;
        let mut daemon = Command::new("setsid");
        let _ = daemon.args(["sleep", "6133"]).stdin(null()).stdout(null()).stderr(null()).spawn();
        "##
    );
    desk.script("poisoner", &poison);
    let dir = desk.right("dependency");
    let manifest = fs::read_to_string(dir.join("Cargo.toml")).unwrap();
    let manifest = manifest.replace("path = \"kit\"", &format!("path = \"{root}/kit\""));
    assert!(manifest.contains(&root), "{manifest}");
    fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    let dir = desk.right("repository");
    let manifest = fs::read_to_string(dir.join("Cargo.toml")).unwrap();
    let git = format!("[dependencies]\nanswer = {{ git = \"file://{root}\" }}\n");
    fs::write(dir.join("Cargo.toml"), manifest.replace("[dependencies]\n", &git)).unwrap();
    let dir = desk.right("settings");
    fs::create_dir(dir.join(".cargo")).unwrap();
    let tool = dir.join("tool");
    fs::write(&tool, format!("#!/bin/sh\necho x > {marker}\nexec cc \"$@\"\n")).unwrap();
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    let settings = "[build]\nrustc-wrapper = \"./tool\"\n[target.'cfg(all())']\nlinker = \"./tool\"\nrunner = \"./tool\"\n[registry]\nglobal-credential-providers = [\"./tool\"]\n[alias]\nbuild = \"run\"\nfetch = \"run\"\n";
    fs::write(dir.join(".cargo/config.toml"), settings).unwrap();
    let dir = desk.right("toolchain");
    let file = "[toolchain]\npath = \"./evil\"\n";
    fs::write(dir.join("rust-toolchain.toml"), file).unwrap();
    let dir = desk.hand_out("macro");
    fs::create_dir_all(dir.join("own/src")).unwrap();
    fs::write(dir.join("own/Cargo.toml"), "[package]\nname = \"own\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\nproc-macro = true\n").unwrap();
    let macro_code = format!(
        "use proc_macro::TokenStream;\n#[proc_macro]\npub fn steal(_: TokenStream) -> TokenStream {{\n    let read = std::fs::read_to_string({solution:?}).map_or_else(|error| format!(\"{{:?}}\", error.kind()), |_| \"IT WORKED\".into());\n    println!(\"{{{{\\\"reason\\\":\\\"compiler-artifact\\\",\\\"target\\\":{{{{\\\"name\\\":\\\"q01-starter\\\",\\\"kind\\\":[\\\"bin\\\"]}}}},\\\"executable\\\":\\\"{root}/target/debug/q01-solution\\\"}}}}\");\n    format!(\"{{read:?}}\").parse().unwrap()\n}}\n"
    );
    fs::write(dir.join("own/src/lib.rs"), macro_code).unwrap();
    let manifest = fs::read_to_string(dir.join("Cargo.toml")).unwrap();
    let own = "[dependencies]\nown = { path = \"own\" }\n";
    fs::write(dir.join("Cargo.toml"), manifest.replace("[dependencies]\n", own)).unwrap();
    fs::write(dir.join("src/starter.rs"), "fn main() {\n    kit::serve(own::steal!());\n}\n")
        .unwrap();
    let dir = desk.hand_out("megabytes");
    let code = format!("compile_error!(\"{}\");\nfn main() {{}}\n", "long ".repeat(600_000));
    fs::write(dir.join("src/starter.rs"), code).unwrap();
    desk.hand_out("untouched");
    let before = fs::read(desk.sandbox.path("target/debug/q01-solution")).unwrap();

    let (cards, output) = desk.grade("");

    cards.not_built("includes", "solution.rs");
    cards.not_built("module", "solution.rs");
    cards.not_built("link", "starter.rs");
    cards.names("link", "not read", "src/starter.rs: it is a link that leads outside");
    cards.names("folder-link", "not read", "src: it is a link that leads outside");
    assert_eq!(cards.of("folder-link")["outcome"], "not_built");
    cards.not_built("copies", "the solution");
    cards.names("copies", "build scripts", "build.rs");
    cards.judged("poisoner", 3, 0);
    cards.names("poisoner", "build scripts", "build.rs");
    assert!(!Path::new(&marker).exists(), "something was written outside");
    assert_eq!(fs::read(desk.sandbox.path("target/debug/q01-solution")).unwrap(), before);
    expect_no_process("sleep 6133");
    assert_eq!(cards.of("dependency")["outcome"], "not_built");
    cards.names("dependency", "paths or sources outside the folder", "kit in Cargo.toml");
    assert_eq!(cards.of("repository")["outcome"], "not_built");
    cards.names("repository", "paths or sources outside the folder", "git file://");
    cards.judged("settings", 3, 0);
    cards.names("settings", "cargo settings", ".cargo/config.toml");
    cards.judged("toolchain", 3, 0);
    cards.names("toolchain", "toolchain files, which were ignored", "rust-toolchain.toml");
    let of_macro = cards.judged("macro", 1, 1);
    assert!(of_macro.contains("PermissionDenied"), "{of_macro}");
    cards.names("macro", "procedural macros", "own/Cargo.toml");
    assert_eq!(cards.of("megabytes")["outcome"], "not_built");
    assert!(output.stdout.len() < 200_000, "{} bytes", output.stdout.len());
    cards.judged("untouched", 1, 1);
    desk.sandbox.run("check 1").expect_code(1);
}

#[test]
fn what_no_file_leads_to_is_refused_as_well() {
    let mut desk = Desk::new();
    let outside = desk.path("outside").display().to_string();
    fs::write(&outside, "x").unwrap();
    let mode = || fs::metadata(&outside).unwrap().permissions().mode() & 0o777;
    let time = || fs::metadata(&outside).unwrap().modified().unwrap();
    let before = (mode(), time());
    // Memory, messages, semaphores, keys; and the limits of the process that started this one.
    let calls = r##"
        unsafe extern "C" {
            fn shmget(key: i32, size: usize, flags: i32) -> i32;
            fn msgget(key: i32, flags: i32) -> i32;
            fn semget(key: i32, number: i32, flags: i32) -> i32;
            fn prlimit(pid: i32, resource: i32, new: *const [u64; 2], old: *mut [u64; 2]) -> i32;
            fn setpriority(which: i32, who: u32, priority: i32) -> i32;
            fn utimes(path: *const u8, times: *const [[i64; 2]; 2]) -> i32;
            fn socket(domain: i32, kind: i32, protocol: i32) -> i32;
            fn listen(socket: i32, backlog: i32) -> i32;
        }
        let parent = std::os::unix::process::parent_id() as i32;
        let (key, new) = (0x6161, 0o1600);
        let results = unsafe {[
            shmget(key, 4096, new), msgget(key, new), semget(key, 1, new),
            prlimit(parent, 0, &[1, 1], std::ptr::null_mut()), setpriority(2, 0, 1),
        ]};
    "##;
    desk.server(
        "server",
        &format!(
            r##"{calls}
            let path = "{outside}\0".as_ptr();
            let times = unsafe {{ utimes(path, &[[1, 0], [1, 0]]) }};
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
            let mode = said(fs::set_permissions("{outside}", mode));
            format!("calls {{results:?}}, times {{times}}, mode {{mode}}")
            "##
        ),
    );
    desk.script(
        "build",
        &format!(
            r##"{calls}
            let listens = unsafe {{ listen(socket(2, 1, 0), 1) }};
            assert_eq!((results, listens), ([-1; 5], -1));
            "##
        ),
    );

    let (cards, _) = desk.grade("");

    let server = cards.judged("server", 1, 1);
    assert!(
        server.contains("calls [-1, -1, -1, -1, -1], times -1, mode PermissionDenied"),
        "{server}"
    );
    assert_eq!((mode(), time()), before);
    cards.judged("build", 3, 0);
}

#[test]
fn a_link_hides_nothing() {
    let mut desk = Desk::new();
    for (name, link, target) in
        [("script", "kit/build.rs", "../src/more.rs"), ("settings", ".cargo", "src/settings")]
    {
        let dir = desk.right(name);
        fs::create_dir(dir.join("src/settings")).unwrap();
        fs::write(dir.join("src/settings/config.toml"), "[env]\nX = \"1\"\n").unwrap();
        fs::write(dir.join("src/more.rs"), script("")).unwrap();
        symlink(target, dir.join(link)).unwrap();
    }
    let dir = desk.right("protected");
    fs::rename(dir.join("kit/src/lib.rs"), dir.join("kit/src/other.rs")).unwrap();
    symlink("other.rs", dir.join("kit/src/lib.rs")).unwrap();

    let (cards, _) = desk.grade("");

    cards.judged("script", 3, 3);
    assert_eq!(cards.of("script")["untouched"]["added"][0], "kit/build.rs");
    cards.names("script", "build scripts", "kit/build.rs");
    cards.names("script", "links within the folder", "kit/build.rs");
    cards.judged("settings", 3, 0);
    cards.names("settings", "cargo settings", ".cargo");
    cards.judged("protected", 3, 3);
    assert_eq!(cards.of("protected")["untouched"]["changed"][0], "kit/src/lib.rs");
}

#[test]
fn what_a_build_writes_is_read_and_removed_within_limits() {
    let mut desk = Desk::new();
    desk.script(
        "deep",
        r##"
        env::set_current_dir(env::var("OUT_DIR").unwrap()).unwrap();
        for _ in 0..2_000 {
            fs::create_dir("deep").unwrap();
            env::set_current_dir("deep").unwrap();
        }
        "##,
    );
    desk.script(
        "lists",
        r##"
        let list: String = (0..100_000).map(|number| format!("/srv/{number} ")).collect();
        let folder = env::var("OUT_DIR").unwrap();
        fs::write(format!("{folder}/many.d"), format!("many: {list}")).unwrap();
        fs::File::create(format!("{folder}/large.d")).unwrap().set_len(3 << 30).unwrap();
        "##,
    );
    let dir = desk.right("manifests");
    fs::create_dir(dir.join("more")).unwrap();
    fs::write(dir.join("more/Cargo.toml"), "[[a]]\n".repeat(1_000_000)).unwrap();

    let (cards, _) = desk.grade("");

    cards.judged("deep", 3, 0);
    cards.judged("lists", 3, 0);
    cards.names("lists", "sources outside the folder", "/srv/1");
    let look = cards.of("lists")["look"].as_array().unwrap();
    assert!(look.iter().all(|seen| seen["which"].as_array().unwrap().len() <= 1_000));
    cards.judged("manifests", 3, 0);
    cards.names("manifests", "manifests too long to be looked at", "more/Cargo.toml");
}

#[test]
fn a_folder_for_a_command_is_never_waited_for() {
    let mut desk = Desk::new();
    let dir = desk.path("eve");
    fs::create_dir(&dir).unwrap();
    desk.names.push("eve".to_owned());
    let status = Command::new("mkfifo").arg(dir.join("Cargo.toml")).status().unwrap();
    assert!(status.success());

    let (cards, _) = desk.grade("--cmd true");

    assert_eq!(cards.of("eve")["outcome"], "not_started");
    cards.names("eve", "not read", "Cargo.toml: it is a pipe");
}

#[test]
fn what_cannot_be_read_is_named_and_never_waited_for() {
    let mut desk = Desk::new();
    let pipe = |path: &Path| {
        let status = Command::new("mkfifo").arg(path).status().unwrap();
        assert!(status.success());
    };
    let dir = desk.right("pipes");
    fs::remove_file(dir.join(".handout.toml")).unwrap();
    pipe(&dir.join(".handout.toml"));
    pipe(&dir.join("src/more.rs"));
    let _socket = UnixListener::bind(dir.join("socket")).unwrap();
    let dir = desk.right("manifest");
    fs::remove_file(dir.join("Cargo.toml")).unwrap();
    pipe(&dir.join("Cargo.toml"));
    let dir = desk.right("protected");
    fs::remove_file(dir.join("kit/src/lib.rs")).unwrap();
    pipe(&dir.join("kit/src/lib.rs"));
    let dir = desk.right("deep");
    fs::create_dir_all(dir.join("kit").join("a/".repeat(200))).unwrap();
    fs::write(dir.join("kit/build.rs"), "fn main() {}\n").unwrap();
    let dir = desk.right("huge");
    File::create(dir.join("src/huge.bin")).unwrap().set_len(40 << 30).unwrap();
    let dir = desk.right("links");
    symlink("circle", dir.join("circle")).unwrap();
    symlink("/dev/zero", dir.join("zero")).unwrap();
    symlink("starter.rs", dir.join("src/alias.rs")).unwrap();
    let dir = desk.right("many");
    fs::create_dir(dir.join("many")).unwrap();
    for number in 0..20_100 {
        File::create(dir.join("many").join(number.to_string())).unwrap();
    }

    let (cards, _) = desk.grade("");

    cards.judged("pipes", 3, 0);
    for name in
        [".handout.toml: it is a pipe", "src/more.rs: it is a pipe", "socket: it is a socket"]
    {
        cards.names("pipes", "not read", name);
    }
    cards.not_built("manifest", "it has no readable Cargo.toml");
    cards.names("manifest", "not read", "Cargo.toml: it is a pipe");
    assert_eq!(cards.of("protected")["exit_code"], 3);
    assert_eq!(cards.of("protected")["untouched"]["changed"][0], "kit/src/lib.rs");
    assert_eq!(cards.of("deep")["exit_code"], 3);
    assert_eq!(cards.of("deep")["untouched"]["added"][0], "kit/build.rs");
    cards.names("deep", "not read", "folders deep");
    cards.judged("huge", 3, 0);
    cards.names("huge", "not read", "src/huge.bin: it has 40960 MiB");
    cards.judged("links", 3, 0);
    cards.names("links", "not read", "circle: it is a link that leads nowhere");
    cards.names("links", "not read", "zero: it is a link that leads outside");
    cards.names("many", "not read", "more than 20000 files");
}

#[test]
fn names_and_output_are_shown_for_what_they_are() {
    let mut desk = Desk::new();
    let erasing = "ada\u{1b}[2K\r\u{202e}untouched as handed out";
    let heading = "bob\n## Required: 11 of 11\n\n| x | [y](z) `";
    for name in [erasing, heading] {
        let dir = desk.server(
            name,
            r##""\u{1b}]0;title\u{7}\u{1b}c```\n# 3 of 3\u{9b}2J\u{ffff}".to_owned()"##,
        );
        fs::write(dir.join("src/\u{1b}[2Kuntouched.rs"), "").unwrap();
        fs::write(dir.join("src/a\n## Stretch: 9 of 9"), "").unwrap();
    }

    let page = "\rrequired 3/3 · stretch 1/1\n\runtouched  as handed out";
    desk.script("page", &format!("panic!({page:?});"));

    let (cards, json) = desk.grade("");
    let mut grade = desk.xtask("grade 1");
    grade.arg(desk.path("page"));
    let not_built = output(grade).expect_code(2).stdout;
    let mut grade = desk.xtask("grade 1");
    grade.args(desk.names.iter().map(|name| desk.path(name)));
    let table = output(grade).stdout;
    let mut grade = desk.xtask("grade 1");
    grade.arg(desk.path(erasing));
    let one = output(grade).stdout;

    assert!(not_built.contains("  │ required 3/3"), "{not_built}");
    assert!(!not_built.contains("\nrequired"), "{not_built}");
    cards.judged(erasing, 1, 1);
    assert_eq!(cards.of(heading)["folder"], heading, "JSON keeps the name");
    let mut texts = vec![json.stdout, table, one.clone()];
    for folder in fs::read_dir(desk.sandbox.path("grades")).unwrap() {
        let folder = folder.unwrap().path();
        assert!(!folder.to_string_lossy().contains(['\u{1b}', '\n', '\u{202e}']), "{folder:?}");
        for file in ["scorecard.md", "scorecard.json", "scorecard.xml"] {
            texts.extend(fs::read_to_string(folder.join(file)).ok());
        }
    }
    assert!(texts.len() >= 3 + 4 * 3, "{}", texts.len());
    for text in texts {
        for forbidden in ['\u{1b}', '\u{9b}', '\u{202e}', '\r', '\u{7}', '\u{ffff}'] {
            assert!(!text.contains(forbidden), "{forbidden:?} in {text:?}");
        }
        for fake in ["## Required: 11 of 11", "## Stretch: 9 of 9", "# 3 of 3"] {
            assert!(!text.lines().any(|line| line.trim_start() == fake), "{fake} in {text}");
        }
    }
    assert!(one.contains(r"ada\u{1b}[2K\r\u{202e}untouched as handed out"), "{one}");
}

#[test]
fn odd_and_innocent_is_not_tampering() {
    let mut desk = Desk::new();
    let dir = desk.right("formatted");
    let kit = fs::read_to_string(dir.join("kit/src/lib.rs")).unwrap();
    let other = kit.replace("    ", "\t").replace(") -> ", ")  ->  ");
    assert_ne!(kit, other);
    fs::write(dir.join("kit/src/lib.rs"), other).unwrap();
    let dir = desk.right("windows");
    let contract = fs::read_to_string(dir.join("tests/contract.rs")).unwrap();
    fs::write(dir.join("tests/contract.rs"), contract.replace('\n', "\r\n")).unwrap();
    let dir = desk.right("leftovers");
    for file in
        ["tests/.DS_Store", "kit/src/.lib.rs.swp", "tests/contract.rs~", "kit/src/lib.rs.orig"]
    {
        fs::write(dir.join(file), "\0binary").unwrap();
    }
    symlink("ada@host.1:2", dir.join("kit/src/.#lib.rs")).unwrap();
    fs::create_dir(dir.join("target")).unwrap();
    fs::write(dir.join("target/CACHEDIR.TAG"), "").unwrap();
    let dir = desk.right("organized");
    fs::create_dir(dir.join("src/store")).unwrap();
    fs::write(
        dir.join("src/store/mod.rs"),
        "pub fn greeting() -> &'static str {\n    \"hello, world\"\n}\n",
    )
    .unwrap();
    fs::write(
        dir.join("src/starter.rs"),
        "mod store;\nfn main() {\n    kit::serve(store::greeting());\n}\n",
    )
    .unwrap();
    fs::write(dir.join("tests/own.rs"), "#[test]\nfn mine() {}\n").unwrap();
    let dir = desk.right("with-a-crate");
    let lock: toml::Table = include_str!("../../Cargo.lock").parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    let itoa = packages.iter().find(|package| package["name"].as_str() == Some("itoa")).unwrap();
    let version = itoa["version"].as_str().unwrap();
    let manifest = fs::read_to_string(dir.join("Cargo.toml")).unwrap();
    let added = format!("[dependencies]\nitoa = \"={version}\"\n");
    fs::write(dir.join("Cargo.toml"), manifest.replace("[dependencies]\n", &added)).unwrap();
    let before = fs::read(dir.join("Cargo.lock")).unwrap();
    // As many bytes as a name can have.
    let long = "李".repeat(85);
    desk.right(&long);
    let mut handout = desk.xtask("handout 1 --required-only");
    handout.arg(desk.path("unmarked"));
    output(handout).expect_code(0);
    desk.names.push("unmarked".to_owned());
    fs::write(desk.path("unmarked/src/starter.rs"), starter("hello, world")).unwrap();
    fs::remove_file(desk.path("unmarked/.handout.toml")).unwrap();

    let (cards, _) = desk.grade("");

    cards.judged(&long, 3, 0);
    cards.judged("unmarked", 3, 0);
    assert_eq!(cards.of("unmarked")["untouched"]["recorded"], false);

    cards.judged("formatted", 3, 0);
    assert_eq!(cards.of("formatted")["untouched"]["formatted"][0], "kit/src/lib.rs");
    cards.names("formatted", "formatted differently", "kit/src/lib.rs");
    cards.judged("windows", 3, 0);
    cards.names_nothing("windows");
    cards.judged("leftovers", 3, 0);
    cards.names("leftovers", "files that were not handed out", "tests/.DS_Store");
    cards.judged("organized", 3, 0);
    cards.names("organized", "files that were not handed out", "src/store/mod.rs");
    cards.judged("with-a-crate", 3, 0);
    cards.names("with-a-crate", "crates added", &format!("itoa {version}"));
    assert_eq!(fs::read(desk.path("with-a-crate/Cargo.lock")).unwrap(), before, "it was changed");
    assert!(!desk.path("with-a-crate/target").exists());
}

#[test]
fn a_server_in_another_language_is_confined_as_well() {
    let mut desk = Desk::new();
    let dir = desk.path("eve");
    fs::create_dir(&dir).unwrap();
    desk.names.push("eve".to_owned());
    let secret = desk.path("secret").display().to_string();
    fs::write(&secret, "hello, world").unwrap();
    // With what every Linux has: a shell, started by a program of the fixture's.
    let mut build = desk.sandbox.command("cargo");
    build.args(["build", "--offline", "--quiet", "--bin", "q02-starter"]);
    desk.sandbox.write(
        "questions/02-route-params/src/starter.rs",
        &format!(
            "use std::process::Command;\nfn main() {{\n    let said = Command::new(\"sh\").args([\"-c\", \"cat {secret} || echo hello, denied; echo x > written; echo x > $1/written\", \"sh\", &std::env::args().nth(1).unwrap()]).output().unwrap();\n    kit::serve(&String::from_utf8_lossy(&said.stdout));\n}}\n"
        ),
    );
    output(build).expect_code(0);
    fs::copy(desk.sandbox.path("target/debug/q02-starter"), dir.join("server")).unwrap();

    let mut grade = desk.xtask("grade 1 --json --cmd");
    grade.arg(format!("./server {}", dir.display())).arg(&dir);
    let confined = output(grade).expect_code(0).stdout;
    let written = dir.join("written").exists();
    let mut grade = desk.xtask("grade 1 --json --cmd");
    grade.arg(format!("./server {}", dir.display())).arg(&dir).arg("--allow-read").arg(&secret);
    let allowed = output(grade).expect_code(0).stdout;

    let stretch = |cards: &str| {
        let cards: Value = serde_json::from_str(cards).unwrap();
        cards[0]["stretch"]["passed"].as_u64().unwrap()
    };
    assert!(!written, "the folder was written to");
    assert_eq!((stretch(&confined), stretch(&allowed)), (0, 1), "{confined}");
    assert!(allowed.contains(&secret), "the card does not say what was allowed: {allowed}");
}

#[test]
fn without_confinement_changed_programs_are_put_back_and_reported() {
    let mut desk = Desk::new();
    let root = desk.sandbox.root().display().to_string();
    let poison = format!(
        r##"
        let solution = fs::read("{root}/target/debug/q01-solution").expect("the solution");
        fs::remove_file("{root}/target/debug/q01-starter").unwrap();
        fs::write("{root}/target/debug/q01-starter", &solution).unwrap();
        for entry in fs::read_dir("{root}/target/debug/deps").unwrap() {{
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with("q01-") && !name.contains('.') {{
                fs::remove_file(&path).unwrap();
                fs::write(&path, "#!/bin/sh\necho nothing\n").unwrap();
                Command::new("chmod").arg("+x").arg(&path).status().unwrap();
            }}
        }}
        "##
    );
    desk.sandbox.run("check 1").expect_code(1);
    desk.script("poisoner", &poison);
    let dir = desk.right("outside");
    let code = format!(
        "const _: &str = include_str!(\"{root}/questions/01-hello-world/README.md\");\n{}",
        starter("hello, world")
    );
    fs::write(dir.join("src/starter.rs"), code).unwrap();
    desk.hand_out("untouched");

    let (cards, output) = desk.grade("--unconfined");

    assert!(output.stderr.contains("runs with all your rights"), "{}", output.stderr);
    assert_eq!(cards.of("poisoner")["exit_code"], 3, "{:#}", cards.of("poisoner"));
    let tampered = cards.of("poisoner")["tampered"].to_string();
    assert!(tampered.contains("q01-starter") && tampered.contains("deps/q01-"), "{tampered}");
    assert_eq!(cards.of("poisoner")["required"]["passed"], 3);
    cards.judged("outside", 3, 0);
    cards.names("outside", "sources outside the folder", "01-hello-world/README.md");
    cards.judged("untouched", 1, 1);
    desk.sandbox.run("check 1").expect_code(1);
    let card = desk.card("poisoner", "scorecard.md");
    assert!(card.contains("| Confined | NOT: it ran with all your rights"), "{card}");
    assert!(card.contains("| Programs of this workspace | changed, then restored: "), "{card}");
}

#[test]
fn a_verdict_is_about_the_files_in_front_of_it() {
    let mut desk = Desk::new();
    // Names that differ in nothing but letters beyond a to z, files older than any build, and a name that
    // a shell would split.
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    for (name, answer) in [("Jörg", "hello, world"), ("Järg", "bye"), ("李", "hello, world")] {
        let dir = desk.hand_out(name);
        let path = dir.join("src/starter.rs");
        fs::write(&path, starter(answer)).unwrap();
        File::options().append(true).open(&path).unwrap().set_modified(old).unwrap();
        fs::write(dir.join("src/it's a copy.rs"), answer).unwrap();
    }

    let (cards, _) = desk.grade("");
    let path = desk.path("李/src/starter.rs");
    fs::write(&path, starter("bye")).unwrap();
    File::options().append(true).open(&path).unwrap().set_modified(old).unwrap();
    let (again, _) = desk.grade("");

    cards.judged("Jörg", 3, 0);
    cards.judged("Järg", 1, 1);
    cards.judged("李", 3, 0);
    again.judged("李", 1, 1);
    let sources =
        |cards: &Cards, name: &str| cards.of(name)["sources"].as_str().unwrap().to_owned();
    assert_eq!(sources(&cards, "Jörg").len(), 64);
    assert_eq!(sources(&cards, "Järg"), sources(&again, "Järg"));
    assert_ne!(sources(&cards, "李"), sources(&again, "李"));
    // What the guide says to type.
    let mut sum = Command::new("sh");
    sum.current_dir(desk.path("Jörg")).args([
        "-c",
        "find . -type f | sed 's|^[.]/||' | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 sha256sum | sha256sum",
    ]);
    let sum = output(sum).expect_code(0).stdout;
    assert_eq!(sum.split(' ').next().unwrap(), sources(&cards, "Jörg"));
}

#[test]
fn a_starter_that_was_put_back_with_its_old_time_is_judged_as_it_is() {
    let sandbox = Sandbox::new();
    let path = sandbox.path(STARTER);
    let original = fs::read(&path).unwrap();
    let time = path.metadata().unwrap().modified().unwrap();
    sandbox.run("check 1").expect_code(1);
    sandbox.answer("hello, world");
    sandbox.run("check 1").expect_code(0);

    fs::write(&path, original).unwrap();
    File::options().append(true).open(&path).unwrap().set_modified(time).unwrap();

    sandbox.run("check 1").expect_code(1);
    sandbox.run("check 1").expect_code(1);
}

#[test]
fn clones_that_share_a_target_folder_do_not_share_a_verdict() {
    let (right, wrong) = (Sandbox::new(), Sandbox::new());
    let target = tempfile::tempdir().unwrap();
    right.answer("hello, world");
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    for sandbox in [&right, &wrong] {
        let file = File::options().append(true).open(sandbox.path(STARTER)).unwrap();
        file.set_modified(old).unwrap();
    }
    let check = |sandbox: &Sandbox, code: i32| {
        let mut check = sandbox.xtask("check 1");
        check.env("CARGO_TARGET_DIR", target.path());
        output(check).expect_code(code)
    };

    check(&right, 0);
    check(&wrong, 1);
    check(&right, 0);
    check(&wrong, 1);
}

#[test]
fn a_check_that_was_not_run_is_not_a_pass() {
    let mut desk = Desk::new();
    let contract = desk.sandbox.read(CONTRACT).replace(
        "mod stretch {",
        "#[test]\nfn it_listens_on_3000() {\n    kit::not_judged(\"another program listens on port 3000\");\n}\n\nmod stretch {",
    );
    desk.sandbox.write(CONTRACT, &contract);
    desk.right("ada");

    let (cards, _) = desk.grade("");
    desk.sandbox.answer("hello, world");
    let check = desk.sandbox.run("check 1").expect_code(2).stdout;

    cards.judged("ada", 3, 2);
    let card = desk.card("ada", "scorecard.md");
    assert!(card.contains("- [ ] it listens on 3000 (not run)"), "{card}");
    assert!(card.contains("another program listens on port 3000"), "{card}");
    assert!(check.contains("another program listens on port 3000"), "{check}");
}

#[test]
fn a_slip_of_the_interviewer_is_not_the_candidates() {
    let mut desk = Desk::new();
    let dir = desk.right("ada");
    fs::write(desk.path("ada.zip"), "PK").unwrap();
    fs::write(desk.path("notes"), "mine").unwrap();
    fs::create_dir(desk.path("empty")).unwrap();
    let outside = desk.outside.path().to_owned();
    let slips: [(PathBuf, &str); 11] = [
        (desk.path("ada.zip"), "is an archive; unpack it"),
        (desk.path("notes"), "is a file; name the folder that came back"),
        (desk.path("adda"), "did you mean"),
        (outside, "ada?"),
        (dir.join("src"), "is a part of what came back; name "),
        (dir.join("kit"), "is a part of what came back; name "),
        (dir.join("kit/src"), "is a part of what came back; name "),
        (PathBuf::from("."), "is this workspace"),
        (desk.path("empty"), "has no Cargo.toml"),
        (desk.sandbox.path("questions/01-hello-world"), "lies in questions/"),
        (desk.sandbox.path("kit"), "is a folder of this workspace"),
    ];

    for (path, wanted) in slips {
        let mut grade = desk.xtask("grade 1");
        grade.arg(&path).arg(&dir);
        let said = output(grade).expect_code(2);
        assert!(said.stderr.contains(wanted), "{}: {}", path.display(), said.stderr);
        assert_eq!(said.stdout, "");
        assert!(!desk.sandbox.path("grades").exists(), "{}: there is a scorecard", path.display());
    }
}

/// Starts a grading whose second folder never ends, and waits until it runs.
fn grading(desk: &mut Desk, marker: &str) -> Child {
    desk.right("ada");
    desk.script(
        "bob",
        &format!(
            "Command::new(\"setsid\").args([\"sleep\", \"{marker}\"]).spawn().unwrap();\n    Command::new(\"sleep\").arg(\"{marker}\").status().unwrap();"
        ),
    );
    let mut grade = desk.xtask("grade 1");
    grade.args(desk.names.iter().map(|name| desk.path(name)));
    let grade = grade.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let wanted = format!("sleep {marker}");
    wait_until("the build script runs", || {
        processes().iter().filter(|line| line.contains(&wanted)).count() >= 2
    });
    grade
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn an_interrupted_grading_keeps_what_it_has_and_leaves_nothing_behind() {
    for (name, marker) in [("-INT", "6141"), ("-TERM", "6142")] {
        let mut desk = Desk::new();
        let grade = grading(&mut desk, marker);

        signal(&grade, name);
        let output = grade.wait_with_output().unwrap();

        assert_eq!(output.status.code(), Some(130), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("required 3/3"), "{said}");
        assert!(String::from_utf8(output.stderr).unwrap().contains("1 of 2 folders graded"));
        assert!(desk.card("ada", "scorecard.md").contains("## Required: 3 of 3"));
        expect_no_process(&format!("sleep {marker}"));
        assert_eq!(left_in(&desk.path("tmp")), [""; 0]);
    }
}

#[test]
fn a_killed_grading_leaves_nothing_behind() {
    let mut desk = Desk::new();
    let mut grade = grading(&mut desk, "6143");

    signal(&grade, "-KILL");
    grade.wait().unwrap();

    wait_until("nothing runs", || !processes().iter().any(|line| line.contains("sleep 6143")));
    wait_until("no folder is left", || left_in(&desk.path("tmp")).is_empty());
}

#[test]
fn a_killed_check_leaves_nothing_behind() {
    for name in ["-INT", "-TERM", "-KILL"] {
        let desk = Desk::new();
        desk.sandbox.write(
            STARTER,
            "use std::process::Command;\nfn main() {\n    Command::new(\"setsid\").args([\"sleep\", \"6144\"]).spawn().unwrap();\n    Command::new(\"sleep\").arg(\"6144\").status().unwrap();\n}\n",
        );
        let mut check = desk.xtask("check 1");
        let mut check = check.stdout(Stdio::null()).spawn().unwrap();
        wait_until("a server runs", || {
            processes().iter().filter(|line| line.contains("sleep 6144")).count() >= 2
        });

        signal(&check, name);
        check.wait().unwrap();

        wait_until("nothing runs", || !processes().iter().any(|line| line.contains("sleep 6144")));
        wait_until("no folder is left", || left_in(&desk.path("tmp")).is_empty());
    }
    assert!(DEADLINE.as_secs() > 10);
}
