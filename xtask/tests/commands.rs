//! The commands that read and note: list, show, hint, diff, next, reset, doctor, and the grammar.

mod sandbox;

use std::fs;

use sandbox::{STARTER, Sandbox, output, starter};

#[test]
fn list_shows_the_questions_by_tier() {
    let sandbox = Sandbox::new();

    let all = sandbox.run("list").expect_code(0).stdout;

    assert!(
        all.contains("★☆☆ tier 1\n  01  hello-world      Hello World API     5 min  untouched"),
        "{all}"
    );
    assert!(all.contains("★★★ tier 3\n  33  postgres-basics  Postgres Basics    40 min"), "{all}");
    assert!(all.contains("0 of 4 questions done"), "{all}");
    let second = sandbox.run("list --tier 2").expect_code(0).stdout;
    assert!(second.contains("status-codes") && !second.contains("hello-world"), "{second}");
}

#[test]
fn list_shows_my_state() {
    let sandbox = Sandbox::new();
    for (progress, state) in [
        ("", "edited "),
        ("01 hello-world required=1/3 stretch=0/1\n", "1/3 "),
        ("01 hello-world required=3/3 stretch=0/1\n", "done "),
        ("01 hello-world required=3/3 stretch=0/0\n", "done "),
        ("01 hello-world required=3/3 stretch=1/1\n", "done with stretch "),
    ] {
        sandbox.answer("hello");
        sandbox.write("progress.txt", progress);

        let list = sandbox.run("list").expect_code(0).stdout;

        let line = list.lines().find(|line| line.contains("hello-world")).unwrap();
        assert!(line.contains(&format!("5 min  {state}")), "{line}");
    }
    fs::copy(sandbox.path("xtask/starters/01-hello-world.rs"), sandbox.path(STARTER)).unwrap();
    assert!(sandbox.run("list").stdout.contains("5 min  untouched"));
}

#[test]
fn list_speaks_json() {
    let list = Sandbox::new().run("list --json").expect_code(0).stdout;

    let list: serde_json::Value = serde_json::from_str(&list).unwrap();

    assert_eq!(list.as_array().unwrap().len(), 4);
    assert_eq!(list[0]["slug"], "hello-world");
    assert_eq!(list[0]["minutes"], 5);
    assert_eq!(list[0]["state"], "untouched");
}

#[test]
fn a_question_is_named_in_many_ways() {
    let sandbox = Sandbox::new();
    sandbox.write("questions/02-route-params/README.md", "# Route Parameters\n");

    for name in [
        "2",
        "02",
        "q02",
        "route-params",
        "02-route-params",
        "q02-route-params",
        "questions/02-route-params/",
    ] {
        let shown = sandbox.run(&format!("show {name}")).expect_code(0).stdout;
        assert!(shown.contains("Route Parameters"), "{name}: {shown}");
    }
}

