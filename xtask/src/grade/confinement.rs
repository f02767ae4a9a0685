//! What a candidate's build and server may reach, and with which tools they are built.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::{
    confine::{self, Enforced},
    grade::bench::Bench,
    process::{launcher, variables},
    workspace::Workspace,
};

/// The largest file that a build may write, in bytes.
const LARGEST_BUILT: u64 = 4 * 1024 * 1024 * 1024;

/// The largest file that a server may write, in bytes.
const LARGEST_SERVED: u64 = 1024 * 1024 * 1024;

/// The compiler, and where cargo keeps what it has downloaded.
#[derive(Debug)]
pub(super) struct Toolchain {
    pub(super) sysroot: PathBuf,
    cargo: PathBuf,
    pub(super) cargo_home: PathBuf,
}

impl Toolchain {
    /// The one that builds the workspace. A candidate's `rust-toolchain.toml` has no say.
    pub(super) fn find(workspace: &Workspace) -> Result<Self> {
        let failed = "Failed to ask rustc for its folder; is it installed?";
        let output = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
            .args(["--print", "sysroot"])
            .current_dir(&workspace.root)
            .output()
            .context(failed)?;
        let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        if !output.status.success() || !sysroot.is_dir() {
            bail!("{failed}");
        }
        let cargo = sysroot.join("bin").join(format!("cargo{}", env::consts::EXE_SUFFIX));
        let cargo_home = env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(env::home_dir()?.join(".cargo")))
            .context("Failed to find the folder of cargo; set CARGO_HOME")?;
        Ok(Self {
            cargo: if cargo.is_file() { cargo } else { "cargo".into() },
            sysroot: sysroot.canonicalize().context(failed)?,
            cargo_home: cargo_home.canonicalize().unwrap_or(cargo_home),
        })
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.sysroot.join("bin").join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// The files and folders of cargo's that a build reads; no credentials.
    fn downloads(&self) -> impl Iterator<Item = PathBuf> {
        const READ: [&str; 8] = [
            "registry",
            "git",
            "config.toml",
            "config",
            ".package-cache",
            ".package-cache-mutate",
            ".global-cache",
            "env",
        ];
        READ.iter().map(|name| self.cargo_home.join(name))
    }

    /// A command that runs cargo with an environment of its own.
    pub(super) fn cargo(&self, workspace: &Workspace) -> (PathBuf, Vec<(OsString, OsString)>) {
        let mut environment = environment(workspace, Some(&self.sysroot.join("bin")));
        let mut set = |name: &str, value: OsString| environment.push((name.into(), value));
        set("CARGO_HOME", self.cargo_home.clone().into());
        let rustc = self.program("rustc");
        if rustc.is_file() {
            set("RUSTC", rustc.into());
        }
        // Whatever the interviewer has set up, such as sccache, lies where a build cannot reach it.
        set("RUSTC_WRAPPER", "".into());
        set("RUSTC_WORKSPACE_WRAPPER", "".into());
        set("CARGO_INCREMENTAL", "0".into());
        (self.cargo.clone(), environment)
    }
}

/// What is passed on of this program's environment: nothing that names the workspace.
pub(super) fn environment(
    workspace: &Workspace,
    first: Option<&Path>,
) -> Vec<(OsString, OsString)> {
    let is_harmless = |name: &str| {
        matches!(name, "LANG" | "LANGUAGE" | "TZ" | "CC" | "CXX" | "AR" | "SYSTEMROOT" | "WINDIR")
            || name.starts_with("LC_")
    };
    let mut found: Vec<_> = variables(is_harmless).collect();
    let root = workspace.root.canonicalize().unwrap_or_else(|_| workspace.root.clone());
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path)
        .filter(|folder| !folder.starts_with(&root) && !folder.starts_with(&workspace.root));
    let folders = first.map(Path::to_owned).into_iter().chain(folders);
    if let Ok(path) = env::join_paths(folders) {
        found.push(("PATH".into(), path));
    }
    found
}

/// Variables that say how to reach the network, and cargo's registries.
pub(super) fn network() -> Vec<(OsString, OsString)> {
    let is_of_network = |name: &str| {
        let lower = name.to_ascii_lowercase();
        ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir"]
            .contains(&lower.as_str())
            || ["CARGO_HTTP_", "CARGO_REGISTRIES_", "CARGO_SOURCE_"]
                .iter()
                .any(|start| name.starts_with(start))
    };
    variables(is_of_network).collect()
}

/// How candidates' code is kept from the rest of the machine.
#[derive(Debug)]
pub(super) struct Confinement {
    /// `None` if that was waived.
    enforced: Option<Enforced>,
    /// More that the build and the server may read and execute.
    allowed: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

/// As it stands on a scorecard.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Confined {
    /// The version of Landlock's interface; `null` if nothing was confined.
    landlock: Option<u32>,
    prevented: Vec<String>,
    not_prevented: Vec<String>,
    allowed: Vec<String>,
}

