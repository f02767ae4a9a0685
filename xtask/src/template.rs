//! The question that `new` makes: small, complete, and verified like every other.
//!
//! What all questions have in common is read from it: the frame of their manifests, their
//! `main`, and the house rules in their prompts.

use std::iter::zip;

/// The files of a question's folder; `wrong/` has as many as it needs.
pub(crate) const FILES: [(&str, &str); 9] = [
    ("Cargo.toml", include_str!("../template/Cargo.toml")),
    ("README.md", include_str!("../template/README.md")),
    ("INTERVIEWER.md", include_str!("../template/INTERVIEWER.md")),
    ("src/starter.rs", include_str!("../template/src/starter.rs")),
    ("src/solution.rs", include_str!("../template/src/solution.rs")),
    ("tests/contract.rs", include_str!("../template/tests/contract.rs")),
    ("wrong/json-as-text.patch", include_str!("../template/wrong/json-as-text.patch")),
    ("wrong/number-as-text.patch", include_str!("../template/wrong/number-as-text.patch")),
    ("wrong/plain-text-errors.patch", include_str!("../template/wrong/plain-text-errors.patch")),
];

/// What differs between two fresh questions.
pub(crate) struct Values<'a> {
    pub(crate) number: u8,
    pub(crate) slug: &'a str,
    pub(crate) title: &'a str,
    pub(crate) tier: u8,
    pub(crate) minutes: u32,
}

impl Values<'static> {
    /// The template as a question of its own, under a number that no question has.
    pub(crate) const SAMPLE: Self =
        Self { number: 0, slug: "template", title: "Template", tier: 2, minutes: 15 };
}

/// Every file of a question with `values`, by its path in the folder.
pub(crate) fn render(values: &Values<'_>) -> impl Iterator<Item = (&'static str, String)> {
    FILES.into_iter().map(|(path, text)| (path, fill(text, values)))
}

/// One file of a question with `values`.
pub(crate) fn file(path: &str, values: &Values<'_>) -> String {
    let found = render(values).find(|(name, _)| *name == path);
    found.map(|(_, text)| text).unwrap_or_default()
}

fn fill(text: &str, values: &Values<'_>) -> String {
    let tokens = ["number", "nn", "package", "title", "tier", "minutes", "stars", "level", "plan"];
    let texts = [
        values.number.to_string(),
        format!("{:02}", values.number),
        format!("q{:02}-{}", values.number, values.slug),
        values.title.to_owned(),
        values.tier.to_string(),
        values.minutes.to_string(),
        "★".repeat(usize::from(values.tier)),
        level(values.tier).to_owned(),
        time_plan(values.minutes),
    ];
    zip(tokens, texts).fold(text.to_owned(), |text, (token, value)| {
        text.replace(&format!("{{{{{token}}}}}"), &value)
    })
}

/// The rows of a plan that adds up to `minutes`, of which there are three at least.
fn time_plan(minutes: u32) -> String {
    let first = (minutes / 5).max(1);
    let last = (minutes / 3).max(1);
    let rows = [
        (first, "read the prompt, ask about it"),
        (minutes.saturating_sub(first + last).max(1), "write the handler, run the checks"),
        (last, "follow-ups"),
    ];
    rows.map(|(minutes, what)| format!("| {minutes} | {what} |")).join("\n")
}

/// For whom the questions of a tier are.
pub(crate) fn level(tier: u8) -> &'static str {
    match tier {
        1 => "Junior",
        2 => "Mid",
        3 => "Senior",
        _ => "Lead",
    }
}
