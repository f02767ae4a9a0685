//! The contents of a handed-out folder: nothing but what this file lets in.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, bail};
use syn::spanned::Spanned;

use crate::{
    files,
    handout::manifest::Root,
    markdown, originals,
    term::pad,
    workspace::{Question, Workspace},
    wrong_answer,
};

/// The parts of a question that are handed out.
#[derive(Debug, Default, Clone)]
pub(crate) struct Options {
    pub(crate) without_checks: bool,
    pub(crate) required_only: bool,
    /// The name of a wrong answer that takes the place of the starter.
    pub(crate) bug: Option<String>,
}

impl Options {
    /// The checks in the folder, in words.
    pub(crate) fn checks(&self) -> &'static str {
        match (self.without_checks, self.required_only) {
            (true, true) => "no checks, and no stretch part",
            (true, false) => "no checks",
            (false, true) => "the required checks",
            (false, false) => "all checks",
        }
    }
}

/// Whether the candidate must leave this file of the folder as it is: the checks, and the crates
/// that come with it.
pub(crate) fn is_protected(file: &str) -> bool {
    let is_own = ["src/", ".vscode/"].iter().any(|folder| file.starts_with(folder));
    !is_own && file.contains('/')
}

/// Every file of the folder but the lock file and the marker, by its path.
pub(crate) fn contents(
    question: &Question,
    options: &Options,
    workspace: &Workspace,
) -> Result<BTreeMap<String, String>> {
    let root = Root::read(&workspace.root)?;
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("Failed to read {}", path.display()))
    };
    let original = read(&question.dir.join("Cargo.toml"))?;
    let has_checks = !options.without_checks;
    let manifest = root
        .of_question(&original, &question.starter_bin(), has_checks)
        .with_context(|| format!("Failed to make a manifest of {}'s", question.folder()))?;

    let crates = root.crates_of(&manifest)?;
    let mut found = BTreeMap::new();
    let mut put = |name: &str, text: String| found.insert(name.to_owned(), text);
    put("Cargo.toml", manifest);
    let prompt = prompt(question, &read(&question.readme())?, options, root.rust_version());
    if prompt.contains(HOUSE_RULES) {
        put(HOUSE_RULES, read(&workspace.root.join(HOUSE_RULES))?);
    }
    put("README.md", prompt);
    let format = workspace.root.join("rustfmt.toml");
    if format.is_file() {
        put("rustfmt.toml", read(&format)?);
    }
    put(".gitignore", "/target\n".to_owned());
    put(".vscode/tasks.json", tasks(has_checks));
    put("src/starter.rs", program(question, options, workspace)?);
    if has_checks {
        let contract = read(&question.contract())?;
        let contract = match options.required_only {
            true => required_only(&contract)
                .with_context(|| format!("Failed to read {}", question.contract().display()))?,
            false => contract,
        };
        put("tests/contract.rs", contract);
    }

    for name in crates {
        let folder = workspace.root.join(&name);
        let manifest = root.of_crate(&read(&folder.join("Cargo.toml"))?, &name);
        let failed = || format!("Failed to make a manifest of {name}'s");
        put(&format!("{name}/Cargo.toml"), manifest.with_context(failed)?);
        for path in files::below(&folder.join("src"))? {
            put(&files::slashed(path.strip_prefix(&workspace.root)?), read(&path)?);
        }
    }
    Ok(found)
}

/// The starter as it was before anybody practised on it here, or the wrong answer.
fn program(question: &Question, options: &Options, workspace: &Workspace) -> Result<String> {
    let Some(bug) = &options.bug else {
        let starter = originals::read(question, workspace)?;
        return Ok(with_own_commands(&starter, question, options));
    };

    let patches = wrong_answer::all(question)?;
    let Some(patch) = patches.get(bug.trim_end_matches(".patch")) else {
        let names: Vec<&str> = patches.keys().map(String::as_str).collect();
        bail!(
            "Failed to find the wrong answer `{bug}` of {}; there are: {}",
            question.folder(),
            names.join(", ")
        );
    };
    let fails = wrong_answer::header(patch).fails;
    if options.required_only && fails.is_some_and(|check| check.starts_with("stretch::")) {
        bail!(
            "Failed to hand out the wrong answer `{bug}` with --required-only: it fails a stretch check, which that leaves out; choose another or leave out --required-only"
        );
    }
    let path = question.solution();
    let solution =
        fs::read_to_string(&path).with_context(|| format!("Failed to read {}", path.display()))?;
    let wrong = wrong_answer::apply(&solution, patch)
        .with_context(|| format!("Failed to apply the wrong answer `{bug}`"))?;
    let code: Vec<&str> = wrong.lines().skip_while(|line| line.starts_with("//!")).collect();
    Ok(format!(
        "//! {}.\n//!\n//! A colleague's answer. README.md says what to do with it.\n{}\n",
        question.description,
        code.join("\n")
    ))
}

/// The starter with the commands of the folder in place of those of the workspace, in the sentence
/// of its header that begins with `Run it`.
fn with_own_commands(starter: &str, question: &Question, options: &Options) -> String {
    let lines: Vec<&str> = starter.lines().collect();
    let header = lines.iter().take_while(|line| line.starts_with("//!")).count();
    let first = lines[..header].iter().position(|line| line.starts_with("//! Run it with"));
    let Some(first) = first else { return starter.to_owned() };
    let is_last = |line: &&str| line.ends_with('.');
    let length = lines[first..header].iter().position(is_last).map_or(header - first, |at| at + 1);
    let judged = if options.without_checks { "" } else { ", and check it with `cargo test`" };
    let commands = format!("//! Run it with `cargo run -p {}`{judged}.", question.package);
    [&lines[..first], &[commands.as_str()], &lines[first + length..]].concat().join("\n") + "\n"
}

