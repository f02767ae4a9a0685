//! The grammar of `cargo xtask`, and its help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Practice backend interview questions on actix-web: read one, answer it in its starter, and check it over HTTP.
///
/// Name a question by its number, its slug or a path: 7, 07, q07, status-codes and
/// questions/07-status-codes/src/starter.rs are the same question.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version,
    after_help = EXIT_CODES,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(List),
    Show(Show),
    Run(Run),
    Check(Check),
    Watch(Watch),
    Hint(Hint),
    Diff(Diff),

    /// Show the next open question, and the commands to start it.
    ///
    /// Example: cargo xtask next
    ///
    /// Exit codes: 0 always.
    Next,

    Reset(Reset),
    Handout(Handout),
    Start(Start),
    Grade(Grade),
    New(New),
    Wrong(Wrong),
    Verify(Verify),
    Test(Test),

    #[command(name = "__keep", hide = true)]
    Keep(crate::keeper::Keep),

    #[command(name = "__confine", hide = true)]
    Confine(crate::confine::Confine),

    /// Check this machine: toolchain, disk space, port 3000, lock file, and whether it can work offline.
    ///
    /// Prints one line for each, and how to fix each problem.
    ///
    /// Example: cargo xtask doctor
    ///
    /// Exit codes: 0 ready, possibly with warnings; 1 something is missing.
    Doctor,
}

/// List the questions by tier: minutes, topics and your state
///
/// The state is one of: untouched, edited, the number of required checks that
/// passed (5/9), done, done with stretch.
///
/// Example: cargo xtask list --tier 2
///
/// --json prints one array with an object per question: number, slug, title,
/// description, tier, minutes, topics (array), services (array), and state
/// (a string as above).
///
/// Exit codes: 0 listed, 2 wrong usage.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct List {
    /// Only the questions of this tier
    #[arg(long, value_name = "N")]
    pub(crate) tier: Option<u8>,

    /// Print JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show a question's prompt in the terminal.
///
/// Example: cargo xtask show 7
///
/// Exit codes: 0 shown, 2 no such question.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The question: its number, slug or path
    #[arg(value_name = "NN")]
    pub(crate) question: String,
}

/// Build your starter and run it on port 3000 (or PORT); Ctrl-C ends it.
///
/// Example: cargo xtask run 7
///
/// Exit codes: the server's own; 2 if it could not be built or started.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The question: its number, slug or path
    #[arg(value_name = "NN")]
    pub(crate) question: String,

    /// Run the solution instead of your starter
    #[arg(long)]
    pub(crate) solution: bool,
}

/// Check your starter: run every check of the contract, and show the first failure in detail
///
/// With --cmd or --url the same contract checks a server in any language.
/// The command is started once per check, with PORT in its environment,
/// and must listen on 127.0.0.1:PORT. It is split into words, with quotes as
/// in a shell; relative paths start at your current directory. $PORT and
/// ${PORT} are replaced. A line with other shell syntax, such as pipes, is
/// run by sh.
///
/// Examples:
///   cargo xtask check 7
///   cargo xtask check 7 --cmd "node server.js"
///   cargo xtask check 7 --cmd 'flask --app server run --port $PORT'
///   cargo xtask check 7 --url http://127.0.0.1:3000
///
/// --json prints one object:
///   number, slug, exit_code
///   subject            starter, solution, url or command
///   of                 the URL or the command line
///   built              false if the build failed; diagnostics then says why
///   required, stretch  {passed, failed, not_judged}
///   checks             in the order of the contract, each {name, sentence,
///                      stretch, outcome, cause, failure, notes, with, millis};
///                      the outcome is passed, failed, or not_judged for a check
///                      that was not run; failure then has the reason
///   broken             why the report cannot be trusted, or null
///
/// Exit codes:
///   0  all required checks passed
///   1  a required check failed
///   2  a required check was not run, the server could not be built or did not
///      start, or wrong usage
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Check {
    /// The question: its number, slug or path
    #[arg(value_name = "NN")]
    pub(crate) question: String,

    /// Check the solution instead of your starter
    #[arg(long, group = "subject")]
    pub(crate) solution: bool,

    /// Check the server that already runs at this URL. Checks that must start a server are not run
    #[arg(long, value_name = "URL", group = "subject")]
    pub(crate) url: Option<String>,

    /// Check the server that this command line starts, in any language
    #[arg(long, value_name = "COMMAND", group = "subject")]
    pub(crate) cmd: Option<String>,

    /// Show every failure in detail, not only the first
    #[arg(long)]
    pub(crate) all: bool,

    /// Print JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,
}

