//! Gate 6: what is generated is current, and no file holds what must not be published.

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    files, originals, template,
    verify::finding::Findings,
    workspace::{Question, Workspace},
};

const BEGIN: &str = "<!-- index:begin -->\n";
const END: &str = "<!-- index:end -->";
const WRITE: &str = "cargo xtask verify --static --write";

/// Brings every generated file up to date and returns those that were not.
pub(crate) fn write(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for (path, text) in generated(workspace, &mut Findings::default())? {
        if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            let folder = path.parent().context("Failed to find the folder of a generated file")?;
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&path, text))
                .with_context(|| format!("Failed to write {}", path.display()))?;
            written.push(path);
        }
    }
    Ok(written)
}

/// Returns how many files were looked into.
pub(crate) fn check(workspace: &Workspace, found: &mut Findings) -> Result<usize> {
    check_generated(workspace, found)?;
    check_rust_version(workspace, found)?;
    check_names(workspace, found)?;
    check_contents(workspace, found)
}

/// Compares every generated file with what it should be.
fn check_generated(workspace: &Workspace, found: &mut Findings) -> Result<()> {
    let generated = generated(workspace, found)?;
    for (path, text) in &generated {
        let file = workspace.relative(path);
        match fs::read_to_string(path) {
            Ok(current) if current == *text => {}
            Ok(_) => found.add(file, "generated", "it is not current", WRITE),
            Err(_) => found.add(file, "generated", "it is missing", WRITE),
        }
    }

    let originals = workspace.root.join("xtask/starters");
    let known: BTreeSet<&PathBuf> = generated.iter().map(|(path, _)| path).collect();
    for path in files::below(&originals).unwrap_or_default() {
        if !known.contains(&path) {
            let file = workspace.relative(&path);
            found.add(&file, "generated", "it belongs to no question", format!("rm {file}"));
        }
    }
    Ok(())
}

/// Every file that is generated as a whole or in part, as it should be.
fn generated(workspace: &Workspace, found: &mut Findings) -> Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    for question in &workspace.questions {
        if let Ok(starter) = fs::read_to_string(question.starter()) {
            files.push((originals::path(question, workspace), starter));
        }
    }

    // A workspace that takes every folder for a member needs no list.
    let path = workspace.root.join("Cargo.toml");
    let manifest = fs::read_to_string(&path).unwrap_or_default();
    files.extend(members(&manifest, &workspace.questions).map(|text| (path, text)));

    let path = workspace.root.join("README.md");
    let readme = fs::read_to_string(&path).unwrap_or_default();
    let parts = readme.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some(format!("{before}{BEGIN}{}{END}{after}", index(&workspace.questions)?))
    });
    match parts {
        Some(text) => files.push((path, text)),
        None => {
            let fix =
                format!("put the lines {} and {END} where the list belongs", BEGIN.trim_end());
            found.add("README.md", "generated", "there is no place for the list of questions", fix);
        }
    }
    Ok(files)
}

/// The manifest with the questions' folders as members; `None` where members are not a list with
/// a line for each.
fn members(manifest: &str, questions: &[Question]) -> Option<String> {
    let (before, rest) = manifest.split_once("\nmembers = [\n")?;
    let (list, after) = rest.split_once("\n]\n")?;
    let is_question = |line: &&str| line.trim_start().starts_with("\"questions/");
    let others = list.lines().filter(|line| !is_question(line)).map(str::to_owned);
    let questions = questions.iter().map(|it| format!("    \"questions/{}\",", it.folder()));
    let lines = others.chain(questions).collect::<Vec<_>>().join("\n");
    Some(format!("{before}\nmembers = [\n{lines}\n]\n{after}"))
}

/// The questions by tier, as Markdown.
fn index(questions: &[Question]) -> Option<String> {
    let mut text = String::new();
    for tier in 1..=4 {
        let of_tier: Vec<&Question> =
            questions.iter().filter(|question| question.tier == tier).collect();
        if of_tier.is_empty() {
            continue;
        }
        let stars = "★".repeat(usize::from(tier));
        let level = template::level(tier);
        writeln!(text, "\n### Tier {tier} · {level}\n").ok()?;
        writeln!(text, "| | Title | The question | Minutes | Topics | Stars |").ok()?;
        writeln!(text, "| --- | --- | --- | --- | --- | --- |").ok()?;
        for question in of_tier {
            let Question { number, title, description, minutes, .. } = question;
            let (folder, topics) = (question.folder(), question.topics.join(", "));
            writeln!(
                text,
                "| [{number:02}](questions/{folder}) | {title} | {description} | {minutes} | {topics} | {stars} |"
            )
            .ok()?;
        }
    }
    text.push('\n');
    Some(text)
}

