//! Reads the Rust of a question.

use std::{collections::BTreeSet, str::FromStr};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Expr, ExprLit, File, Item, ItemFn, ItemMod, Lit, Meta, spanned::Spanned,
    visit::Visit,
};

/// A `#[test]` function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Test {
    /// As libtest names it: `stretch::titles_are_trimmed`.
    pub(crate) name: String,
    /// The first paragraph of its documentation, on one line.
    pub(crate) doc: String,
}

/// The tests of a file in the order of the source; none if the file is not Rust.
pub(crate) fn tests(source: &str) -> Vec<Test> {
    syn::parse_file(source).map(|file| tests_among(&file.items)).unwrap_or_default()
}

/// The tests among items at the top of a file, and in their modules.
pub(crate) fn tests_among(items: &[Item]) -> Vec<Test> {
    fn collect(items: &[Item], path: &str, found: &mut Vec<Test>) {
        for item in items {
            match item {
                Item::Fn(function)
                    if function.attrs.iter().any(|it| it.path().is_ident("test")) =>
                {
                    let name = format!("{path}{}", function.sig.ident);
                    found.push(Test { name, doc: first_paragraph(&function.attrs) });
                }
                Item::Mod(ItemMod { ident, content: Some((_, items)), .. }) => {
                    collect(items, &format!("{path}{ident}::"), found);
                }
                _ => {}
            }
        }
    }

    let mut found = Vec::new();
    collect(items, "", &mut found);
    found
}

/// The first paragraph of what `///` says, without a period at its end.
fn first_paragraph(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    lines.join(" ").trim_end_matches('.').to_owned()
}

/// The functions at the top of a file, in order.
pub(crate) fn functions(file: &File) -> impl Iterator<Item = &ItemFn> {
    file.items.iter().filter_map(|item| match item {
        Item::Fn(function) => Some(function),
        _ => None,
    })
}

/// A function with its attributes, without whitespace and comments.
pub(crate) fn squeezed(function: &ItemFn) -> String {
    function.to_token_stream().to_string().split_whitespace().collect()
}

/// A token, and where it is.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// An opening or closing delimiter is a token of its own.
    pub(crate) text: String,
    /// From 0.
    pub(crate) line: usize,
}

/// All tokens of a source, documentation included; none if it is not Rust.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    fn flatten(stream: TokenStream, found: &mut Vec<Token>) {
        for tree in stream {
            let at = |span: proc_macro2::Span| span.start().line.saturating_sub(1);
            match tree {
                TokenTree::Group(group) => {
                    use proc_macro2::Delimiter::{Brace, Bracket, None, Parenthesis};
                    let (open, close) = match group.delimiter() {
                        Parenthesis => ("(", ")"),
                        Brace => ("{", "}"),
                        Bracket => ("[", "]"),
                        None => ("", ""),
                    };
                    found.push(Token { text: open.to_owned(), line: at(group.span_open()) });
                    flatten(group.stream(), found);
                    found.push(Token { text: close.to_owned(), line: at(group.span_close()) });
                }
                other => found.push(Token { text: other.to_string(), line: at(other.span()) }),
            }
        }
    }

    let mut found = Vec::new();
    if let Ok(stream) = TokenStream::from_str(source) {
        flatten(stream, &mut found);
    }
    found
}

/// The lines, from 0, where these tokens follow each other.
pub(crate) fn lines_with(tokens: &[Token], wanted: &[&str]) -> Vec<usize> {
    let matches =
        |window: &&[Token]| window.iter().map(|it| it.text.as_str()).eq(wanted.iter().copied());
    tokens.windows(wanted.len().max(1)).filter(matches).map(|window| window[0].line).collect()
}

/// The values of the string literals in a source.
pub(crate) fn strings(tokens: &[Token]) -> impl Iterator<Item = String> {
    tokens
        .iter()
        .filter_map(|token| syn::parse_str::<syn::LitStr>(&token.text).ok())
        .map(|it| it.value())
}

/// The lines of code: not comments, imports, blank lines, or lines of brackets alone.
pub(crate) fn code_lines(source: &str) -> Vec<&str> {
    struct Imports(BTreeSet<usize>);
    impl Visit<'_> for Imports {
        fn visit_item_use(&mut self, item: &syn::ItemUse) {
            let span = item.span();
            self.0.extend(span.start().line..=span.end().line);
        }
    }

    let mut imports = Imports(BTreeSet::new());
    if let Ok(file) = syn::parse_file(source) {
        imports.visit_file(&file);
    }
    let lines = (1..).zip(source.lines());
    let is_code = |(number, line): &(usize, &str)| {
        let line = line.trim();
        let is_bracket = line.chars().all(|c| "{}()[];,".contains(c));
        !is_bracket && !line.starts_with("//") && !imports.0.contains(number)
    };
    lines.filter(is_code).map(|(_, line)| line.trim()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"//! A file.

use std::{
    env,
    fmt,
};

/// Says hello.
/// Loudly.
///
/// And more.
#[test]
fn it_greets() {
    let text = "fn not_a_test() { // }";
    /* #[test] fn nor_this() {} */
    greet(text); // done
}

#[test]
#[cfg(unix)]
async fn it_waits() {}

fn helper() {}

mod stretch {
    use super::*;

    #[test]
    fn it_rests() {
        assert!(env::var("APP_ENV").is_ok());
    }
}
"#;

    #[test]
    fn tests_are_found_where_libtest_finds_them() {
        let found = tests(SOURCE);

        let names: Vec<_> = found.iter().map(|test| test.name.as_str()).collect();
        assert_eq!(names, ["it_greets", "it_waits", "stretch::it_rests"]);
        assert_eq!(found[0].doc, "Says hello. Loudly");
        assert_eq!(tests("fn {"), []);
    }

    #[test]
    fn tokens_are_not_text() {
        let tokens = tokens(SOURCE);

        assert_eq!(lines_with(&tokens, &["#", "[", "test", "]"]), [11, 18, 27]);
        assert_eq!(lines_with(&tokens, &["fn", "not_a_test"]), [] as [usize; 0]);
        assert!(strings(&tokens).any(|text| text == "APP_ENV"));
        assert!(strings(&tokens).any(|text| text.starts_with("fn not_a_test")));
    }

    #[test]
    fn code_is_neither_import_nor_comment_nor_bracket() {
        let lines = code_lines(SOURCE);

        assert!(lines.contains(&"greet(text); // done"));
        for other in ["env,", "use super::*;", "}", "/// Says hello.", ""] {
            assert!(!lines.contains(&other), "{other:?} in {lines:?}");
        }
    }
}
