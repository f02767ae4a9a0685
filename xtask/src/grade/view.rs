//! What an interviewer must look at before trusting a result.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use serde::Serialize;
use toml::{Table, Value};

use crate::{
    files,
    grade::{
        bench::{Bench, Contents},
        confinement::{Confinement, Toolchain},
    },
    handout::MARKER,
    workspace::Workspace,
};

/// Bytes of all manifests together that are read. A table takes thirty times as much memory as its text.
const MOST_OF_MANIFESTS: u64 = 4 * 1024 * 1024;

/// In bytes.
const LONGEST_LOCK_FILE: u64 = 4 * 1024 * 1024;

/// In bytes. The build can write one as well, and as large as it likes.
const LONGEST_DEP_INFO: u64 = 4 * 1024 * 1024;

/// More sources outside the folder are not counted.
const MOST_SOURCES: usize = 1_000;

/// Things of one kind that were found.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Seen {
    /// What they are, such as `crates added`.
    pub(super) what: &'static str,
    /// Each of them, as the candidate named it.
    pub(super) which: Vec<String>,
}

/// Everything that was found, in the order in which it is shown.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct View(Vec<Seen>);

impl View {
    pub(super) fn add(&mut self, what: &'static str, which: impl IntoIterator<Item = String>) {
        let which: BTreeSet<String> = which.into_iter().collect();
        if !which.is_empty() {
            self.0.push(Seen { what, which: which.into_iter().collect() });
        }
    }

    pub(super) fn all(&self) -> &[Seen] {
        &self.0
    }

    /// What the files show, before anything is built.
    pub(super) fn of_files(
        contents: &Contents,
        answer: &Path,
        handed_out: &BTreeMap<String, String>,
    ) -> Self {
        let mut view = Self::default();
        let names = |wanted: fn(&str) -> bool| -> Vec<String> {
            let of_unread = contents.unread.iter().map(|unread| &unread.path);
            let all = contents.files.keys().chain(&contents.links).chain(of_unread);
            all.filter(|file| wanted(file)).cloned().collect()
        };
        let (mut manifests, mut too_long) = (BTreeMap::<String, Table>::new(), Vec::new());
        let mut left = MOST_OF_MANIFESTS;
        for file in names(|file| is_named(file, "Cargo.toml")) {
            match files::text_within(&answer.join(&file), left) {
                Some(text) => {
                    left -= text.len() as u64;
                    manifests.extend(text.parse().ok().map(|manifest| (file, manifest)));
                }
                None if contents.files.contains_key(&file) => too_long.push(file),
                None => {}
            }
        }

        let mut scripts = names(|file| is_named(file, "build.rs"));
        let (mut macros, mut outside) = (Vec::new(), Vec::new());
        for (file, manifest) in &manifests {
            let package = manifest.get("package");
            if let Some(script) = package.and_then(|package| package.get("build")?.as_str()) {
                scripts.push(format!("{script} of {file}"));
            }
            let is_macro = |key| manifest.get("lib").and_then(|lib| lib.get(key)?.as_bool());
            if is_macro("proc-macro").or_else(|| is_macro("proc_macro")) == Some(true) {
                macros.push(file.clone());
            }
            let folder = Path::new(file).parent().unwrap_or(Path::new(""));
            leading_outside(&Value::Table(manifest.clone()), folder, &mut |what| {
                outside.push(format!("{what} in {file}"));
            });
        }
        view.add("build scripts", scripts);
        view.add("procedural macros", macros);
        view.add("cargo settings", names(|file| file.split('/').any(|part| part == ".cargo")));
        view.add(
            "toolchain files, which were ignored",
            names(|file| is_named(file, "rust-toolchain.toml") || is_named(file, "rust-toolchain")),
        );
        view.add("paths or sources outside the folder", outside);
        view.add("manifests too long to be looked at", too_long);
        if let (Some(mine), Some(theirs)) =
            (handed_out.get("Cargo.toml"), manifests.get("Cargo.toml"))
            && mine.parse::<Table>().as_ref() != Ok(theirs)
        {
            view.add("differs from a hand-out made now", ["Cargo.toml".to_owned()]);
        }
        if !handed_out.is_empty() {
            let is_new = |file: &&String| {
                !handed_out.contains_key(*file) && !["Cargo.lock", MARKER].contains(&file.as_str())
            };
            let new = contents.files.keys().filter(is_new).cloned();
            view.add("files that were not handed out", new);
        }
        view.add("links within the folder", contents.links.iter().cloned());
        view.add("not read", contents.unread.iter().map(ToString::to_string));
        view
    }

    /// The crates that it was built with and that the workspace does not have. Call this after cargo has
    /// updated the copy of the lock file.
    pub(super) fn add_crates(&mut self, contents: &Contents, answer: &Path, workspace: &Workspace) {
        let path = answer.join("Cargo.lock");
        let text = match path.exists() {
            true => files::text_within(&path, LONGEST_LOCK_FILE),
            false => Some(String::new()),
        };
        let (added, mut trouble) = lock_file(text.as_deref(), workspace);
        if !contents.files.contains_key("Cargo.lock") {
            trouble.push("there is no Cargo.lock".to_owned());
        }
        self.add("crates added", added);
        self.add("lock file", trouble);
    }