impl Confinement {
    /// # Errors
    ///
    /// The kernel cannot confine, and that was not waived; or the workspace lies where every confined
    /// program may read.
    pub(super) fn find(
        is_waived: bool,
        allowed: &[PathBuf],
        toolchain: &Toolchain,
        workspace: &Workspace,
    ) -> Result<Self> {
        let mut folders = confine::system_folders();
        folders.push(toolchain.sysroot.clone());
        if is_waived {
            return Ok(Self { enforced: None, allowed: Vec::new(), folders });
        }
        let enforced = confine::enforced().context(
            "Failed to confine the candidate's code; use a Linux kernel with Landlock, or pass --unconfined to run it with all your rights",
        )?;
        let mut absolute = Vec::new();
        for path in allowed {
            let path = path
                .canonicalize()
                .with_context(|| format!("Failed to allow reading {}", path.display()))?;
            absolute.push(path);
        }
        let root = workspace.root.canonicalize().unwrap_or_else(|_| workspace.root.clone());
        let exposing = folders.iter().chain(&absolute).find(|folder| {
            let folder = folder.canonicalize().unwrap_or_else(|_| (*folder).clone());
            root.starts_with(&folder) || folder.starts_with(&root)
        });
        if let Some(folder) = exposing {
            bail!(
                "Failed to confine the candidate's code: it could read {}, and so the solutions in {}; move the workspace, or pass --unconfined",
                folder.display(),
                root.display()
            );
        }
        Ok(Self { enforced: Some(enforced), allowed: absolute, folders })
    }

    pub(super) fn is_on(&self) -> bool {
        self.enforced.is_some()
    }

    pub(super) fn on_card(&self) -> Confined {
        let (landlock, prevented, not_prevented) = match &self.enforced {
            Some(Enforced { landlock, prevented, not_prevented }) => {
                (Some(*landlock), prevented.clone(), not_prevented.clone())
            }
            None => Default::default(),
        };
        let allowed = self.allowed.iter().map(|path| path.display().to_string()).collect();
        Confined { landlock, prevented, not_prevented, allowed }
    }

    /// Whether a source at `path` is part of the system, the toolchain or cargo's downloads.
    pub(super) fn is_of_the_system(&self, path: &Path, toolchain: &Toolchain) -> bool {
        self.folders.iter().chain(&self.allowed).any(|folder| path.starts_with(folder))
            || toolchain.downloads().any(|folder| path.starts_with(folder))
    }

    fn launcher(&self, bench: &Bench, largest: u64) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec![launcher().into(), "__confine".into()];
        let mut option = |name: &str, value: &dyn AsRef<std::ffi::OsStr>| {
            words.extend([OsString::from(name), value.as_ref().to_owned()]);
        };
        option("--home", &bench.home());
        option("--tmp", &bench.tmp());
        option("--file-size", &largest.to_string());
        for path in &self.allowed {
            option("--read", path);
        }
        words
    }

    /// What starts a server of the kit's, before the kit's own options.
    pub(super) fn of_server(&self, bench: &Bench, folder: &Path) -> Option<Vec<OsString>> {
        self.enforced.as_ref()?;
        let mut words = self.launcher(bench, LARGEST_SERVED);
        // A build must, as when it makes a program executable.
        words.push("--keep-attributes".into());
        for path in [folder, &bench.target()] {
            words.extend(["--read".into(), path.into()]);
        }
        Some(words)
    }

    /// `program`, as a build without a network that writes nothing but its target folder.
    pub(super) fn of_build(&self, program: &Path, bench: &Bench, toolchain: &Toolchain) -> Command {
        let mut options: Vec<OsString> = Vec::new();
        let reads = [toolchain.sysroot.clone(), bench.answer()];
        for path in toolchain.downloads().chain(reads) {
            options.extend(["--read".into(), path.into()]);
        }
        options.extend(["--write".into(), bench.target().into()]);
        self.command(program, bench, options)
    }

    /// `program`, as cargo that downloads, which runs none of the candidate's code.
    pub(super) fn of_fetch(&self, program: &Path, bench: &Bench, toolchain: &Toolchain) -> Command {
        let mut options: Vec<OsString> = vec!["--network".into()];
        options.extend(["--read".into(), toolchain.sysroot.clone().into()]);
        for path in ["config.toml", "config", "credentials.toml"] {
            options.extend(["--read".into(), toolchain.cargo_home.join(path).into()]);
        }
        // Made if they are not there, since only what is there can be allowed.
        for folder in ["registry", "git"] {
            let _ = fs::create_dir_all(toolchain.cargo_home.join(folder));
        }
        for file in [".package-cache", ".package-cache-mutate", ".global-cache"] {
            let path = toolchain.cargo_home.join(file);
            let _ = fs::File::options().append(true).create(true).open(path);
        }
        let is_written =
            |path: &PathBuf| !path.ends_with("config.toml") && !path.ends_with("config");
        let written = toolchain.downloads().filter(is_written);
        for path in written.chain([bench.answer()]) {
            options.extend(["--write".into(), path.into()]);
        }
        self.command(program, bench, options)
    }

    fn command(&self, program: &Path, bench: &Bench, options: Vec<OsString>) -> Command {
        if !self.is_on() {
            let mut command = Command::new(program);
            command.env("HOME", bench.home()).env("TMPDIR", bench.tmp());
            return command;
        }
        let words = self.launcher(bench, LARGEST_BUILT);
        let mut words = words.iter().chain(&options);
        let mut command = Command::new(words.next().expect("a launcher has a name"));
        command.args(words).arg("--").arg(program);
        command
    }
}

impl Confined {
    pub(super) fn in_words(&self) -> String {
        let Some(landlock) = self.landlock else {
            return "NOT: it ran with all your rights (--unconfined)".to_owned();
        };
        let mut words = format!("by Landlock {landlock}");
        if !self.not_prevented.is_empty() {
            words.push_str(&format!("; NOT prevented here: {}", self.not_prevented.join(", ")));
        }
        if !self.allowed.is_empty() {
            words.push_str(&format!("; allowed to read {}", self.allowed.join(", ")));
        }
        words
    }
}
