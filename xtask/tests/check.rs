//! `check`, `run` and `test`: what is built, what is judged, and how it is told.

mod sandbox;

use std::{fs, net::TcpListener};

use sandbox::{CONTRACT, Running, STARTER, Sandbox, output, starter, wait_until};

#[test]
fn a_checklist_in_the_order_of_the_source() {
    let sandbox = Sandbox::new();

    let red = sandbox.run("check 1").expect_code(1).stdout;

    assert_eq!(
        red,
        "\
01 Hello World API ★☆☆ · your starter

  ✓ ok   the server answers
  ✗ FAIL The greeting starts with `hello`
  ✗ FAIL a greeting is lower case

  stretch
  ✗ FAIL the world is greeted

The greeting starts with `hello`
  the answer was `not implemented`

required 1/3 · stretch 0/1
stuck? cargo xtask hint 1
"
    );
    assert!(
        sandbox
            .progress()
            .contains("hello-world = { number = 1, required = [1, 3], stretch = [0, 1] }\n")
    );

    let all = sandbox.run("check 1 --all").expect_code(1).stdout;
    assert_eq!(all.matches("the answer was").count(), 3, "{all}");

    sandbox.answer("hello");
    let green = sandbox.run("check 1").expect_code(0).stdout;
    assert!(green.contains("required 3/3 · stretch 0/1"), "{green}");
    assert!(sandbox.run("list").stdout.contains("5 min  done "));
}

#[test]
fn the_solution_is_judged_without_touching_my_progress() {
    let sandbox = Sandbox::new();

    let green = sandbox.run("check 1 --solution").expect_code(0).stdout;

    assert!(green.contains("the solution"), "{green}");
    assert!(green.contains("required 3/3 · stretch 1/1"), "{green}");
    assert!(!sandbox.path("progress.txt").exists());
}

#[test]
fn the_verdict_as_json() {
    let sandbox = Sandbox::new();

    let verdict = sandbox.run("check 1 --json").expect_code(1).stdout;

    let verdict: serde_json::Value = serde_json::from_str(&verdict).unwrap();
    assert_eq!(verdict["subject"], "starter");
    assert_eq!(verdict["exit_code"], 1);
    assert_eq!(verdict["required"]["passed"], 1);
    assert_eq!(verdict["required"]["failed"], 2);
    assert_eq!(verdict["checks"][1]["name"], "a_greeting_says_hello");
    assert_eq!(verdict["checks"][1]["outcome"], "failed");
    assert_eq!(verdict["checks"][3]["stretch"], true);
}

#[test]
fn a_starter_that_does_not_compile_stops_only_itself() {
    let sandbox = Sandbox::new();
    sandbox.write(STARTER, "fn main() {\n    kit::serve(oops);\n}\n");

    let broken = sandbox.run("check 1").expect_code(2).stdout;

    assert!(broken.contains("cannot find value `oops`"), "{broken}");
    assert!(broken.contains("--> questions/01-hello-world/src/starter.rs:2:16"), "{broken}");
    assert!(broken.contains("not built: no check ran"), "{broken}");
    assert!(!sandbox.path("progress.txt").exists());
    let json = sandbox.run("check 1 --json").expect_code(2).stdout;
    assert!(json.contains("\"built\": false"), "{json}");
    sandbox.run("check 1 --solution").expect_code(0);
    sandbox.run("check 1 --cmd target/debug/q01-solution").expect_code(0);
    let run = sandbox.run("run 1").expect_code(2);
    assert!(run.stderr.contains("cannot find value `oops`"), "{}", run.stderr);
}

#[test]
fn warnings_of_mine_are_shown() {
    let sandbox = Sandbox::new();
    sandbox.write(STARTER, &format!("{}\nfn unused() {{}}\n", starter("hello")));

    let green = sandbox.run("check 1").expect_code(0).stdout;

    assert!(green.contains("function `unused` is never used"), "{green}");
    let theirs = sandbox.run("check 1 --solution").expect_code(0).stdout;
    assert!(!theirs.contains("unused"), "{theirs}");
}

