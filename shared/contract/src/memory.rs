//! Memory and processor time of the subject, as the operating system counts them.

use std::time::Duration;

/// Bytes of memory, summed over the process group `group`; `None` where this is not Linux.
///
/// `field` is `VmRSS` (resident) or `VmHWM` (its peak) of `/proc/PID/status` (proc(5)).
#[cfg(target_os = "linux")]
pub(crate) fn of_group(group: u32, field: &str) -> Option<u64> {
    let kibibytes: u64 = linux::members(group)?
        .filter_map(|(path, _)| {
            let status = std::fs::read_to_string(path.join("status")).ok()?;
            let line =
                status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
            line.trim().trim_end_matches(" kB").parse::<u64>().ok()
        })
        .sum();
    Some(kibibytes * 1024)
}

/// Processor time, summed over the process group `group`; `None` where this is not Linux. It is
/// counted in steps of 10 ms.
#[cfg(target_os = "linux")]
pub(crate) fn processor_time_of_group(group: u32) -> Option<Duration> {
    // In user mode and in the kernel, as the fields `utime` and `stime` say.
    let ticks: u64 = linux::members(group)?
        .flat_map(|(_, fields)| [11, 12].map(|at| fields.get(at)?.parse::<u64>().ok()))
        .flatten()
        .sum();
    Some(Duration::from_millis(ticks * 10))
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{fs, path::PathBuf};

    /// The processes of a group: folder in /proc, and what follows the command name in `stat`.
    pub(super) fn members(group: u32) -> Option<impl Iterator<Item = (PathBuf, Vec<String>)>> {
        let processes = fs::read_dir("/proc").ok()?.flatten();
        Some(processes.filter_map(move |entry| {
            let path = entry.path();
            let stat = fs::read_to_string(path.join("stat")).ok()?;
            // Fields after the command name, which stands in parentheses: state, parent, group.
            let fields: Vec<_> =
                stat.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect();
            (fields.get(2)?.parse() == Ok(group)).then_some((path, fields))
        }))
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn of_group(_group: u32, _field: &str) -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn processor_time_of_group(_group: u32) -> Option<Duration> {
    None
}
