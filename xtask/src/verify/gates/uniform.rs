//! Gate 1: every folder is complete, and like every other.

mod contract;
mod manifest;
mod notes;
mod readme;
mod routes;
mod sources;
mod wrong;

pub(crate) use manifest::is_slug;
pub(crate) use sources::{added_lines, per_minute};

use crate::{
    markdown::sections,
    template::Values,
    verify::{finding::Findings, folder::Folder},
};

/// What every folder holds, beside `wrong/*.patch`.
const EXPECTED: [&str; 6] = [
    "Cargo.toml",
    "README.md",
    "INTERVIEWER.md",
    "src/starter.rs",
    "src/solution.rs",
    "tests/contract.rs",
];

pub(crate) fn check(folder: &Folder, found: &mut Findings) {
    files(folder, found);
    manifest::check(folder, found);
    let present = |file: &str| folder.files.contains_key(file);
    if present("README.md") {
        readme::check(folder, found);
    }
    if present("INTERVIEWER.md") {
        notes::check(folder, found);
    }
    if present("tests/contract.rs") {
        contract::check(folder, found);
        wrong::check(folder, found);
    }
    sources::check(folder, found);
    if ["README.md", "src/starter.rs", "src/solution.rs"].into_iter().all(present) {
        routes::check(folder, found);
    }
}

fn files(folder: &Folder, found: &mut Findings) {
    for file in EXPECTED.iter().filter(|file| !folder.files.contains_key(**file)) {
        let like = format!("write it; xtask/template/{file} is the pattern");
        found.add(folder.path(file), "files", "the file is missing", like);
    }
    for file in folder.files.keys() {
        let is_patch = file
            .strip_prefix("wrong/")
            .and_then(|name| name.strip_suffix(".patch"))
            .is_some_and(|name| !name.contains('/'));
        if !is_patch && !EXPECTED.contains(&file.as_str()) {
            let path = folder.path(file);
            found.add(&path, "files", "a question has no such file", format!("rm {path}"));
        }
    }
}

/// What the template would be in this folder.
fn values(folder: &Folder) -> Values<'_> {
    let question = &folder.question;
    Values {
        number: question.number,
        slug: &question.slug,
        title: &question.title,
        tier: question.tier,
        minutes: question.minutes,
    }
}

