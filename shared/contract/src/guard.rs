//! Cleans up when the checks end, however they end: by themselves, by Ctrl-C, a crash, or SIGKILL.
//!
//! One shell per test process waits for the end of its input, which comes when the test process ends.
//! Then it prints the last line of the output, kills the process groups that are still on its list,
//! and removes the folder that holds the working directories. Windows has no such guard: there a
//! subject outlives checks that are killed.

#[cfg(unix)]
pub(crate) use unix::{folder, forget, print_at_the_end, watch};

#[cfg(unix)]
mod unix {
    use std::{
        io::{self, Write},
        os::unix::process::CommandExt,
        path::PathBuf,
        process::{ChildStdin, Command, Stdio},
        sync::{LazyLock, Mutex, PoisonError},
    };

    use tempfile::TempDir;

    use super::temporary;
    use crate::tally;

    const SCRIPT: &str = r#"
        trap '' INT TERM HUP
        groups=' '
        tally=
        while read -r action rest; do
            case $action in
                watch) groups="$groups$rest " ;;
                forget) groups="${groups%% $rest *} ${groups#* $rest }" ;;
                tally) tally=$rest ;;
            esac
        done
        if [ -n "$tally" ]; then printf '%s\n' "$tally"; fi
        exec >/dev/null
        for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
        # A process that is being killed may still write.
        for pause in 0.1 0.3 1 3; do
            chmod -R u+rwx "$1"
            rm -rf "$1" && break
            sleep "$pause"
        done
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
            let folder = TempDir::with_prefix_in("contract-", temporary())?;
            let stdout = if tally::is_shown() { Stdio::inherit() } else { Stdio::null() };
            let mut shell = Command::new("sh")
                .args(["-c", SCRIPT, "guard"])
                .arg(folder.path())
                .process_group(0)
                .stdin(Stdio::piped())
                .stdout(stdout)
                .stderr(Stdio::null())
                .spawn()?;
            let input = Mutex::new(shell.stdin.take().expect("its input is piped"));
            Ok(Self { input, folder: folder.keep() })
        }
    }

    /// The folder for working directories.
    pub(crate) fn folder() -> PathBuf {
        GUARD.as_ref().map_or_else(temporary, |guard| guard.folder.clone())
    }

    /// Has the process group `group` killed at the end.
    pub(crate) fn watch(group: u32) {
        tell("watch", &group.to_string());
    }

    /// Takes the process group `group`, which has ended, off the list.
    pub(crate) fn forget(group: u32) {
        tell("forget", &group.to_string());
    }

    /// Makes `text` the last line of the output; an empty text prints nothing.
    pub(crate) fn print_at_the_end(text: &str) {
        tell("tally", text);
    }

    fn tell(action: &str, what: &str) {
        if let Some(guard) = &*GUARD {
            let mut input = guard.input.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = input.write_all(format!("{action} {what}\n").as_bytes());
        }
    }
}

/// Where subjects are told to make temporary files.
pub(crate) fn folder_for_subjects() -> std::path::PathBuf {
    let folder = folder().join("tmp");
    // Where that fails, making files in it will, and say so.
    let _ = std::fs::create_dir_all(&folder);
    folder
}

/// The folder in which everything temporary is made: `CONTRACT_TEMP`, or the system's.
fn temporary() -> std::path::PathBuf {
    std::env::var_os("CONTRACT_TEMP").map_or_else(std::env::temp_dir, Into::into)
}

#[cfg(not(unix))]
pub(crate) fn folder() -> std::path::PathBuf {
    temporary()
}

#[cfg(not(unix))]
pub(crate) fn print_at_the_end(_text: &str) {}

#[cfg(not(unix))]
pub(crate) fn watch(_group: u32) {}

#[cfg(not(unix))]
pub(crate) fn forget(_group: u32) {}
