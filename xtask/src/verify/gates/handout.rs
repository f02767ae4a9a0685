//! Gate 7: what is handed out builds by itself, fails what the starter fails, and gives nothing away.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    cargo::{self, Build},
    handout::{self, Options},
    judge::Outcome,
    process::Stop,
    term,
    verify::{
        bench::{Bench, crowded, judge, report},
        folder::Folder,
        gates::lists::machine_path,
    },
    workspace::Workspace,
    wrong_answer,
};

/// How many checks refuse the starter that was handed out.
pub(crate) fn check(bench: &mut Bench<'_>, workspace: &Workspace) -> Result<usize> {
    let folder = bench.folder;
    let file = folder.path("src/starter.rs");
    let all = Options::default();
    let kinds = [
        Options { required_only: true, ..all.clone() },
        Options { without_checks: true, ..all.clone() },
        all.clone(),
    ];
    let secrets = Secrets::of(folder);
    for options in kinds {
        let files = match handout::contents(&folder.question, &options, workspace) {
            Ok(files) => files,
            Err(error) => {
                let fix = format!("cargo xtask handout {} ../elsewhere", folder.question.number);
                bench.found.add(&file, "handout", format!("{error:#}"), fix);
                return Ok(0);
            }
        };
        for leak in secrets.leaks(&files, workspace) {
            let fix =
                "take it out of what is handed out: xtask/src/handout/folder.rs says what that is";
            bench.found.add(&file, "handout-leak", leak, fix);
        }
    }

    let place = place(workspace, folder);
    let built = build(&place, folder, workspace)?;
    let diagnostics = built.diagnostics_but("");
    let (Some(contract), Some(starter)) = (&built.contract, &built.starter) else {
        let fix = format!("cargo xtask handout {} ../elsewhere", folder.question.number);
        bench.found.add(&file, "handout", format!("it does not build\n{diagnostics}"), fix);
        return Ok(0);
    };
    if !diagnostics.is_empty() {
        let fix = "do what rustc says";
        bench.found.add(&file, "handout", format!("it builds with warnings\n{diagnostics}"), fix);
    }

    let verdict = judge(folder, crowded(contract), starter)?;
    for check in &verdict.checks {
        let given = folder.question.given.contains(&check.name);
        if (check.outcome == Outcome::Passed) != given && check.outcome != Outcome::NotJudged {
            let how = if given { "fails" } else { "passes" };
            let what = format!("handed out, it {how} `{}`\n{}", check.name, report(check));
            let fix =
                "it is xtask/starters/ that is handed out: cargo xtask verify --static --write";
            bench.found.add(&file, "handout", what, fix);
        }
    }
    Ok(verdict.failures().count())
}

/// Outside the workspace, and the same at every run, so that cargo builds only what changed.
fn place(workspace: &Workspace, folder: &Folder) -> PathBuf {
    let root = handout::hash(workspace.root.to_string_lossy().as_bytes());
    env::temp_dir().join(format!("handouts-{}", &root[..12])).join(folder.question.folder())
}

/// Hands it out, and builds it as a candidate does, without a network.
fn build(place: &PathBuf, folder: &Folder, workspace: &Workspace) -> Result<Build> {
    term::status(&format!("handing out {}", folder.question.folder()));
    if place.exists() {
        fs::remove_dir_all(place)
            .with_context(|| format!("Failed to clear {}", place.display()))?;
    }
    fs::create_dir_all(place.parent().context("it has a parent")?)?;
    let files = handout::contents(&folder.question, &Options::default(), workspace)?;
    handout::write_to(place, &files, workspace)?;
    for file in files.keys().filter(|file| file.starts_with("shared/")) {
        keep_time(&workspace.root.join(file), &place.join(file))
            .with_context(|| format!("Failed to set the time of {file}"))?;
    }

    let mut command: Command = cargo::cargo(workspace);
    command
        .current_dir(place)
        .args(["build", "--tests", "--offline", "--locked", "--keep-going", "--target-dir"])
        .arg(workspace.root.join("target/handouts"));
    let build = cargo::run_build(command, &Stop::Never, &term::status)?;
    build.context("Failed to build: cargo was stopped")
}

/// Gives a copy the time of its original. The crates in `shared/` are the same in every hand-out, and so
/// cargo builds them once for all; it looks at times, and not at where a workspace is.
fn keep_time(original: &Path, copy: &Path) -> io::Result<()> {
    let modified = original.metadata()?.modified()?;
    File::options().write(true).open(copy)?.set_modified(modified)
}

/// What stands in the answer or the notes, and nowhere else.
struct Secrets {
    words: BTreeSet<String>,
    lines: BTreeSet<String>,
}

/// Shorter words and lines say nothing.
const WORD: usize = 6;
const LINE: usize = 28;

impl Secrets {
    fn of(folder: &Folder) -> Self {
        let public = ["Cargo.toml", "README.md", "src/starter.rs", "tests/contract.rs"]
            .map(|file| folder.text(file))
            .join("\n");
        let known: BTreeSet<&str> = words(&public).collect();
        let solution: Vec<&str> = folder
            .text("src/solution.rs")
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with("//"))
            .collect();
        let words = solution.iter().flat_map(|line| words(line));
        let words = words.filter(|word| is_name(word) && !known.contains(word));
        let words = words.map(str::to_owned).collect();

        let thoughts =
            folder.wrong_answers().map(|(_, patch)| wrong_answer::header(patch).thought.to_owned());
        let notes = folder.text("INTERVIEWER.md").lines().map(str::to_owned);
        let lines = solution.iter().map(|line| (*line).to_owned()).chain(notes).chain(thoughts);
        let is_public = |line: &str| public.lines().any(|known| known.contains(line));
        let lines = lines
            .map(|line| line.trim().to_owned())
            .filter(|line| line.len() >= LINE && !is_public(line))
            .collect();
        Self { words, lines }
    }

    /// What `files` give away, each with where it stands.
    fn leaks(&self, files: &BTreeMap<String, String>, workspace: &Workspace) -> Vec<String> {
        let root = workspace.root.display().to_string();
        let mut found = Vec::new();
        for (file, text) in files {
            for line in text.lines() {
                if let Some(path) = machine_path(line).or(line.contains(&root).then_some(&root)) {
                    found.push(format!("{file} names `{path}`, which exists on one machine only"));
                }
            }
            // The kit and the listener are the same for every question, and public.
            if file.starts_with("shared/") {
                continue;
            }
            let leaked = text.lines().map(str::trim).filter(|line| self.lines.contains(*line));
            found.extend(leaked.map(|line| format!("{file} holds `{line}`")));
            let leaked = words(text).find(|word| self.words.contains(*word));
            found.extend(
                leaked.map(|word| {
                    format!("{file} holds `{word}`, which stands in the solution alone")
                }),
            );
        }
        for name in files.keys().filter(|file| {
            ["solution", "INTERVIEWER", "wrong/", ".git/"].iter().any(|word| file.contains(word))
        }) {
            found.push(format!("{name} is not for a candidate"));
        }
        found
    }
}

/// `TodoList` and `by_id`, but not what could be a word of English or the name of a crate.
fn is_name(word: &str) -> bool {
    word.contains('_') || word.chars().skip(1).any(char::is_uppercase)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(move |c| !is_part(c)).filter(|word| word.len() >= WORD)
}
