//! Memory of the subject, as the operating system counts it.

/// Bytes of memory, summed over the process group `group`; `None` where this is not Linux.
///
/// `field` is `VmRSS` (resident) or `VmHWM` (its peak) of `/proc/PID/status` (proc(5)).
#[cfg(target_os = "linux")]
pub(crate) fn of_group(group: u32, field: &str) -> Option<u64> {
    use std::fs;

    let members = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| {
        let path = entry.path();
        let stat = fs::read_to_string(path.join("stat")).ok()?;
        // Fields after the command name, which stands in parentheses: state, parent, group.
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        (fields.get(2)?.parse() == Ok(group)).then_some(path)
    });
    let kibibytes: u64 = members
        .filter_map(|path| {
            let status = fs::read_to_string(path.join("status")).ok()?;
            let line =
                status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
            line.trim().trim_end_matches(" kB").parse::<u64>().ok()
        })
        .sum();
    Some(kibibytes * 1024)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn of_group(_group: u32, _field: &str) -> Option<u64> {
    None
}
