//! `handout` and `start`: the folder that a candidate gets, and the clock.

#![allow(clippy::unwrap_used, reason = "clippy takes only the test functions for tests")]

mod sandbox;

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use chrono::{TimeDelta, Utc};
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

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.dir(file)).unwrap()
    }

    fn run(&self, line: &str) -> Output {
        let line = line.replace("OUT/", &format!("{}/", self.outside.path().display()));
        self.sandbox.run(&line)
    }

    fn scorecard(&self, name: &str) -> String {
        self.sandbox.read(&format!("grades/01-hello-world-{name}/scorecard.md"))
    }
}

#[test]
fn the_prompt_says_what_to_do_before_and_after() {
    let interview = Interview::new();

    interview.run("handout 1 OUT/ada").expect_code(0);
    interview.run("handout 1 OUT/bob --without-checks").expect_code(0);

    let (ada, bob) = (interview.read("ada/README.md"), interview.read("bob/README.md"));
    for prompt in [&ada, &bob] {
        assert!(
            prompt.contains("\n## Before you start\n\nYou need Rust 1.85 or newer"),
            "{prompt}"
        );
        assert!(prompt.contains("\ncargo fetch "), "{prompt}");
        assert!(prompt.find("## Before you start") < prompt.find("## Task"), "{prompt}");
        assert!(prompt.ends_with("it says which hand-out this is.\n"), "{prompt}");
        assert!(prompt.contains("\n\n## Hand it back\n"), "{prompt}");
    }
    assert!(ada.contains("\ncargo build && cargo test --no-run "), "{ada}");
    assert!(bob.contains("\ncargo build ") && !bob.contains("cargo test"), "{bob}");
}

#[test]
fn house_rules_and_formatting_come_along_and_the_link_works() {
    let interview = Interview::new();
    let sandbox = &interview.sandbox;
    let prompt = sandbox.read("questions/01-hello-world/README.md");
    let rules = "## House rules\n\nThe [house rules](../../HOUSE_RULES.md) apply.\n\n## Run it";
    sandbox.write("questions/01-hello-world/README.md", &prompt.replace("## Run it", rules));
    sandbox.write("HOUSE_RULES.md", "# House rules\n");
    sandbox.write("rustfmt.toml", "max_width = 90\n");

    interview.run("handout 1 OUT/ada").expect_code(0);
    interview.run("handout 1 OUT/bob --required-only").expect_code(0);

    let ada = interview.read("ada/README.md");
    assert!(ada.contains("The [house rules](HOUSE_RULES.md) apply."), "{ada}");
    assert_eq!(interview.read("ada/HOUSE_RULES.md"), "# House rules\n");
    assert_eq!(interview.read("ada/rustfmt.toml"), "max_width = 90\n");
    assert!(!interview.read("bob/README.md").contains("house rules"));
    assert!(!interview.dir("bob/HOUSE_RULES.md").exists(), "they are stretch");
}

#[test]
fn the_manifest_keeps_the_variables_of_the_server_and_nothing_else_of_its_facts() {
    let interview = Interview::new();
    let path = "questions/01-hello-world/Cargo.toml";
    let manifest: toml::Table = interview.sandbox.read(path).parse().unwrap();
    let mut manifest = manifest;
    let package = manifest["package"].as_table_mut().unwrap();
    let facts = package["metadata"]["question"].as_table_mut().unwrap();
    facts.insert("env".to_owned(), vec!["GREETING", "APP_ENV"].into());
    interview.sandbox.write(path, &manifest.to_string());

    interview.run("handout 1 OUT/ada").expect_code(0);

    let manifest = interview.read("ada/Cargo.toml");
    let wanted = "[package.metadata.question]\nenv = [\"GREETING\", \"APP_ENV\"]\n";
    assert!(manifest.contains(wanted), "{manifest}");
    assert!(!manifest.contains("topics"), "{manifest}");
    assert!(manifest.parse::<toml::Table>().is_ok(), "{manifest}");
}

