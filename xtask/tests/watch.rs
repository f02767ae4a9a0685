//! `watch`, driven as a process: it reacts to every save, and never tells a stale verdict.

mod sandbox;

use std::{fs, thread, time::Duration};

use sandbox::{CONTRACT, Running, STARTER, Sandbox, starter, wait_until};

fn watch(sandbox: &Sandbox) -> Running {
    Running::start(sandbox.xtask("watch 1"))
}

#[test]
fn every_save_gets_a_verdict() {
    let sandbox = Sandbox::new();
    let watch = watch(&sandbox);
    watch.expect("required 1/3 · stretch 0/1", 1);
    assert!(watch.printed().contains("5 of 5 minutes left"), "{}", watch.printed());

    sandbox.answer("hello");
    watch.expect("required 3/3 · stretch 0/1", 1);

    sandbox.write(STARTER, "fn main() { oops }\n");
    watch.expect("not built: no check ran", 1);
    watch.expect("cannot find value `oops`", 1);

    let beside = sandbox.path("questions/01-hello-world/src/.starter.rs.swp");
    fs::write(&beside, starter("hello, world")).unwrap();
    fs::rename(&beside, sandbox.path(STARTER)).unwrap();
    watch.expect("required 3/3 · stretch 1/1", 1);
    assert!(sandbox.progress().contains("required = [3, 3], stretch = [1, 1], started = "));

    sandbox.write(CONTRACT, &sandbox.read(CONTRACT).replace("\"hello\"", "\"good day\""));
    watch.expect("required 1/3 · stretch 1/1", 1);

    let (code, _) = watch.finish();
    assert_eq!(code, 1);
}

#[test]
fn a_save_without_a_change_is_not_judged() {
    let sandbox = Sandbox::new();
    let mut watch = watch(&sandbox);
    watch.expect("required 1/3", 1);

    sandbox.write(STARTER, &sandbox.read(STARTER));
    watch.type_in("h\n");
    watch.expect("hint 1 of 3", 1);
    sandbox.answer("hello, world");
    watch.expect("required 3/3", 1);

    let (code, printed) = watch.finish();
    assert_eq!(code, 0);
    assert_eq!(printed.matches("required ").count(), 2, "{printed}");
}

/// Cargo alone takes such a file for built: it is older than what was built from the other.
#[test]
fn a_file_put_back_with_its_old_time_is_built() {
    let sandbox = Sandbox::new();
    let old = fs::metadata(sandbox.path(STARTER)).unwrap().modified().unwrap();
    let original = sandbox.read(STARTER);
    let watch = watch(&sandbox);
    watch.expect("required 1/3", 1);
    sandbox.answer("hello, world");
    watch.expect("required 3/3", 1);

    let beside = sandbox.path("old.rs");
    fs::write(&beside, original).unwrap();
    fs::File::options().append(true).open(&beside).unwrap().set_modified(old).unwrap();
    fs::rename(&beside, sandbox.path(STARTER)).unwrap();

    watch.expect("required 1/3", 2);
}

#[test]
fn files_that_cargo_does_not_compile_start_no_round() {
    let sandbox = Sandbox::new();
    let watch = watch(&sandbox);
    watch.expect("required 1/3", 1);

    let src = sandbox.path("questions/01-hello-world/src");
    for name in
        [".starter.rs.swp", "starter.rs~", "4913", "starter.bak.rs", "notes.txt", "solution.rs"]
    {
        fs::write(src.join(name), format!("{name}\n")).unwrap();
        fs::write(src.join(name), format!("{name} again\n")).unwrap();
    }
    fs::remove_file(src.join("4913")).unwrap();
    thread::sleep(Duration::from_millis(300));
    let printed = watch.printed();
    assert_eq!(printed.matches("building\n").count(), 1, "{printed}");

    // By the verdict on a real change the watch has seen everything that was saved before.
    sandbox.answer("hello");
    watch.expect("required 3/3", 1);
    let (_, printed) = watch.finish();
    assert_eq!(printed.matches("required ").count(), 2, "{printed}");
}

