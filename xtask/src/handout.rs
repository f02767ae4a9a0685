//! `handout`: one question as a folder that builds and runs by itself, with no answer in it.

mod folder;
mod manifest;
mod record;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Cursor, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use chrono::Utc;
use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

pub(crate) use folder::{Options, contents, is_protected};
pub(crate) use record::{MARKER, Record, hash};

use crate::{
    cargo::cargo,
    cli,
    term::{self, command},
    workspace::Workspace,
};

pub(crate) fn run(args: &cli::Handout, workspace: &Workspace) -> Result<ExitCode> {
    let question = workspace.select(&args.question)?;
    let options = Options {
        // The check that refuses a bug would name it.
        without_checks: args.without_checks || args.bug.is_some() && !args.with_checks,
        required_only: args.required_only,
        bug: args.bug.clone(),
    };
    let target = destination(&args.dir, workspace)?;
    let archive = args.zip.then(|| with_extension(&target, "zip"));
    if let Some(archive) = archive.as_ref().filter(|archive| archive.exists()) {
        bail!("Failed to write {}: it exists already; choose another DIR", archive.display());
    }

    let mut files = contents(question, &options, workspace)?;
    let record = Record::new(question, &options, &target, &files, Utc::now(), workspace);
    files.insert(MARKER.to_owned(), record.marker());
    write_to(&target, &files, workspace)?;
    if let Some(archive) = &archive {
        fs::write(archive, zipped(&target)?)
            .with_context(|| format!("Failed to write {}", archive.display()))?;
    }
    record.keep(workspace)?;

    let mut text = format!("{} · handed out\n", question.package);
    let mut row = |what: &str, value: &str| text.push_str(&format!("  {what:<9} {value}\n"));
    row("folder", &args.dir.display().to_string());
    if archive.is_some() {
        row("archive", &with_extension(&args.dir, "zip").display().to_string());
    }
    let holds = if options.bug.is_some() {
        "a wrong answer to review and fix"
    } else {
        "the starter, no answer"
    };
    row("holds", &format!("{holds}, {}", options.checks()));
    row("id", &format!("{}, kept in handouts/", record.id));
    let test = if options.without_checks { "" } else { " && cargo test --no-run" };
    row("before", &format!("the candidate runs: cargo fetch && cargo build{test}"));
    row("clock", &command(&format!("start {}", record.id)));
    row("after", &command(&format!("grade {} {}", question.number, term::quoted(&args.dir))));
    term::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Where the folder is to stand: empty or new, and outside the workspace with its answers.
fn destination(dir: &Path, workspace: &Workspace) -> Result<PathBuf> {
    let failed = || format!("Failed to hand out to {}", dir.display());
    let target = std::path::absolute(dir).with_context(failed)?;
    let parent = target.parent().with_context(failed)?.to_owned();
    fs::create_dir_all(&parent).with_context(failed)?;
    let name = target.file_name().with_context(failed)?;
    let target = parent.canonicalize().with_context(failed)?.join(name);

    let root = workspace.root.canonicalize().with_context(failed)?;
    if target.starts_with(&root) {
        bail!(
            "Failed to hand out to {}: it is inside this workspace, next to the solutions; choose a folder outside",
            dir.display()
        );
    }
    if target.exists() {
        let is_empty = fs::read_dir(&target).with_context(failed)?.next().is_none();
        if !is_empty {
            bail!("Failed to hand out to {}: it is not empty; choose a new folder", dir.display());
        }
    }
    Ok(target)
}

fn with_extension(target: &Path, extension: &str) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(extension);
    target.with_file_name(name)
}

/// Writes the folder beside its place first, and moves it there once it is whole.
pub(crate) fn write_to(
    target: &Path,
    files: &BTreeMap<String, String>,
    workspace: &Workspace,
) -> Result<()> {
    let failed = || format!("Failed to write {}", target.display());
    let parent = target.parent().with_context(failed)?;
    let draft = TempDir::with_prefix_in(".handout-", parent).with_context(failed)?;
    for (name, text) in files {
        let path = draft.path().join(name);
        fs::create_dir_all(path.parent().with_context(failed)?)
            .and_then(|()| fs::write(&path, text))
            .with_context(failed)?;
    }
    lock(draft.path(), workspace)?;
    if target.exists() {
        fs::remove_dir(target).with_context(failed)?;
    }
    let draft = draft.keep();
    if let Err(error) = fs::rename(&draft, target) {
        let _ = fs::remove_dir_all(&draft);
        return Err(error).with_context(failed);
    }
    readable(target).with_context(failed)
}

/// Temporary folders are for their owner alone; this one is for somebody else.
#[cfg(unix)]
fn readable(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn readable(_folder: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Cuts the workspace's lock file down to what the folder needs. Nothing in it may be new.
fn lock(folder: &Path, workspace: &Workspace) -> Result<()> {
    let original = fs::read_to_string(workspace.root.join("Cargo.lock"))
        .context("Failed to read Cargo.lock")?;
    let path = folder.join("Cargo.lock");
    fs::write(&path, &original)?;
    let mut update = cargo(workspace);
    update.args(["update", "--workspace", "--offline", "--quiet"]).current_dir(folder);
    let output = update.output().context("Failed to start cargo; is it installed?")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "Failed to trim Cargo.lock without a network: {}\nrun `cargo fetch` in this workspace first",
            said.trim()
        );
    }
    let known = locked(&original)?;
    let pruned = fs::read_to_string(&path)?;
    if let Some(new) = locked(&pruned)?.into_iter().find(|package| !known.contains(package)) {
        bail!(
            "Failed to trim Cargo.lock: that would add {} {}; run `cargo update --workspace` in this workspace first",
            new.0,
            new.1
        );
    }
    Ok(())
}

/// Name, version and checksum of every package from a registry.
fn locked(text: &str) -> Result<Vec<(String, String, String)>> {
    let table: toml::Table = text.parse().context("Failed to read Cargo.lock")?;
    let packages = table.get("package").and_then(toml::Value::as_array);
    let text = |package: &toml::Value, key: &str| {
        package.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned()
    };
    let from_registry =
        packages.into_iter().flatten().filter(|package| package.get("source").is_some());
    Ok(from_registry
        .map(|package| (text(package, "name"), text(package, "version"), text(package, "checksum")))
        .collect())
}

/// The folder as an archive with one folder in it.
fn zipped(folder: &Path) -> Result<Vec<u8>> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for path in crate::files::below(folder)? {
        let inside = crate::files::slashed(path.strip_prefix(folder)?);
        archive.start_file(format!("{name}/{inside}"), SimpleFileOptions::default())?;
        std::io::copy(&mut File::open(&path)?, &mut archive)?;
        archive.flush()?;
    }
    Ok(archive.finish()?.into_inner())
}
