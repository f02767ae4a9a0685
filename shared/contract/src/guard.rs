//! Ends subjects when the checks themselves are ended: by Ctrl-C, a crash, or SIGKILL.
//!
//! One shell per test process waits for the end of its input, which comes however the test process
//! ends, and then kills the process groups that are still on its list. Windows has no such guard:
//! there a subject outlives checks that are killed.

#[cfg(unix)]
pub(crate) use unix::{forget, start, watch};

#[cfg(unix)]
mod unix {
    use std::{
        io::Write,
        os::unix::process::CommandExt,
        process::{ChildStdin, Command, Stdio},
        sync::{LazyLock, Mutex},
    };

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
    "#;

    static SHELL: LazyLock<Mutex<Option<ChildStdin>>> = LazyLock::new(|| {
        let shell = Command::new("sh")
            .args(["-c", SCRIPT])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Mutex::new(shell.ok().and_then(|mut shell| shell.stdin.take()))
    });

    /// To be called before a subject is started, so that it is on the list at once and does not
    /// inherit the other end of the guard's input.
    pub(crate) fn start() {
        LazyLock::force(&SHELL);
    }

    pub(crate) fn watch(group: u32) {
        tell("watch", group);
    }

    pub(crate) fn forget(group: u32) {
        tell("forget", group);
    }

    /// Without a shell there is no guard, and everything else works.
    fn tell(action: &str, group: u32) {
        let mut shell = SHELL.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(stdin) = shell.as_mut() {
            let _ = stdin.write_all(format!("{action} {group}\n").as_bytes());
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn start() {}

#[cfg(not(unix))]
pub(crate) fn watch(_group: u32) {}

#[cfg(not(unix))]
pub(crate) fn forget(_group: u32) {}
