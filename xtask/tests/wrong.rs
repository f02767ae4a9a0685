//! `wrong`: a question's wrong answers are listed, made, and carried over to a changed solution.

mod sandbox;

use sandbox::{Sandbox, output};

const SOLUTION: &str = "questions/01-hello-world/src/solution.rs";
const SHOUTING: &str = "questions/01-hello-world/wrong/shouting.patch";

const ORIGINAL: &str = "fn main() {\n    kit::serve(\"hello, world\");\n}\n";
/// With lines between what a patch changes and what else may change.
const SPACED: &str = "fn main() {\n    // One.\n    // Two.\n    kit::serve(\"hello, world\");\n    // Three.\n    // Four.\n}\n";
/// The same two lines further down.
const LONGER: &str =
    "//! Serves a greeting.\n\nfn main() {\n    kit::serve(\"hello, world\");\n}\n";
/// The line that the patch changes is another one.
const OTHER: &str = "fn main() {\n    kit::serve(\"hello, you\");\n}\n";

fn git(sandbox: &Sandbox, line: &str) {
    let mut git = sandbox.command("git");
    git.args(["-c", "user.name=me", "-c", "user.email=me@example.com"]);
    git.args(line.split_whitespace());
    output(git).expect_code(0);
}

fn commit(sandbox: &Sandbox) {
    git(sandbox, "add .");
    git(sandbox, "commit --quiet --message=change");
}

fn committed() -> Sandbox {
    let sandbox = Sandbox::new();
    git(&sandbox, "init --quiet");
    commit(&sandbox);
    sandbox
}

/// What git makes of the solution with the patch.
fn wrong_program(sandbox: &Sandbox, name: &str) -> String {
    let solution = sandbox.read(SOLUTION);
    let mut apply = sandbox.command("git");
    apply.args(["apply", "-p0"]).arg(format!("wrong/{name}.patch"));
    apply.current_dir(sandbox.path("questions/01-hello-world"));
    output(apply).expect_code(0);
    let wrong = sandbox.read(SOLUTION);
    sandbox.write(SOLUTION, &solution);
    wrong
}

/// `SPACED` with its wrong answer, committed.
fn spaced() -> Sandbox {
    let sandbox = committed();
    sandbox.write(SOLUTION, SPACED);
    sandbox.write("wrong.rs", &SPACED.replace("hello", "HELLO"));
    sandbox.run("wrong 1 --new shouting --from wrong.rs").expect_code(0);
    sandbox.run("wrong 1").expect_code(0);
    std::fs::remove_dir_all(sandbox.path("target/wrong")).expect("it was made just now");
    commit(&sandbox);
    sandbox
}

#[test]
fn lists_each_with_its_check_and_thought() {
    let listed = Sandbox::new().run("wrong 1").expect_code(0).stdout;

    assert_eq!(
        listed,
        "shouting  a_greeting_is_lower_case\n          A greeting should be heard.\n1 wrong answer of 01-hello-world\n"
    );
}

#[test]
fn the_list_says_which_patch_no_longer_applies() {
    let sandbox = Sandbox::new();
    sandbox.write(SOLUTION, OTHER);

    let listed = sandbox.run("wrong 1").expect_code(1).stdout;

    assert!(listed.contains("does not apply to src/solution.rs"), "{listed}");
    assert!(listed.contains("cargo xtask wrong 01 --rebase"), "{listed}");
}

#[test]
fn rebase_leaves_patches_that_fit() {
    let sandbox = committed();
    let patch = sandbox.read(SHOUTING);

    let said = sandbox.run("wrong 1 --rebase").expect_code(0).stdout;

    assert!(said.contains("1 fit as they are, 0 rewritten, 0 left"), "{said}");
    assert_eq!(sandbox.read(SHOUTING), patch);
}