/// Check your starter on every save, and show the time as in an interview
///
/// A save counts if it changes a file that is compiled into the starter or its
/// contract. The clock starts with the first watch; `reset` clears it.
/// Keys: h next hint, d diff with the solution, n next open question, q quit.
/// Without a terminal, type each key on a line of its own; the watch ends when
/// the input ends.
///
/// Example: cargo xtask watch 7
///
/// Exit codes, from the last run of the checks:
///   0  all required checks passed
///   1  a required check failed, or the checks have not finished once
///   2  a required check was not run, or the server could not be built or did
///      not start
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Watch {
    /// The question: its number, slug or path
    #[arg(value_name = "NN")]
    pub(crate) question: String,
}

/// Show the next of a question's three hints, from a nudge to nearly the solution.
///
/// Example: cargo xtask hint 7
///
/// Exit codes: 0 shown, or you have taken all of them; 2 no such question or hint.
#[derive(Debug, Args)]
pub(crate) struct Hint {
    /// The question: its number, slug or path
    #[arg(value_name = "NN")]
    pub(crate) question: String,

    /// Repeat the hints that you have taken, without taking another
    #[arg(long)]
    pub(crate) again: bool,

    /// Take all three at once
    #[arg(long, conflicts_with = "again")]
    pub(crate) all: bool,
}

/// Compare your starter with the solution, side by side where the terminal is wide.
///
/// It asks first until your required checks pass, because it shows the solution. Line endings are ignored.
///
/// Example: cargo xtask diff 7
///
/// Exit codes: 0 shown; 1 you declined; 2 wrong usage, or no terminal to ask in.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The question: its number, slug or path
    #[arg(value_name = "NN")]
    pub(crate) question: String,

    /// Show the differences without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Restore the original starter and save a copy of yours in backups/.
///
/// This also clears your hints, minutes and results for the question. It works even after you committed your work.
///
/// Example: cargo xtask reset 7
///
/// Exit codes: 0 restored and cleared; 2 a step failed, and the output says which.
#[derive(Debug, Args)]
pub(crate) struct Reset {
    /// The question: its number, slug or path
    #[arg(value_name = "NN")]
    pub(crate) question: String,
}

/// Hand out a question: write a folder that builds and runs on its own, without the solution
///
/// The folder has the prompt, the house rules, the original starter, the
/// contract and the two crates that these use. The hashes of the files that
/// must not change stay here, in handouts/, for `grade`.
///
/// Examples:
///   cargo xtask handout 13 ../ada
///   cargo xtask handout 13 ../ada --required-only --zip
///   cargo xtask handout 13 ../ada --bug id-from-length
///
/// Exit codes: 0 handed out; 2 wrong usage, or DIR is not empty or is inside this workspace.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Handout {
    /// The question: its number, slug or path
    #[arg(value_name = "NN")]
    pub(crate) question: String,

    /// A new or empty folder outside this workspace
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// Leave out the contract: the candidate works from the prompt alone
    #[arg(long)]
    pub(crate) without_checks: bool,

    /// Leave out the stretch part of the prompt and of the contract
    #[arg(long)]
    pub(crate) required_only: bool,

    /// Replace the starter with a wrong answer to review and fix: its name in wrong/, without .patch.
    /// The checks are left out, because one of them names the bug
    #[arg(long, value_name = "NAME")]
    pub(crate) bug: Option<String>,

    /// With --bug: include the checks
    #[arg(long, requires = "bug", conflicts_with = "without_checks")]
    pub(crate) with_checks: bool,

    /// Write an archive as well: DIR.zip
    #[arg(long)]
    pub(crate) zip: bool,
}