    /// Sources outside the folder that rustc has read, according to its own lists. Build output that was
    /// copied from `seeds` names the folder in which it was built first.
    pub(super) fn add_sources(
        &mut self,
        bench: &Bench,
        confinement: &Confinement,
        toolchain: &Toolchain,
        seeds: &Path,
    ) {
        let mut outside = BTreeSet::new();
        let mut open = vec![bench.target()];
        while let Some(folder) = open.pop() {
            // The first ones tell enough.
            if outside.len() >= MOST_SOURCES {
                break;
            }
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() {
                    open.push(path);
                } else if kind.is_file() && path.extension().is_some_and(|it| it == "d") {
                    let text = files::text_within(&path, LONGEST_DEP_INFO).unwrap_or_default();
                    outside.extend(sources_in(&text).into_iter().filter_map(|source| {
                        let source = normal(&bench.answer().join(source));
                        let own = [bench.answer(), bench.target(), bench.tmp()];
                        let is_own = own.iter().any(|folder| source.starts_with(folder))
                            || source.starts_with(seeds);
                        let is_known = is_own || confinement.is_of_the_system(&source, toolchain);
                        (!is_known).then(|| source.display().to_string())
                    }));
                }
            }
        }
        self.add("sources outside the folder", outside.into_iter().take(MOST_SOURCES));
    }
}

fn is_named(file: &str, name: &str) -> bool {
    file.rsplit('/').next() == Some(name)
}

/// The crates that are not in the workspace's lock file, and what else is wrong with this one.
fn lock_file(text: Option<&str>, workspace: &Workspace) -> (Vec<String>, Vec<String>) {
    let Some(theirs) = text.and_then(packages) else {
        return (Vec::new(), vec!["Cargo.lock cannot be read".to_owned()]);
    };
    let ours = fs::read_to_string(workspace.root.join("Cargo.lock")).unwrap_or_default();
    let ours = packages(&ours).unwrap_or_default();
    let (mut added, mut other) = (Vec::new(), Vec::new());
    for (package, (source, checksum)) in &theirs {
        // A package without a source is in the returned folder.
        let Some(source) = source else { continue };
        let name = format!("{} {}", package.0, package.1);
        match ours.get(package) {
            Some((_, known)) if known == checksum => {}
            Some(_) => other.push(format!("{name} has a different checksum")),
            None if source.starts_with("registry+") => added.push(name),
            None => added.push(format!("{name} from {source}")),
        }
    }
    (added, other)
}

/// Name and version of each package, with its source and checksum.
type Packages = BTreeMap<(String, String), (Option<String>, Option<String>)>;

fn packages(lock: &str) -> Option<Packages> {
    let table: Table = lock.parse().ok()?;
    let packages = match table.get("package") {
        Some(packages) => packages.as_array()?.as_slice(),
        None => &[],
    };
    let text = |package: &Value, key: &str| Some(package.get(key)?.as_str()?.to_owned());
    let package = |package: &Value| {
        let key = (text(package, "name")?, text(package, "version")?);
        Some((key, (text(package, "source"), text(package, "checksum"))))
    };
    packages.iter().map(package).collect()
}

/// Reports every path in a manifest that leads outside the returned folder, and every source of crates
/// other than the default registry. `folder` has the manifest, relative to the returned folder.
fn leading_outside(value: &Value, folder: &Path, tell: &mut dyn FnMut(String)) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                match (key.as_str(), value) {
                    (
                        "path" | "build" | "readme" | "license-file" | "links" | "workspace"
                        | "exclude" | "members" | "default-members" | "include",
                        Value::String(path),
                    ) if leads_outside(folder, path) => tell(format!("{key} {path}")),
                    ("members" | "default-members", Value::Array(paths)) => {
                        for path in paths.iter().filter_map(Value::as_str) {
                            if leads_outside(folder, path) {
                                tell(format!("{key} {path}"));
                            }
                        }
                    }
                    ("git" | "registry" | "registry-index", Value::String(url)) => {
                        tell(format!("{key} {url}"));
                    }
                    _ => leading_outside(value, folder, tell),
                }
            }
        }
        Value::Array(values) => {
            values.iter().for_each(|value| leading_outside(value, folder, tell));
        }
        _ => {}
    }
}

fn leads_outside(folder: &Path, path: &str) -> bool {
    let path = Path::new(path);
    path.is_absolute() || normal(&folder.join(path)).starts_with("..")
}

/// Removes `.` and, where possible, `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

/// The sources in a makefile as rustc and cargo write it.
fn sources_in(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((_, sources)) = line.split_once(": ") else { continue };
        let mut source = String::new();
        let mut chars = sources.chars().peekable();
        while let Some(c) = chars.next() {
            match (c, chars.peek()) {
                ('\\', Some(' ')) => {
                    source.push(' ');
                    chars.next();
                }
                (' ', _) => found.push(files::slashed(Path::new(&std::mem::take(&mut source)))),
                (c, _) => source.push(c),
            }
        }
        found.push(source);
    }
    found.retain(|source| !source.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside(manifest: &str, folder: &str) -> Vec<String> {
        let mut found = Vec::new();
        let table: Table = manifest.parse().unwrap();
        leading_outside(&Value::Table(table), Path::new(folder), &mut |what| found.push(what));
        found
    }

    #[test]
    fn paths_of_a_manifest_that_leave_the_folder_are_told() {
        let manifest = "[dependencies]\na = { path = \"shared\" }\nb = { path = \"../main/kit\" }\nc = { path = \"/main\" }\n[[bin]]\nname = \"x\"\npath = \"src/../../y.rs\"\n[patch.crates-io]\nd = { git = \"file://main\" }\n";

        assert_eq!(
            outside(manifest, ""),
            ["path src/../../y.rs", "path ../main/kit", "path /main", "git file://main"]
        );
        assert_eq!(outside("[dependencies]\na = { path = \"../b\" }\n", "shared"), [""; 0]);
    }

    #[test]
    fn the_sources_in_a_makefile_are_read_with_their_spaces() {
        let text = "/t/q13: src/a.rs /srv/an\\ other/b.rs\n\nsrc/a.rs:\n# env-dep:X=1: 2\n";

        assert_eq!(sources_in(text), ["src/a.rs", "/srv/an other/b.rs"]);
    }
}