#[test]
fn a_bug_comes_without_the_checks_that_name_it() {
    let interview = Interview::new();

    let said = interview.run("handout 1 OUT/ada --bug shouting").expect_code(0).stdout;
    interview.run("handout 1 OUT/bob --bug shouting --with-checks").expect_code(0);

    assert!(said.contains("a wrong answer to review and fix, no checks"), "{said}");
    assert!(!interview.dir("ada/tests").exists());
    assert!(interview.dir("bob/tests/contract.rs").exists());
    interview.run("handout 1 OUT/cem --with-checks").expect_code(2);
    interview.run("handout 1 OUT/cem --bug shouting --with-checks --without-checks").expect_code(2);
}

#[test]
fn a_bug_of_a_stretch_check_needs_the_stretch_part() {
    let interview = Interview::new();
    let path = "questions/01-hello-world/wrong/shouting.patch";
    let patch = interview.sandbox.read(path);
    let patch =
        patch.replace("fails: a_greeting_is_lower_case", "fails: stretch::the_world_is_greeted");
    interview.sandbox.write(path, &patch);

    let refused = interview.run("handout 1 OUT/ada --bug shouting --required-only").expect_code(2);

    assert!(refused.stderr.contains("it fails a stretch check"), "{}", refused.stderr);
    assert!(!interview.dir("ada").exists());
}

#[test]
fn the_scorecard_knows_that_stretch_was_not_asked_for() {
    let interview = Interview::new();
    let line = "handout 1 OUT/ada --without-checks --required-only";
    let said = interview.run(line).expect_code(0).stdout;
    assert!(said.contains("no checks, and no stretch part"), "{said}");
    fs::write(interview.dir("ada/src/starter.rs"), starter("hello")).unwrap();

    interview.run("grade 1 OUT/ada").expect_code(0);

    let card = interview.scorecard("ada");
    assert!(card.contains("## Stretch, which was not asked for: 0 of 1"), "{card}");
}

#[test]
fn commands_to_type_next_are_quoted() {
    let interview = Interview::new();
    let mut handout = interview.sandbox.xtask("handout 1");
    handout.arg(interview.dir("ada lovelace"));

    let said = output(handout).expect_code(0).stdout;

    let quoted = format!("cargo xtask grade 1 '{}'\n", interview.dir("ada lovelace").display());
    assert!(said.contains(&quoted), "{said}");
}

#[test]
fn time_counts_from_the_start_of_the_clock() {
    let interview = Interview::new();
    let said = interview.run("handout 1 OUT/ada").expect_code(0).stdout;
    let id = said.split("cargo xtask start ").nth(1).unwrap().lines().next().unwrap().to_owned();
    let ada = interview.dir("ada/src/starter.rs");
    fs::write(&ada, starter("hello")).unwrap();

    let unknown = interview.run("grade 1 OUT/ada").expect_code(0).stdout;
    assert!(unknown.contains("time       not known"), "{unknown}");

    let started = interview.run(&format!("start {id}")).expect_code(0).stdout;
    assert!(started.contains(&format!("{id} · the clock runs from ")), "{started}");
    assert!(started.contains("(5 minutes)"), "{started}");
    // As if it had been started 200 s earlier: a change in the future would not count.
    let record = interview.sandbox.path(&format!("handouts/{id}.json"));
    let mut json: Value = serde_json::from_str(&fs::read_to_string(&record).unwrap()).unwrap();
    json["started"] = serde_json::json!(Utc::now() - TimeDelta::seconds(200));
    fs::write(&record, json.to_string()).unwrap();
    fs::File::options().append(true).open(&ada).unwrap().set_modified(SystemTime::now()).unwrap();
    let known = interview.run("grade 1 OUT/ada").expect_code(0).stdout;
    let wanted = "time       4 of 5 minutes, from the start of the clock to the last change";
    assert!(known.contains(wanted), "{known}");

    let again = interview.run("start OUT/ada").expect_code(0).stdout;
    assert!(again.contains("it was started before"), "{again}");
    interview.run("start 1").expect_code(0);
    interview.run("start hello-world").expect_code(0);
}

