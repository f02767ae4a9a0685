//! No process that a check has started is left, nor its working directory, however the check ends.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use contract::Value;
use tempfile::TempDir;

use crate::rerun::specimens;

#[test]
fn nothing_is_left_of_a_check_that_passes() {
    assert!(run("passes").ends_with_its_processes());
}

#[test]
fn nothing_is_left_of_a_check_that_fails() {
    assert!(!run("fails").ends_with_its_processes());
}

#[test]
fn nothing_is_left_of_a_check_that_panics() {
    assert!(!run("panics").ends_with_its_processes());
}

#[test]
fn nothing_is_left_of_a_run_that_is_interrupted() {
    assert_nothing_is_left_after("INT");
}

#[test]
fn nothing_is_left_of_a_run_that_is_terminated() {
    assert_nothing_is_left_after("TERM");
}

#[test]
fn nothing_is_left_of_a_run_that_is_killed() {
    assert_nothing_is_left_after("KILL");
}

/// Also of what the subject wrote into the folder for temporary files.
#[test]
fn nothing_is_left_in_the_folder_that_is_named_for_it() {
    let folder = TempDir::new().unwrap();
    let rerun = specimens(&["it_leaves_a_temporary_file"]);

    let rerun = rerun.env("CONTRACT_TEMP", folder.path().to_str().unwrap());
    let outcome = rerun.run();

    let temporary = Path::new(outcome.printed("temporary "));
    assert!(temporary.starts_with(folder.path()), "{temporary:?}");
    let deadline = Instant::now() + Duration::from_secs(10);
    while fs::read_dir(folder.path()).unwrap().next().is_some() {
        assert!(Instant::now() < deadline, "there are files left");
        thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn few_lock_files_are_left() {
    drop(contract::Server::start());

    let files = fs::read_dir("/tmp/contract-ports").unwrap().flatten();
    let blocks = files.filter(|file| file.file_name().to_string_lossy().starts_with("block-"));
    assert!((1..=100).contains(&blocks.count()));
}

fn assert_nothing_is_left_after(signal: &str) {
    let run = run("waits");

    let status = Command::new("kill").args(["-s", signal, &run.tests.id().to_string()]).status();

    assert!(status.is_ok_and(|status| status.success()), "the tests can be signaled");
    assert!(!run.ends_with_its_processes());
}

/// A run of the specimen whose subject has a child.
struct Run {
    tests: Child,
    stdout: BufReader<ChildStdout>,
    /// The subject, its child and the guard.
    others: Vec<u32>,
    /// The working directory of the subject.
    directory: PathBuf,
}

fn run(how: &str) -> Run {
    let mut tests = (specimens(&["it_has_children"]).env("FIXTURE", "has_a_child"))
        .env("SPECIMEN", how)
        .command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the tests can be run again");
    let mut stdout = BufReader::new(tests.stdout.take().expect("it is piped"));
    let mut lines = stdout.by_ref().lines().map_while(Result::ok);
    let mut said = |word: &str| {
        let found = lines.find_map(|line| Some(line.split_once(word)?.1.to_owned()));
        found.expect("the specimen says it")
    };
    let directory = said("directory ").into();
    let pids: Value = said("pids ").parse().expect("they are JSON");
    let pids: Vec<_> = pids.as_array().into_iter().flatten().collect();
    assert_eq!(pids.len(), 2, "the subject and its child");
    let mut others: Vec<_> = pids.iter().filter_map(|pid| pid.as_u64()?.try_into().ok()).collect();
    others.extend(children_of(tests.id()));
    Run { tests, stdout, others, directory }
}

impl Run {
    /// Whether the tests succeeded.
    fn ends_with_its_processes(mut self) -> bool {
        io::copy(&mut self.stdout, &mut io::sink()).expect("it can be read");
        let status = self.tests.wait().expect("it ends");
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.others.iter().any(|pid| is_alive(*pid)) || self.directory.exists() {
            assert!(Instant::now() < deadline, "left: {:?}, {:?}", self.others, self.directory);
            thread::park_timeout(Duration::from_millis(5));
        }
        status.success()
    }
}

fn is_alive(pid: u32) -> bool {
    // Z and X are what the parent has not asked about yet.
    state(pid).is_some_and(|(state, _)| !["Z", "X"].contains(&&*state))
}

/// The guard and whatever else; where there is no /proc only what the specimen tells is looked at.
fn children_of(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| state(*pid).is_some_and(|(_, of)| of == parent))
        .collect()
}

/// The state of a process and its parent.
fn state(pid: u32) -> Option<(String, u32)> {
    let text = match fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The name stands in parentheses and may contain anything.
        Ok(stat) => stat.rsplit_once(')')?.1.to_owned(),
        Err(_) if cfg!(target_os = "linux") => return None,
        Err(_) => {
            let mut ps = Command::new("ps");
            ps.args(["-o", "state=,ppid=", "-p", &pid.to_string()]);
            ps.stderr(Stdio::null());
            String::from_utf8(ps.output().ok()?.stdout).ok()?
        }
    };
    let mut fields = text.split_whitespace();
    Some((fields.next()?[..1].to_owned(), fields.next()?.parse().ok()?))
}
