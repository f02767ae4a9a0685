//! A candidate's folder, read once and within limits, and copied to where it is built.
//!
//! Nothing in the folder is trusted. Only regular files are read; everything else is named. The folder
//! itself is never written to.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{files, fresh::hex, process::Folder};

/// An answer has some ten files. With these limits reading takes seconds, whatever the folder holds.
const MOST_FILES: usize = 20_000;
const MOST_ENTRIES: usize = 200_000;
const MOST_BYTES: u64 = 512 * 1024 * 1024;
const LARGEST: u64 = 64 * 1024 * 1024;
const DEEPEST: usize = 40;

/// What the folder holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The SHA-256 of every file that was read, by its path.
    pub(super) files: BTreeMap<String, String>,
    /// Links that lead to something of the folder.
    pub(super) links: BTreeSet<String>,
    /// What was not read.
    pub(super) unread: Vec<Unread>,
    bytes: u64,
    entries: usize,
}

/// Something that was not read, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Unread {
    pub(super) path: String,
    pub(super) why: String,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.why)
    }
}

impl Contents {
    /// Over all files: the SHA-256 of what `sha256sum` prints for them in the order of their paths.
    pub(super) fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for (path, of_file) in &self.files {
            hash.update(format!("{of_file}  {path}\n"));
        }
        hex(&hash.finalize())
    }

    /// What is built, downloaded or kept by version control is no source.
    fn is_skipped(folder: &Path, name: &str) -> bool {
        match name {
            ".git" | "node_modules" | "__pycache__" => true,
            "target" => {
                folder.join("../Cargo.toml").is_file() || folder.join("CACHEDIR.TAG").is_file()
            }
            _ => folder.join("pyvenv.cfg").is_file(),
        }
    }

    /// Reads the folder, and copies it to `copy` if there is one.
    pub(super) fn read(root: &Path, copy: Option<&Path>) -> Self {
        let mut contents = Self::default();
        contents.read_folder(root, Path::new(""), 0, copy);
        contents
    }

    fn pass_over(&mut self, path: &Path, why: impl Into<String>) {
        // The first ones tell enough.
        if self.unread.len() < 1_000 {
            self.unread.push(Unread { path: files::slashed(path), why: why.into() });
        }
    }

    fn read_folder(&mut self, root: &Path, folder: &Path, depth: usize, copy: Option<&Path>) {
        if depth > DEEPEST {
            return self.pass_over(folder, format!("it is more than {DEEPEST} folders deep"));
        }
        if let Some(copy) = copy
            && let Err(error) = fs::create_dir_all(copy.join(folder))
        {
            return self.pass_over(folder, error.to_string());
        }
        let entries = match fs::read_dir(root.join(folder)) {
            Ok(entries) => entries,
            Err(error) => return self.pass_over(folder, error.to_string()),
        };
        let mut names = Vec::new();
        for entry in entries {
            self.entries += 1;
            if self.entries > MOST_ENTRIES {
                return self
                    .pass_over(folder, format!("there are more than {MOST_ENTRIES} entries"));
            }
            match entry {
                Ok(entry) => names.push(entry.file_name()),
                Err(error) => self.pass_over(folder, error.to_string()),
            }
        }
        names.sort();
        for name in names {
            let path = folder.join(&name);
            let found = root.join(&path);
            let kind = match fs::symlink_metadata(&found) {
                Ok(metadata) => metadata.file_type(),
                Err(error) => {
                    self.pass_over(&path, error.to_string());
                    continue;
                }
            };
            if kind.is_dir() {
                if !Self::is_skipped(&found, &name.to_string_lossy()) {
                    self.read_folder(root, &path, depth + 1, copy);
                }
            } else if kind.is_symlink() {
                self.read_link(root, &path, copy);
            } else if kind.is_file() {
                if let Err(error) = self.read_file(&found, &path, copy) {
                    self.pass_over(&path, error.to_string());
                }
            } else {
                self.pass_over(&path, what_it_is(kind));
            }
        }
    }

    /// A link is copied if it leads to something of the folder.
    fn read_link(&mut self, root: &Path, path: &Path, copy: Option<&Path>) {
        let link = root.join(path);
        let Ok(target) = link.canonicalize() else {
            return self.pass_over(path, "it is a link that leads nowhere");
        };
        let Ok(inside) = target.strip_prefix(root) else {
            return self.pass_over(
                path,
                format!("it is a link that leads outside, to {}", target.display()),
            );
        };
        if let Some(copy) = copy
            && let Err(error) = make_link(&copy.join(inside), &copy.join(path))
        {
            return self.pass_over(path, error.to_string());
        }
        // Each of them is a name, like that of a file.
        if self.files.len() + self.links.len() >= MOST_FILES {
            return self.pass_over(path, format!("more than {MOST_FILES} files are not read"));
        }
        self.links.insert(files::slashed(path));
    }

    fn read_file(&mut self, found: &Path, path: &Path, copy: Option<&Path>) -> io::Result<()> {
        let file = File::open(found)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it changed while it was read"));
        }
        if metadata.len() > LARGEST {
            let size = metadata.len() / (1024 * 1024);
            return Err(io::Error::other(format!("it has {size} MiB; {} are read", LARGEST >> 20)));
        }
        if self.files.len() >= MOST_FILES {
            return Err(io::Error::other(format!("more than {MOST_FILES} files are not read")));
        }
        if self.bytes + metadata.len() > MOST_BYTES {
            let most = MOST_BYTES >> 20;
            return Err(io::Error::other(format!("more than {most} MiB are not read")));
        }

        let mut copied = match copy {
            Some(copy) => Some(create(&copy.join(path), &metadata)?),
            None => None,
        };
        let mut hash = Sha256::new();
        let mut chunk = [0; 64 * 1024];
        // It may grow while it is read.
        let mut file = file.take(LARGEST);
        loop {
            let length = file.read(&mut chunk)?;
            if length == 0 {
                break;
            }
            hash.update(&chunk[..length]);
            self.bytes += length as u64;
            if let Some(copied) = &mut copied {
                copied.write_all(&chunk[..length])?;
            }
        }
        self.files.insert(files::slashed(path), hex(&hash.finalize()));
        Ok(())
    }
}

