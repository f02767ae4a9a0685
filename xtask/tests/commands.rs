//! The commands that read and note: list, show, hint, diff, next, reset, doctor, and the grammar.

mod sandbox;

use std::{fs, thread};

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
        ("hello-world = { number = 1, required = [1, 3], stretch = [0, 1] }\n", "1/3 "),
        ("hello-world = { number = 1, required = [3, 3], stretch = [0, 1] }\n", "done "),
        ("hello-world = { number = 1, required = [3, 3], stretch = [0, 0] }\n", "done "),
        (
            "hello-world = { number = 1, required = [3, 3], stretch = [1, 1] }\n",
            "done with stretch ",
        ),
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
        "questions/02-route-params/src/starter.rs",
        "./questions/../questions/02-route-params/tests",
        &sandbox.path("questions/02-route-params/src/starter.rs").display().to_string(),
    ] {
        let shown = sandbox.run(&format!("show {name}")).expect_code(0).stdout;
        assert!(shown.contains("Route Parameters"), "{name}: {shown}");
    }
    for (folder, name) in
        [("questions", "02-route-params/src"), ("questions/02-route-params/src", "starter.rs")]
    {
        let mut show = sandbox.xtask(&format!("show {name}"));
        show.current_dir(sandbox.path(folder));
        let shown = output(show).expect_code(0).stdout;
        assert!(shown.contains("Route Parameters"), "{name} in {folder}: {shown}");
    }
}

#[test]
fn a_copy_of_a_question_is_ignored_and_named() {
    let sandbox = Sandbox::new();
    for copy in ["01-hello-world copy", "01-hello-world.bak", "01-hello-again"] {
        let folder = sandbox.path(&format!("questions/{copy}"));
        sandbox::copy(&sandbox.path("questions/01-hello-world"), &folder);
    }

    let list = sandbox.run("list").expect_code(0);
    let check = sandbox.run("check 1 --solution").expect_code(0);

    assert!(list.stdout.contains("0 of 4 questions done"), "{}", list.stdout);
    for copy in ["01-hello-world copy", "01-hello-world.bak", "01-hello-again"] {
        let warning = format!("warning: questions/{copy} is not a question and is ignored");
        assert_eq!(list.stderr.matches(&warning).count(), 1, "{}", list.stderr);
        assert!(check.stderr.contains(&warning), "{}", check.stderr);
    }
    let mut refused = sandbox.xtask("check");
    refused.arg("questions/01-hello-world copy/src/starter.rs");
    let refused = output(refused).expect_code(2).stderr;
    assert!(refused.contains("did you mean 01 or `hello-world`?"), "{refused}");
}