/// Start the clock of a hand-out, once the candidate has read the prompt
///
/// The time on the scorecard runs from this moment to the last change in the
/// candidate's files. Without `start` and without `grade --minutes`, the
/// scorecard says that the time is not known. Running it again restarts the
/// clock.
///
/// Examples:
///   cargo xtask start 13                    the newest hand-out of question 13
///   cargo xtask start q13-20260131-120000   with the id that `handout` printed
///   cargo xtask start ../ada                with its folder
///
/// Exit codes: 0 started, 2 no such hand-out.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Start {
    /// A question, the id of a hand-out, or its folder
    #[arg(value_name = "HANDOUT")]
    pub(crate) handout: String,
}

/// Grade returned folders: build each, check it with the contract of this workspace, write a scorecard
///
/// Nothing is written to a returned folder: a copy of it is built and run in a temporary folder. On
/// Linux the candidate's code is confined; docs/interviewing.md says what this prevents and what not.
/// scorecard.md, scorecard.json and scorecard.xml (JUnit) go to a new folder below grades/.
/// Ctrl-C ends everything that was started, and keeps the scorecards written so far.
///
/// Examples:
///   cargo xtask grade 13 ../ada
///   cargo xtask grade 13 ../ada ../bob --hints 1
///   cargo xtask grade 13 ../eve --cmd "node server.js"
///   cargo xtask grade 13 ../eve --cmd "python3 app.py" --allow-read ~/.pyenv
///
/// Exit codes; with several folders, the highest one counts:
///   0    all required checks passed
///   1    a required check failed
///   2    an answer could not be built, did not start or was not judged to the
///        end, a required check was not run, or a DIR is not a returned folder
///        (then nothing is graded)
///   3    a protected file or a program of this workspace was changed
///   130  interrupted
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Grade {
    /// The question: its number, slug or path
    #[arg(value_name = "NN")]
    pub(crate) question: String,

    /// The folders that candidates returned
    #[arg(value_name = "DIR", required = true)]
    pub(crate) dirs: Vec<PathBuf>,

    /// Build nothing; check the server that this command line starts in the folder, in any language
    #[arg(long, value_name = "COMMAND")]
    pub(crate) cmd: Option<String>,

    /// Let the candidate's code read this path too, such as an interpreter in your home folder (repeatable)
    #[arg(long, value_name = "PATH", conflicts_with = "unconfined")]
    pub(crate) allow_read: Vec<PathBuf>,

    /// Run the candidate's code with all your rights, for example if the kernel cannot confine it
    #[arg(long)]
    pub(crate) unconfined: bool,

    /// Where to write the scorecards [default: grades/, which git ignores]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Minutes that the candidate took, in place of the time from the clock
    #[arg(long, value_name = "N")]
    pub(crate) minutes: Option<u32>,

    /// The number of hints that you gave, for the scorecard
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=3))]
    pub(crate) hints: Option<u8>,

    /// Give up on a build after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) build_limit: u64,

    /// Give up on the checks after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) check_limit: u64,

    /// Build without the network
    #[arg(long)]
    pub(crate) offline: bool,

    /// Print the scorecards as one JSON array, for programs
    #[arg(long)]
    pub(crate) json: bool,
}

/// Add a question: a small, complete one that you replace part by part
///
/// It passes `verify` as it is, so you notice which of your changes breaks it.
///
/// Example: cargo xtask new 14 pagination --title "Pagination" --tier 2 --minutes 15
///
/// Exit codes: 0 created, 2 the number or the slug is taken or malformed.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct New {
    /// Its number, from 1 to 99
    #[arg(value_name = "NN", value_parser = clap::value_parser!(u8).range(1..=99))]
    pub(crate) number: u8,

    /// The name of its folder without the number: lowercase words joined by hyphens
    #[arg(value_name = "SLUG")]
    pub(crate) slug: String,

    /// What it is called in lists and at the top of its prompt
    #[arg(long)]
    pub(crate) title: String,

    /// 1 junior, 2 mid, 3 senior, 4 lead
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) tier: u8,

    /// How many minutes it takes in an interview, from 3 to 60
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(3..=60))]
    pub(crate) minutes: u32,
}

