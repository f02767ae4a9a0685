//! Starter and solution have one shape: header, imports, `main`, `routes`, the rest.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::{File, Item};

use crate::{
    source, template,
    verify::{finding::Findings, folder::Folder, gates::uniform::values},
};

/// A longer answer does not fit the time box. Comments and blank lines do not count.
const LINES: usize = 200;

/// What a candidate types who also reads and thinks.
const LINES_PER_MINUTE: f64 = 5.0;

const ROUTE: &str = "take the attribute off and add the handler to the table in `routes`";

/// What a solution must not have, and what to do instead.
const FORBIDDEN: [(&[&str], &str, &str); 10] = [
    (
        &[".", "unwrap", "(", ")"],
        "unwrap",
        "handle the error, or state the invariant with `.expect(\"…\")`",
    ),
    (&["dbg", "!"], "dbg", "take it out"),
    (&["#", "[", "allow"], "allow", "do what the lint says, or `#[expect(…, reason = \"…\")]`"),
    (&["#", "[", "get", "("], "route-macros", ROUTE),
    (&["#", "[", "post", "("], "route-macros", ROUTE),
    (&["#", "[", "put", "("], "route-macros", ROUTE),
    (&["#", "[", "delete", "("], "route-macros", ROUTE),
    (&["#", "[", "patch", "("], "route-macros", ROUTE),
    (&["#", "[", "head", "("], "route-macros", ROUTE),
    (&["#", "[", "route", "("], "route-macros", ROUTE),
];

pub(super) fn check(folder: &Folder, found: &mut Findings) {
    for file in ["src/starter.rs", "src/solution.rs"] {
        if !folder.files.contains_key(file) {
            continue;
        }
        header(folder, file, found);
        let text = folder.text(file);
        match syn::parse_file(text) {
            Ok(parsed) => {
                main(folder, file, &parsed, found);
                order(folder, file, &parsed, found);
                errors(folder, file, &parsed, found);
            }
            Err(error) => {
                let line = error.span().start().line.saturating_sub(1);
                let what = format!("it is not Rust: {error}");
                found.add(folder.line(file, line), "source", what, "make it compile");
            }
        }
        let tokens = source::tokens(text);
        for stub in ["todo", "unimplemented"] {
            for line in source::lines_with(&tokens, &[stub, "!"]) {
                let what = format!("`{stub}!` drops the connection");
                let fix = "respond with `shared::not_implemented(…)`";
                found.add(folder.line(file, line), "stubs", what, fix);
            }
        }
    }
    starter(folder, found);
    solution(folder, found);
    budget(folder, found);
}

fn header(folder: &Folder, file: &str, found: &mut Findings) {
    let question = &folder.question;
    let lines: Vec<&str> =
        folder.text(file).lines().take_while(|line| line.starts_with("//!")).collect();
    let header = lines.iter().map(|line| line.trim_start_matches("//!").trim());
    let header = header.collect::<Vec<_>>().join(" ");

    let first = format!("//! {}.", question.description);
    let plain = |text: &str| text.replace('`', "");
    if lines.first().map(|line| plain(line)) != Some(plain(&first)) {
        let what = "the first line is not the description that Cargo.toml has";
        found.add(folder.line(file, 0), "header", what, format!("begin with `{first}`"));
    }
    let number = question.number;
    let commands = match file {
        "src/solution.rs" => vec![format!("cargo run -p {}`", question.package)],
        _ => vec![format!("`cargo xtask run {number}`"), format!("`cargo xtask watch {number}`")],
    };
    for command in commands.iter().filter(|command| !header.contains(*command)) {
        let command = command.trim_matches('`');
        let what = format!("the header does not say `{command}`");
        found.add(folder.path(file), "header", what, "end the header with how to run it");
    }
}

/// `main` differs only between the opening and the routes.
fn main(folder: &Folder, file: &str, parsed: &File, found: &mut Findings) {
    let template = template::file("src/solution.rs", &values(folder));
    let template = syn::parse_file(&template).expect("the template is Rust");
    let frame = squeezed_main(&template);
    let (opening, rest) = frame.split_once("HttpServer::new(").unwrap_or_default();
    let (app, closing) = rest.split_once(".configure(routes))").unwrap_or_default();
    let wrap = app.trim_start_matches("||App::new()");

    let main = squeezed_main(parsed);
    let (before, after) = main.rsplit_once(".configure(routes)").unwrap_or_default();
    let after = after.strip_prefix('}').unwrap_or(after).strip_prefix(')').unwrap_or(after);
    for (holds, part) in [
        (before.starts_with(opening), "its first two lines"),
        (
            before.contains("HttpServer::new(") && before.contains("App::new()"),
            "what makes the `App`",
        ),
        (before.contains(wrap), "`.wrap(shared::json_errors())`"),
        (after == closing, "its end, from `.configure(routes)` to `Ok(())`"),
    ] {
        if !holds {
            let what = format!("`main` is not the one of all questions: {part} differs");
            let fix =
                "copy it from xtask/template/src/solution.rs; state and further wraps may be added";
            found.add(folder.path(file), "main", what, fix);
        }
    }
}

fn squeezed_main(file: &File) -> String {
    let main = source::functions(file).find(|function| function.sig.ident == "main");
    main.map(source::squeezed).unwrap_or_default()
}

