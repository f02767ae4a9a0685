//! Gate 4

/// What stands above the difference in a wrong answer.
pub(crate) struct Header<'a> {
    /// What a candidate would think.
    pub(crate) thought: &'a str,
    /// The check that refuses it.
    pub(crate) fails: Option<&'a str>,
}

pub(crate) fn header(patch: &str) -> Header<'_> {
    let above = || patch.lines().take_while(|line| !line.starts_with("--- "));
    let first = above().next().unwrap_or_default().trim();
    let thought = if first.starts_with("fails:") { "" } else { first };
    let fails = above().find_map(|line| line.strip_prefix("fails:")).map(str::trim);
    Header { thought, fails }
}
