//! The contract that judges, and the workspace's other programs: as they were before any candidate's
//! code ran.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context, Result};

use crate::{cargo::Build, fresh::hash, process::Folder};

/// A program of the workspace, to be put back if somebody changed it.
struct Sealed {
    path: PathBuf,
    bytes: Vec<u8>,
    hash: String,
    modified: Option<SystemTime>,
}

/// Everything that must not change while candidates' code runs.
pub(super) struct Trusted {
    folder: Folder,
    contract: Sealed,
    programs: Vec<Sealed>,
}

impl Trusted {
    /// Reads what was just built.
    pub(super) fn keep(contract: &Path, build: &Build) -> Result<Self> {
        let folder = Folder::new().context("Failed to make a temporary folder")?;
        let copy = folder.path().join("contract");
        let contract = Sealed::read(contract)?;
        let programs = [&build.starter, &build.solution].into_iter().flatten();
        let mut programs: Vec<Sealed> =
            programs.map(|path| Sealed::read(path)).collect::<Result<_>>()?;
        fs::copy(&contract.path, &copy)
            .with_context(|| format!("Failed to copy {}", contract.path.display()))?;
        let private = Sealed::read(&copy)?;
        programs.push(contract);
        Ok(Self { folder, contract: private, programs })
    }

    /// The contract, once it is proven to be what was built. It lies in a folder that no confined
    /// program can write, and that holds nothing else.
    pub(super) fn contract(&self) -> Result<&Path> {
        self.contract.restore()?;
        Ok(&self.contract.path)
    }

    /// The folder in which the contract runs.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn keeper(&self) -> u32 {
        self.folder.keeper()
    }

    /// Puts back whatever was changed since, and names it.
    pub(super) fn restore(&self) -> Result<Vec<String>> {
        let mut changed = Vec::new();
        for program in self.programs.iter().chain([&self.contract]) {
            if program.restore()? {
                changed.push(program.path.display().to_string());
            }
        }
        Ok(changed)
    }
}

impl Sealed {
    fn read(path: &Path) -> Result<Self> {
        let failed = || format!("Failed to read {}", path.display());
        let bytes = fs::read(path).with_context(failed)?;
        let modified = path.metadata().and_then(|metadata| metadata.modified()).ok();
        Ok(Self { path: path.to_owned(), hash: hash(&bytes), bytes, modified })
    }

    /// Whether it had been changed, and is put back now.
    fn restore(&self) -> Result<bool> {
        let is_same = fs::read(&self.path).is_ok_and(|bytes| hash(&bytes) == self.hash);
        if is_same {
            return Ok(false);
        }
        self.write().with_context(|| {
            format!(
                "Failed to put back {}, which was changed; remove it and build again",
                self.path.display()
            )
        })?;
        Ok(true)
    }

    /// As a new file: the old one may be open, or a link to something else.
    fn write(&self) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        io::Write::write_all(&mut file, &self.bytes)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(file.path(), fs::Permissions::from_mode(0o755))?;
        }
        file.persist(&self.path).map_err(|error| error.error)?;
        match self.modified {
            Some(modified) => File::options().append(true).open(&self.path)?.set_modified(modified),
            None => Ok(()),
        }
    }
}
