//! The variables that a subject does not inherit from the contract.

use std::{env, fs, path::PathBuf, process::Command, sync::LazyLock};

use toml::{Table, Value};

/// Variables that change what almost any server does or says.
const GENERIC: [&str; 5] = ["APP_ENV", "HOST", "PORT", "RUST_BACKTRACE", "RUST_LOG"];

/// The start of names that are about the checks and not about the server.
const OF_THE_CHECKS: [&str; 5] =
    ["CONTRACT_", "XTASK_", "CARGO_BIN_EXE_", "CARGO_PKG_", "CARGO_MANIFEST_"];

/// What cargo and shells say of the tests and their folder.
const OF_THE_TESTS: [&str; 5] =
    ["CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "CARGO_TARGET_TMPDIR", "OLDPWD", "OUT_DIR"];

/// The variables that the question's server reads. A subject gets them only from its check.
static KNOBS: LazyLock<Vec<String>> = LazyLock::new(|| match env::var("CONTRACT_CLEAR") {
    Ok(names) => names.split(',').map(|name| name.trim().to_owned()).collect(),
    Err(_) => question().map(|question| knobs(&question)).unwrap_or_default(),
});

/// Removes from the environment of `command` what is not meant for a subject. Everything else is
/// passed on, because a command in any language may need it.
pub(crate) fn clear(command: &mut Command) {
    for name in GENERIC.into_iter().chain(OF_THE_TESTS).chain(KNOBS.iter().map(String::as_str)) {
        if !name.is_empty() {
            command.env_remove(name);
        }
    }
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if OF_THE_CHECKS.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
}

/// Whether these are the tests of a question and not of anything else.
pub(crate) fn is_of_a_question() -> bool {
    static ANSWER: LazyLock<bool> = LazyLock::new(|| question().is_some());
    *ANSWER
}

/// The table `[package.metadata.question]` of the crate under test, which cargo names.
fn question() -> Option<Table> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?).join("Cargo.toml");
    let manifest: Table = fs::read_to_string(manifest).ok()?.parse().ok()?;
    let metadata = manifest.get("package")?.get("metadata")?;
    metadata.get("question")?.as_table().cloned()
}

fn knobs(question: &Table) -> Vec<String> {
    let names = question.get("env").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(|name| Some(name.as_str()?.to_owned())).collect()
}