#[test]
fn files_that_the_starter_includes_start_a_round() {
    let sandbox = Sandbox::new();
    sandbox.write("questions/01-hello-world/greeting.txt", "bye");
    sandbox.write(STARTER, "fn main() {\n    kit::serve(include_str!(\"../greeting.txt\"));\n}\n");
    let watch = watch(&sandbox);
    watch.expect("required 1/3", 1);

    sandbox.write("questions/01-hello-world/greeting.txt", "hello");
    watch.expect("required 3/3", 1);
}

#[test]
fn a_module_that_was_missing_starts_a_round_when_it_is_there() {
    let sandbox = Sandbox::new();
    let watch = watch(&sandbox);
    watch.expect("required 1/3", 1);
    sandbox.write(STARTER, "mod words;\n\nfn main() {\n    kit::serve(words::GREETING);\n}\n");
    watch.expect("not built: no check ran", 1);

    sandbox.write("questions/01-hello-world/src/words.rs~", "oops");
    sandbox
        .write("questions/01-hello-world/src/words.rs", "pub const GREETING: &str = \"hello\";\n");
    watch.expect("required 3/3", 1);

    sandbox.write("questions/01-hello-world/src/words.rs", "pub const GREETING: &str = \"bye\";\n");
    watch.expect("required 1/3", 2);
    let (_, printed) = watch.finish();
    assert_eq!(printed.matches("not built").count(), 1, "{printed}");
}

#[test]
fn a_changed_manifest_starts_a_round() {
    let sandbox = Sandbox::new();
    let watch = watch(&sandbox);
    watch.expect("required 1/3", 1);

    let manifest = "questions/01-hello-world/Cargo.toml";
    sandbox.write(manifest, &sandbox.read(manifest).replace("kit.workspace = true\n", ""));

    watch.expect("not built: no check ran", 1);
}

#[test]
fn progress_that_cannot_be_written_does_not_hide_the_verdict() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("progress.txt")).unwrap();

    let watch = watch(&sandbox);

    watch.expect("required 1/3", 1);
    watch.expect("warning: Failed to read your progress", 1);
}

/// This check hangs on the answer `hello, hang`, and tells who it is.
#[cfg(target_os = "linux")]
const HANGING: &str = r#"
    check(|answer| {
        if answer == "hello, hang" {
            std::fs::write("judging", std::process::id().to_string()).unwrap();
            std::thread::park();
        }
        assert!(answer.starts_with("hello"));
    });
"#;

#[cfg(target_os = "linux")]
#[test]
fn a_save_while_it_judges_kills_the_judge_and_drops_its_result() {
    let sandbox = Sandbox::new();
    let contract = sandbox.read(CONTRACT);
    let hanging =
        contract.replacen("check(|answer| assert!(answer.starts_with(\"hello\")));", HANGING, 1);
    sandbox.write(CONTRACT, &hanging);
    sandbox.answer("hello, hang");
    let watch = watch(&sandbox);
    let marker = sandbox.path("questions/01-hello-world/judging");
    wait_until("the judge hangs", || fs::read_to_string(&marker).is_ok_and(|pid| !pid.is_empty()));
    let judge = fs::read_to_string(&marker).unwrap();
    let its_children = format!("/proc/{judge}/task");
    assert!(fs::exists(&its_children).unwrap());
    let servers = servers_of(&sandbox);
    assert!(!servers.is_empty());

    // A swap file is not a save, so the judge goes on.
    sandbox.write("questions/01-hello-world/src/.starter.rs.swp", "swap");
    sandbox.write("questions/01-hello-world/src/.starter.rs.swp", "swap again");
    thread::sleep(Duration::from_millis(300));
    assert!(fs::exists(format!("/proc/{judge}")).unwrap());

    sandbox.answer("hello, world");
    watch.expect("required 3/3 · stretch 1/1", 1);

    wait_until("the judge is gone", || !fs::exists(format!("/proc/{judge}")).unwrap());
    wait_until("its servers are gone", || {
        servers.iter().all(|server| !fs::exists(format!("/proc/{server}")).unwrap())
    });
    let (code, printed) = watch.finish();
    assert_eq!(code, 0);
    assert_eq!(printed.matches("required ").count(), 1, "{printed}");
}

