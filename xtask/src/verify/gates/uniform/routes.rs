//! The solution's routes are those of the prompt's contract table, and those of the starter.

use std::{collections::BTreeSet, fmt};

use quote::ToTokens;
use syn::{Expr, ExprLit, File, Lit, Stmt};

use crate::{
    markdown::{code_spans, section, tables},
    source,
    verify::{finding::Findings, folder::Folder},
};

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

pub(super) fn check(folder: &Folder, found: &mut Findings) {
    let read = |file: &str| -> Result<BTreeSet<Route>, String> {
        let file = syn::parse_file(folder.text(file)).map_err(|error| error.to_string())?;
        let mut routes = BTreeSet::new();
        collect(&file, "routes", "", &mut routes)?;
        Ok(routes)
    };
    let (solution, starter) = match (read("src/solution.rs"), read("src/starter.rs")) {
        (Ok(solution), Ok(starter)) => (solution, starter),
        (solution, starter) => {
            for (file, result) in [("src/solution.rs", solution), ("src/starter.rs", starter)] {
                if let Err(what) = result {
                    let fix =
                        "write `fn routes` as a flat table, like xtask/template/src/solution.rs";
                    found.add(folder.path(file), "routes", what, fix);
                }
            }
            return;
        }
    };

    for route in starter.symmetric_difference(&solution) {
        let (has, lacks) =
            if starter.contains(route) { ("starter", "solution") } else { ("solution", "starter") };
        let what = format!("the {has} has the route {route}, the {lacks} does not");
        let fix = "make the tables alike, or add an exception with its reason to EXCEPTIONS in xtask/src/verify/finding.rs";
        found.add(folder.path("src/starter.rs"), "starter-routes", what, fix);
    }

    let (rows, mentions) = requests(folder.text("README.md"));
    for row in rows.iter().filter(|row| !solution.iter().any(|route| route.serves(row))) {
        let what = format!("the contract has {row}, but `routes` of the solution does not");
        let fix = "add the route, or correct the row under `## Contract`";
        found.add(folder.path("README.md"), "contract-routes", what, fix);
    }
    let named = |route: &&Route| rows.iter().chain(&mentions).any(|request| route.serves(request));
    for route in solution.iter().filter(|route| !named(route)) {
        let what = format!("the solution has {route}, but the contract does not name it");
        let fix = "add a row under `## Contract`, or take the route out";
        found.add(folder.path("README.md"), "contract-routes", what, fix);
    }
}

/// The requests in a prompt's contract: those of the table that are served, and all others.
fn requests(readme: &str) -> (Vec<Route>, Vec<Route>) {
    let contract = section(readme, "Contract");
    let mut rows = Vec::new();
    for table in tables(contract) {
        for row in table.rows {
            let [first, status, ..] = row.as_slice() else { continue };
            if !["404", "405"].contains(status) && first.starts_with('`') {
                rows.extend(code_spans(first).first().and_then(|code| request(code)));
            }
        }
    }
    let mentions = code_spans(contract).iter().filter_map(|code| request(code)).collect();
    (rows, mentions)
}

/// `GET /users?page=1`
fn request(code: &str) -> Option<Route> {
    let (method, target) = code.split_once(' ')?;
    let path = target.split([' ', '?']).next().unwrap_or(target);
    (METHODS.contains(&method) && target.starts_with('/')).then(|| Route::new(method, path))
}

/// The routes that `fn function` adds, below `prefix`.
fn collect(
    file: &File,
    function: &str,
    prefix: &str,
    routes: &mut BTreeSet<Route>,
) -> Result<(), String> {
    let found = source::functions(file).find(|found| found.sig.ident == function);
    let found = found.ok_or_else(|| {
        format!("there is no `fn {function}(cfg: &mut web::ServiceConfig)` at the top of the file")
    })?;
    for statement in &found.block.stmts {
        match statement {
            Stmt::Expr(expression, _) => calls_into(file, &chain(expression), prefix, routes)?,
            Stmt::Item(_) => {}
            Stmt::Local(_) | Stmt::Macro(_) => {
                return Err(format!(
                    "`fn {function}` is not a table: it has a variable or a macro"
                ));
            }
        }
    }
    Ok(())
}