/// The file at the root that every prompt links to.
const HOUSE_RULES: &str = "HOUSE_RULES.md";

/// The prompt, with the commands and the links that work in the folder, and what to do before it and
/// after it.
fn prompt(
    question: &Question,
    readme: &str,
    options: &Options,
    rust_version: Option<&str>,
) -> String {
    let sections = markdown::sections(readme);
    let before = sections.first().map_or(usize::MAX, |section| section.line);
    let title: Vec<&str> = readme.lines().take(before).collect();
    let mut text = title.join("\n").trim_end().to_owned() + "\n";
    text.push_str(&before_you_start(options, rust_version));
    if options.bug.is_some() {
        text.push_str("\n## Review\n\n");
        text.push_str(REVIEW);
    }
    for markdown::Section { heading, body, .. } in sections {
        let body = match heading {
            "House rules" if options.required_only => continue,
            "Contract" if options.required_only => {
                body.split("\nStretch:\n").next().unwrap_or(body).to_owned()
            }
            "Run it" => run_it(question, body, options),
            _ => body.to_owned(),
        };
        text.push_str(&format!("\n## {heading}\n\n{}\n", body.trim_matches('\n')));
    }
    let text = text.replace(&format!("../../{HOUSE_RULES}"), HOUSE_RULES);
    format!("{}\n\n{HAND_IT_BACK}", text.trim_end())
}

fn before_you_start(options: &Options, rust_version: Option<&str>) -> String {
    let rust = match rust_version {
        Some(version) => format!("Rust {version} or newer (`rustup update stable`)"),
        None => "a current stable Rust (`rustup update stable`)".to_owned(),
    };
    let build = if options.without_checks {
        "cargo build                           # before the clock starts"
    } else {
        "cargo build && cargo test --no-run    # before the clock starts"
    };
    format!(
        "\n## Before you start\n\n\
         You need {rust} and a C linker, such as the one of gcc or clang.\n\
         The first build takes a minute or two; later ones take seconds and need no network.\n\n\
         ```sh\n\
         cargo fetch                           # the day before: downloads the crates\n\
         {build}\n\
         ```\n"
    )
}

const HAND_IT_BACK: &str = "\
## Hand it back

Run `cargo clean` and send the whole folder back, for example as an archive.
Keep the file `.handout.toml` in it: it says which hand-out this is.
";

/// The section `Run it` with cargo's own commands in place of those of the workspace.
fn run_it(question: &Question, body: &str, options: &Options) -> String {
    let number = question.number;
    let (run, watch) = (format!("cargo xtask run {number}"), format!("cargo xtask watch {number}"));
    let cargo_run = format!("cargo run -p {}", question.package);
    let line = |command: &str, what: &str| format!("{} # {what}", pad(command, cargo_run.len()));
    let mut lines = Vec::new();
    for text in body.lines() {
        if text.starts_with(&run) {
            lines.push(line(&cargo_run, "src/starter.rs on http://127.0.0.1:3000"));
        } else if text.starts_with(&watch) {
            if !options.without_checks {
                lines.push(line("cargo test", "the checks, in tests/contract.rs"));
                lines.push(line("cargo test PART_OF_A_NAME", "some of the checks"));
            }
        } else {
            lines.push(text.to_owned());
        }
    }
    let mut text = lines.join("\n").trim_end().to_owned();
    text.push_str("\n\nYour answer goes into `src/` and, if it needs a crate, `Cargo.toml`.");
    let fixed = if options.without_checks {
        "`shared/` as it is"
    } else {
        "`tests/` and `shared/` as they are"
    };
    text.push_str(&format!(" Leave {fixed}.\n"));
    text
}

/// The contract without `mod stretch`. Helpers that only that used stay, and may be unused.
fn required_only(contract: &str) -> Result<String> {
    let file = syn::parse_file(contract).context("it is not Rust")?;
    let stretch = file.items.iter().find_map(|item| match item {
        syn::Item::Mod(module) if module.ident == "stretch" => Some(module.span()),
        _ => None,
    });
    let Some(stretch) = stretch else { return Ok(contract.to_owned()) };
    let is_stretch = |line: usize| (stretch.start().line..=stretch.end().line).contains(&line);
    let lines: Vec<&str> = contract.lines().collect();
    let header = lines.iter().take_while(|line| line.starts_with("//!")).count();
    let excuse = "\n#![allow(dead_code, unused_imports, reason = \"some checks were left out\")]";
    let rest = lines.iter().enumerate().skip(header).filter(|(at, _)| !is_stretch(at + 1));
    let rest: Vec<&str> = rest.map(|(_, line)| *line).collect();
    let parts = [&lines[..header], &[excuse], &rest].concat();
    Ok(parts.join("\n").trim_end().to_owned() + "\n")
}

fn tasks(has_checks: bool) -> String {
    let task = |label: &str, command: &str, group: &str| {
        serde_json::json!({
            "label": label,
            "type": "shell",
            "command": command,
            "problemMatcher": "$rustc",
            "group": { "kind": group, "isDefault": true },
        })
    };
    let mut tasks = vec![task("run", "cargo run", "build")];
    if has_checks {
        tasks.push(task("check", "cargo test", "test"));
    }
    format!("{:#}\n", serde_json::json!({ "version": "2.0.0", "tasks": tasks }))
}

const REVIEW: &str = "\
`src/starter.rs` is a colleague's answer to the task below.
It builds and looks right, but one of its behaviors violates the contract.

1. Read the code before you run it. Which questions do you have for its author?
2. Show the bug with a request. Who would notice it, and when?
3. Fix it with as small a change as possible.
";