/// The starters of this sandbox that run now.
#[cfg(target_os = "linux")]
fn servers_of(sandbox: &Sandbox) -> Vec<String> {
    let program = sandbox.path("target/debug/q01-starter");
    let processes = fs::read_dir("/proc").expect("Linux has /proc").filter_map(Result::ok);
    processes
        .filter(|process| fs::read_link(process.path().join("exe")).is_ok_and(|exe| exe == program))
        .map(|process| process.file_name().to_string_lossy().into_owned())
        .collect()
}

/// A compiler that waits, while the file `hold` exists, before it builds a starter.
#[cfg(unix)]
const SLOW_RUSTC: &str = r#"#!/bin/sh
case "$*" in
    *"--crate-name q01_starter"*)
        if [ -e "$HOLD" ]; then
            touch "$HOLD.reached"
            while [ -e "$HOLD" ]; do sleep 0.01; done
        fi
        ;;
esac
exec "$@"
"#;

#[cfg(unix)]
#[test]
fn a_save_while_it_builds_drops_that_build() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = Sandbox::new();
    sandbox.write("rustc.sh", SLOW_RUSTC);
    let wrapper = sandbox.path("rustc.sh");
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let hold = sandbox.path("hold");
    let mut command = sandbox.xtask("watch 1");
    command.env("RUSTC_WRAPPER", wrapper).env("HOLD", &hold);
    let watch = Running::start(command);
    watch.expect("required 1/3", 1);

    fs::write(&hold, "").unwrap();
    sandbox.answer("bye");
    wait_until("the build hangs", || sandbox.path("hold.reached").exists());
    sandbox.answer("hello, world");
    watch.expect("building", 3);
    fs::remove_file(&hold).unwrap();

    watch.expect("required 3/3 · stretch 1/1", 1);
    let (code, printed) = watch.finish();
    assert_eq!(code, 0);
    assert!(!printed.contains("`bye`"), "{printed}");
}

#[test]
fn keys_are_lines_where_there_is_no_terminal() {
    let sandbox = Sandbox::new();
    let mut watch = watch(&sandbox);
    watch.expect("required 1/3", 1);

    watch.type_in("h\n");
    watch.expect("hint 1 of 3", 1);
    watch.type_in("d\n");
    watch.expect("press d again", 1);
    assert!(!watch.printed().contains("hello, world"));
    watch.type_in("d\n");
    watch.expect("+     kit::serve(\"hello, world\");", 1);
    watch.type_in("n\n");
    watch.expect("02 Route Parameters", 1);
    watch.expect("required 1/3", 2);
    watch.type_in("q\n");

    let (code, _) = watch.finish();
    assert_eq!(code, 1);
    assert!(sandbox.progress().contains("route-params = { number = 2, required = [1, 3]"));
}

#[test]
fn the_clock_goes_on_from_the_first_watch() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "progress.txt",
        "hello-world = { number = 1, started = \"2026-01-31T12:00:00Z\" }\n",
    );

    let watch = watch(&sandbox);

    watch.expect("minutes over", 1);
    let (code, printed) = watch.finish();
    assert_eq!(code, 1);
    assert!(printed.contains("required 1/3"), "the end of input waits for the verdict:\n{printed}");
}

/// `script` gives the program a terminal, and hands on what is typed.
#[cfg(target_os = "linux")]
#[test]
fn keys_work_at_once_on_a_terminal() {
    let sandbox = Sandbox::new();
    let mut script = sandbox.command("script");
    script.args(["-qec", &format!("{} watch 1", env!("CARGO_BIN_EXE_xtask")), "/dev/null"]);
    script.env("TERM", "xterm").env("NO_COLOR", "1");
    let mut watch = Running::start(script);
    watch.expect("required 1/3", 1);
    watch.expect("h hint · d diff · n next · q quit", 1);

    watch.type_in("h");
    watch.expect("hint 1 of 3", 1);
    sandbox.answer("hello, world");
    watch.expect("required 3/3", 1);
    watch.type_in("q");

    let (code, _) = watch.finish();
    assert_eq!(code, 0);
}