/// What a chain like `cfg.service(…).route(…)` or `web::scope(…).service(…)` adds below `prefix`.
fn calls_into(
    file: &File,
    chain: &Chain<'_>,
    prefix: &str,
    routes: &mut BTreeSet<Route>,
) -> Result<(), String> {
    for (name, arguments) in &chain.calls {
        match (name.as_str(), arguments.as_slice()) {
            ("service", [service]) => add_service(file, service, prefix, routes)?,
            ("route", [path, route]) => {
                let path = format!("{prefix}{}", literal(Some(path))?);
                routes.insert(Route::new(&method_of(route)?, &path));
            }
            ("configure", [function]) => {
                collect(file, &text_of(*function), prefix, routes)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn add_service(
    file: &File,
    service: &Expr,
    prefix: &str,
    routes: &mut BTreeSet<Route>,
) -> Result<(), String> {
    let chain = chain(service);
    let path =
        || Ok::<_, String>(format!("{prefix}{}", literal(chain.arguments.first().copied())?));
    match chain.head.as_str() {
        "web::scope" => calls_into(file, &chain, &path()?, routes),
        "web::resource" => {
            let path = path()?;
            for (name, arguments) in &chain.calls {
                let method = match (name.as_str(), arguments.as_slice()) {
                    ("route", [route]) => method_of(route)?,
                    ("to", _) => "*".to_owned(),
                    ("get" | "post" | "put" | "delete" | "patch" | "head", _) => name.clone(),
                    _ => continue,
                };
                routes.insert(Route::new(&method, &path));
            }
            Ok(())
        }
        head => Err(format!("the service `{head}` is neither `web::resource` nor `web::scope`")),
    }
}

/// `web::get().to(handler)` is `get`.
fn method_of(route: &Expr) -> Result<String, String> {
    let chain = chain(route);
    match (chain.head.strip_prefix("web::"), chain.arguments.as_slice()) {
        (Some("to" | "route"), _) => Ok("*".to_owned()),
        (Some("method"), [method]) => {
            Ok(text_of(*method).trim_start_matches("Method::").to_owned())
        }
        (Some(method), _) => Ok(method.to_owned()),
        (None, _) => Err(format!("`{}` does not begin with `web::`", chain.head)),
    }
}

fn literal(argument: Option<&Expr>) -> Result<String, String> {
    let Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) = argument else {
        let argument = argument.map(text_of).unwrap_or_default();
        return Err(format!("the path `{argument}` is not a string literal"));
    };
    // `{id:\\d+}` is `{id}`, a tail `{path:.*}` is `{path*}`.
    let mut path = String::new();
    for part in text.value().split_inclusive('}') {
        match part.split_once(':') {
            Some((name, ".*}")) => path.extend([name, "*}"]),
            Some((name, _)) => path.extend([name, "}"]),
            None => path.push_str(part),
        }
    }
    Ok(path)
}

fn text_of(part: impl ToTokens) -> String {
    part.to_token_stream().to_string().split_whitespace().collect()
}

/// A chain of calls: `a::b(c).d(e)` is `a::b` with `c` and then `d` with `e`. Of `cfg.d(e)` the head is
/// `cfg`.
struct Chain<'a> {
    head: String,
    /// Of the head, if it is a call.
    arguments: Vec<&'a Expr>,
    calls: Vec<(String, Vec<&'a Expr>)>,
}

fn chain(expression: &Expr) -> Chain<'_> {
    match expression {
        Expr::MethodCall(call) => {
            let mut chain = chain(&call.receiver);
            chain.calls.push((call.method.to_string(), call.args.iter().collect()));
            chain
        }
        Expr::Call(call) => Chain {
            head: text_of(&call.func),
            arguments: call.args.iter().collect(),
            calls: Vec::new(),
        },
        other => Chain { head: text_of(other), arguments: Vec::new(), calls: Vec::new() },
    }
}
