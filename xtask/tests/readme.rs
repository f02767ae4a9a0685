//! What the README says in its first minute is what happens.
#![cfg(unix)]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use process_wrap::std::{ChildWrapper, CommandWrap, ProcessGroup};

#[test]
fn the_first_minute_of_the_readme_prints_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace");
    let readme = fs::read_to_string(root.join("README.md")).expect("there is a README");
    let start = block(&readme, "sh");
    let session = block(&readme, "console");
    assert_eq!(start.trim(), "cargo run -p q13-crud-inmemory");

    let server = Server::start(root, start.trim());
    let said = "q13-crud-inmemory · solution · http://127.0.0.1:3000";
    assert!(readme.contains(said), "the README shows the banner {said}");
    assert_eq!(server.banner, said.replace("127.0.0.1:3000", &server.address));

    for (command, wanted) in steps(session) {
        let command = command.replace("127.0.0.1:3000", &server.address);
        let output = Command::new("sh").args(["-c", &format!("{command} -sS")]).output();
        let output = output.expect("sh runs curl");
        let printed = String::from_utf8_lossy(&output.stdout);
        let trouble = String::from_utf8_lossy(&output.stderr);
        assert_eq!(printed.trim_end(), wanted, "$ {command}\n{trouble}");
    }
}

/// The first fenced block in `language`.
fn block<'a>(text: &'a str, language: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("```{language}\n")).expect("the README has the block");
    rest.split_once("```").expect("the block ends").0
}

/// Each command after `$ `, with the lines below it.
fn steps(session: &str) -> impl Iterator<Item = (&str, &str)> {
    session.split("$ ").skip(1).map(|step| {
        let (command, output) = step.split_once('\n').expect("a command ends its line");
        (command, output.trim_end())
    })
}

struct Server {
    child: Box<dyn ChildWrapper>,
    banner: String,
    /// `127.0.0.1:PORT`
    address: String,
}

impl Server {
    /// Runs `command` as a newcomer does, but for the port, which the system chooses.
    fn start(root: &Path, command: &str) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(root).env("PORT", "0").stdout(Stdio::piped());
        let mut wrapped = CommandWrap::from(shell);
        let mut child = wrapped.wrap(ProcessGroup::leader()).spawn().expect("sh runs cargo");
        let stdout = child.stdout().take().expect("it is piped");
        let mut banner = String::new();
        BufReader::new(stdout).read_line(&mut banner).expect("the server says where it listens");
        let banner = banner.trim_end().to_owned();
        let address = banner.rsplit("http://").next().unwrap_or_default().to_owned();
        Self { child, banner, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
