//! Starter and solution have one shape: header, imports, `main`, `routes`, the rest.

use crate::{
    template,
    verify::{folder::Folder, gates::uniform::values, offence::Offences},
};

/// A longer answer doesn't fit the time box.
const LINES: usize = 200;

pub(super) fn check(folder: &Folder, found: &mut Offences) {
    for file in ["src/starter.rs", "src/solution.rs"] {
        if !folder.files.contains_key(file) {
            continue;
        }
        header(folder, file, found);
        main(folder, file, found);
        order(folder, file, found);
        let stubs = ["todo!", "unimplemented!"];
        forbid(folder, file, &stubs, "stubs", "answer `shared::not_implemented(…)`", found);
    }
    starter(folder, found);
    solution(folder, found);
}

fn header(folder: &Folder, file: &str, found: &mut Offences) {
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
fn main(folder: &Folder, file: &str, found: &mut Offences) {
    let template = template::file("src/solution.rs", &values(folder));
    let frame = squeezed_main(&template);
    let (opening, rest) = frame.split_once("HttpServer::new(").unwrap_or_default();
    let (app, closing) = rest.split_once(".configure(routes))").unwrap_or_default();
    let wrap = app.trim_start_matches("||App::new()");

    let main = squeezed_main(folder.text(file));
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
            let mend =
                "copy it from xtask/template/src/solution.rs; state and further wraps may be added";
            found.add(folder.path(file), "main", what, mend);
        }
    }
}

/// `main` with its attribute, without blanks and line breaks.
fn squeezed_main(source: &str) -> String {
    let mut lines = source.lines().skip_while(|line| !line.starts_with("#[actix_web::main]"));
    let mut main: Vec<&str> = lines.by_ref().take_while(|line| *line != "}").collect();
    main.push("}");
    main.concat().split_whitespace().collect()
}

fn order(folder: &Folder, file: &str, found: &mut Offences) {
    let functions = folder.text(file).lines().filter_map(|line| {
        let line = line.trim_start_matches("async ");
        line.strip_prefix("fn ")?.split(['(', '<']).next()
    });
    let first: Vec<&str> = functions.take(2).collect();
    if first != ["main", "routes"] {
        let what =
            format!("the first two functions are {}, not main and routes", first.join(" and "));
        let mend = "put `main` first and `fn routes(cfg: &mut web::ServiceConfig)` below it";
        found.add(folder.path(file), "order", what, mend);
    }
}

fn starter(folder: &Folder, found: &mut Offences) {
    let file = "src/starter.rs";
    if folder.files.contains_key(file) && !folder.text(file).contains("// TODO: ") {
        let mend = "name the outcome where the candidate is to write: `// TODO: 200 with …`";
        found.add(folder.path(file), "todo", "there is no `// TODO: `", mend);
    }
}

fn solution(folder: &Folder, found: &mut Offences) {
    let file = "src/solution.rs";
    let lines = folder.text(file).lines().count();
    if lines > LINES {
        let what = format!("{lines} lines are too many, {LINES} is the most");
        let mend = "simplify it, or question the design";
        found.add(folder.path(file), "length", what, mend);
    }
    forbid(folder, file, &["TODO", "FIXME", "XXX"], "todo", "do it, or say why not", found);
    let mend = "handle the error, or state the invariant with `.expect(\"…\")`";
    forbid(folder, file, &[".unwrap()"], "unwrap", mend, found);
    let mend = "take `pub` out; nothing links a program (in a module: `pub(super)`)";
    forbid(folder, file, &["pub "], "pub", mend, found);
    let macros = ["get", "post", "put", "delete", "patch", "head", "route"];
    let macros = macros.map(|name| format!("#[{name}("));
    let macros: Vec<&str> = macros.iter().map(String::as_str).collect();
    let mend = "take the attribute off and add the handler to the table in `routes`";
    forbid(folder, file, &macros, "route-macros", mend, found);
}

/// Finds the words at the start of a word, in code; `TODO` and the like in comments too.
fn forbid(
    folder: &Folder,
    file: &str,
    words: &[&str],
    rule: &'static str,
    mend: &str,
    found: &mut Offences,
) {
    for (index, line) in folder.text(file).lines().enumerate() {
        if line.trim_start().starts_with("//") && rule != "todo" {
            continue;
        }
        let starts = |word: &&&str| {
            line.match_indices(**word).any(|(at, _)| !line[..at].ends_with(char::is_alphanumeric))
                || (word.starts_with('.') && line.contains(**word))
        };
        if let Some(word) = words.iter().find(starts) {
            let what = format!("`{}` has no place here: {}", word.trim(), line.trim());
            found.add(folder.line(file, index), rule, what, mend);
        }
    }
}