/// List a question's wrong answers, create one, or rebase all of them on a changed solution
///
/// A wrong answer is a patch of src/solution.rs in wrong/. --rebase merges each patch into the current solution.
/// The base is the newest committed solution that the patch applies to, so it works before and after you commit.
/// Patches that merge are rewritten. Conflicts are listed with their locations, and those patches stay as they are.
/// --new takes your change to src/solution.rs since HEAD and restores the file, or takes a changed copy (--from).
///
/// Examples:
///   cargo xtask wrong 13
///   cargo xtask wrong 13 --rebase
///   cargo xtask wrong 13 --new blank-title --thought "A title is a string." --fails a_blank_title_gets_a_400
///   cargo xtask wrong 13 --new blank-title --from /tmp/copy.rs
///
/// Exit codes: 0 listed, created or all rebased; 1 a patch does not apply or has conflicts; 2 wrong usage.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Wrong {
    /// The question: its number, slug or path
    #[arg(value_name = "NN")]
    pub(crate) question: String,

    /// Rewrite every patch for the current solution
    #[arg(long, conflicts_with = "new")]
    pub(crate) rebase: bool,

    /// Create wrong/NAME.patch. If it exists, its header stays unless you give a new one
    #[arg(long, value_name = "NAME")]
    pub(crate) new: Option<String>,

    /// The solution that the patches were made for: a file or a git revision [default: found in git's history]
    #[arg(long, value_name = "FILE|REVISION")]
    pub(crate) base: Option<String>,

    /// What a candidate who writes this would think, in one line
    #[arg(long, value_name = "LINE", requires = "new")]
    pub(crate) thought: Option<String>,

    /// The name of the check that it fails, with stretch:: for a stretch check
    #[arg(long, value_name = "CHECK", requires = "new")]
    pub(crate) fails: Option<String>,

    /// A changed copy of the solution, in place of src/solution.rs
    #[arg(long, value_name = "FILE", requires = "new")]
    pub(crate) from: Option<PathBuf>,
}

/// Verify that every question is complete, correct and uniform
///
/// All findings are reported at once, each with the command or the edit that fixes it:
/// 1 every folder is complete and uniform; 2 the starter fails the checks that it should fail;
/// 3 the solution passes; 4 every wrong answer fails the check that its patch names; 5 no check is flaky;
/// 6 generated files are current, nothing leaks; 7 a hand-out builds on its own, offline, and has no answer.
/// If you name no question, it also verifies the template of `new`; `verify template` verifies only that.
///
/// Examples:
///   cargo xtask verify 13 --rounds 20
///   cargo xtask verify --static --write
///
/// Exit codes: 0 clean, 1 findings, 2 the verification could not run.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Verify {
    /// Questions by number, slug or path; all if you name none
    #[arg(value_name = "NN")]
    pub(crate) questions: Vec<String>,

    /// Run only gates 1 and 6, which build nothing
    #[arg(long = "static")]
    pub(crate) only_static: bool,

    /// How many times each solution is checked, before one more time on a single core
    #[arg(long, value_name = "N", default_value_t = 3, conflicts_with = "only_static")]
    pub(crate) rounds: u32,

    /// Run all checks against every wrong answer, and print which answers each check rejects
    #[arg(long, conflicts_with = "only_static")]
    pub(crate) table: bool,

    /// Update the generated files: the list in README.md, xtask/starters/ and, with --table,
    /// docs/kill-table.md
    #[arg(long)]
    pub(crate) write: bool,
}

/// Run every contract against every solution, or only those of the named questions
///
/// It runs `cargo test` in the root of the workspace, in two steps: build, then test.
/// Without a question, it tests the tools as well. The first build takes about 8
/// minutes on 2 cores; later ones take seconds. Without a terminal the build
/// prints a line every 15 seconds.
///
/// Examples:
///   cargo xtask test
///   cargo xtask test 7 13
///
/// Exit codes: 0 all tests passed, 1 a test failed, 2 the build failed.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Test {
    /// Questions by number, slug or path; all if you name none
    #[arg(value_name = "NN")]
    pub(crate) questions: Vec<String>,
}

const EXIT_CODES: &str = "\
Exit codes of the commands that check a server:
  0  all required checks passed
  1  a required check failed
  2  a required check was not run, the server could not be built or did not
     start, or wrong usage
  3  grade: protected files were changed
Each command's --help has its own.

Start here:
  cargo xtask list
  cargo xtask show 1
  cargo xtask watch 1";