#[test]
fn rebase_carries_a_patch_over_to_an_uncommitted_change() {
    let sandbox = committed();
    sandbox.write(SOLUTION, &format!("{LONGER}\nfn other() {{}}\n"));

    let said = sandbox.run("wrong 1 --rebase").expect_code(0).stdout;

    assert!(said.contains("0 fit as they are, 1 rewritten, 0 left"), "{said}");
    assert!(said.contains("cargo xtask verify 01 --rounds 1"), "{said}");
    let patch = sandbox.read(SHOUTING);
    assert!(patch.starts_with(
        "A greeting should be heard.\nfails: a_greeting_is_lower_case\n\n--- src/solution.rs\n+++ src/solution.rs\n@@ -1,7 +1,7 @@\n"
    ), "{patch}");
    assert_eq!(
        wrong_program(&sandbox, "shouting"),
        format!("{}\nfn other() {{}}\n", LONGER.replace("hello", "HELLO"))
    );
}

#[test]
fn rebase_finds_the_newest_committed_solution_that_a_patch_fits() {
    let sandbox = spaced();
    sandbox.write(SOLUTION, &format!("{SPACED}// The end.\n"));
    commit(&sandbox);
    // Too few lines around its place are as they were: only a merge can find it.
    let changed = format!("//! Serves.\n\n{SPACED}").replace("One", "1").replace("Four", "4");
    sandbox.write(SOLUTION, &changed);
    commit(&sandbox);
    assert!(sandbox.run("wrong 1").expect_code(1).stdout.contains("does not apply"));

    let said = sandbox.run("wrong 1 --rebase").expect_code(0).stdout;

    assert!(said.contains("1 rewritten"), "{said}");
    assert_eq!(wrong_program(&sandbox, "shouting"), changed.replace("hello", "HELLO"));
    sandbox.run("wrong 1").expect_code(0);
}

#[test]
fn rebase_works_again_before_anything_is_committed() {
    let sandbox = spaced();
    let first = SPACED.replace("One", "1");
    let second = first.replace("Four", "4");
    for solution in [first, second] {
        sandbox.write(SOLUTION, &solution);
        sandbox.run("wrong 1 --rebase").expect_code(0);
        assert_eq!(wrong_program(&sandbox, "shouting"), solution.replace("hello", "HELLO"));
    }
}

#[test]
fn rebase_lists_a_conflict_with_its_place_and_leaves_the_patch() {
    let sandbox = committed();
    let patch = sandbox.read(SHOUTING);
    sandbox.write(SOLUTION, &format!("//! Serves.\n\n{OTHER}"));

    let said = sandbox.run("wrong 1 --rebase").expect_code(1).stdout;

    for part in [
        "left 1 conflict",
        "questions/01-hello-world/src/solution.rs:4\n",
        "the patch expects\n          kit::serve(\"hello, world\");",
        "the solution has\n          kit::serve(\"hello, you\");",
        "the wrong answer has\n          kit::serve(\"HELLO, world\");",
        "0 fit as they are, 0 rewritten, 1 left for you",
        "cargo xtask wrong 01 --new shouting --from target/wrong/01-shouting.rs",
    ] {
        assert!(said.contains(part), "{part:?} is missing in:\n{said}");
    }
    assert_eq!(sandbox.read(SHOUTING), patch);

    let refused = sandbox.run("wrong 1 --new shouting --from target/wrong/01-shouting.rs");
    let refused = refused.expect_code(2).stderr;
    assert!(refused.contains("line 4 is a conflict marker"), "{refused}");

    let resolved = "//! Serves.\n\nfn main() {\n    kit::serve(\"HELLO, you\");\n}\n";
    sandbox.write("target/wrong/01-shouting.rs", resolved);
    sandbox.run("wrong 1 --new shouting --from target/wrong/01-shouting.rs").expect_code(0);
    assert!(sandbox.read(SHOUTING).starts_with("A greeting should be heard.\nfails: "));
    assert_eq!(wrong_program(&sandbox, "shouting"), resolved);
}