#[test]
fn a_command_is_found_from_where_it_was_typed() {
    let sandbox = Sandbox::new();
    sandbox.run("check 1 --solution").expect_code(0);
    let folder = sandbox.path("elsewhere");
    fs::create_dir(&folder).unwrap();
    fs::copy(sandbox.path("target/debug/q01-solution"), folder.join("mine")).unwrap();

    let mut check = sandbox.xtask("check 1 --cmd ./mine");
    check.current_dir(&folder);
    let green = output(check).expect_code(0).stdout;

    assert!(green.contains("· `./mine`"), "{green}");
}

#[test]
fn errors_about_options_name_the_option() {
    let sandbox = Sandbox::new();

    for (options, wanted) in [
        (
            &["--url", "localhost:3000"][..],
            "Failed to use --url localhost:3000: it must be the address",
        ),
        (&["--url", "https://127.0.0.1:3000"], "Failed to use --url https://127.0.0.1:3000"),
        (&["--url", "http://127.0.0.1:3000/todos"], "Failed to use --url"),
        (&["--cmd", " "], "Failed to use --cmd: the command is empty"),
        (
            &["--cmd", "node 'server.js"],
            "Failed to use --cmd node 'server.js: a quote is not closed",
        ),
    ] {
        let mut check = sandbox.xtask("check 1");
        check.args(options);

        let refused = output(check).expect_code(2);

        assert!(refused.stderr.contains(wanted), "{options:?}: {}", refused.stderr);
        assert!(!refused.stderr.contains("CONTRACT_"), "{options:?}: {}", refused.stderr);
        assert_eq!(refused.stdout, "", "{options:?}");
    }
}

#[test]
fn a_failure_shows_the_environment_of_its_server() {
    let sandbox = Sandbox::new();
    let kit = "kit/src/lib.rs";
    let text = sandbox.read(kit).replace(
        "\\\"notes\\\":[]",
        "\\\"notes\\\":[],\\\"with\\\":[\\\"APP_ENV=production\\\",\\\"KEY=\\\\\\\"\\\\\\\"\\\"]",
    );
    assert!(text.contains("APP_ENV"), "{text}");
    sandbox.write(kit, &text);

    let red = sandbox.run("check 1").expect_code(1).stdout;
    let json = sandbox.run("check 1 --json").expect_code(1).stdout;

    assert!(red.contains("\n  with      APP_ENV=production KEY=\"\"\n"), "{red}");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["checks"][1]["with"][0], "APP_ENV=production");
}

#[test]
fn a_server_that_runs_is_judged_at_its_url() {
    let sandbox = Sandbox::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut run = sandbox.xtask("run 1 --solution");
    run.env("PORT", port.to_string());
    let server = Running::start(run);
    server.expect(&format!("http://127.0.0.1:{port}"), 1);
    let contract = sandbox.read(CONTRACT).replace(
        "mod stretch {",
        "#[test]\nfn it_starts_twice() {\n    kit::not_judged(\"it runs already\");\n}\n\nmod stretch {",
    );
    sandbox.write(CONTRACT, &contract);

    let green =
        sandbox.run(&format!("check 1 --url http://127.0.0.1:{port}")).expect_code(2).stdout;

    assert!(green.contains("  ✓ ok      the server answers\n"), "{green}");
    assert!(
        green.contains("  – not run it starts twice\n            it runs already\n"),
        "{green}"
    );
    assert!(green.contains("required 3/4 (1 check not run) · stretch 1/1"), "{green}");
    drop(server);
    let gone = sandbox.run(&format!("check 1 --url http://127.0.0.1:{port}")).expect_code(2).stdout;
    assert_eq!(gone.matches("nothing listens at").count(), 2, "the cause and the detail:\n{gone}");
}

#[test]
fn a_cause_that_all_failures_share_is_said_once() {
    let sandbox = Sandbox::new();
    sandbox.write(STARTER, "fn main() {\n    std::process::exit(7);\n}\n");

    let red = sandbox.run("check 1").expect_code(2).stdout;

    let cause =
        "all 4 failures have one cause: the program ended with exit status: 7 before it listened";
    assert_eq!(red.matches(cause).count(), 1, "{red}");
    assert_eq!(red.matches("✗ FAIL").count(), 4, "{red}");
}

