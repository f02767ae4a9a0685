//! Whether what cargo calls fresh was built from the sources as they are now.
//!
//! Cargo goes by times: a file that was put back with its old time, or the same question in another
//! clone that shares the target folder, counts as built. So the hashes of a package's sources are
//! kept beside what was built from them, and where they differ the sources get today's time, which
//! makes cargo build again.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::files;

/// What cargo says of a target that it built or found to be fresh.
#[derive(Debug)]
pub(crate) struct Artifact {
    /// Of the target, such as `q13-starter`.
    pub(crate) name: String,
    /// Of the target: `bin`, `lib`, `test`.
    pub(crate) kind: String,
    /// The folder of its package.
    pub(crate) package: PathBuf,
    /// What was written.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) is_fresh: bool,
}

/// What was known when it was built.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    package: PathBuf,
    /// SHA-256 of each source, by its path in the package.
    sources: BTreeMap<String, String>,
    /// Length and time of each file that was written.
    files: BTreeMap<PathBuf, (u64, u128)>,
}

/// Makes cargo build again what is not built from its sources as they are. Whether there was any.
pub(crate) fn touch_outdated(artifacts: &[Artifact]) -> Result<bool> {
    let mut any = false;
    for artifact in artifacts.iter().filter(|artifact| artifact.is_fresh) {
        let now = artifact.record()?;
        let known = artifact.known();
        if known.as_ref() == Some(&now) {
            continue;
        }
        any = true;
        let changed = |file: &&String| match &known {
            Some(known) if known.files == now.files && known.package == now.package => {
                known.sources.get(*file) != now.sources.get(*file)
            }
            // Nobody knows what it was built from.
            _ => true,
        };
        let mut touched: Vec<&String> = now.sources.keys().filter(changed).collect();
        if touched.is_empty() {
            // A source is gone; which one used it is not known.
            touched = now.sources.keys().collect();
        }
        for file in touched {
            let path = artifact.package.join(file);
            touch(&path).with_context(|| format!("Failed to touch {}", path.display()))?;
        }
    }
    Ok(any)
}

fn touch(path: &Path) -> io::Result<()> {
    File::options().append(true).open(path)?.set_modified(SystemTime::now())
}

/// Keeps what was built now, and from what.
pub(crate) fn remember(artifacts: &[Artifact]) -> Result<()> {
    for artifact in artifacts {
        let (Some(path), now) = (artifact.record_file(), artifact.record()?) else { continue };
        if artifact.known().as_ref() == Some(&now) {
            continue;
        }
        let failed = || format!("Failed to write {}", path.display());
        let folder = path.parent().with_context(failed)?;
        fs::create_dir_all(folder).with_context(failed)?;
        let file = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
        serde_json::to_writer(&file, &now).with_context(failed)?;
        file.persist(&path).with_context(failed)?;
    }
    Ok(())
}

impl Artifact {
    /// Beside what was built: `target/debug/.sources/bin-q13-starter.json`.
    fn record_file(&self) -> Option<PathBuf> {
        let folder = self.files.first()?.parent()?;
        let folder = if folder.ends_with("deps") { folder.parent()? } else { folder };
        Some(folder.join(".sources").join(format!("{}-{}.json", self.kind, self.name)))
    }

    fn known(&self) -> Option<Record> {
        serde_json::from_slice(&fs::read(self.record_file()?).ok()?).ok()
    }

    fn record(&self) -> Result<Record> {
        let mut sources = BTreeMap::new();
        for path in sources_below(&self.package)? {
            let bytes =
                fs::read(&path).with_context(|| format!("Failed to read {}", path.display()))?;
            let file = path.strip_prefix(&self.package).map(files::slashed).unwrap_or_default();
            sources.insert(file, hash(&bytes));
        }
        let files = self.files.iter().map(|path| (path.clone(), identity(path))).collect();
        Ok(Record { package: self.package.clone(), sources, files })
    }
}

/// What cargo may read to build the package: its manifest, and whatever lies in its folders of code.
fn sources_below(package: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for name in ["src", "tests", "migrations", "templates", "static"] {
        let folder = package.join(name);
        if folder.is_dir() {
            found.extend(files::below(&folder)?);
        }
    }
    let top = ["Cargo.toml", "build.rs"].map(|name| package.join(name));
    found.extend(top);
    found.retain(|path| path.is_file());
    Ok(found)
}

fn identity(path: &Path) -> (u64, u128) {
    let Ok(metadata) = path.metadata() else { return (0, 0) };
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    (metadata.len(), since.unwrap_or_default().as_nanos())
}

/// SHA-256 as hexadecimal text.
pub(crate) fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