#[test]
fn rebase_takes_the_base_from_a_file_without_git() {
    let sandbox = spaced();
    std::fs::remove_dir_all(sandbox.path(".git")).unwrap();
    let changed = SPACED.replace("One", "1");
    sandbox.write(SOLUTION, &changed);

    let said = sandbox.run("wrong 1 --rebase").expect_code(1).stdout;
    assert!(said.contains("fits no version of src/solution.rs"), "{said}");

    sandbox.write("before.rs", SPACED);
    sandbox.run("wrong 1 --rebase --base before.rs").expect_code(0);
    assert_eq!(wrong_program(&sandbox, "shouting"), changed.replace("hello", "HELLO"));

    let refused = sandbox.run("wrong 1 --rebase --base nowhere").expect_code(2).stderr;
    assert!(refused.contains("neither a file nor a revision"), "{refused}");
}

#[test]
fn rebase_says_when_the_solution_has_the_change_already() {
    let sandbox = committed();
    sandbox.write(SOLUTION, &ORIGINAL.replace("hello", "HELLO"));

    let said = sandbox.run("wrong 1 --rebase").expect_code(1).stdout;

    assert!(said.contains("already has every change"), "{said}");
}

fn make(sandbox: &Sandbox, name: &str, thought: &str, fails: &str) -> sandbox::Output {
    let mut new = sandbox.xtask("wrong 1 --new");
    new.args([name, "--thought", thought, "--fails", fails]);
    output(new)
}

#[test]
fn new_takes_the_change_of_the_working_copy_and_restores_it() {
    let sandbox = committed();
    let changed = ORIGINAL.replace(", world", "");
    sandbox.write(SOLUTION, &changed);

    let thought = "The world is not part of it.";
    let said = make(&sandbox, "short", thought, "stretch::the_world_is_greeted").expect_code(0);

    assert!(said.stdout.contains("wrote questions/01-hello-world/wrong/short.patch"));
    assert!(said.stdout.contains(&format!("restored {SOLUTION}")), "{}", said.stdout);
    assert_eq!(sandbox.read(SOLUTION), ORIGINAL);
    assert_eq!(wrong_program(&sandbox, "short"), changed);
    let patch = sandbox.read("questions/01-hello-world/wrong/short.patch");
    let header =
        format!("{thought}\nfails: stretch::the_world_is_greeted\n\n--- src/solution.rs\n");
    assert!(patch.starts_with(&header), "{patch}");
}

#[test]
fn new_refuses_what_would_not_be_a_wrong_answer() {
    let sandbox = committed();
    let unchanged = make(&sandbox, "short", "A thought.", "the_server_answers").expect_code(2);
    assert!(unchanged.stderr.contains("src/solution.rs has no change"), "{}", unchanged.stderr);

    sandbox.write(SOLUTION, OTHER);
    for (name, thought, fails, problem) in [
        ("Short", "A thought.", "the_server_answers", "use lowercase words joined by hyphens"),
        ("short", "", "the_server_answers", "--thought"),
        ("short", "A thought.", "the_world_is_greeted", "`stretch::the_world_is_greeted`"),
        ("short", "A thought.", "a_greeting_is_lower", "did you mean `a_greeting_is_lower_case`?"),
        ("short", "A thought.", "zzz", "the checks are: the_server_answers, "),
    ] {
        let refused = make(&sandbox, name, thought, fails).expect_code(2).stderr;
        assert!(refused.contains(problem), "{name} {thought} {fails}: {refused}");
    }
    let refused = sandbox.run("wrong 1 --new short").expect_code(2).stderr;
    assert!(refused.contains("--fails check_name"), "{refused}");
    assert_eq!(sandbox.read(SOLUTION), OTHER);
    assert!(!sandbox.path("questions/01-hello-world/wrong/short.patch").exists());
}