#[test]
fn a_contract_that_crashes_has_passed_nothing_it_did_not_report() {
    let sandbox = Sandbox::new();
    sandbox.answer("hello, world");
    let contract = sandbox.read(CONTRACT).replace(
        "check(|answer| assert!(answer.contains(\"world\")));",
        "use std::io::Write;\n        std::io::stderr().write_all(b\"out of luck\\n\").unwrap();\n        std::process::abort();",
    );
    sandbox.write(
        CONTRACT,
        &format!("{contract}\n#[test]\nfn z_is_last() {{\n    std::thread::park();\n}}\n"),
    );

    let red = sandbox.run("check 1 --all").expect_code(2).stdout;

    assert!(red.contains("✗ FAIL the world is greeted"), "{red}");
    assert!(red.contains("✗ FAIL z is last"), "{red}");
    assert!(
        red.contains("the contract ended without a verdict on this (ended by SIGABRT"),
        "{red}"
    );
    assert!(red.contains("out of luck"), "{red}");
    assert!(red.contains("not judged to the end: the contract ended without a verdict"), "{red}");
}

#[test]
fn a_check_without_a_report_has_failed() {
    let sandbox = Sandbox::new();
    sandbox.write(
        CONTRACT,
        "#[test]\nfn one_and_one_are_three() {\n    assert_eq!(1 + 1, 3);\n}\n\n#[test]\nfn nothing_is_asked() {}\n\n#[test]\n#[ignore]\nfn later() {}\n",
    );

    let red = sandbox.run("check 1 --all").expect_code(2).stdout;

    assert!(red.contains("✗ FAIL one and one are three"), "{red}");
    assert!(red.contains("assertion `left == right` failed"), "{red}");
    assert!(red.contains("✗ FAIL nothing is asked"), "{red}");
    assert!(red.contains("the check ended without judging anything"), "{red}");
    assert!(red.contains("✗ FAIL later"), "{red}");
    assert!(red.contains("required 0/3\n"), "{red}");
}

#[test]
fn services_that_are_not_provided_are_named() {
    let refused = Sandbox::new().run("run postgres-basics").expect_code(2);

    assert!(refused.stderr.contains("it needs postgres"), "{}", refused.stderr);
    assert!(refused.stderr.contains("cargo run -p q33-postgres-basics"), "{}", refused.stderr);
}

#[test]
fn test_runs_the_contracts_against_the_solutions() {
    let sandbox = Sandbox::new();

    let all = sandbox.run("test").expect_code(0);
    assert_eq!(all.stdout.matches("test result: ok. 4 passed").count(), 4, "{}", all.stdout);
    let two = sandbox.run("test 1 route-params").expect_code(0);
    assert_eq!(two.stdout.matches("test result: ok. 4 passed").count(), 2, "{}", two.stdout);
    for line in [
        "step 1 of 2: build 2 questions (about 8 minutes the first time, then seconds)\n> cargo test --no-run --test q01 --test q02\n",
        "\nbuilt in ",
        "step 2 of 2: test 2 questions",
        "> cargo test --no-fail-fast --test q01 --test q02\n",
        "all passed in ",
    ] {
        assert!(two.stderr.contains(line), "{line:?} in {}", two.stderr);
    }

    let solution = "questions/01-hello-world/src/solution.rs";
    sandbox.write(solution, &starter("bye"));
    let red = sandbox.run("test 1").expect_code(1);
    assert!(red.stdout.contains("test result: FAILED. 1 passed; 3 failed"), "{}", red.stdout);
    sandbox.write(solution, "fn main() { oops }\n");
    let broken = sandbox.run("test 1").expect_code(2);
    assert!(broken.stderr.contains("Failed to build"), "{}", broken.stderr);
    assert!(broken.stderr.contains("cannot find value `oops`"), "{}", broken.stderr);
}

