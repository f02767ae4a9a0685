//! Manifests that stand on their own: every `workspace = true` replaced by what it stands for.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use toml::{Table, Value};

/// The root's manifest.
pub(super) struct Root(Table);

impl Root {
    pub(super) fn read(root: &Path) -> Result<Self> {
        let text = fs::read_to_string(root.join("Cargo.toml"))?;
        Ok(Self(text.parse().context("Failed to read Cargo.toml")?))
    }

    /// The oldest Rust that builds the workspace: `1.95`.
    pub(super) fn rust_version(&self) -> Option<&str> {
        self.workspace("package")?.get("rust-version")?.as_str()
    }

    fn workspace(&self, key: &str) -> Option<&Table> {
        self.0.get("workspace")?.get(key)?.as_table()
    }

    /// The manifest in `text` with what it inherits written out, without lints. `up` leads from the
    /// crate's folder to the root.
    fn inline(&self, text: &str, up: &str) -> Result<Table> {
        let mut manifest: Table = text.parse()?;
        manifest.remove("lints");
        let package = manifest.get_mut("package").and_then(Value::as_table_mut);
        for (key, value) in package.context("there is no [package]")? {
            if is_inherited(value) {
                let given = self.workspace("package").and_then(|package| package.get(key));
                *value = given.with_context(|| format!("the workspace has no {key}"))?.clone();
            }
        }
        for table in dependency_tables(&mut manifest) {
            for (name, value) in table {
                let given =
                    self.workspace("dependencies").and_then(|crates| crates.get(name.as_str()));
                let given =
                    given.with_context(|| format!("the workspace does not declare {name}"))?;
                *value = merged(given, value);
                if let Some(Value::String(path)) = value.get_mut("path") {
                    path.insert_str(0, up);
                }
            }
        }
        Ok(manifest)
    }

    /// A question's manifest with the starter as its only program, and of its facts the variables
    /// that its server reads.
    pub(super) fn of_question(&self, text: &str, bin: &str, has_checks: bool) -> Result<String> {
        let mut manifest = self.inline(text, "")?;
        let package = manifest.get_mut("package").and_then(Value::as_table_mut);
        let package = package.context("there is no [package]")?;
        let knobs = package
            .remove("metadata")
            .and_then(|facts| Some(facts.get("question")?.get("env")?.clone()));
        if let Some(knobs) = knobs {
            let question = Table::from_iter([("env".to_owned(), knobs)]);
            let metadata = Table::from_iter([("question".to_owned(), question.into())]);
            package.insert("metadata".to_owned(), metadata.into());
        }
        package.remove("default-run");
        let is_starter = |program: &Value| program.get("name").and_then(Value::as_str) == Some(bin);
        let programs = manifest.get_mut("bin").and_then(Value::as_array_mut);
        programs.context("there is no [[bin]]")?.retain(is_starter);
        if !has_checks {
            manifest.remove("test");
            manifest.remove("dev-dependencies");
        }
        // Resolver 1 gives a crate the same features with the tests and without them, so that
        // `cargo run` and `cargo test` share one build of everything.
        let workspace = Table::from_iter([("resolver".to_owned(), "1".into())]);
        manifest.insert("workspace".to_owned(), workspace.into());
        let profile = self.0.get("profile").context("the workspace has no [profile]")?;
        manifest.insert("profile".to_owned(), profile.clone());
        Ok(render(&manifest))
    }

    /// The manifest of a crate of the workspace at `place`, without programs of its own.
    pub(super) fn of_crate(&self, text: &str, place: &str) -> Result<String> {
        let mut manifest = self.inline(text, &"../".repeat(place.split('/').count()))?;
        manifest.remove("bin");
        Ok(render(&manifest))
    }

    /// The places of the crates of the workspace on which the manifest in `text` depends. None of
    /// them depends on another.
    pub(super) fn crates_of(&self, text: &str) -> Result<Vec<String>> {
        let mut manifest: Table = text.parse()?;
        let mut places: Vec<String> = Vec::new();
        for table in dependency_tables(&mut manifest) {
            let path = |value: &Value| Some(value.get("path")?.as_str()?.to_owned());
            places.extend(table.iter().filter_map(|(_, value)| path(value)));
        }
        places.sort();
        places.dedup();
        Ok(places)
    }
}