#[test]
fn a_new_question_becomes_a_member() {
    let sandbox = Sandbox::new();

    sandbox.run("new 5 file-upload --title Upload --tier 1 --minutes 5").expect_code(0);

    let manifest = sandbox.read("Cargo.toml");
    let wanted = "    \"questions/02-route-params\",\n    \"questions/05-file-upload\",\n    \"questions/07-status-codes\",\n";
    assert!(manifest.contains(wanted), "{manifest}");
    assert!(manifest.contains("    \"kit\",\n"), "{manifest}");
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
fn help_says_exit_codes_and_json_and_the_version_is_told() {
    let sandbox = Sandbox::new();

    let version = sandbox.run("--version").expect_code(0).stdout;
    assert!(version.starts_with("cargo xtask 0."), "{version}");
    for (command, parts) in [
        ("list", &["Exit codes: 0 listed", "--json prints one array", "state"][..]),
        (
            "check",
            &["2  a required check was not run", "--json prints one object", "not_judged", "$PORT"],
        ),
        ("start", &["Exit codes: 0 started"]),
        ("handout", &["--with-checks", "Exit codes: 0 handed out"]),
        ("test", &["takes about 8\n", "Exit codes: 0 all tests passed"]),
    ] {
        let help = sandbox.run(&format!("{command} --help")).expect_code(0).stdout;
        for part in parts {
            assert!(help.contains(part), "{part} in:\n{help}");
        }
    }
}

#[test]
fn the_json_of_list_and_check_is_what_help_says() {
    let sandbox = Sandbox::new();
    let keys = |json: &serde_json::Value| {
        json.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>()
    };
    for (command, pick, mut wanted) in [
        (
            "list",
            "/0",
            vec![
                "number",
                "slug",
                "title",
                "description",
                "tier",
                "minutes",
                "topics",
                "services",
                "state",
            ],
        ),
        (
            "check 1",
            "",
            vec![
                "number",
                "slug",
                "subject",
                "of",
                "exit_code",
                "built",
                "required",
                "stretch",
                "checks",
                "broken",
            ],
        ),
        ("check 1", "/required", vec!["passed", "failed", "not_judged"]),
        (
            "check 1",
            "/checks/0",
            vec![
                "name", "sentence", "stretch", "outcome", "cause", "failure", "notes", "with",
                "millis",
            ],
        ),
    ] {
        let json = sandbox.run(&format!("{command} --json")).stdout;
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        wanted.sort_unstable();
        assert!(keys(json.pointer(pick).unwrap()).iter().eq(&wanted), "{command} {pick}: {json}");
        let help = sandbox.run(&format!("{} --help", command.trim_end_matches(" 1"))).stdout;
        for key in wanted {
            assert!(help.contains(key), "{key} in:\n{help}");
        }
    }
}

#[test]
fn diff_ignores_line_ends() {
    let sandbox = Sandbox::new();
    let solution = sandbox.read("questions/01-hello-world/src/solution.rs");
    sandbox.write(STARTER, &solution.replace('\n', "\r\n"));

    let same = sandbox.run("diff 1 --yes").expect_code(0).stdout;
    sandbox.write(STARTER, solution.trim_end());
    let without_the_last = sandbox.run("diff 1 --yes").expect_code(0).stdout;

    for text in [same, without_the_last] {
        assert_eq!(text, "your starter is identical to the solution\n");
    }
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

    assert!(hint("--again").contains("you have not taken a hint yet"));
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
    assert!(hint("").contains("you have taken all 3 hints"));
    assert!(
        sandbox.progress().contains("hello-world = { number = 1, hints = 3 }\n"),
        "{}",
        sandbox.progress()
    );
}

#[test]
fn all_hints_may_be_taken_at_once() {
    let sandbox = Sandbox::new();

    let all = sandbox.run("hint 1 --all").expect_code(0).stdout;

    assert!(all.contains("hint 1 of 3") && all.contains("hint 3 of 3"), "{all}");
    assert!(!all.contains("None."), "the list of the next section:\n{all}");
    assert!(sandbox.progress().contains("hints = 3"));
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
    sandbox.write(
        "progress.txt",
        "hello-world = { number = 1, required = [3, 3], stretch = [1, 1] }\n",
    );
    sandbox.write(STARTER, &sandbox.read("questions/01-hello-world/src/solution.rs"));

    let shown = sandbox.run("diff 1").expect_code(0).stdout;

    assert!(shown.contains("your starter is identical to the solution"), "{shown}");
}

#[test]
fn next_names_the_first_open_question() {
    let sandbox = Sandbox::new();
    let done = |number: &str, slug: &str| {
        sandbox.write(&format!("questions/{number}-{slug}/src/starter.rs"), &starter("hello"));
        let number: u8 = number.parse().unwrap();
        format!("{slug} = {{ number = {number}, required = [3, 3], stretch = [0, 1] }}\n")
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
        "hello-world = { number = 1, required = [3, 3], hints = 2, started = \"2026-01-31T12:00:00Z\" }\nroute-params = { number = 2, hints = 1 }\n",
    );

    for (number, mine) in ["hello one", "hello two"].into_iter().enumerate() {
        sandbox.answer(mine);
        let backup = format!("backups/01-hello-world.{}.rs", number + 1);

        let reset = sandbox.run("reset 1").expect_code(0).stdout;

        assert!(reset.contains(&format!("your version is saved as {backup}")), "{reset}");
        assert_eq!(sandbox.read(STARTER), original);
        assert_eq!(sandbox.read(&backup), starter(mine));
    }
    let progress = sandbox.progress();
    assert!(
        !progress.contains("hello-world")
            && progress.contains("route-params = { number = 2, hints = 1 }"),
        "{progress}"
    );
    let again = sandbox.run("reset 1").expect_code(0).stdout;
    assert!(again.contains("is already the original starter"), "{again}");
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
        "# a note of mine\nits-old-name = { number = 1, hints = 2 }\nroute-params = { number = 12, hints = 1, mood = \"good\" }\n\
         gone = { number = 99, hints = 3 }\nstatus-codes = { number = 7, hints = \"many\" }\n",
    );

    let renamed = sandbox.run("hint 1").expect_code(0).stdout;

    assert!(renamed.contains("hint 3 of 3"), "{renamed}");
    give_hints(&sandbox, "02-route-params");
    let renumbered = sandbox.run("hint 2").expect_code(0).stdout;
    assert!(renumbered.contains("hint 2 of 3"), "{renumbered}");
    let progress = sandbox.progress();
    assert!(progress.starts_with("# Your progress"), "{progress}");
    let lines: Vec<&str> = progress.lines().skip(3).collect();
    assert_eq!(
        lines,
        [
            "hello-world = { number = 1, hints = 3 }",
            "route-params = { number = 2, hints = 2, mood = \"good\" }",
            "gone = { number = 99, hints = 3 }",
            "# a note of mine",
            "status-codes = { number = 7, hints = \"many\" }",
        ]
    );
}

fn give_hints(sandbox: &Sandbox, folder: &str) {
    let notes = sandbox.read("questions/01-hello-world/INTERVIEWER.md");
    sandbox.write(&format!("questions/{folder}/INTERVIEWER.md"), &notes);
}

