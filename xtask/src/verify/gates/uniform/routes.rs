//! The solution's routes are those of the prompt's contract table, and those of the starter.

use std::{collections::BTreeSet, fmt};

use crate::verify::{folder::Folder, gates::uniform::section, offence::Offences};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/// A method, or `*` for all of them, and a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Route {
    path: String,
    method: String,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Route {
    fn new(method: &str, path: &str) -> Self {
        let path = if path.is_empty() { "/" } else { path };
        Self { path: path.to_owned(), method: method.to_uppercase() }
    }

    /// Whether a request that the prompt names, `/users/{id}` or `/users/7`, goes this way.
    fn serves(&self, request: &Self) -> bool {
        let segments = |route: &Self| -> Vec<String> {
            route.path.trim_end_matches('/').split('/').map(str::to_owned).collect()
        };
        let (pattern, path) = (segments(self), segments(request));
        let is_tail = |segment: &String| segment.starts_with('{') && segment.ends_with("*}");
        let matches = |(pattern, segment): (&String, &String)| {
            pattern == segment || (pattern.starts_with('{') && !segment.is_empty())
        };
        let fits = match pattern.iter().position(is_tail) {
            Some(tail) => path.len() >= tail,
            None => pattern.len() == path.len(),
        };
        (self.method == "*" || self.method == request.method)
            && fits
            && pattern.iter().zip(&path).all(matches)
    }
}

pub(super) fn check(folder: &Folder, found: &mut Offences) {
    let read = |file: &str| {
        let mut routes = BTreeSet::new();
        let read = collect(folder.text(file), "routes", "", &mut routes);
        (routes, read)
    };
    let (solution, solution_read) = read("src/solution.rs");
    let (starter, starter_read) = read("src/starter.rs");
    for (file, read) in [("src/solution.rs", solution_read), ("src/starter.rs", starter_read)] {
        if let Err(what) = read {
            let mend = "write `fn routes` as a flat table, like xtask/template/src/solution.rs";
            found.add(folder.path(file), "routes", what, mend);
            return;
        }
    }

    for route in starter.symmetric_difference(&solution) {
        let (has, lacks) =
            if starter.contains(route) { ("starter", "solution") } else { ("solution", "starter") };
        let what = format!("the {has} has the route {route}, the {lacks} lacks it");
        let mend = "make the tables alike, or add an exception with its reason to EXCEPTIONS in xtask/src/verify/offence.rs";
        found.add(folder.path("src/starter.rs"), "starter-routes", what, mend);
    }

    let (rows, mentions) = requests(folder.text("README.md"));
    for row in rows.iter().filter(|row| !solution.iter().any(|route| route.serves(row))) {
        let what = format!("the contract has {row}, `routes` of the solution has not");
        let mend = "add the route, or correct the row under `## Contract`";
        found.add(folder.path("README.md"), "contract-routes", what, mend);
    }
    let named = |route: &&Route| rows.iter().chain(&mentions).any(|request| route.serves(request));
    for route in solution.iter().filter(|route| !named(route)) {
        let what = format!("the solution has {route}, the contract does not name it");
        let mend = "add a row under `## Contract`, or take the route out";
        found.add(folder.path("README.md"), "contract-routes", what, mend);
    }
}

/// The requests in a prompt's contract: those of the table that are served, and all others.
fn requests(readme: &str) -> (Vec<Route>, Vec<Route>) {
    let (mut rows, mut mentions) = (Vec::new(), Vec::new());
    for line in section(readme, "## Contract") {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let is_served = line.starts_with('|') && !["404", "405"].contains(&cells[2]);
        for (at, code) in line.split('`').skip(1).step_by(2).enumerate() {
            let Some((method, target)) = code.split_once(' ') else { continue };
            if !METHODS.contains(&method) || !target.starts_with('/') {
                continue;
            }
            let path = target.split([' ', '?']).next().unwrap_or(target);
            let is_row = at == 0 && is_served && cells[1].starts_with('`');
            let into = if is_row { &mut rows } else { &mut mentions };
            into.push(Route::new(method, path));
        }
    }
    (rows, mentions)
}