/// `script` gives the program a terminal, on which Ctrl-C is typed.
#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_the_tests_with_everything_they_started() {
    let sandbox = Sandbox::new();
    let hanging = "#[test]\nfn hangs() {\n    kit::check(|_| {\n        std::fs::write(\"judging\", std::process::id().to_string()).unwrap();\n        std::thread::park();\n    });\n}\n";
    sandbox.write(CONTRACT, hanging);
    let mut script = sandbox.command("script");
    script.args(["-qec", &format!("{} test 1", env!("CARGO_BIN_EXE_xtask")), "/dev/null"]);
    let mut test = Running::start(script);
    let marker = sandbox.path("questions/01-hello-world/judging");
    wait_until("the contract hangs", || {
        fs::read_to_string(&marker).is_ok_and(|pid| !pid.is_empty())
    });
    let contract = fs::read_to_string(&marker).unwrap();

    test.type_in("\u{3}");

    let (code, printed) = test.finish();
    assert_ne!(code, 0, "{printed}");
    wait_until("the contract is gone", || !fs::exists(format!("/proc/{contract}")).unwrap());
    assert!(printed.contains("step 2 of 2"), "{printed}");
}

/// On a terminal of this width, what the program prints.
#[cfg(target_os = "linux")]
fn at_columns(sandbox: &Sandbox, columns: u32, line: &str) -> String {
    let mut script = sandbox.command("script");
    let xtask = env!("CARGO_BIN_EXE_xtask");
    // Stderr has the line that says how far the build is, which is cut to the width.
    let line = format!("stty cols {columns} rows 50; {xtask} {line} 2>/dev/null");
    script.args(["-qec", &line, "/dev/null"]);
    script.env("TERM", "xterm").env("NO_COLOR", "1");
    output(script).stdout.replace('\r', "")
}

#[cfg(target_os = "linux")]
#[test]
fn at_40_and_80_columns_nothing_that_matters_is_cut() {
    let sandbox = Sandbox::new();
    sandbox.answer("hello");
    let contract = sandbox.read(CONTRACT);
    let long = "fn a_greeting_is_lower_case_in_every_language_that_has_letters_of_two_cases()";
    sandbox.write(CONTRACT, &contract.replace("fn a_greeting_is_lower_case()", long));
    for columns in [40, 80] {
        let list = at_columns(&sandbox, columns, "list");
        for part in ["01  hello-world", "5 min", "done", "33  postgres-basics", "cargo xtask next"]
        {
            assert!(list.contains(part), "{part} at {columns}:\n{list}");
        }
        let check = at_columns(&sandbox, columns, "check 1");
        let words = check.split_whitespace().collect::<Vec<_>>().join(" ");
        let sentence = long.trim_start_matches("fn ").trim_end_matches("()").replace('_', " ");
        assert!(words.contains(&sentence), "at {columns}:\n{check}");
        assert!(words.contains("required 3/3"), "at {columns}:\n{check}");
        let show = at_columns(&sandbox, columns, "show 1");
        assert!(show.contains("cargo xtask watch 1") && show.contains("starter.rs"), "{show}");
        let hint = at_columns(&sandbox, columns, "hint 1 --all");
        assert!(hint.contains("hint 3 of 3"), "{hint}");
        let diff = at_columns(&sandbox, columns, "diff 1 --yes");
        assert!(diff.contains("kit::serve(\"hello, world\");"), "{diff}");
        for text in [list, check, show, diff] {
            assert!(!text.contains('…'), "at {columns}:\n{text}");
        }
        let list = at_columns(&sandbox, columns, "list");
        let widest = list.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(columns as usize), "{widest:?} at {columns}:\n{list}");
    }

    let long = format!("// {}end\n", "a long line of code ".repeat(6));
    sandbox.write(STARTER, &(sandbox.read(STARTER) + &long));
    let diff = at_columns(&sandbox, 150, "diff 1 --yes");
    assert!(diff.contains(" │ ") && diff.contains("end"), "{diff}");
}
