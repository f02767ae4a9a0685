//! `handout` and `grade`: what a candidate gets, and what is made of what comes back.

#![allow(clippy::unwrap_used, reason = "clippy takes only the test functions for tests")]

mod sandbox;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use sandbox::{Output, STARTER, Sandbox, output, starter};
use serde_json::Value;
use tempfile::TempDir;

/// The fixture workspace, and a folder outside it for candidates.
struct Interview {
    sandbox: Sandbox,
    outside: TempDir,
}

impl Interview {
    fn new() -> Self {
        Self { sandbox: Sandbox::new(), outside: tempfile::tempdir().unwrap() }
    }

    fn dir(&self, name: &str) -> PathBuf {
        self.outside.path().join(name)
    }

    fn run(&self, line: &str) -> Output {
        let line = line.replace("OUT/", &format!("{}/", self.outside.path().display()));
        self.sandbox.run(&line)
    }

    /// Hands out question 1 as `name`, and puts `answer` into the starter's place.
    fn answer(&self, name: &str, answer: &str) -> PathBuf {
        self.run(&format!("handout 1 OUT/{name}")).expect_code(0);
        let dir = self.dir(name);
        fs::write(dir.join("src/starter.rs"), starter(answer)).unwrap();
        dir
    }

    fn scorecard(&self, name: &str, file: &str) -> String {
        self.sandbox.read(&format!("grades/01-hello-world-{name}/{file}"))
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.scorecard(name, "scorecard.json")).unwrap()
    }
}

fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match path.is_dir() {
            true => found.extend(files(&path).into_iter().map(|file| format!("{name}/{file}"))),
            false => found.push(name),
        }
    }
    found.sort();
    found
}

fn read(dir: &Path, file: &str) -> String {
    fs::read_to_string(dir.join(file)).unwrap()
}

#[test]
fn what_is_handed_out_is_the_prompt_the_starter_and_the_checks() {
    let interview = Interview::new();

    let said = interview.run("handout 1 OUT/ada").expect_code(0).stdout;

    let ada = interview.dir("ada");
    assert_eq!(
        files(&ada),
        [
            ".gitignore",
            ".handout.toml",
            ".vscode/tasks.json",
            "Cargo.lock",
            "Cargo.toml",
            "README.md",
            "kit/Cargo.toml",
            "kit/src/lib.rs",
            "rustfmt.toml",
            "src/starter.rs",
            "tests/contract.rs",
        ]
    );
    assert!(said.contains("holds     the starter, no answer, all checks"), "{said}");
    assert!(
        said.contains("the candidate runs: cargo fetch && cargo build && cargo test --no-run"),
        "{said}"
    );
    let manifest = read(&ada, "Cargo.toml");
    assert!(!manifest.contains("solution") && !manifest.contains("workspace = true"), "{manifest}");
    let prompt = read(&ada, "README.md");
    assert!(prompt.contains("cargo test") && !prompt.contains("xtask"), "{prompt}");
}

#[test]
fn what_is_handed_out_builds_and_judges_itself() {
    let interview = Interview::new();
    interview.answer("ada", "hello, world");

    let mut test = interview.sandbox.command("cargo");
    test.args(["test", "--offline", "--locked"]).current_dir(interview.dir("ada"));
    let green = output(test).expect_code(0).stdout;

    assert!(green.contains("4 passed"), "{green}");
}

#[test]
fn the_original_starter_is_handed_out_whoever_practised_here() {
    let interview = Interview::new();
    interview.sandbox.answer("hello, world");

    interview.run("handout 1 OUT/ada").expect_code(0);

    assert!(interview.sandbox.read(STARTER).contains("hello, world"));
    assert!(!read(&interview.dir("ada"), "src/starter.rs").contains("hello, world"));
}

#[test]
fn a_folder_that_is_in_use_or_beside_the_answers_is_refused() {
    let interview = Interview::new();
    fs::create_dir(interview.dir("full")).unwrap();
    fs::write(interview.dir("full").join("mine.txt"), "mine").unwrap();

    let full = interview.run("handout 1 OUT/full").expect_code(2).stderr;
    let inside = interview.run("handout 1 handed").expect_code(2).stderr;

    assert!(full.contains("it is not empty; choose a new folder"), "{full}");
    assert_eq!(files(&interview.dir("full")), ["mine.txt"]);
    assert!(inside.contains("next to the solutions; choose a folder outside"), "{inside}");
    assert!(!interview.sandbox.path("handouts").exists());
    fs::create_dir(interview.dir("empty")).unwrap();
    interview.run("handout 1 OUT/empty").expect_code(0);
}