#[test]
fn a_wrong_name_gets_the_nearest() {
    let sandbox = Sandbox::new();

    for (name, hint) in [
        ("rout-parms", "did you mean 02 or `route-params`?"),
        ("status", "did you mean 07 or `status-codes`?"),
        ("99", "they are numbered 1 to 33"),
    ] {
        let refused = sandbox.run(&format!("check {name}")).expect_code(2);
        assert!(refused.stderr.contains(hint), "{name}: {}", refused.stderr);
        assert!(refused.stderr.contains("cargo xtask list"), "{name}: {}", refused.stderr);
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    let sandbox = Sandbox::new();

    for line in ["", "fly", "show", "check 1 --solution --url http://127.0.0.1:1", "list --tier x"]
    {
        sandbox.run(line).expect_code(2);
    }
    sandbox.run("--help").expect_code(0);
}

#[test]
fn outside_a_workspace_it_says_so() {
    let sandbox = Sandbox::new();
    let elsewhere = tempfile::tempdir().unwrap();

    let mut list = sandbox.xtask("list");
    list.env("XTASK_ROOT", elsewhere.path());
    let refused = output(list).expect_code(2);

    assert!(refused.stderr.contains("Failed to find a folder with Cargo.toml and questions/"));
}

#[test]
fn show_renders_the_prompt() {
    let shown = Sandbox::new().run("show 1").expect_code(0).stdout;

    for part in [
        "Hello World API\n",
        "\nTask\n",
        "with a greeting.",
        "  Method  Path                           Status  Body\n  GET     `/`                            200     `hello, world`\n",
        "\n    cargo xtask watch 1\n",
        "the book (https://doc.rust-lang.org/book)",
        "your answer goes into questions/01-hello-world/src/starter.rs",
    ] {
        assert!(shown.contains(part), "{part:?} in:\n{shown}");
    }
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
}

#[test]
fn hints_come_one_at_a_time() {
    let sandbox = Sandbox::new();
    let hint = |options: &str| sandbox.run(&format!("hint 1 {options}")).expect_code(0).stdout;

    assert!(hint("--again").contains("no hint is taken yet"));
    let first = hint("");
    assert!(first.starts_with("hint 1 of 3\nWhat does a greeting say first?"), "{first}");
    assert!(!first.contains("Look at"), "{first}");
    let second = hint("");
    assert!(second.starts_with("hint 2 of 3\nLook at the string"), "{second}");
    assert!(second.contains("\n    kit::serve"), "{second}");
    let again = hint("--again");
    assert!(again.contains("hint 1 of 3") && again.contains("hint 2 of 3"), "{again}");
    assert!(!again.contains("hint 3 of 3"), "{again}");
    assert!(hint("").contains("Say `hello, world`."));
    assert!(hint("").contains("all 3 hints are taken"));
    assert!(sandbox.progress().contains("01 hello-world hints=3\n"), "{}", sandbox.progress());
}

#[test]
fn all_hints_may_be_taken_at_once() {
    let sandbox = Sandbox::new();

    let all = sandbox.run("hint 1 --all").expect_code(0).stdout;

    assert!(all.contains("hint 1 of 3") && all.contains("hint 3 of 3"), "{all}");
    assert!(!all.contains("None."), "the list of the next section:\n{all}");
    assert!(sandbox.progress().contains("hints=3"));
}

#[test]
fn a_question_without_hints_says_where_they_belong() {
    let sandbox = Sandbox::new();
    sandbox.write("questions/01-hello-world/INTERVIEWER.md", "# Notes\n");

    let refused = sandbox.run("hint 1").expect_code(2);

    assert!(refused.stderr.contains("under `## Hints` in"), "{}", refused.stderr);
}

#[test]
fn diff_does_not_show_the_solution_unasked() {
    let sandbox = Sandbox::new();

    let refused = sandbox.run("diff 1").expect_code(2);

    assert!(refused.stderr.contains("cargo xtask diff 1 --yes"), "{}", refused.stderr);
    assert!(!refused.stdout.contains("hello, world"));
    let shown = sandbox.run("diff 1 --yes").expect_code(0).stdout;
    assert!(shown.contains("-     kit::serve(\"not implemented\");"), "{shown}");
    assert!(shown.contains("+     kit::serve(\"hello, world\");"), "{shown}");
}

#[test]
fn diff_of_a_green_question_needs_no_leave() {
    let sandbox = Sandbox::new();
    sandbox.write("progress.txt", "01 hello-world required=3/3 stretch=1/1\n");
    sandbox.write(STARTER, &sandbox.read("questions/01-hello-world/src/solution.rs"));

    let shown = sandbox.run("diff 1").expect_code(0).stdout;

    assert!(shown.contains("your starter is the solution"), "{shown}");
}

#[test]
fn next_names_the_first_open_question() {
    let sandbox = Sandbox::new();
    let done = |number: &str, slug: &str| {
        sandbox.write(&format!("questions/{number}-{slug}/src/starter.rs"), &starter("hello"));
        format!("{number} {slug} required=3/3 stretch=0/1\n")
    };

    assert!(sandbox.run("next").expect_code(0).stdout.starts_with("01 Hello World API"));
    let mut progress = done("01", "hello-world");
    sandbox.write("progress.txt", &progress);
    let next = sandbox.run("next").expect_code(0).stdout;
    assert!(next.starts_with("02 Route Parameters"), "{next}");
    assert!(next.contains("cargo xtask watch 2"), "{next}");
    progress += &done("02", "route-params");
    progress += &done("07", "status-codes");
    progress += &done("33", "postgres-basics");
    sandbox.write("progress.txt", &progress);
    assert!(sandbox.run("next").expect_code(0).stdout.contains("all 4 questions are done"));
}

#[test]
fn reset_brings_the_original_back_and_keeps_mine() {
    let sandbox = Sandbox::new();
    let original = sandbox.read(STARTER);
    sandbox.write(
        "progress.txt",
        "01 hello-world required=3/3 hints=2 started=1\n02 route-params hints=1\n",
    );

    for (number, mine) in ["hello one", "hello two"].into_iter().enumerate() {
        sandbox.answer(mine);
        let backup = format!("backups/01-hello-world.{}.rs", number + 1);

        let reset = sandbox.run("reset 1").expect_code(0).stdout;

        assert!(reset.contains(&format!("your starter is kept as {backup}")), "{reset}");
        assert_eq!(sandbox.read(STARTER), original);
        assert_eq!(sandbox.read(&backup), starter(mine));
    }
    let progress = sandbox.progress();
    assert!(
        !progress.contains("hello-world") && progress.contains("02 route-params hints=1"),
        "{progress}"
    );
    let again = sandbox.run("reset 1").expect_code(0).stdout;
    assert!(again.contains("is the original already"), "{again}");
    assert!(!sandbox.path("backups/01-hello-world.3.rs").exists());
}

#[test]
fn reset_works_after_a_commit_and_git_ignores_the_backup() {
    let sandbox = Sandbox::new();
    let original = sandbox.read(STARTER);
    let git = |line: &str| {
        let mut git = sandbox.command("git");
        git.args(["-c", "user.name=me", "-c", "user.email=me@example.com"]);
        git.args(line.split_whitespace());
        output(git).expect_code(0).stdout
    };
    git("init --quiet");
    sandbox.answer("hello");
    git("add .");
    git("commit --quiet --message=mine");

    sandbox.run("reset 1").expect_code(0);

    assert_eq!(sandbox.read(STARTER), original);
    let changes = git("status --short");
    assert!(changes.contains(STARTER) && !changes.contains("backups"), "{changes}");
}

#[test]
fn reset_says_when_there_is_no_original() {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.path("xtask/starters/01-hello-world.rs")).unwrap();
    sandbox.answer("hello");

    let refused = sandbox.run("reset 1").expect_code(2);

    assert!(refused.stderr.contains("Failed to read the original starter"), "{}", refused.stderr);
    assert!(refused.stderr.contains("git log"), "{}", refused.stderr);
    assert_eq!(sandbox.read(STARTER), starter("hello"));
}