#[cfg(unix)]
fn create(path: &Path, original: &fs::Metadata) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let is_program = original.permissions().mode() & 0o111 != 0;
    let mode = if is_program { 0o755 } else { 0o644 };
    File::options().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path, _original: &fs::Metadata) -> io::Result<File> {
    File::create_new(path)
}

#[cfg(unix)]
fn make_link(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn make_link(_target: &Path, _link: &Path) -> io::Result<()> {
    Err(io::Error::other("it is a link"))
}

#[cfg(unix)]
fn what_it_is(kind: fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match () {
        () if kind.is_fifo() => "it is a pipe (FIFO)",
        () if kind.is_socket() => "it is a socket",
        () if kind.is_block_device() || kind.is_char_device() => "it is a device",
        () => "it is not a regular file",
    }
}

#[cfg(not(unix))]
fn what_it_is(_kind: fs::FileType) -> &'static str {
    "it is not a regular file"
}

/// Where one candidate's answer is built and run: a temporary folder outside the workspace.
pub(super) struct Bench {
    folder: Folder,
}

impl Bench {
    pub(super) fn new() -> Result<Self> {
        let failed = "Failed to make a temporary folder; is TMPDIR writable?";
        let folder = Folder::new().context(failed)?;
        let bench = Self { folder };
        for folder in [bench.answer(), bench.target(), bench.tmp(), bench.home(), bench.work()] {
            fs::create_dir(folder).context(failed)?;
        }
        Ok(bench)
    }

    /// The copy of what came back.
    pub(super) fn answer(&self) -> PathBuf {
        self.folder.path().join("answer")
    }

    /// Cargo's target folder.
    pub(super) fn target(&self) -> PathBuf {
        self.folder.path().join("target")
    }

    /// For temporary files of the build and the server.
    pub(super) fn tmp(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    /// The HOME of the build and the server.
    pub(super) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// For the kit's own temporary folders, with the working directories of the servers.
    pub(super) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The process that removes it.
    pub(super) fn keeper(&self) -> u32 {
        self.folder.keeper()
    }
}
