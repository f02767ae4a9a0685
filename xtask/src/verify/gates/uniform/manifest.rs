//! A manifest has the template's lines; only facts and dependencies differ.

use std::collections::BTreeSet;

use crate::{
    markdown::code_spans,
    source, template,
    verify::{
        finding::Findings,
        folder::Folder,
        gates::uniform::{first_difference, values},
    },
};

const FILE: &str = "Cargo.toml";

/// Keys whose values are the question's own.
const OWN: [&str; 8] =
    ["description", "title", "tier", "minutes", "topics", "services", "env", "given"];

pub(super) fn check(folder: &Folder, found: &mut Findings) {
    let question = &folder.question;
    let dir = question.dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if dir != question.folder() || !is_slug(&question.slug) {
        found.add(
            folder.path(FILE),
            "folder",
            "the folder is named by two digits and words of lower-case letters and digits",
            format!("git mv questions/{dir} questions/{}", question.folder().to_lowercase()),
        );
    }

    let text = folder.text(FILE);
    let template = template::file(FILE, &values(folder));
    let (actual, expected) = (skeleton(text), skeleton(&template));
    let lines = |of: &[(usize, String)]| -> Vec<String> {
        of.iter().map(|(_, line)| line.clone()).collect()
    };
    let (actual_lines, expected_lines) = (lines(&actual), lines(&expected));
    let actual_lines: Vec<&str> = actual_lines.iter().map(String::as_str).collect();
    let expected_lines: Vec<&str> = expected_lines.iter().map(String::as_str).collect();
    if let Some((at, is, should)) = first_difference(&actual_lines, &expected_lines) {
        let index = actual.get(at).map_or(text.lines().count(), |(index, _)| *index);
        let what = match (is, should) {
            ("", missing) => format!("`{missing}` is missing"),
            (more, "") => format!("`{more}` is not in the template"),
            _ => format!("`{is}` stands where the template has `{should}`"),
        };
        let fix = "make it as xtask/template/Cargo.toml is, up to facts and dependencies";
        found.add(folder.line(FILE, index), "manifest", what, fix);
    }
    facts(folder, found);
    environment(folder, found);
    dependencies(folder, found);
}

/// The lines that all manifests share, with their indices: without what is the question's own.
fn skeleton(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let (mut section, mut in_array) = ("", false);
    for (index, line) in text.lines().enumerate() {
        if in_array {
            in_array = !line.starts_with(']');
            continue;
        }
        if line.starts_with('[') {
            section = line;
        }
        let key = line.split(" = ").next().unwrap_or(line);
        if line.is_empty() || line.starts_with('#') {
        } else if OWN.contains(&key) {
            in_array = line.ends_with('[');
            lines.push((index, format!("{key} = …")));
        } else if line == section || !section.ends_with("dependencies]") {
            lines.push((index, line.to_owned()));
        }
    }
    lines
}

fn facts(folder: &Folder, found: &mut Findings) {
    let question = &folder.question;
    let mut wrong = |what: &str, fix: &str| {
        found.add(folder.path(FILE), "facts", what, fix);
    };
    if !(1..=4).contains(&question.tier) {
        wrong("the tier is not 1, 2, 3 or 4", "set `tier` to one of them");
    }
    if !(3..=60).contains(&question.minutes) {
        wrong("minutes are from 3 to 60", "set `minutes` to the time an interview gives");
    }
    if question.topics.is_empty() {
        wrong("there are no topics", "name what it is about in `topics`");
    }
    let description = &question.description;
    if description.trim().is_empty() || description.ends_with('.') || description.contains('\n') {
        let fix = "make `description` the question in one sentence, without a full stop";
        wrong("the description is not one sentence without a full stop", fix);
    }
}