fn order(folder: &Folder, file: &str, parsed: &File, found: &mut Findings) {
    let functions = source::functions(parsed).map(|function| function.sig.ident.to_string());
    let first: Vec<String> = functions.take(2).collect();
    if first != ["main", "routes"] {
        let what =
            format!("the first two functions are {}, not main and routes", first.join(" and "));
        let fix = "put `main` first and `fn routes(cfg: &mut web::ServiceConfig)` below it";
        found.add(folder.path(file), "order", what, fix);
    }
}

/// Error types get their message and their trait from `thiserror`.
fn errors(folder: &Folder, file: &str, parsed: &File, found: &mut Findings) {
    let implements = |name: &str| -> BTreeMap<String, usize> {
        let items = parsed.items.iter().filter_map(|item| match item {
            Item::Impl(item) => Some(item),
            _ => None,
        });
        let of = items.filter_map(|item| {
            let (path, _) = item.trait_.as_ref()?;
            let line = item.impl_token.span.start().line.saturating_sub(1);
            let is_it = path.segments.last().is_some_and(|last| last.ident == name);
            is_it.then(|| (item.self_ty.to_token_stream().to_string(), line))
        });
        of.collect()
    };
    let by_hand = implements("Error");
    let displayed = implements("Display");
    let responses = implements("ResponseError");
    let both = displayed.iter().filter(|(name, _)| responses.contains_key(*name));
    for (name, line) in by_hand.iter().chain(both) {
        let what = format!("the error type `{name}` is written by hand");
        let fix = "derive `thiserror::Error`, with `#[error(\"…\")]` on every variant";
        found.add(folder.line(file, *line), "thiserror", what, fix);
    }
}

fn starter(folder: &Folder, found: &mut Findings) {
    let file = "src/starter.rs";
    if !folder.files.contains_key(file) {
        return;
    }
    let text = folder.text(file);
    if !text.contains("// TODO: ") {
        let fix = "name the outcome where the candidate is to write: `// TODO: respond with …`";
        found.add(folder.path(file), "todo", "there is no `// TODO: `", fix);
    }
    let mut header = text.lines().take_while(|line| line.starts_with("//!"));
    if !header.any(|line| line.starts_with("//! Change anything you like")) {
        let what = "the header does not say that everything may be changed";
        let fix =
            "add the line `//! Change anything you like: names, signatures, types and crates.`";
        found.add(folder.path(file), "starter-header", what, fix);
    }
    let tokens = source::tokens(text);
    for words in [&["drop", "("][..], &["let", "_", "="]] {
        for line in source::lines_with(&tokens, words) {
            let what = format!("`{}` hides what is not used yet", words.join(" "));
            let fix = "pass it to the stub: `shared::not_implemented((todos, new))`";
            found.add(folder.line(file, line), "starter-noise", what, fix);
        }
    }
}

fn solution(folder: &Folder, found: &mut Findings) {
    let file = "src/solution.rs";
    let text = folder.text(file);
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    let lines = text.lines().filter(is_code).count();
    if lines > LINES {
        let what = format!("{lines} lines of code are too many; {LINES} are the most");
        let fix = "simplify it, or question the design";
        found.add(folder.path(file), "length", what, fix);
    }
    for (index, line) in text.lines().enumerate() {
        if let Some(word) = ["TODO", "FIXME", "XXX"].iter().find(|word| line.contains(**word)) {
            let what = format!("`{word}` in a solution: {}", line.trim());
            found.add(folder.line(file, index), "todo", what, "do it, or say why not");
        }
    }

    let tokens = source::tokens(text);
    for (words, rule, fix) in FORBIDDEN {
        for line in source::lines_with(&tokens, words) {
            let what = format!("`{}` has no place in a solution", words.concat());
            found.add(folder.line(file, line), rule, what, fix);
        }
    }
    let visible = tokens.windows(2).filter(|pair| pair[0].text == "pub" && pair[1].text != "(");
    for pair in visible {
        let fix = "take `pub` out; nothing links a program (in a module: `pub(super)`)";
        let what = "`pub` has no place in a solution";
        found.add(folder.line(file, pair[0].line), "pub", what, fix);
    }
}

/// Lines of code that the solution adds to the starter.
pub(crate) fn added_lines(folder: &Folder) -> usize {
    let [starter, solution] =
        ["src/starter.rs", "src/solution.rs"].map(|file| source::code_lines(folder.text(file)));
    let changes = similar::capture_diff_slices(similar::Algorithm::Myers, &starter, &solution);
    changes
        .iter()
        .filter(|change| change.tag() != similar::DiffTag::Equal)
        .map(|change| change.new_range().len())
        .sum()
}

/// A candidate can type the answer within the time box.
fn budget(folder: &Folder, found: &mut Findings) {
    let added = added_lines(folder);
    let minutes = folder.question.minutes;
    // Compared in tenths, as it is printed.
    if added as f64 / f64::from(minutes) > LINES_PER_MINUTE {
        let what = format!(
            "the solution adds {added} lines of code to the starter, {} a minute; {LINES_PER_MINUTE:.1} are the most",
            per_minute(added, minutes)
        );
        let fix = "give in the starter what is not the lesson, or simplify the solution";
        found.add(folder.path("src/solution.rs"), "typing-budget", what, fix);
    }
}

/// `4.2`
pub(crate) fn per_minute(lines: usize, minutes: u32) -> String {
    format!("{:.1}", lines as f64 / f64::from(minutes.max(1)))
}
