//! Clears up when the checks themselves are ended: by Ctrl-C, a crash, or SIGKILL.
//!
//! One shell per test process waits for the end of its input, which comes however the test process
//! ends. Then it kills the process groups that are still on its list, and removes the folder that
//! holds the working directories. Windows has no such guard: there a subject outlives checks that
//! are killed.

#[cfg(unix)]
pub(crate) use unix::{folder, forget, watch};

#[cfg(unix)]
mod unix {
    use std::{
        env,
        io::{self, Write},
        os::unix::process::CommandExt,
        path::PathBuf,
        process::{ChildStdin, Command, Stdio},
        sync::{LazyLock, Mutex, PoisonError},
    };

    use tempfile::TempDir;

    const SCRIPT: &str = r#"
        trap '' INT TERM HUP
        groups=' '
        while read -r action group; do
            case $action in
                watch) groups="$groups$group " ;;
                forget) groups="${groups%% $group *} ${groups#* $group }" ;;
            esac
        done
        for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
        rm -rf "$1"
    "#;

    /// Started before any subject is, so that none inherits the other end of its input. Without a
    /// shell there is none, and everything else works.
    static GUARD: LazyLock<Option<Guard>> = LazyLock::new(|| Guard::start().ok());

    struct Guard {
        input: Mutex<ChildStdin>,
        folder: PathBuf,
    }

    impl Guard {
        fn start() -> io::Result<Self> {
            let folder = TempDir::with_prefix("contract-")?;
            let mut shell = Command::new("sh")
                .args(["-c", SCRIPT, "guard"])
                .arg(folder.path())
                .process_group(0)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?;
            let input = Mutex::new(shell.stdin.take().expect("its input is piped"));
            Ok(Self { input, folder: folder.keep() })
        }
    }

    /// Where working directories are to be made.
    pub(crate) fn folder() -> PathBuf {
        GUARD.as_ref().map_or_else(env::temp_dir, |guard| guard.folder.clone())
    }

    pub(crate) fn watch(group: u32) {
        tell("watch", group);
    }

    pub(crate) fn forget(group: u32) {
        tell("forget", group);
    }

    fn tell(action: &str, group: u32) {
        if let Some(guard) = &*GUARD {
            let mut input = guard.input.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = input.write_all(format!("{action} {group}\n").as_bytes());
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn folder() -> std::path::PathBuf {
    std::env::temp_dir()
}

#[cfg(not(unix))]
pub(crate) fn watch(_group: u32) {}

#[cfg(not(unix))]
pub(crate) fn forget(_group: u32) {}
