//! What the operating system knows about the subject, and what the machine lacks.

use std::{io, path::Path};

#[cfg(target_os = "linux")]
pub(crate) use linux::{listening_addresses, memory_now, memory_peak, processor_time};
#[cfg(not(target_os = "linux"))]
pub(crate) use other::{listening_addresses, memory_now, memory_peak, processor_time};

/// Below this much free space, writing fails or is about to.
#[cfg(unix)]
const LEAST_SPACE: u64 = 1024 * 1024;

/// With fewer file descriptors, neither a server nor a check that opens 200 connections can work.
#[cfg(unix)]
const LEAST_DESCRIPTORS: u64 = 512;

/// Why this machine cannot run checks properly at the moment, if so. `folder` is where the subject
/// writes files, and `stderr` what it has said.
#[cfg(unix)]
pub(crate) fn shortage(folder: &Path, stderr: &str) -> Option<String> {
    use rustix::{
        fs::statvfs,
        process::{Resource, getrlimit},
    };

    if let Ok(disk) = statvfs(folder) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < LEAST_SPACE {
            return Some(format!(
                "the disk of {} is full ({} KiB are free): make room and run the check again",
                folder.display(),
                free / 1024
            ));
        }
    }
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let stderr = stderr.to_lowercase();
    let says_so = ["too many open files", "emfile", "errno 24", "os error 24"];
    let is_lacking = limit < LEAST_DESCRIPTORS && says_so.iter().any(|sign| stderr.contains(sign));
    is_lacking.then(|| {
        format!(
            "a process may open {limit} files, and at least {LEAST_DESCRIPTORS} are needed: \
             run `ulimit -n 1024` and then the check again"
        )
    })
}

#[cfg(not(unix))]
pub(crate) fn shortage(_folder: &Path, _stderr: &str) -> Option<String> {
    None
}

/// Whether `error` says that this process has run out of something, which is not the fault of a server.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    use io::ErrorKind::{AddrNotAvailable, OutOfMemory, QuotaExceeded, StorageFull};

    // Too many open files, in this process and on the whole machine.
    let is_too_many_files = cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24));
    let kind = error.kind();
    is_too_many_files
        || matches!(kind, AddrNotAvailable | OutOfMemory | QuotaExceeded | StorageFull)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{collections::HashSet, net::SocketAddr, time::Duration};

    use procfs::{
        net::{TcpState, tcp, tcp6},
        process::{FDTarget, Process, all_processes},
    };

    /// Bytes of memory in use by the process group `group`.
    pub(crate) fn memory_now(group: u32) -> Option<u64> {
        sum(group, |process| process.status().ok()?.vmrss.map(|kibibytes| kibibytes * 1024))
    }

    /// The most bytes of memory that the processes of the group have used, each at its own time.
    pub(crate) fn memory_peak(group: u32) -> Option<u64> {
        sum(group, |process| process.status().ok()?.vmhwm.map(|kibibytes| kibibytes * 1024))
    }

    /// Processor time of the process group, in user mode and in the kernel. It is counted in ticks,
    /// of 10 ms on most machines.
    pub(crate) fn processor_time(group: u32) -> Option<Duration> {
        let ticks = sum(group, |process| process.stat().ok().map(|stat| stat.utime + stat.stime))?;
        Some(Duration::from_secs_f64(ticks as f64 / procfs::ticks_per_second() as f64))
    }

    /// Where the processes of the group accept TCP connections.
    pub(crate) fn listening_addresses(group: u32) -> Vec<SocketAddr> {
        let descriptors =
            members(group).filter_map(|process| process.fd().ok()).flatten().flatten();
        let sockets: HashSet<u64> = descriptors
            .filter_map(|descriptor| match descriptor.target {
                FDTarget::Socket(inode) => Some(inode),
                _ => None,
            })
            .collect();
        let entries = [tcp(), tcp6()].into_iter().flatten().flatten();
        let listening = entries
            .filter(|entry| entry.state == TcpState::Listen && sockets.contains(&entry.inode));
        let mut addresses: Vec<_> = listening.map(|entry| entry.local_address).collect();
        addresses.sort();
        addresses.dedup();
        addresses
    }

    fn members(group: u32) -> impl Iterator<Item = Process> {
        let is_member = move |process: &Process| {
            process.stat().is_ok_and(|stat| u32::try_from(stat.pgrp) == Ok(group))
        };
        all_processes().into_iter().flatten().flatten().filter(is_member)
    }

    /// `None` where there is no /proc. A process that ends meanwhile does not count.
    fn sum(group: u32, of: impl Fn(&Process) -> Option<u64>) -> Option<u64> {
        all_processes().ok()?;
        Some(members(group).filter_map(|process| of(&process)).sum())
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::{net::SocketAddr, time::Duration};

    pub(crate) fn memory_now(_group: u32) -> Option<u64> {
        None
    }

    pub(crate) fn memory_peak(_group: u32) -> Option<u64> {
        None
    }

    pub(crate) fn processor_time(_group: u32) -> Option<Duration> {
        None
    }

    pub(crate) fn listening_addresses(_group: u32) -> Vec<SocketAddr> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn what_the_machine_lacks_is_told_from_what_a_server_does() {
        for code in [12, 23, 24, 28, 99, 122] {
            assert!(is_shortage(&io::Error::from_raw_os_error(code)), "{code}");
        }
        for code in [2, 13, 104, 111] {
            assert!(!is_shortage(&io::Error::from_raw_os_error(code)), "{code}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_disk_without_space_is_named() {
        // Its file systems have no blocks at all.
        let full = Path::new("/proc");
        if full.is_dir() {
            let why = shortage(full, "").expect("nothing can be written there");
            assert!(why.starts_with("the disk of /proc is full (0 KiB are free)"), "{why}");
        }
        assert_eq!(shortage(&std::env::temp_dir(), "too many open files"), None);
    }
}
