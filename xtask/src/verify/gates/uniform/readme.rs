//! A prompt is read in a minute, and has the same headings everywhere.

use crate::{
    markdown::{code_blocks, items, section, tables},
    source, template,
    verify::{
        finding::Findings,
        folder::Folder,
        gates::uniform::{contract, headings},
    },
};

const FILE: &str = "README.md";
const HEADINGS: [&str; 5] = ["Task", "Contract", "House rules", "Run it", "Be ready to discuss"];
const TABLE: [&str; 3] = ["Request", "Status", "Response"];

/// One and a half screens of 100 columns.
const LINES: usize = 90;
const COLUMNS: usize = 100;

const HOUSE_RULES: [&str; 3] = [
    "The [house rules](../../HOUSE_RULES.md) apply as stretch checks.\nIn short: errors are `{\"error\":\"<message>\"}`, an invalid request",
    " or JSON body",
    " gets a 4xx and never a 5xx, and the server starts and stops cleanly.\nThe starter already handles most of them.",
];

pub(super) fn check(folder: &Folder, found: &mut Findings) {
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
    let height = height(text);
    if height > LINES {
        let what = format!(
            "it takes {height} lines of {COLUMNS} columns; one and a half screens are {LINES}"
        );
        let fix = "shorten it to what a check demands and what a candidate would ask";
        found.add(folder.path(FILE), "prompt-length", what, fix);
    }
    contract_section(folder, found);
    house_rules(folder, found);
    run_it(folder, found);

    if items(section(text, "Be ready to discuss")).len() < 3 {
        let what = "there are fewer than three things to discuss";
        let fix = "list three follow-ups under `## Be ready to discuss`, as `- …`";
        found.add(folder.path(FILE), "discuss", what, fix);
    }
}

/// Lines in a window that breaks those that are longer than it is wide.
fn height(text: &str) -> usize {
    text.lines().map(|line| line.chars().count().div_ceil(COLUMNS).max(1)).sum()
}

fn contract_section(folder: &Folder, found: &mut Findings) {
    let contract = section(folder.text(FILE), "Contract");
    if tables(contract).first().is_none_or(|table| table.head != TABLE || table.rows.is_empty()) {
        let what = "the contract does not begin with a table of requests";
        let fix = format!("head it `| {} |`", TABLE.join(" | "));
        found.add(folder.path(FILE), "contract-table", what, fix);
    }
    let own_stretch =
        folder.checks.len() - contract::required(folder) > contract::HOUSE_CHECKS.len();
    if own_stretch && !contract.lines().any(|line| line == "Stretch:") {
        let what = "the contract does not say what is stretch";
        let fix =
            "end it with the line `Stretch:` and a list; `handout --required-only` cuts there";
        found.add(folder.path(FILE), "stretch", what, fix);
    }
}

/// One of two short forms, by whether the contract sends JSON bodies.
fn house_rules(folder: &Folder, found: &mut Findings) {
    let tokens = source::tokens(folder.text("tests/contract.rs"));
    let sends_json = ["post", "put"].iter().any(|method| {
        !source::lines_with(&tokens, &["Endpoint", ":", ":", method, "("]).is_empty()
    });
    let [before, json, after] = HOUSE_RULES;
    let expected = if sends_json { [before, json, after] } else { [before, "", after] }.concat();
    let actual = section(folder.text(FILE), "House rules").trim();
    if actual != expected {
        let differs = actual.lines().zip(expected.lines()).find(|(is, should)| is != should);
        let what = match (sends_json, differs) {
            (_, Some((is, _))) => format!("the house rules are not in their usual words: `{is}`"),
            _ => "the house rules are not in their usual words".to_owned(),
        };
        let fix = format!("write under `## House rules`:\n{expected}");
        found.add(folder.path(FILE), "house-rules", what, fix);
    }
}

/// To run it, to send a request, to watch it.
fn run_it(folder: &Folder, found: &mut Findings) {
    let number = folder.question.number;
    let blocks = code_blocks(section(folder.text(FILE), "Run it"));
    let code = |line: &str| line.split('#').next().unwrap_or(line).trim().to_owned();
    let typed: Vec<String> = blocks.iter().flat_map(|(_, block)| block.lines()).map(code).collect();
    let wanted = ["run", "watch"].map(|command| format!("cargo xtask {command} {number}"));
    let [run, watch] = wanted.each_ref().map(|command| typed.iter().position(|it| it == command));
    match (run, watch) {
        (Some(run), Some(watch)) if run < watch => {
            let is_request =
                |line: &String| ["curl ", "websocat "].iter().any(|client| line.contains(client));
            if !typed[run..watch].iter().any(is_request) {
                let fix = "put a line with `curl` (or `websocat`) between the two commands under `## Run it`";
                found.add(folder.path(FILE), "run-it", "no request is shown", fix);
            }
        }
        _ => {
            let what = format!("`{}` and `{}` do not follow each other", wanted[0], wanted[1]);
            let fix = "put both commands into the code block under `## Run it`";
            found.add(folder.path(FILE), "run-it", what, fix);
        }
    }
}