#[test]
fn a_line_of_the_progress_that_cannot_be_read_costs_nothing_else() {
    let sandbox = Sandbox::new();
    sandbox.answer("hello");
    let mut bytes =
        b"hello-world = { number = 1, required = [3, 3] }\nroute-params = { numb".to_vec();
    bytes.extend(b"\n\xff\xfe\x00\n");
    fs::write(sandbox.path("progress.txt"), &bytes).unwrap();

    let list = sandbox.run("list").expect_code(0);
    let hint = sandbox.run("hint 1").expect_code(0);

    assert!(list.stdout.contains("5 min  done "), "{}", list.stdout);
    assert_eq!(list.stderr.matches("warning: Failed to read 2 lines of").count(), 1);
    assert_eq!(list.stderr.lines().count(), 1, "{}", list.stderr);
    assert!(hint.stdout.starts_with("hint 1 of 3"), "{}", hint.stdout);
    let kept = fs::read(sandbox.path("progress.txt")).unwrap();
    assert!(kept.ends_with(b"route-params = { numb\n\xff\xfe\x00\n"), "{kept:?}");
}

/// A folder in its place can be neither read nor written, by root neither.
#[test]
fn progress_that_cannot_be_read_or_written_stops_no_command() {
    let sandbox = Sandbox::new();
    sandbox.answer("hello");
    fs::create_dir(sandbox.path("progress.txt")).unwrap();

    for (line, wanted) in [
        ("list", "0 of 4 questions done"),
        ("next", "01 Hello World API"),
        ("hint 1", "hint 1 of 3"),
        ("hint 1 --all", "hint 3 of 3"),
        ("hint 1 --again", "you have not taken a hint yet"),
        ("diff 1 --yes", "hello, world"),
        ("check 1", "required 3/3"),
    ] {
        let output = sandbox.run(line).expect_code(0);
        assert!(output.stdout.contains(wanted), "{line}: {}", output.stdout);
        let said = output.stdout + &output.stderr;
        assert_eq!(
            said.matches("warning: Failed to read your progress").count(),
            1,
            "{line}: {said}"
        );
    }
    let reset = sandbox.run("reset 1").expect_code(2).stdout;
    assert!(reset.contains("starter.rs is the original starter again\n"), "{reset}");
    assert!(reset.contains("results of this question are NOT cleared: Failed to read"), "{reset}");
}

#[test]
fn progress_that_is_read_only_is_not_replaced() {
    let sandbox = Sandbox::new();
    sandbox.write("progress.txt", "hello-world = { number = 1, hints = 1 }\n");
    let path = sandbox.path("progress.txt");
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();

    let hint = sandbox.run("hint 1").expect_code(0).stdout;

    assert!(hint.contains("it is read-only; make it writable"), "{hint}");
    assert!(hint.contains("hint 2 of 3"), "{hint}");
    assert_eq!(sandbox.progress(), "hello-world = { number = 1, hints = 1 }\n");
}

#[test]
fn commands_at_the_same_time_lose_no_progress() {
    let sandbox = Sandbox::new();
    let manifest = sandbox.read("questions/02-route-params/Cargo.toml");
    for number in 40..72 {
        let folder = format!("{number}-number-{number}");
        fs::create_dir(sandbox.path(&format!("questions/{folder}"))).unwrap();
        let manifest = manifest.replace("q02-route-params", &format!("q{folder}"));
        sandbox.write(&format!("questions/{folder}/Cargo.toml"), &manifest);
        give_hints(&sandbox, &folder);
    }

    let hints: Vec<_> =
        (40..72).map(|number| sandbox.xtask(&format!("hint {number}")).spawn().unwrap()).collect();
    for mut hint in hints {
        assert!(hint.wait().unwrap().success());
    }

    let progress = sandbox.progress();
    assert_eq!(progress.matches("hints = 1 }").count(), 32, "{progress}");
}

#[test]
fn commands_at_the_same_time_take_different_hints() {
    let sandbox = Sandbox::new();
    let hints: Vec<_> = (0..3)
        .map(|_| {
            thread::spawn({
                let mut hint = sandbox.xtask("hint 1");
                move || String::from_utf8(hint.output().unwrap().stdout).unwrap()
            })
        })
        .collect();

    let mut hints: Vec<String> = hints.into_iter().map(|hint| hint.join().unwrap()).collect();

    hints.sort();
    for (number, hint) in hints.iter().enumerate() {
        assert!(hint.starts_with(&format!("hint {} of 3", number + 1)), "{hint}");
    }
}

#[test]
fn doctor_says_what_is_ready() {
    let sandbox = Sandbox::new();

    let ready = sandbox.run("doctor").expect_code(0).stdout;

    for name in ["toolchain", "cargo", "linker", "git", "disk", "port 3000", "lock file", "offline"]
    {
        assert!(ready.lines().any(|line| line.contains(name)), "{name} in:\n{ready}");
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

    assert!(ill.contains("✗ FAIL lock file  Cargo.lock does not match"), "{ill}");
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