/// The routes that `fn function` adds, below `prefix`.
fn collect(
    source: &str,
    function: &str,
    prefix: &str,
    routes: &mut BTreeSet<Route>,
) -> Result<(), String> {
    let signature = format!("fn {function}(cfg: &mut web::ServiceConfig) {{");
    let Some((_, below)) = source.split_once(&signature) else {
        return Err(format!("there is no `{signature}`"));
    };
    let below: Vec<&str> =
        below.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let below = below.join("\n");
    let body = &below[..closing(&below, '{', '}')];
    for statement in body.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        calls_into(source, statement, prefix, routes)?;
    }
    Ok(())
}

/// What a chain like `cfg.service(…).route(…)` or `web::scope(…).service(…)` adds below `prefix`.
fn calls_into(
    source: &str,
    chain: &str,
    prefix: &str,
    routes: &mut BTreeSet<Route>,
) -> Result<(), String> {
    let (_, calls) = calls(chain);
    for (name, arguments) in calls {
        match name {
            "service" => service(source, arguments, prefix, routes)?,
            "route" => {
                let (path, route) = arguments.split_once(',').unwrap_or_default();
                let path = format!("{prefix}{}", literal(path)?);
                routes.insert(Route::new(method_of(route.trim())?, &path));
            }
            "configure" => collect(source, arguments.trim(), prefix, routes)?,
            _ => {}
        }
    }
    Ok(())
}

fn service(
    source: &str,
    chain: &str,
    prefix: &str,
    routes: &mut BTreeSet<Route>,
) -> Result<(), String> {
    let (head, calls) = calls(chain);
    let Some((_, path)) = calls.first() else {
        return Err(format!("`.service({chain})` names no resource or scope"));
    };
    let path = format!("{prefix}{}", literal(path)?);
    match head {
        "web::scope" => calls_into(source, chain, &path, routes),
        "web::resource" => {
            for (name, arguments) in &calls[1..] {
                let method = match *name {
                    "route" => method_of(arguments)?,
                    "to" => "*",
                    "get" | "post" | "put" | "delete" | "patch" | "head" => name,
                    _ => continue,
                };
                routes.insert(Route::new(method, &path));
            }
            Ok(())
        }
        other => Err(format!("`{other}` is neither `web::resource` nor `web::scope`")),
    }
}

/// `web::get().to(handler)` is `get`.
fn method_of(route: &str) -> Result<&str, String> {
    let (head, calls) = calls(route);
    match (head.strip_prefix("web::"), calls.first()) {
        (Some("to" | "route"), _) => Ok("*"),
        (Some("method"), Some((_, method))) => Ok(method.trim_start_matches("Method::")),
        (Some(method), _) => Ok(method),
        (None, _) => Err(format!("`{route}` does not begin with `web::`")),
    }
}

fn literal(argument: &str) -> Result<String, String> {
    let text = argument.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let text = text.ok_or_else(|| format!("the path {} is no literal", argument.trim()))?;
    // `{id:\\d+}` is `{id}`, a tail `{path:.*}` is `{path*}`.
    let mut path = String::new();
    for part in text.split_inclusive('}') {
        match part.split_once(':') {
            Some((name, ".*}")) => path.extend([name, "*}"]),
            Some((name, _)) => path.extend([name, "}"]),
            None => path.push_str(part),
        }
    }
    Ok(path)
}

/// A chain's head and its calls: `a::b(c).d(e)` is `a::b` with `("", "c")` and `("d", "e")`. Of
/// `cfg.d(e)` the head is `cfg`.
fn calls(chain: &str) -> (&str, Vec<(&str, &str)>) {
    let chain = chain.trim();
    let end = chain.find(['(', '.']).unwrap_or(chain.len());
    let (head, mut rest) = chain.split_at(end);
    let mut calls = Vec::new();
    while let Some((name, below)) = rest.split_once('(') {
        let end = closing(below, '(', ')');
        calls.push((name.trim().trim_start_matches('.').trim(), &below[..end]));
        rest = below.get(end + 1..).unwrap_or_default();
    }
    (head, calls)
}

/// Where what was opened before `text` is closed, or the end. Quoted brackets don't count.
fn closing(text: &str, open: char, close: char) -> usize {
    let (mut depth, mut quoted) = (1, false);
    for (at, c) in text.char_indices() {
        if c == '"' {
            quoted = !quoted;
        } else if c == open && !quoted {
            depth += 1;
        } else if c == close && !quoted {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    text.len()
}
