//! Files and folders, as several commands need them.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// Every file below `folder`, in order of name. Nothing that cargo built, nothing of git.
pub(crate) fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = || format!("Failed to read {}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let path = entry.path();
        // A link to a folder could lead anywhere, and round in circles.
        match entry.file_type().with_context(failed)?.is_dir() {
            true if ["target", ".git"].contains(&name(&path).as_str()) => {}
            true => found.extend(below(&path)?),
            false => found.push(path),
        }
    }
    found.sort();
    Ok(found)
}

/// A relative path with `/` on every platform.
pub(crate) fn slashed(path: &Path) -> String {
    let parts = path.components().map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The text of a regular file of at most `most` bytes; `None` for anything else, which is not waited for.
pub(crate) fn text_within(path: &Path, most: u64) -> Option<String> {
    let metadata = path.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > most {
        return None;
    }
    let mut text = String::new();
    File::open(path).ok()?.take(most).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Makes a folder whose contents git ignores.
pub(crate) fn private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join(".gitignore"), "*\n")
}
