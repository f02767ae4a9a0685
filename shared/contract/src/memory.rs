//! Memory and processor time of the subject, as the operating system counts them.

#[cfg(target_os = "linux")]
pub(crate) use linux::{now, peak, processor_time};

#[cfg(target_os = "linux")]
mod linux {
    use std::time::Duration;

    use procfs::process::{Process, all_processes};

    /// Bytes of memory in use by the process group `group`.
    pub(crate) fn now(group: u32) -> Option<u64> {
        sum(group, |process| process.status().ok()?.vmrss.map(|kibibytes| kibibytes * 1024))
    }

    /// The most bytes of memory that the processes of the group have used, each at its own time.
    pub(crate) fn peak(group: u32) -> Option<u64> {
        sum(group, |process| process.status().ok()?.vmhwm.map(|kibibytes| kibibytes * 1024))
    }

    /// Processor time of the process group, in user mode and in the kernel. It is counted in ticks,
    /// of 10 ms on most machines.
    pub(crate) fn processor_time(group: u32) -> Option<Duration> {
        let ticks = sum(group, |process| process.stat().ok().map(|stat| stat.utime + stat.stime))?;
        Some(Duration::from_secs_f64(ticks as f64 / procfs::ticks_per_second() as f64))
    }

    /// `None` where there is no /proc. A process that ends meanwhile does not count.
    fn sum(group: u32, of: impl Fn(&Process) -> Option<u64>) -> Option<u64> {
        let is_member = |process: &Process| {
            process.stat().is_ok_and(|stat| u32::try_from(stat.pgrp) == Ok(group))
        };
        let processes = all_processes().ok()?.flatten().filter(is_member);
        Some(processes.filter_map(|process| of(&process)).sum())
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn now(_group: u32) -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn peak(_group: u32) -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn processor_time(_group: u32) -> Option<std::time::Duration> {
    None
}
