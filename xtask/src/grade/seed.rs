//! The crates that were handed out, built once for all candidates.
//!
//! They are built from the workspace's own hand-out, into a folder that no confined program can write.
//! Each candidate's target folder starts with a copy of it, without anything that comes from a folder
//! of the hand-out: only what cargo downloaded, and checks, is taken over.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use toml::Table;

use crate::{
    cargo,
    fresh::hash,
    grade::confinement::Toolchain,
    handout::{self, Options},
    process::{Kept, Stop},
    term,
    workspace::{Question, Workspace},
};

/// A target folder to start from.
pub(super) struct Seed {
    target: PathBuf,
    /// The packages whose sources lie in the hand-out, as cargo names their files.
    local: BTreeSet<String>,
}

impl Seed {
    /// Builds it, or finds it built. `None` when it was stopped, or the hand-out does not build. The
    /// crates that the checks use have a say in the features of the others, so it makes a difference
    /// whether the hand-outs have checks.
    pub(super) fn build(
        question: &Question,
        without_checks: bool,
        all: &Path,
        toolchain: &Toolchain,
        stop: &Stop,
        workspace: &Workspace,
    ) -> Result<Option<Self>> {
        let options = Options { without_checks, ..Options::default() };
        let files = handout::contents(question, &options, workspace)?;
        let kind = if without_checks { "-without-checks" } else { "" };
        let root = all.join(format!("{}{kind}", question.test_target()));
        let folder = root.join("handout");
        let written = root.join("handout.sha256");
        let lock = fs::read_to_string(workspace.root.join("Cargo.lock")).unwrap_or_default();
        let state = hash(format!("{files:?}{lock}").as_bytes());
        if fs::read_to_string(&written).ok().as_ref() != Some(&state) || !folder.is_dir() {
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&root)
                .with_context(|| format!("Failed to write to {}", root.display()))?;
            handout::write_to(&folder, &files, workspace)?;
            fs::write(&written, state)
                .with_context(|| format!("Failed to write to {}", root.display()))?;
        }

        let target = root.join("target");
        let (cargo, environment) = toolchain.cargo(workspace);
        let mut command = std::process::Command::new(cargo);
        command.current_dir(&folder).envs(environment).args(["build", "--offline"]);
        command.arg("--target-dir").arg(&target);
        let kept = Kept { without_environment: true, ..Kept::default() };
        let Some(build) = cargo::run_kept_build(command, kept, stop, &term::status)? else {
            return Ok(None);
        };
        let local = local_packages(&files);
        Ok(build.is_done.then_some(Self { target, local }))
    }

    /// Forgets every seed, because somebody might have changed one.
    pub(super) fn remove_all(all: &Path) -> Result<()> {
        match fs::remove_dir_all(all) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("Failed to remove {}", all.display()))
            }
            _ => Ok(()),
        }
    }

    /// Where all of them are, beside what was built of the workspace.
    pub(super) fn folder(contract: &Path) -> PathBuf {
        // target/debug/deps/q13-0123456789abcdef
        contract.ancestors().nth(3).unwrap_or(contract).join("handouts")
    }

    /// Copies what was built of crates from registries.
    pub(super) fn copy_to(&self, target: &Path) -> io::Result<()> {
        for folder in ["build", "deps", ".fingerprint"] {
            let inside = Path::new("debug").join(folder);
            let from = self.target.join(&inside);
            if from.is_dir() {
                self.copy(&from, &target.join(&inside), true)?;
            }
        }
        Ok(())
    }

    fn copy(&self, from: &Path, to: &Path, is_top: bool) -> io::Result<()> {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let name = entry.file_name();
            if is_top && self.is_local(&name.to_string_lossy()) {
                continue;
            }
            let (path, kind, copy) = (entry.path(), entry.file_type()?, to.join(&name));
            if kind.is_dir() {
                self.copy(&path, &copy, false)?;
            } else if kind.is_file() {
                fs::copy(&path, &copy)?;
                // Cargo compares the times.
                let modified = path.metadata()?.modified()?;
                File::options().append(true).open(&copy)?.set_modified(modified)?;
            }
        }
        Ok(())
    }

    /// Whether a file or folder such as `libshared-0123456789abcdef.rlib` belongs to a local package.
    fn is_local(&self, name: &str) -> bool {
        let stem = name.split('.').next().unwrap_or(name);
        let Some((package, _)) = stem.rsplit_once('-') else { return true };
        let package = package.replace('-', "_");
        let library = package.strip_prefix("lib").unwrap_or(&package);
        self.local.contains(&package) || self.local.contains(library)
    }
}

fn local_packages(files: &std::collections::BTreeMap<String, String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let manifests = files.iter().filter(|(file, _)| file.ends_with("Cargo.toml"));
    for manifest in manifests.filter_map(|(_, text)| text.parse::<Table>().ok()) {
        let mut add = |value: Option<&toml::Value>| {
            let name = value.and_then(|value| value.get("name")?.as_str());
            found.extend(name.map(|name| name.replace('-', "_")));
        };
        add(manifest.get("package"));
        add(manifest.get("lib"));
        for kind in ["bin", "test"] {
            let targets = manifest.get(kind).and_then(toml::Value::as_array);
            targets.into_iter().flatten().for_each(|target| add(Some(target)));
        }
    }
    found
}