#[test]
fn the_clock_of_a_hand_out_that_does_not_exist_cannot_be_started() {
    let interview = Interview::new();
    let nothing = interview.run("start q01-20260131-120000").expect_code(2).stderr;
    assert!(nothing.contains("nothing was handed out from this workspace"), "{nothing}");
    let none = interview.run("start 1").expect_code(2).stderr;
    assert!(none.contains("hand it out: cargo xtask handout 1 DIR"), "{none}");

    interview.run("handout 1 OUT/ada").expect_code(0);
    let unknown = interview.run("start ../../etc").expect_code(2).stderr;
    assert!(unknown.contains("the newest ones are q01-"), "{unknown}");
}

#[test]
fn the_sentence_of_the_header_with_the_commands_is_replaced_and_no_other() {
    let interview = Interview::new();
    let header = "//! Answer with a greeting.\n//!\n//! Run it with `cargo xtask run 1`, and check it on every\n//! save with `cargo xtask watch 1`.\n//! Change anything you like.\n\n";
    let text = format!("{header}{}", interview.sandbox.read(STARTER));
    interview.sandbox.write("xtask/starters/01-hello-world.rs", &text);

    interview.run("handout 1 OUT/ada").expect_code(0);

    let starter = interview.read("ada/src/starter.rs");
    let wanted = "//! Answer with a greeting.\n//!\n//! Run it with `cargo run -p q01-hello-world`, and check it with `cargo test`.\n//! Change anything you like.\n\nfn main";
    assert!(starter.starts_with(wanted), "{starter}");
}

/// Otherwise the first `cargo test` would compile actix-web once more. Cargo's own plan of a build is
/// compared, since the builds take minutes.
#[test]
fn run_and_test_share_every_build() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let workspace = outside.path().join("workspace");
    for folder in ["questions", "shared", "xtask/starters"] {
        sandbox::copy(&root.join(folder), &workspace.join(folder));
    }
    for file in ["Cargo.toml", "Cargo.lock", "HOUSE_RULES.md", "rustfmt.toml"] {
        fs::copy(root.join(file), workspace.join(file)).unwrap();
    }
    for number in [13, 20, 27] {
        let folder = outside.path().join(number.to_string());
        let mut handout = Command::new(env!("CARGO_BIN_EXE_xtask"));
        handout.args(["handout", &number.to_string()]).arg(&folder);
        output({
            handout.env("XTASK_ROOT", &workspace);
            handout
        })
        .expect_code(0);

        let (run, test) = (units(&folder, &["build"]), units(&folder, &["test", "--no-run"]));

        assert!(run.len() > 100, "{number}: {} units", run.len());
        let rebuilt: Vec<_> = run.difference(&test).collect();
        assert!(rebuilt.is_empty(), "{number}: cargo test builds again: {rebuilt:#?}");
    }
}

/// What cargo would compile in `folder`, each with its features and with what it depends on.
fn units(folder: &Path, command: &[&str]) -> BTreeSet<String> {
    let mut cargo = Command::new("cargo");
    cargo.args(command).args(["--offline", "--unit-graph", "-Zunstable-options"]);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_") && name != "CARGO_HOME" {
            cargo.env_remove(name);
        }
    }
    // The plan is not stable; comparing two of them is all that is asked of it.
    cargo.env("RUSTC_BOOTSTRAP", "1").current_dir(folder);
    let plan: Value = serde_json::from_str(&output(cargo).expect_code(0).stdout).unwrap();
    let units = plan["units"].as_array().unwrap();
    let mut known = HashMap::new();
    (0..units.len()).map(|at| describe(units, at, &mut known)).collect()
}

fn describe(units: &[Value], at: usize, known: &mut HashMap<usize, String>) -> String {
    if let Some(text) = known.get(&at) {
        return text.clone();
    }
    let unit = &units[at];
    let dependencies = unit["dependencies"].as_array().unwrap();
    let below: BTreeSet<String> = dependencies
        .iter()
        .map(|it| describe(units, it["index"].as_u64().unwrap() as usize, known))
        .collect();
    let (package, target) = (&unit["pkg_id"], &unit["target"]["name"]);
    let (mode, features) = (&unit["mode"], &unit["features"]);
    let text = format!("{package} {target} {mode} {features} {}", hash(&below));
    known.insert(at, text.clone());
    text
}

fn hash(value: &impl std::hash::Hash) -> u64 {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