#[test]
fn what_was_handed_out_is_kept_on_this_side() {
    let interview = Interview::new();

    interview.run("handout 1 OUT/ada --bug shouting --with-checks").expect_code(0);

    let marker = read(&interview.dir("ada"), ".handout.toml");
    let id = marker.split("id = \"").nth(1).unwrap().split('"').next().unwrap();
    let record = interview.sandbox.read(&format!("handouts/{id}.json"));
    let record: Value = serde_json::from_str(&record).unwrap();
    assert_eq!(record["version"], 1);
    assert_eq!(record["question"], "q01-hello-world");
    assert_eq!(record["bug"], "shouting");
    let protected: Vec<&String> = record["protected"].as_object().unwrap().keys().collect();
    assert_eq!(protected, ["kit/Cargo.toml", "kit/src/lib.rs", "tests/contract.rs"]);
    assert_eq!(interview.sandbox.read("handouts/.gitignore"), "*\n");
    assert!(!marker.contains("shouting"), "{marker}");
}

#[test]
fn a_bug_comes_with_a_prompt_of_its_own_and_without_its_name() {
    let interview = Interview::new();

    interview.run("handout 1 OUT/ada --bug shouting").expect_code(0);

    let ada = interview.dir("ada");
    assert!(read(&ada, "src/starter.rs").contains("HELLO, world"));
    let prompt = read(&ada, "README.md");
    assert!(prompt.contains("## Review\n\n`src/starter.rs` is a colleague's answer"), "{prompt}");
    for file in files(&ada) {
        let text = read(&ada, &file);
        assert!(!text.contains("shouting") && !text.contains("be heard"), "{file}: {text}");
    }
    let unknown = interview.run("handout 1 OUT/bob --bug whispering").expect_code(2).stderr;
    assert!(unknown.contains("there are: shouting"), "{unknown}");
    assert!(!interview.dir("bob").exists());
}

#[test]
fn checks_may_be_left_out() {
    let interview = Interview::new();

    interview.run("handout 1 OUT/ada --without-checks").expect_code(0);
    interview.run("handout 1 OUT/bob --required-only").expect_code(0);

    let (ada, bob) = (interview.dir("ada"), interview.dir("bob"));
    assert!(!ada.join("tests").exists());
    assert!(!read(&ada, "README.md").contains("cargo test"));
    assert!(!read(&ada, "Cargo.toml").contains("[[test]]"));
    let contract = read(&bob, "tests/contract.rs");
    assert!(!contract.contains("stretch"), "{contract}");
    assert!(contract.contains("a_greeting_says_hello"), "{contract}");
    let mut test = interview.sandbox.command("cargo");
    test.args(["test", "--offline", "--locked", "--no-run"]).current_dir(&bob);
    let said = output(test).expect_code(0).stderr;
    assert!(!said.contains("warning"), "{said}");
}

#[test]
fn an_archive_holds_the_same_folder() {
    let interview = Interview::new();

    interview.run("handout 1 OUT/ada --zip").expect_code(0);

    let archive = fs::File::open(interview.dir("ada.zip")).unwrap();
    let archive = zip::ZipArchive::new(archive).unwrap();
    let mut names: Vec<_> = archive.file_names().map(Result::unwrap).collect();
    names.sort_unstable();
    let wanted: Vec<String> =
        files(&interview.dir("ada")).into_iter().map(|file| format!("ada/{file}")).collect();
    assert_eq!(names, wanted);
    let again = interview.run("handout 1 OUT/ada --zip").expect_code(2).stderr;
    assert!(again.contains("ada"), "{again}");
}

