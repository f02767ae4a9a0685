//! Ends whatever this program has started, directly or not.
//!
//! A process can leave its group and outlive its parent. On Linux it still cannot leave this program's
//! descendants, once this program has said that it takes in orphans (prctl(2),
//! `PR_SET_CHILD_SUBREAPER`). Elsewhere only process groups are ended.

#[cfg(target_os = "linux")]
pub(crate) use linux::{adopt, all, end};

#[cfg(not(target_os = "linux"))]
pub(crate) fn adopt() {}

#[cfg(not(target_os = "linux"))]
pub(crate) fn end(_spared: &[u32]) {}

#[cfg(target_os = "linux")]
mod linux {
    use std::{collections::HashMap, fs, process, thread, time::Duration};

    use rustix::process::{
        Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process, set_child_subreaper, waitid,
    };

    /// Becomes the parent of all orphans among the descendants.
    pub(crate) fn adopt() {
        // An old kernel may not know it; then there is less to clean up with.
        let _ = set_child_subreaper(Some(getpid()));
    }

    /// Kills every descendant except the children `spared` and theirs. Call it when none of the
    /// others is waited for elsewhere.
    pub(crate) fn end(spared: &[u32]) {
        for _ in 0..200 {
            let left = all(spared);
            if left.is_empty() {
                return;
            }
            for &pid in &left {
                let _ = kill_process(pid, Signal::KILL);
            }
            thread::park_timeout(Duration::from_millis(5));
            for pid in left {
                // Only children can be waited for; the others come when their parents have ended.
                let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
            }
        }
    }

    /// Every descendant except the children `spared` and theirs.
    pub(crate) fn all(spared: &[u32]) -> Vec<Pid> {
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let stat = fs::read(entry.path().join("stat")).unwrap_or_default();
            let stat = String::from_utf8_lossy(&stat);
            // Fields after the command name, which stands in parentheses: state, parent.
            let parent = stat.rsplit_once(')').and_then(|(_, rest)| {
                rest.split_whitespace().nth(1).and_then(|parent| parent.parse().ok())
            });
            if let Some(parent) = parent {
                children.entry(parent).or_default().push(pid);
            }
        }
        let mut found = Vec::new();
        let mut open = vec![process::id()];
        while let Some(parent) = open.pop() {
            for &child in children.get(&parent).into_iter().flatten() {
                if !spared.contains(&child) {
                    open.push(child);
                    found.extend(i32::try_from(child).ok().and_then(Pid::from_raw));
                }
            }
        }
        found
    }
}
