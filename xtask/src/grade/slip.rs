//! Slips of the interviewer in naming a folder. They say nothing of a candidate.

use std::{fs, path::Path};

use crate::{files, handout::MARKER, shown, workspace::Workspace};

/// So many levels a folder can be too low.
const DEEPEST: usize = 4;

/// What is wrong with `dir` as the name of a folder that came back, and what was expected.
pub(super) fn in_name(dir: &Path, is_command: bool, workspace: &Workspace) -> Option<String> {
    let name = shown::line(&dir.display().to_string());
    let Ok(metadata) = dir.metadata() else {
        let near = nearest(dir).map(|near| format!("; did you mean {}?", shown::line(&near)));
        return Some(format!("there is no folder {name}{}", near.unwrap_or_default()));
    };
    if !metadata.is_dir() {
        let is_archive = ["zip", "gz", "tgz", "tar", "xz", "7z", "rar", "bz2"]
            .iter()
            .any(|kind| dir.extension().is_some_and(|extension| extension == *kind));
        return Some(match is_archive {
            true => format!("{name} is an archive; unpack it, and name the folder that was in it"),
            false => format!("{name} is a file; name the folder that came back"),
        });
    }
    let (Ok(found), Ok(root)) = (dir.canonicalize(), workspace.root.canonicalize()) else {
        return Some(format!("{name} cannot be read"));
    };
    if found == root || root.starts_with(&found) {
        return Some(format!("{name} is this workspace; name the folder that came back"));
    }
    if found.starts_with(root.join("questions")) {
        return Some(format!(
            "{name} lies in questions/; name the folder that came back, or use `cargo xtask check`"
        ));
    }
    if is_command || is_whole(&found) {
        return None;
    }
    // Too low, as in `ada/src`, or in the folder of a crate that was handed out as well.
    if let Some(above) = found.ancestors().skip(1).take(DEEPEST).find(|above| is_whole(above)) {
        let above = shown::line(&above.display().to_string());
        return Some(format!("{name} is a part of what came back; name {above}"));
    }
    if found.join("Cargo.toml").exists() {
        let is_ours = found.starts_with(&root);
        return is_ours.then(|| {
            format!("{name} is a folder of this workspace; name the folder that came back")
        });
    }
    let inside: Vec<String> = fs::read_dir(&found)
        .into_iter()
        .flatten()
        .flatten()
        .take(1_000)
        .filter(|entry| is_hand_out(&entry.path()) || entry.path().join("Cargo.toml").is_file())
        .map(|entry| shown::line(&dir.join(entry.file_name()).display().to_string()))
        .collect();
    Some(match &inside[..] {
        [] => format!(
            "{name} has no Cargo.toml; name the folder that came back, or judge another language with --cmd"
        ),
        inside => format!("{name} has no Cargo.toml; did you mean {}?", inside.join(" ")),
    })
}

/// Whether this is all of a hand-out, perhaps without its marker, which some archives leave out.
fn is_whole(folder: &Path) -> bool {
    let has = |file: &str| folder.join(file).exists();
    is_hand_out(folder) || has("Cargo.toml") && has("src/starter.rs")
}

fn is_hand_out(folder: &Path) -> bool {
    fs::symlink_metadata(folder.join(MARKER)).is_ok()
}

/// A folder beside it whose name is nearly the same.
fn nearest(dir: &Path) -> Option<String> {
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let names: Vec<String> = fs::read_dir(parent)
        .ok()?
        .flatten()
        .take(1_000)
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let near = similar::get_close_matches(files::name(dir).as_str(), &names, 1, 0.6);
    near.first().map(|near| dir.with_file_name(near).display().to_string())
}
