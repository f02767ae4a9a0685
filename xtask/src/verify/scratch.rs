//! A copy of the workspace in the target folder, in which every wrong answer is a program.
//!
//! It has the members, dependencies, profiles and lock file of the workspace, so cargo resolves the
//! same features for it and finds what it built for the workspace; only the crates of the workspace
//! itself stand elsewhere, so that neither build undoes the other. The tree stays untouched.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;
use toml::{Table, Value};

use crate::{files, verify::folder::Folder, workspace::Workspace};

/// Where the members stand: not where they stand in the workspace, or cargo would take their
/// programs for those of the workspace.
const MEMBERS: &str = "copy";

pub(crate) struct Scratch {
    root: PathBuf,
}

impl Scratch {
    pub(crate) fn find(workspace: &Workspace) -> Result<Self> {
        let metadata = MetadataCommand::new()
            .current_dir(&workspace.root)
            .no_deps()
            .other_options(["--offline".to_owned()])
            .exec()
            .context("Failed to read the workspace's manifests")?;
        Ok(Self { root: metadata.target_directory.join("verify").into() })
    }

    /// The target folder of the workspace.
    pub(crate) fn target(&self) -> &Path {
        self.root.parent().unwrap_or(&self.root)
    }

    pub(crate) fn manifest(&self) -> PathBuf {
        self.root.join("Cargo.toml")
    }

    /// Where the question made from the template stands.
    pub(crate) fn template_dir(&self) -> PathBuf {
        self.root.join(MEMBERS).join("questions/00-template")
    }

    /// Writes what is new or changed and deletes what is gone, so that cargo builds no more than
    /// that. `folders` are all questions, and the template.
    pub(crate) fn write(&self, folders: &[Folder], workspace: &Workspace) -> Result<()> {
        let mut files: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
        for folder in folders {
            let dir = Path::new("questions").join(folder.question.folder());
            for (path, text) in contents(folder) {
                files.insert(dir.join(path), text.into_bytes());
            }
        }

        let manifest = fs::read_to_string(workspace.root.join("Cargo.toml"))?;
        let mut manifest: Table = manifest.parse().context("Failed to read Cargo.toml")?;
        for member in relocate(&mut manifest).context("Failed to find members in Cargo.toml")? {
            let dir = workspace.root.join(&member);
            for path in files::below(&dir).unwrap_or_default() {
                let contents = fs::read(&path)?;
                files.insert(path.strip_prefix(&workspace.root)?.to_owned(), contents);
            }
        }

        let members = self.root.join(MEMBERS);
        for path in files::below(&members).unwrap_or_default() {
            if !files.contains_key(path.strip_prefix(&members)?) {
                fs::remove_file(&path)?;
            }
        }
        for (path, contents) in files {
            write_if_changed(&members.join(path), &contents)?;
        }
        // Of the members only: that leaves what was built of their dependencies as it is.
        let profile = [("debug", Value::from(0)), ("incremental", Value::from(false))];
        let dev = manifest.get_mut("profile").and_then(|profiles| profiles.get_mut("dev"));
        dev.and_then(Value::as_table_mut)
            .context("Failed to find profile.dev in Cargo.toml")?
            .extend(profile.map(|(key, value)| (key.to_owned(), value)));
        write_if_changed(&self.manifest(), manifest.to_string().as_bytes())?;
        fs::copy(workspace.root.join("Cargo.lock"), self.root.join("Cargo.lock"))
            .context("Failed to copy Cargo.lock")?;
        Ok(())
    }
}

/// Moves members and path dependencies below `MEMBERS`, and returns the members that are not
/// questions. A pattern takes the place of the questions: the template is one of them here.
fn relocate(manifest: &mut Table) -> Option<Vec<String>> {
    let workspace = manifest.get_mut("workspace")?.as_table_mut()?;
    let members = workspace.get_mut("members")?.as_array_mut()?;
    let paths: Option<Vec<&str>> = members.iter().map(Value::as_str).collect();
    let others = paths?.into_iter().filter(|path| !path.starts_with("questions/"));
    let others: Vec<String> = others.map(str::to_owned).collect();
    *members = others
        .iter()
        .map(String::as_str)
        .chain(["questions/*"])
        .map(|path| Value::String(format!("{MEMBERS}/{path}")))
        .collect();
    for (_, dependency) in workspace.get_mut("dependencies")?.as_table_mut()? {
        if let Some(path) = dependency.get_mut("path") {
            *path = Value::String(format!("{MEMBERS}/{}", path.as_str()?));
        }
    }
    Some(others)
}

/// A question's folder with its wrong answers as programs.
fn contents(folder: &Folder) -> BTreeMap<String, String> {
    let mut files = folder.files.clone();
    let mut programs = String::new();
    for (name, patch) in folder.wrong_answers() {
        if let Ok(source) = folder.made_wrong(patch) {
            let bin = folder.wrong_bin(name);
            programs.push_str(&format!(
                "\n[[bin]]\nname = \"{bin}\"\npath = \"wrong/{name}.rs\"\ntest = false\n"
            ));
            files.insert(format!("wrong/{name}.rs"), source);
        }
    }
    if let Some(manifest) = files.get_mut("Cargo.toml") {
        manifest.push_str(&programs);
    }
    files
}

fn write_if_changed(path: &Path, contents: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|current| current == contents) {
        return Ok(());
    }
    let folder = path.parent().context("Failed to find the folder of a file")?;
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, contents))
        .with_context(|| format!("Failed to write {}", path.display()))
}
