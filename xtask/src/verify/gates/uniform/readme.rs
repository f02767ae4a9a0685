//! A prompt is one screen with the same headings everywhere.

use crate::{
    template,
    verify::{
        folder::Folder,
        gates::uniform::{contract, first_difference, headings, section, values},
        offence::Offences,
    },
};

const FILE: &str = "README.md";
const HEADINGS: [&str; 5] = ["Task", "Contract", "House rules", "Run it", "Be ready to discuss"];
const TABLE: &str = "| Request | Status | Answer |";

/// One screen.
const LINES: usize = 60;

pub(super) fn check(folder: &Folder, found: &mut Offences) {
    let question = &folder.question;
    let text = folder.text(FILE);
    let lines: Vec<&str> = text.lines().collect();
    let line = |at: usize| lines.get(at).copied().unwrap_or_default();

    let title = format!("# {}", question.title);
    if line(0) != title {
        let what = format!("`{}` is not the title that Cargo.toml has", line(0));
        found.add(folder.line(FILE, 0), "title", what, format!("write `{title}`"));
    }
    let facts = format!(
        "{} {} · {} minutes · {}",
        "★".repeat(usize::from(question.tier)),
        template::level(question.tier),
        question.minutes,
        question.topics.join(", ")
    );
    if line(2) != facts {
        let what = format!("`{}` does not say what Cargo.toml does", line(2));
        found.add(folder.line(FILE, 2), "title", what, format!("write `{facts}`"));
    }

    headings(folder, FILE, &HEADINGS, found);
    if lines.len() > LINES {
        let what = format!("{} lines are more than one screen, which is {LINES}", lines.len());
        let mend = "shorten it to what a check demands and what a candidate would ask";
        found.add(folder.path(FILE), "one-screen", what, mend);
    }
    if !section(text, "## Contract").contains(&TABLE) {
        let mend = format!("begin the contract with a table headed `{TABLE}`");
        found.add(folder.path(FILE), "contract-table", "the contract has no table", mend);
    }

    let own_stretch =
        contract::names(folder).len() - contract::required(folder) > contract::HOUSE_CHECKS.len();
    if own_stretch && !section(text, "## Contract").contains(&"Stretch:") {
        let what = "the contract does not say what is stretch";
        let mend =
            "end it with the line `Stretch:` and a list; `handout --required-only` cuts there";
        found.add(folder.path(FILE), "stretch", what, mend);
    }

    let template = template::file(FILE, &values(folder));
    let rules = "## House rules";
    let (actual, expected) = (section(text, rules), section(&template, rules));
    if let Some((_, is, _)) = first_difference(&actual, &expected) {
        let what = format!("the house rules are not those of all questions: `{is}`");
        let mend = format!("copy the section `{rules}` from xtask/template/README.md");
        found.add(folder.path(FILE), "house-rules", what, mend);
    }

    let commands =
        ["run", "watch"].map(|command| format!("cargo xtask {command} {}", question.number));
    let typed = section(text, "## Run it");
    for command in commands {
        let is_typed = |line: &&str| line.split('#').next().unwrap_or(line).trim() == command;
        if !typed.iter().any(is_typed) {
            let what = format!("`{command}` is missing");
            found.add(folder.path(FILE), "run-it", what, "put the command under `## Run it`");
        }
    }
    let topics = section(text, "## Be ready to discuss");
    if topics.iter().filter(|line| line.starts_with("- ")).count() < 3 {
        let what = "there are fewer than three things to discuss";
        let mend = "list three follow-ups under `## Be ready to discuss`, as `- …`";
        found.add(folder.path(FILE), "discuss", what, mend);
    }
}