/// The first place where two texts differ, line by line: its index, the line, the expected line.
fn first_difference<'a>(
    actual: &'a [&'a str],
    expected: &'a [&'a str],
) -> Option<(usize, &'a str, &'a str)> {
    let lines = actual.len().max(expected.len());
    let line = |of: &[&'a str], at: usize| of.get(at).copied().unwrap_or_default();
    (0..lines)
        .find(|&at| actual.get(at) != expected.get(at))
        .map(|at| (at, line(actual, at), line(expected, at)))
}

/// The headings of the second level, which must be exactly these.
fn headings(folder: &Folder, file: &str, expected: &[&str], found: &mut Findings) {
    let sections = sections(folder.text(file));
    let actual: Vec<&str> = sections.iter().map(|section| section.heading).collect();
    if let Some((_, actual, expected_here)) = first_difference(&actual, expected) {
        let what = match (actual, expected_here) {
            ("", missing) => format!("the heading `## {missing}` is missing"),
            (more, "") => format!("there is no place for the heading `## {more}`"),
            _ => format!("the heading `## {actual}` stands where `## {expected_here}` should"),
        };
        let order = format!("the headings are, in this order: {}", expected.join(", "));
        found.add(folder.path(file), "headings", what, order);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::verify::finding::Finding;

    fn template() -> Folder {
        Folder::of_template(PathBuf::from("00-template")).expect("the template is a question")
    }

    /// What is found after `from` has become `to` in a file of the template.
    fn rules(file: &str, from: &str, to: &str) -> Vec<&'static str> {
        let mut folder = template();
        let text = folder.text(file).replace(from, to);
        assert_ne!(text, folder.text(file), "{file} has no {from:?}");
        folder.put(file, text);
        let mut found = Findings::default();
        check(&folder, &mut found);
        let mut rules: Vec<_> = found.iter().map(|finding| finding.rule).collect();
        rules.dedup();
        rules
    }

    #[test]
    fn the_template_breaks_no_rule() {
        let mut found = Findings::default();
        check(&template(), &mut found);
        let found: Vec<_> = found.iter().map(Finding::render).collect();
        assert_eq!(found, [] as [String; 0]);
    }

    #[test]
    fn every_rule_of_a_prompt_can_be_broken() {
        let file = "README.md";
        let long = "One more line.\n".repeat(70);
        let wide = format!("{}\n", "word ".repeat(1400));
        for (from, to, rule) in [
            ("# Template", "# Other", "title"),
            ("15 minutes", "16 minutes", "title"),
            ("## Task", "## Tasks", "headings"),
            ("## Run it", "## Run it\n\n## More", "headings"),
            ("Write a server", &long, "prompt-length"),
            ("Write a server", &wide, "prompt-length"),
            ("| Response |", "| Answer |", "contract-table"),
            ("| `GET /answer` | 200 |", "| `GET /other` | 200 |", "contract-routes"),
            ("an invalid request gets", "an invalid request or JSON body gets", "house-rules"),
            ("The starter already handles most of them.\n", "", "house-rules"),
            ("curl -i", "wget", "run-it"),
            ("cargo xtask watch 0", "cargo xtask check 0", "run-it"),
            ("- What does a client get", "And what does a client get", "discuss"),
            ("responds to `GET", "reads `APP_ENV` and responds to `GET", "env"),
        ] {
            let found = rules(file, from, to);
            assert!(found.contains(&rule), "{from:?} to {to:?}: {found:?} has no {rule}");
        }
    }

    #[test]
    fn what_is_in_a_code_block_is_not_a_heading() {
        let code = "```sh\n## Not a heading\n```\n\n## Be ready to discuss";
        assert_eq!(rules("README.md", "## Be ready to discuss", code), [] as [&str; 0]);
    }

    #[test]
    fn every_rule_of_the_notes_can_be_broken() {
        for (from, to, rule) in [
            ("for the interviewer", "for you", "title"),
            ("## Rubric", "## Scores", "headings"),
            ("| 5 | follow-ups |", "| 6 | follow-ups |", "time-plan"),
            ("| 5 | follow-ups |", "| five | follow-ups |", "time-plan"),
            ("| 5 | follow-ups |\n", "", "time-plan"),
            ("| concatenates strings |", "| |", "rubric"),
            ("3. `#[derive", "`#[derive", "hints"),
            ("- Weak: actix-web does.\n", "", "follow-ups"),
            ("### What sets the content type?", "### The content type", "follow-ups"),
            ("- After: `the_answer_is_a_number`\n", "", "follow-ups"),
            ("`the_answer_is_a_number`", "`the_answer_is_a_word`", "follow-ups"),
            ("- Weak: copy the handler.", "- Perhaps: copy it.", "follow-ups"),
            ("```js", "```", "express"),
        ] {
            let found = rules("INTERVIEWER.md", from, to);
            assert!(found.contains(&rule), "{from:?} to {to:?}: {found:?} has no {rule}");
        }
    }

    #[test]
    fn every_rule_of_a_contract_can_be_broken() {
        for (from, to, rule) in [
            ("//! What a server", "//! What servers", "header"),
            ("invalid_requests_get_a_4xx", "a_clients_mistake_gets_a_4xx", "house-checks"),
            ("process_rules(&", "drop(&", "house-checks"),
            ("fn the_answer_is_a_number", "fn test_number", "check-names"),
            (
                "#[test]\nfn the_answer_is_a_number",
                "#[test]\n#[ignore]\nfn the_answer_is_a_number",
                "contract",
            ),
            (
                "let app = Server::start();",
                "std::thread::sleep(TICK); let app = Server::start();",
                "contract",
            ),
            ("mod stretch {", "mod other {}\n\nmod stretch {", "stretch"),
            ("mod stretch {", "mod more {", "stretch"),
            ("fn the_answer_is_a_number() {", "fn the_answer_is_a_number( {", "contract"),
        ] {
            let found = rules("tests/contract.rs", from, to);
            assert!(found.contains(&rule), "{from:?} to {to:?}: {found:?} has no {rule}");
        }
        let below = "mod stretch {\n    #[test]\n    fn a_b() {}\n}\n\n#[test]\nfn c_d() {}\n\nfn e() {\n    mod stretch {";
        assert!(rules("tests/contract.rs", "mod stretch {", below).contains(&"contract"));
    }

    #[test]
    fn words_in_comments_and_strings_break_no_rule() {
        let comment = "// #[ignore] sleep(1)\n    let app = Server::start();";
        assert_eq!(
            rules("tests/contract.rs", "let app = Server::start();", comment),
            [] as [&str; 0]
        );
        let text = "web::Json(Answer { answer: 42 }) // .unwrap() and pub fn todo!()";
        assert_eq!(
            rules("src/solution.rs", "web::Json(Answer { answer: 42 })", text),
            [] as [&str; 0]
        );
    }

    #[test]
    fn every_rule_of_a_solution_can_be_broken() {
        let display = "struct Bad;\n\nimpl std::error::Error for Bad {}\n\n#[derive(Serialize)]";
        let both = "struct Bad;\n\nimpl fmt::Display for Bad {}\n\nimpl actix_web::ResponseError for Bad {}\n\n#[derive(Serialize)]";
        let many = "use std::fmt as _;\n".repeat(200) + "#[derive(Serialize)]";
        let typing: String = (0..80).map(|it| format!("const C{it}: u8 = 0;\n")).collect();
        let typing = typing + "#[derive(Serialize)]";
        for (from, to, rule) in [
            ("//! Respond", "//! Answer", "header"),
            ("cargo run -p q00-template", "cargo run", "header"),
            (".shutdown_timeout(3)", ".shutdown_timeout(4)", "main"),
            (".wrap(shared::json_errors())", "", "main"),
            ("fn routes(cfg", "fn first() {}\n\nfn routes(cfg", "order"),
            ("\"/answer\"", "PATH", "routes"),
            ("cfg.service(", "let table = 1;\n    cfg.service(", "routes"),
            ("\"/answer\").get", "\"/answers\").get", "starter-routes"),
            ("answer: 42", "answer: Some(42).unwrap()", "unwrap"),
            ("answer: 42", "answer: dbg!(42)", "dbg"),
            ("struct Answer", "pub struct Answer", "pub"),
            ("async fn get_answer", "#[get(\"/answer\")]\nasync fn get_answer", "route-macros"),
            ("async fn get_answer", "// TODO: more\nasync fn get_answer", "todo"),
            ("answer: 42", "answer: todo!()", "stubs"),
            ("answer: 42", "answer: std::env::var(\"APP_ENV\").map_or(1, |_| 2)", "env"),
            ("#[derive(Serialize)]", display, "thiserror"),
            ("#[derive(Serialize)]", both, "thiserror"),
            ("#[derive(Serialize)]", &many, "length"),
            ("#[derive(Serialize)]", &typing, "typing-budget"),
            ("async fn main() -> ", "async fn main( -> ", "source"),
        ] {
            let found = rules("src/solution.rs", from, to);
            assert!(found.contains(&rule), "{from:?} to {to:?}: {found:?} has no {rule}");
        }
    }

    #[test]
    fn every_rule_of_a_starter_can_be_broken() {
        for (from, to, rule) in [
            ("// TODO: ", "// ", "todo"),
            ("//! Change anything", "//! Keep anything", "starter-header"),
            (
                "shared::not_implemented(())",
                "let _ = 1;\n    shared::not_implemented(())",
                "starter-noise",
            ),
            (
                "shared::not_implemented(())",
                "drop(1);\n    shared::not_implemented(())",
                "starter-noise",
            ),
            ("shared::not_implemented(())", "todo!()", "stubs"),
        ] {
            let found = rules("src/starter.rs", from, to);
            assert!(found.contains(&rule), "{from:?} to {to:?}: {found:?} has no {rule}");
        }
    }

    #[test]
    fn every_rule_of_a_manifest_can_be_broken() {
        for (from, to, rule) in [
            ("edition.workspace = true", "edition = \"2024\"", "manifest"),
            ("topics = [\"JSON\"]", "topics = []", "facts"),
            ("a number\"", "a number.\"", "facts"),
            ("env = []", "env = [\"PORT\"]", "env"),
            ("env = []", "env = [\"LOG_FILE\"]", "env"),
            ("given = []", "given = [\"no_check\"]", "given"),
            (
                "serde.workspace = true",
                "csv.workspace = true\nserde.workspace = true",
                "dependencies",
            ),
            ("shared.workspace = true", "shared = { path = \"../../shared\" }", "dependencies"),
        ] {
            let found = rules("Cargo.toml", from, to);
            assert!(found.contains(&rule), "{from:?} to {to:?}: {found:?} has no {rule}");
        }
    }

    #[test]
    fn every_rule_of_a_wrong_answer_can_be_broken() {
        for (from, to, rule) in [
            ("JSON is text, so a string is enough.\n", "", "wrong"),
            ("fails: the_answer_is_sent_as_json", "", "wrong"),
            ("fails: the_answer_is_sent_as_json", "fails: no_such_check", "wrong"),
            ("+++ src/solution.rs", "+++ src/starter.rs", "wrong"),
        ] {
            let found = rules("wrong/json-as-text.patch", from, to);
            assert!(found.contains(&rule), "{from:?} to {to:?}: {found:?} has no {rule}");
        }
    }

    #[test]
    fn a_check_that_the_starter_passes_needs_a_wrong_answer() {
        let mut folder = template();
        let given = "given = [\"the_answer_is_sent_as_json\"]";
        let manifest = folder.text("Cargo.toml").replace("given = []", given);
        folder.put("Cargo.toml", manifest);
        let mut found = Findings::default();
        check(&folder, &mut found);
        assert!(found.is_empty(), "json-as-text names it");

        let patch = "wrong/json-as-text.patch";
        let other =
            folder.text(patch).replace("the_answer_is_sent_as_json", "the_answer_is_a_number");
        folder.put(patch, other);
        check(&folder, &mut found);
        let rules: Vec<_> = found.iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, ["idle-check"]);
    }
}