#[test]
fn a_right_answer_gets_a_scorecard_to_tick() {
    let interview = Interview::new();
    interview.answer("ada", "hello, world");

    let said = interview.run("grade 1 OUT/ada --hints 2 --minutes 4").expect_code(0).stdout;

    assert!(said.contains("required 3/3 · stretch 1/1"), "{said}");
    assert!(said.contains("untouched  as handed out\n"), "{said}");
    let card = interview.scorecard("ada", "scorecard.md");
    assert!(card.contains("## Required: 3 of 3\n\n- [x] the server answers\n"), "{card}");
    assert!(card.contains("| Time | 4 of 5 minutes, as you said |"), "{card}");
    assert!(card.contains("| Hints | 2 of 3 |"), "{card}");
    assert!(
        card.contains("| Working style | ☐ silent | ☐ mumbles | ☐ talks | ☐ listens |"),
        "{card}"
    );
    assert!(!card.contains("after what failed"), "{card}");
    assert_eq!(interview.json("ada")["version"], 1);
    assert_eq!(interview.json("ada")["required"]["passed"], 3);
    let junit = interview.scorecard("ada", "scorecard.xml");
    assert!(junit.contains(r#"<testsuite name="required" tests="5""#), "{junit}");
    assert!(junit.contains(r#"failures="0""#), "{junit}");
}

#[test]
fn a_wrong_answer_gets_what_it_failed_and_what_to_ask() {
    let interview = Interview::new();
    interview.answer("ada", "HELLO, world");

    interview.run("grade 1 OUT/ada").expect_code(1);

    let card = interview.scorecard("ada", "scorecard.md");
    assert!(card.contains("- [ ] The greeting starts with `hello`\n"), "{card}");
    assert!(card.contains("the answer was `HELLO, world`"), "{card}");
    assert!(
        card.contains("Candidates who fail this may think: *A greeting should be heard.*"),
        "{card}"
    );
    let (_, after) = card.split_once("## Follow-ups after what failed\n\n").unwrap();
    let (suggested, further) = after.split_once("## Further follow-ups").unwrap();
    assert!(suggested.contains("*Why lower case?*") && !suggested.contains("Who else"), "{card}");
    assert!(further.contains("Who else") && further.contains("`PORT`"), "{card}");
    assert!(!card.contains("After `"), "{card}");
    let junit = interview.scorecard("ada", "scorecard.xml");
    assert!(junit.contains(r#"<failure message="a greeting is lower case">"#), "{junit}");
}

#[test]
fn a_contract_that_was_edited_to_pass_is_listed_and_not_believed() {
    let interview = Interview::new();
    let ada = interview.answer("ada", "good morning");
    fs::write(ada.join("tests/contract.rs"), "#[test]\nfn all_is_well() {}\n").unwrap();
    fs::write(ada.join("tests/more.rs"), "").unwrap();
    fs::remove_file(ada.join("kit/Cargo.toml")).unwrap();
    fs::create_dir_all(ada.join("kit/src")).unwrap();
    fs::write(
        ada.join("kit/Cargo.toml"),
        "[package]\nname = \"kit\"\nversion = \"0.1.1\"\nedition = \"2024\"\n",
    )
    .unwrap();

    let said = interview.run("grade 1 OUT/ada").expect_code(3).stdout;

    assert!(said.contains("required 1/3"), "{said}");
    assert!(
        said.contains("NOT as handed out: changed kit/Cargo.toml, tests/contract.rs\n"),
        "{said}"
    );
    // Nothing that was judged uses it.
    assert!(said.contains("look at    files that were not handed out: tests/more.rs\n"), "{said}");
    let card = interview.scorecard("ada", "scorecard.md");
    assert!(
        card.contains("## Files that were changed\n\n- `kit/Cargo.toml`\n- `tests/contract.rs`\n"),
        "{card}"
    );
    let json = interview.json("ada");
    assert_eq!(json["untouched"]["state"], "changed");
    assert_eq!(json["untouched"]["changed"][1], "tests/contract.rs");
    assert_eq!(json["exit_code"], 3);
}

#[test]
fn a_hand_out_without_a_record_is_compared_all_the_same() {
    let interview = Interview::new();
    let ada = interview.answer("ada", "hello, world");
    fs::remove_dir_all(interview.sandbox.path("handouts")).unwrap();

    let same = interview.run("grade 1 OUT/ada").expect_code(0).stdout;
    fs::write(ada.join("tests/contract.rs"), "").unwrap();
    let other = interview.run("grade 1 OUT/ada").expect_code(3).stdout;

    assert!(same.contains("there is no record of this one"), "{same}");
    assert!(same.contains("time       not known"), "{same}");
    assert!(other.contains("changed tests/contract.rs"), "{other}");
}

#[test]
fn each_of_several_folders_gets_a_line_whatever_is_wrong_with_it() {
    let interview = Interview::new();
    interview.answer("ada", "hello, world");
    let bob = interview.answer("bob", "");
    fs::write(bob.join("src/starter.rs"), "fn main() { oops }\n").unwrap();
    let cem = interview.answer("cem", "");
    fs::write(cem.join("src/starter.rs"), "fn main() { std::process::exit(7) }\n").unwrap();
    let dan = interview.answer("dan", "");
    let hang = "use std::{env, net::TcpListener};\nfn main() {\n    let l = TcpListener::bind(format!(\"127.0.0.1:{}\", env::var(\"PORT\").unwrap())).unwrap();\n    let open: Vec<_> = l.incoming().collect();\n    drop(open);\n}\n";
    fs::write(dan.join("src/starter.rs"), hang).unwrap();

    let line = "grade 1 OUT/bob OUT/cem OUT/dan OUT/ada --check-limit 5";
    let said = interview.run(line).expect_code(2).stdout;

    let row = |name: &str| {
        let row = said.lines().find(|line| line.trim_start().starts_with(name));
        row.unwrap_or_else(|| panic!("no row for {name}:\n{said}")).to_owned()
    };
    assert!(row("ada").contains("3/3"), "{said}");
    assert!(row("bob").contains("not built"), "{said}");
    assert!(row("cem").contains("not started"), "{said}");
    assert!(row("dan").contains("not judged to the end"), "{said}");
    let why = |name: &str| interview.json(name)["why"].as_str().unwrap().to_owned();
    assert!(why("bob").contains("cannot find value `oops`"), "{}", why("bob"));
    assert!(why("cem").contains("ended with exit status: 7"), "{}", why("cem"));
    assert!(why("dan").contains("not done after 5 s"), "{}", why("dan"));
    let positions = ["bob", "cem", "dan", "ada"].map(|name| said.find(name).unwrap());
    assert!(positions.is_sorted(), "in the order in which they were named:\n{said}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_build_script_that_misbehaves_neither_stops_the_next_nor_outlives_its_grading() {
    let interview = Interview::new();
    let ada = interview.answer("ada", "hello, world");
    // A process in a session of its own, and a build that never ends.
    let script = "use std::{process::Command, thread, time::Duration};\nfn main() {\n    Command::new(\"setsid\").args([\"sleep\", \"612\"]).spawn().unwrap();\n    loop {\n        println!(\"cargo::warning=flood\");\n        thread::sleep(Duration::from_millis(1));\n    }\n}\n";
    fs::write(ada.join("build.rs"), script).unwrap();
    interview.answer("bob", "hello, world");

    let said = interview.run("grade 1 OUT/ada OUT/bob --build-limit 10").expect_code(2).stdout;

    assert!(said.contains("not built"), "{said}");
    assert!(interview.json("ada")["why"].as_str().unwrap().contains("not done after 10 s"));
    assert_eq!(interview.json("bob")["required"]["passed"], 3);
    let left = sandbox::processes().into_iter().find(|line| line.contains("sleep 612"));
    assert_eq!(left, None);
}

#[test]
fn an_answer_in_another_language_is_started_by_its_command() {
    let interview = Interview::new();
    interview.answer("ada", "hello, world");
    let mut build: Command = interview.sandbox.command("cargo");
    build.args(["build", "--offline", "--quiet"]).current_dir(interview.dir("ada"));
    output(build).expect_code(0);
    fs::create_dir(interview.dir("bob")).unwrap();
    let built = format!("target/debug/q01-starter{}", std::env::consts::EXE_SUFFIX);
    fs::copy(interview.dir("ada").join(built), interview.dir("bob").join("server")).unwrap();

    let mut grade = interview.sandbox.xtask("grade 1");
    grade.arg(interview.dir("bob")).args(["--cmd", "./server"]);
    let said = output(grade).expect_code(0).stdout;

    assert!(said.contains("required 3/3"), "{said}");
    assert!(said.contains("there is no hand-out to compare with"), "{said}");
}

#[test]
fn a_scorecard_with_notes_is_never_overwritten() {
    let interview = Interview::new();
    interview.answer("ada", "hello, world");
    interview.run("grade 1 OUT/ada").expect_code(0);
    let card = interview.sandbox.path("grades/01-hello-world-ada/scorecard.md");
    fs::write(&card, "my notes").unwrap();

    let said = interview.run("grade 1 OUT/ada").expect_code(0).stdout;

    assert!(said.contains("grades/01-hello-world-ada.2/scorecard.md"), "{said}");
    assert_eq!(fs::read_to_string(card).unwrap(), "my notes");
    assert_eq!(interview.sandbox.read("grades/.gitignore"), "*\n");
}

#[test]
fn an_answer_to_another_question_is_not_judged() {
    let interview = Interview::new();
    interview.answer("ada", "hello, world");

    let notes = "questions/01-hello-world/INTERVIEWER.md";
    let copy = notes.replace("01-hello-world", "02-route-params");
    interview.sandbox.write(&copy, &interview.sandbox.read(notes));

    let said = interview.run("grade 2 OUT/ada").expect_code(2).stdout;

    assert!(said.contains("it was handed out as q01-hello-world, not q02-route-params"), "{said}");
}

#[test]
fn scorecards_speak_json() {
    let interview = Interview::new();
    interview.answer("ada", "hello, world");
    interview.answer("bob", "HELLO");

    let said = interview.run("grade 1 OUT/ada OUT/bob --json").expect_code(1).stdout;

    let cards: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(cards[0]["folder"], "ada");
    assert_eq!(cards[0]["outcome"], "judged");
    assert_eq!(cards[1]["required"]["failed"], 2);
    assert!(cards[1]["follow_ups"][0].as_str().unwrap().contains("lower case"));
}