/// The toolchain that CI promises is the one of the manifest.
fn check_rust_version(workspace: &Workspace, found: &mut Findings) -> Result<()> {
    let manifest = fs::read_to_string(workspace.root.join("Cargo.toml"))?;
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "));
    let Some(version) = version.map(|version| version.trim_matches('"')) else {
        let fix =
            "name the oldest toolchain under `[workspace.package]`: `rust-version = \"1.95\"`";
        found.add("Cargo.toml", "rust-version", "there is no `rust-version`", fix);
        return Ok(());
    };
    let Ok(workflows) = files::below(&workspace.root.join(".github/workflows")) else {
        return Ok(());
    };
    let mut tested = Vec::new();
    for path in &workflows {
        let text = fs::read_to_string(path)?;
        let installs = text.lines().filter_map(|line| line.split_once("toolchain install "));
        tested.extend(installs.filter_map(|(_, rest)| {
            let toolchain = rest.split_whitespace().next()?;
            toolchain.starts_with(|c: char| c.is_ascii_digit()).then(|| toolchain.to_owned())
        }));
    }
    if tested != [version] {
        let what = format!("Cargo.toml promises {version}, CI installs {}", tested.join(" and "));
        let fix = format!("`rustup toolchain install {version}` in the job msrv");
        found.add(".github/workflows", "rust-version", what, fix);
    }
    Ok(())
}

/// No binary and no test target stands in two manifests, and no folder is without one.
fn check_names(workspace: &Workspace, found: &mut Findings) -> Result<()> {
    let mut known = BTreeSet::new();
    for question in &workspace.questions {
        if !known.insert(question.number) {
            let file = workspace.relative(&question.dir);
            let fix = format!("git mv {file} to a number that is free");
            found.add(&file, "folder", "another question has this number", fix);
        }
    }
    let questions = workspace.root.join("questions");
    for entry in fs::read_dir(&questions).context("Failed to read questions/")? {
        let path = entry?.path();
        if !path.join("Cargo.toml").is_file() {
            let file = workspace.relative(&path);
            found.add(&file, "folder", "it is no question", format!("rm -r {file}"));
        }
    }
    Ok(())
}

/// Looks into every file that git tracks or would, or into every file where there is no git.
fn check_contents(workspace: &Workspace, found: &mut Findings) -> Result<usize> {
    let files = match tracked(&workspace.root) {
        Some(files) => files,
        None => files::below(&workspace.root)?,
    };
    for path in &files {
        let file = files::slashed(path.strip_prefix(&workspace.root).unwrap_or(path));
        if path.file_name().is_some_and(|name| name == ".env") {
            let fix = format!("git rm --cached {file}");
            found.add(&file, "secret", "it is where secrets are kept", fix);
        }
        // What is not text holds no words, and what is gone can't be published.
        let text = fs::read_to_string(path).unwrap_or_default();
        for (index, line) in text.lines().enumerate() {
            let at = || format!("{file}:{}", index + 1);
            if let Some(secret) = secret(line) {
                let what = format!("`{}…` looks like a secret", &secret[..8.min(secret.len())]);
                found.add(at(), "secret", what, "revoke it, and take it from the environment");
            }
            if let Some(path) = machine_path(line) {
                let what = format!("`{path}` exists on one machine only");
                found.add(at(), "absolute-path", what, "name it from the workspace's root");
            }
        }
    }
    Ok(files.len())
}

fn tracked(root: &Path) -> Option<Vec<PathBuf>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let output = git.output().ok().filter(|output| output.status.success())?;
    let names = String::from_utf8(output.stdout).ok()?;
    let names = names.split('\0').filter(|name| !name.is_empty());
    Some(names.map(|name| root.join(name)).collect())
}

/// How well-known secrets begin, and how many characters follow at least.
const SECRETS: [(&str, usize); 9] = [
    ("AKIA", 16),
    ("AIza", 35),
    ("ghp_", 36),
    ("gho_", 36),
    ("github_pat_", 40),
    ("glpat-", 20),
    ("sk_live_", 20),
    ("xoxb-", 20),
    ("eyJhbGciOi", 60),
];

fn secret(line: &str) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let key = line.find("-----BEGIN ").filter(|_| line.trim_end().ends_with("PRIVATE KEY-----"));
    key.map(|at| &line[at..]).or_else(|| {
        SECRETS.iter().find_map(|(prefix, least)| {
            let at = line.find(prefix).filter(|at| !line[..*at].ends_with(is_part))?;
            let rest = &line[at + prefix.len()..];
            let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            (length >= *least).then(|| &line[at..at + prefix.len() + length])
        })
    })
}

/// A folder that one machine has, with what follows it: the home of a user, or a drive.
pub(crate) fn machine_path(line: &str) -> Option<&str> {
    const FOLDERS: [&str; 5] = ["/home/", "/Users/", "/root/", "C:\\", "file:///"];
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.~}".contains(c);
    FOLDERS.iter().find_map(|folder| {
        let (at, _) = line.match_indices(folder).find(|(at, _)| {
            !line[..*at].ends_with(is_part)
                && line[at + folder.len()..].starts_with(|c: char| c.is_ascii_alphanumeric())
        })?;
        let end = line[at..].find(|c: char| c.is_whitespace() || "\"'`)".contains(c));
        Some(&line[at..end.map_or(line.len(), |end| at + end)])
    })
}