/// The README names every variable that the server reads, and the manifest lists each that it names.
fn environment(folder: &Folder, found: &mut Findings) {
    let listed = &folder.question.env;
    if !listed.is_sorted() || listed.iter().any(|name| ["HOST", "PORT"].contains(&name.as_str())) {
        let fix = "list the names in order, without HOST and PORT, which every server reads";
        found.add(folder.path(FILE), "env", "`env` is not in order or has HOST or PORT", fix);
    }
    let codes = code_spans(folder.text("README.md"));
    let named: BTreeSet<&str> = codes.iter().filter_map(|code| variable(code)).collect();
    for name in listed.iter().filter(|name| !named.contains(name.as_str())) {
        let fix = format!("say in README.md what `{name}` does, or take it out of `env`");
        let what = format!("README.md does not name the variable {name} of `env`");
        found.add(folder.path(FILE), "env", what, fix);
    }
    let sources = ["src/starter.rs", "src/solution.rs"];
    let read: BTreeSet<String> =
        sources.iter().flat_map(|file| variables_of(folder.text(file))).collect();
    for name in read.iter().filter(|name| !listed.contains(name)) {
        let what = format!("`env` does not list {name}, which the sources name");
        let fix = format!("add \"{name}\" to `env` in [package.metadata.question]");
        found.add(folder.path(FILE), "env", what, fix);
    }
    for name in listed.iter().filter(|name| !read.contains(*name)) {
        let what = format!("`env` lists {name}, but neither starter nor solution reads it");
        found.add(folder.path(FILE), "env", what, "take it out of `env`");
    }
    for name in named.iter().filter(|name| !listed.iter().any(|listed| listed == *name)) {
        let what = format!("`env` does not list {name}, which README.md names");
        let fix = format!("add \"{name}\" to `env` in [package.metadata.question]");
        found.add(folder.path(FILE), "env", what, fix);
    }
}

/// The environment variable in a code span: `APP_ENV`, `APP_ENV=production`. One without an
/// underscore is as likely a method or a keyword.
fn variable(code: &str) -> Option<&str> {
    let name = code.split('=').next().unwrap_or(code);
    let is_name = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    (is_name && name.trim_matches('_').contains('_')).then_some(name)
}

/// The variables that a source reads: names in literals, and those that `shared` reads by itself.
fn variables_of(source: &str) -> BTreeSet<String> {
    let tokens = source::tokens(source);
    let names = source::strings(&tokens).filter(|text| variable(text) == Some(text.as_str()));
    let mut names: BTreeSet<String> = names.filter(|name| !name.starts_with("CARGO_")).collect();
    // `shared::secret` reads it too.
    if tokens.iter().any(|token| ["AppEnv", "secret"].contains(&token.text.as_str())) {
        names.insert("APP_ENV".to_owned());
    }
    names
}

fn dependencies(folder: &Folder, found: &mut Findings) {
    let sources = [folder.text("src/starter.rs"), folder.text("src/solution.rs")];
    let contract = [folder.text("tests/contract.rs")];
    check_table(folder, "[dependencies]", &sources, "the starter or the solution", found);
    check_table(folder, "[dev-dependencies]", &contract, "the contract", found);
}

fn check_table(folder: &Folder, table: &str, sources: &[&str], users: &str, found: &mut Findings) {
    let mut previous = "";
    let lines = folder.text(FILE).lines().enumerate();
    let below = lines.skip_while(|(_, line)| *line != table).skip(1);
    for (index, line) in below.take_while(|(_, line)| !line.starts_with('[')) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let at = folder.line(FILE, index);
        let name = line.split(['.', ' ', '=']).next().unwrap_or(line);
        if !line.contains(".workspace = true") && !line.contains("{ workspace = true") {
            let fix =
                format!("declare it in the root's Cargo.toml and write `{name}.workspace = true`");
            found.add(&at, "dependencies", format!("{name} is not the workspace's"), fix);
        }
        if name < previous {
            let fix = format!("move {name} above {previous}");
            found.add(&at, "dependencies", format!("{name} stands after {previous}"), fix);
        }
        // An answer may use `json!` where the solution has a type.
        let is_offered = name == "serde_json";
        if !is_offered && !sources.iter().any(|source| uses(source, &name.replace('-', "_"))) {
            let what = format!("{name} is used by nothing in {users}");
            let fix = format!("take the line out of {}", folder.path(FILE));
            found.add(&at, "dependencies", what, fix);
        }
        previous = name;
    }
}

/// Whether the name stands in the source as a word of its own.
fn uses(source: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    source.lines().filter(|line| !line.trim_start().starts_with("//")).any(|line| {
        line.match_indices(name).any(|(at, _)| {
            !line[..at].ends_with(is_word) && !line[at + name.len()..].starts_with(is_word)
        })
    })
}

/// `crud-inmemory`
pub(crate) fn is_slug(slug: &str) -> bool {
    !slug.is_empty()
        && slug.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}