fn is_inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

fn dependency_tables(manifest: &mut Table) -> Vec<&mut Table> {
    let mut found = Vec::new();
    for (key, value) in manifest {
        let Some(table) = value.as_table_mut() else { continue };
        match key.as_str() {
            "dependencies" | "dev-dependencies" => found.push(table),
            "target" => found.extend(
                table
                    .iter_mut()
                    .filter_map(|(_, platform)| platform.get_mut("dependencies")?.as_table_mut()),
            ),
            _ => {}
        }
    }
    found
}

/// What the workspace declares, with the features that the crate adds.
fn merged(given: &Value, own: &Value) -> Value {
    let mut merged = match given {
        Value::Table(table) => table.clone(),
        version => Table::from_iter([("version".to_owned(), version.clone())]),
    };
    let features = |value: &Value| {
        value.get("features").and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let mut all = features(given);
    for feature in features(own) {
        if !all.contains(&feature) {
            all.push(feature);
        }
    }
    if !all.is_empty() {
        merged.insert("features".to_owned(), all.into());
    }
    for (key, value) in own.as_table().into_iter().flatten() {
        if key != "workspace" && key != "features" {
            merged.insert(key.clone(), value.clone());
        }
    }
    let only_version = merged.len() == 1 && merged.contains_key("version");
    if only_version { merged["version"].clone() } else { merged.into() }
}

/// In the order in which people write manifests, a line per dependency.
fn render(manifest: &Table) -> String {
    const ORDER: [&str; 9] = [
        "package",
        "workspace",
        "lib",
        "bin",
        "test",
        "dependencies",
        "dev-dependencies",
        "target",
        "profile",
    ];
    let mut parts = Vec::new();
    for key in ORDER {
        let Some(value) = manifest.get(key) else { continue };
        parts.push(match (key, value) {
            ("package", Value::Table(package)) => {
                let mut package = package.clone();
                let metadata = package.remove("metadata");
                let package = lines("[package]", &package, &["name", "version", "edition"]);
                match metadata.as_ref().and_then(|metadata| metadata.get("question")?.as_table()) {
                    Some(facts) => {
                        package + "\n" + &lines("[package.metadata.question]", facts, &[])
                    }
                    None => package,
                }
            }
            ("dependencies" | "dev-dependencies", Value::Table(table)) => {
                lines(&format!("[{key}]"), table, &[])
            }
            ("target", Value::Table(platforms)) => platforms
                .iter()
                .filter_map(|(platform, table)| {
                    let table = table.get("dependencies")?.as_table()?;
                    Some(lines(&format!("[target.'{platform}'.dependencies]"), table, &[]))
                })
                .collect::<Vec<_>>()
                .join("\n"),
            _ => Table::from_iter([(key.to_owned(), value.clone())]).to_string(),
        });
    }
    parts.join("\n")
}

fn lines(heading: &str, table: &Table, first: &[&str]) -> String {
    let rank = |key: &str| first.iter().position(|name| *name == key).unwrap_or(first.len());
    let mut rows: Vec<(&String, &Value)> = table.iter().collect();
    rows.sort_by_key(|(key, _)| (rank(key), (*key).clone()));
    let rows: Vec<String> =
        rows.iter().map(|(key, value)| format!("{key} = {}\n", inline_value(value))).collect();
    format!("{heading}\n{}", rows.concat())
}

/// On one line, the version first.
fn inline_value(value: &Value) -> String {
    let Value::Table(table) = value else {
        return value.to_string();
    };
    const FIRST: [&str; 3] = ["version", "path", "default-features"];
    let rank = |key: &str| FIRST.iter().position(|name| *name == key).unwrap_or(FIRST.len());
    let mut pairs: Vec<(&String, &Value)> = table.iter().collect();
    pairs.sort_by_key(|(key, _)| rank(key));
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", pairs.join(", "))
}