#[test]
fn progress_survives_renamed_questions_and_unknown_lines() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "progress.txt",
        "a note of mine\n01 its-old-name hints=2\n12 route-params hints=1 mood=good\n99 gone hints=3\n07 status-codes hints=many\n",
    );

    let renamed = sandbox.run("hint 1").expect_code(0).stdout;

    assert!(renamed.contains("hint 3 of 3"), "{renamed}");
    fs::copy(
        sandbox.path("questions/01-hello-world/INTERVIEWER.md"),
        sandbox.path("questions/02-route-params/INTERVIEWER.md"),
    )
    .unwrap();
    let renumbered = sandbox.run("hint 2").expect_code(0).stdout;
    assert!(renumbered.contains("hint 2 of 3"), "{renumbered}");
    let progress = sandbox.progress();
    assert!(progress.starts_with("# Your progress"), "{progress}");
    let lines: Vec<&str> = progress.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        lines,
        [
            "01 hello-world hints=3",
            "02 route-params hints=2 mood=good",
            "07 status-codes hints=many",
            "99 gone hints=3",
            "a note of mine",
        ]
    );
}

#[test]
fn doctor_says_what_is_ready() {
    let sandbox = Sandbox::new();

    let ready = sandbox.run("doctor").expect_code(0).stdout;

    for name in ["toolchain", "cargo", "linker", "git", "disk", "port 3000", "lock file", "offline"]
    {
        assert!(ready.lines().any(|line| line[8..].contains(name)), "{name} in:\n{ready}");
    }
    assert!(ready.contains("lock file  current"), "{ready}");
}

#[test]
fn doctor_finds_an_old_lock_file_and_an_old_toolchain() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", "version = 4\n");
    let manifest = sandbox.read("Cargo.toml").replace("\"1.85\"", "\"1.9999\"");
    sandbox.write("Cargo.toml", &manifest);

    let ill = sandbox.run("doctor").expect_code(1).stdout;

    assert!(ill.contains("✗ FAIL lock file  Cargo.lock does not fit"), "{ill}");
    assert!(ill.contains("✗ FAIL toolchain") && ill.contains("rustup update"), "{ill}");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let sandbox = Sandbox::new();
    let mut piped = sandbox.command("sh");
    piped.args(["-c", &format!("{} list | true", env!("CARGO_BIN_EXE_xtask"))]);

    assert_eq!(output(piped).stderr, "");
}

/// `script` gives the program a terminal.
#[cfg(target_os = "linux")]
#[test]
fn colours_are_for_terminals_and_respect_no_color() {
    let sandbox = Sandbox::new();
    let on_terminal = |no_color: bool| {
        let mut script = sandbox.command("script");
        script.args(["-qec", &format!("{} list", env!("CARGO_BIN_EXE_xtask")), "/dev/null"]);
        script.env("TERM", "xterm");
        if no_color {
            script.env("NO_COLOR", "1");
        }
        output(script).expect_code(0).stdout
    };

    assert!(on_terminal(false).contains("\u{1b}[1m"));
    assert!(!on_terminal(true).contains('\u{1b}'));
    assert!(!sandbox.run("list").stdout.contains('\u{1b}'));
}
