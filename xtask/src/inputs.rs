//! The files that a build reads, from the dep-info that rustc leaves beside what it compiled.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    cargo::Build,
    files,
    workspace::{Question, Workspace},
};

/// The files that the starter and the contract of `question` were compiled from: their sources with
/// everything that these include, and the manifest. `None` where that is not known.
pub(crate) fn of_build(
    build: &Build,
    question: &Question,
    workspace: &Workspace,
) -> Option<Vec<PathBuf>> {
    // Cargo puts the contract into deps/, and a link to the starter beside that folder.
    let contract = build.contract.as_ref()?.with_extension("d");
    let starter = newest(contract.parent()?, &question.starter_bin().replace('-', "_"))?;
    let mut found = Vec::new();
    for dep_info in [starter, contract] {
        let text = fs::read_to_string(dep_info).ok()?;
        // Cargo starts rustc at the root.
        found.extend(paths(&text).map(|path| workspace.root.join(path)));
    }
    let is_whole = [question.starter(), question.contract()].iter().all(|own| found.contains(own));
    found.extend(manifests(question));
    found.sort();
    found.dedup();
    is_whole.then_some(found)
}

/// The dep-info of the last compilation of `crate_name`: `q13_starter-72fdd8bb5e2b279c.d`.
fn newest(folder: &Path, crate_name: &str) -> Option<PathBuf> {
    let start = format!("{crate_name}-");
    let is_wanted = |path: &PathBuf| {
        files::name(path).starts_with(&start) && path.extension().is_some_and(|it| it == "d")
    };
    let files = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).filter(is_wanted);
    files.max_by_key(|path| path.metadata().and_then(|it| it.modified()).ok())
}

/// The files of a question that a build might read, where no build has told.
pub(crate) fn candidates(question: &Question) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = manifests(question).collect();
    for folder in ["src", "tests"] {
        // A folder that can't be read now is about to be replaced.
        found.extend(files::below(&question.dir.join(folder)).unwrap_or_default());
    }
    found.retain(|path| !is_leftover(&files::name(path)));
    found.sort();
    found
}

fn manifests(question: &Question) -> impl Iterator<Item = PathBuf> {
    ["Cargo.toml", "build.rs"].into_iter().map(|file| question.dir.join(file))
}

/// Whether an editor or a tool keeps this file for itself: a swap file, a backup, a lock.
fn is_leftover(name: &str) -> bool {
    const ENDINGS: [&str; 10] =
        [".bak", ".old", ".orig", ".rej", ".save", ".swo", ".swp", ".swx", ".temp", ".tmp"];
    // Vim tests whether it may write a folder with a file called 4913.
    name.starts_with(['.', '#'])
        || name.ends_with('~')
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || name.chars().all(|c| c.is_ascii_digit())
}

/// The paths behind the colons of a dep-info file. A space in a path is written `\ `.
fn paths(dep_info: &str) -> impl Iterator<Item = PathBuf> {
    let rules = dep_info.lines().filter(|line| !line.starts_with('#'));
    let lists = rules.filter_map(|line| line.split_once(": ").map(|(_, list)| list));
    lists.flat_map(|list| {
        let list = list.replace("\\ ", "\0");
        let words = list.split(' ').filter(|word| !word.is_empty());
        words.map(|word| Path::new(&word.replace('\0', " ")).to_owned()).collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dep_info_is_read_with_its_spaces() {
        let text = "/t/q13: /w/a\\ b/src/starter.rs /w/shared/src/lib.rs\n\n# env-dep:X=a: b\n/w/a\\ b/src/starter.rs:\n";

        let found: Vec<PathBuf> = paths(text).collect();

        assert_eq!(found, ["/w/a b/src/starter.rs", "/w/shared/src/lib.rs"].map(PathBuf::from));
    }

    #[test]
    fn what_editors_leave_behind_is_not_a_source() {
        for name in [".starter.rs.swp", "starter.rs~", "#starter.rs#", "4913", "a.bak", ".#a.rs"] {
            assert!(is_leftover(name), "{name}");
        }
        for name in ["starter.rs", "todos.rs", "data.csv", "v2.rs"] {
            assert!(!is_leftover(name), "{name}");
        }
    }
}
