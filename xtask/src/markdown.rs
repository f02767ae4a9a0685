//! Reads the Markdown of a question, and renders it in the terminal.

use std::{iter::Peekable, ops::Range};

use console::{measure_text_width, style};
use pulldown_cmark::{
    CodeBlockKind, Event, HeadingLevel, OffsetIter, Options, Parser, Tag, TagEnd,
};

use crate::term::{pad, wrap};

fn events(text: &str) -> OffsetIter<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter()
}

/// A heading and what is below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Section<'a> {
    /// As it is written, without the number signs.
    pub(crate) heading: &'a str,
    /// Up to the next heading of this or a higher level.
    pub(crate) body: &'a str,
    /// The line of the heading, from 0.
    pub(crate) line: usize,
}

/// The sections of level 2.
pub(crate) fn sections(text: &str) -> Vec<Section<'_>> {
    split(text, HeadingLevel::H2)
}

/// The sections of level 3.
pub(crate) fn subsections(text: &str) -> Vec<Section<'_>> {
    split(text, HeadingLevel::H3)
}

fn split(text: &str, wanted: HeadingLevel) -> Vec<Section<'_>> {
    let mut found: Vec<Section<'_>> = Vec::new();
    // Where the body of the open section begins.
    let mut open: Option<usize> = None;
    for (event, Range { start, end }) in events(text) {
        let Event::Start(Tag::Heading { level, .. }) = event else { continue };
        if level > wanted {
            continue;
        }
        if let (Some(begin), Some(last)) = (open.take(), found.last_mut()) {
            last.body = &text[begin..start];
        }
        if level == wanted {
            let heading = text[start..end].trim().trim_start_matches('#').trim();
            let line = text[..start].matches('\n').count();
            found.push(Section { heading, body: "", line });
            open = Some(end);
        }
    }
    if let (Some(begin), Some(last)) = (open, found.last_mut()) {
        last.body = &text[begin..];
    }
    found
}

/// What is below the heading of level 2; empty without one.
pub(crate) fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let found = sections(text).into_iter().find(|section| section.heading == heading);
    found.map_or("", |section| section.body)
}

/// A table whose cells are as they are written, without the whitespace around them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Table<'a> {
    pub(crate) head: Vec<&'a str>,
    pub(crate) rows: Vec<Vec<&'a str>>,
}

pub(crate) fn tables(text: &str) -> Vec<Table<'_>> {
    let (mut found, mut table, mut row) = (Vec::new(), Table::default(), Vec::new());
    for (event, range) in events(text) {
        match event {
            Event::Start(Tag::TableCell) => row.push(text[range].trim()),
            Event::End(TagEnd::TableHead) => table.head = std::mem::take(&mut row),
            Event::End(TagEnd::TableRow) => table.rows.push(std::mem::take(&mut row)),
            Event::End(TagEnd::Table) => found.push(std::mem::take(&mut table)),
            _ => {}
        }
    }
    found
}

/// An entry of a list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Of a numbered list.
    pub(crate) number: Option<u64>,
    /// As it is written, without the marker and the indentation.
    pub(crate) text: String,
}

/// The entries of all lists that are not within another.
pub(crate) fn items(text: &str) -> Vec<Item> {
    let (mut found, mut depth, mut number) = (Vec::new(), 0, None);
    for (event, range) in events(text) {
        match event {
            Event::Start(Tag::List(first)) => {
                if depth == 0 {
                    number = first;
                }
                depth += 1;
            }
            Event::End(TagEnd::List(_)) => depth -= 1,
            Event::Start(Tag::Item) if depth == 1 => {
                found.push(Item { number, text: without_marker(&text[range]) });
                number = number.map(|number| number + 1);
            }
            _ => {}
        }
    }
    found
}

fn without_marker(item: &str) -> String {
    let marker = item.find([' ', '\n']).map_or(item.len(), |end| end + 1);
    let mut lines = item.get(marker..).unwrap_or_default().trim_end().lines();
    let mut text = lines.next().unwrap_or_default().trim().to_owned();
    for line in lines {
        let indent = line.len() - line.trim_start().len();
        text.push('\n');
        text.push_str(&line[indent.min(marker)..]);
    }
    text
}

/// What is between backticks, and not in a block of code.
pub(crate) fn code_spans(text: &str) -> Vec<String> {
    let codes = events(text).filter_map(|(event, _)| match event {
        Event::Code(code) => Some(code.into_string()),
        _ => None,
    });
    codes.collect()
}

/// The blocks of code between fences: the language and the lines.
pub(crate) fn code_blocks(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut is_open = false;
    for (event, _) in events(text) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                found.push((language.into_string(), String::new()));
                is_open = true;
            }
            Event::Text(code) if is_open => {
                if let Some((_, lines)) = found.last_mut() {
                    lines.push_str(&code);
                }
            }
            Event::End(TagEnd::CodeBlock) => is_open = false,
            _ => {}
        }
    }
    found
}

/// Headings bold, tables aligned, code indented, everything within `width` columns.
///
/// Lines of a paragraph stay lines: prompts have a sentence on each.
pub(crate) fn render(markdown: &str, width: usize) -> String {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).peekable();
    let mut renderer = Renderer { events, lines: Vec::new(), width };
    renderer.blocks("", "");
    let mut text = renderer.lines.join("\n");
    text.push('\n');
    text
}

struct Renderer<'a> {
    events: Peekable<Parser<'a>>,
    lines: Vec<String>,
    width: usize,
}

impl<'a> Renderer<'a> {
    /// Everything up to the end of what is open. The first line begins with `first`, the others with
    /// `rest`.
    fn blocks(&mut self, first: &str, rest: &str) {
        let mut lead = first.to_owned();
        let begin = self.lines.len();
        while let Some(event) = self.events.peek() {
            if let Event::End(_) = event {
                self.events.next();
                break;
            }
            let is_list = matches!(event, Event::Start(Tag::List(_)));
            let is_block = matches!(
                event,
                Event::Start(
                    Tag::Paragraph
                        | Tag::Heading { .. }
                        | Tag::CodeBlock(_)
                        | Tag::Table(_)
                        | Tag::BlockQuote(_)
                        | Tag::HtmlBlock
                        | Tag::List(_)
                ) | Event::Rule
            );
            // A list follows the first line of its entry closely.
            let is_close = is_list && !rest.is_empty();
            if is_block && !is_close && self.lines.len() > begin {
                self.lines.push(String::new());
            }
            self.block(&lead, rest);
            lead = rest.to_owned();
        }
    }

    fn block(&mut self, first: &str, rest: &str) {
        match self.events.peek() {
            Some(Event::Start(Tag::Heading { .. })) => {
                self.events.next();
                let text = self.inline();
                self.lines.push(format!("{first}{}", style(text).bold()));
            }
            Some(Event::Start(Tag::CodeBlock(_))) => {
                self.events.next();
                let code = self.text();
                for (number, line) in code.lines().enumerate() {
                    let lead = if number == 0 { first } else { rest };
                    let line = format!("{lead}    {}", style(line.trim_end()).cyan());
                    self.lines.push(line.trim_end().to_owned());
                }
            }
            Some(Event::Start(Tag::Table(_))) => {
                self.events.next();
                self.table(rest);
            }
            Some(Event::Start(Tag::List(number))) => {
                let mut number = *number;
                self.events.next();
                while let Some(Event::Start(Tag::Item)) = self.events.next() {
                    let marker = number.map_or("- ".to_owned(), |number| format!("{number}. "));
                    number = number.map(|number| number + 1);
                    let below = format!("{rest}{}", " ".repeat(marker.len()));
                    self.blocks(&format!("{rest}{marker}"), &below);
                }
            }
            Some(Event::Start(Tag::BlockQuote(_))) => {
                self.events.next();
                self.blocks(&format!("{first}> "), &format!("{rest}> "));
            }
            Some(Event::Start(Tag::HtmlBlock)) => {
                self.events.next();
                let text = self.text();
                self.lines.extend(text.lines().map(|line| format!("{rest}{line}")));
            }
            Some(Event::Rule) => {
                self.events.next();
                self.lines.push(format!("{first}---"));
            }
            Some(Event::Start(Tag::Paragraph)) => {
                self.events.next();
                let text = self.inline();
                self.paragraph(&text, first, rest);
            }
            // The text of an entry in a list without blank lines has no paragraph around it.
            _ => {
                let text = self.inline_in_item();
                self.paragraph(&text, first, rest);
            }
        }
    }

    fn paragraph(&mut self, text: &str, first: &str, rest: &str) {
        for (number, line) in text.lines().enumerate() {
            let width = self.width.saturating_sub(measure_text_width(rest)).max(1);
            for (part, words) in wrap(line, width).iter().enumerate() {
                let lead = if number + part == 0 { first } else { rest };
                self.lines.push(format!("{lead}{words}").trim_end().to_owned());
            }
        }
    }

    fn table(&mut self, indent: &str) {
        let (mut rows, mut row) = (Vec::new(), Vec::new());
        while let Some(event) = self.events.next() {
            match event {
                Event::Start(Tag::TableCell) => row.push(self.inline()),
                Event::End(TagEnd::TableHead | TagEnd::TableRow) => {
                    rows.push(std::mem::take(&mut row));
                }
                Event::End(TagEnd::Table) => break,
                _ => {}
            }
        }
        let width = self.width.saturating_sub(indent.len());
        self.lines.extend(align(&rows, width).iter().map(|line| format!("{indent}{line}")));
    }

    /// The text up to the end of what is open, without any form.
    fn text(&mut self) -> String {
        let mut text = String::new();
        for event in self.events.by_ref() {
            match event {
                Event::Text(part) | Event::Html(part) => text.push_str(&part),
                Event::End(_) => break,
                _ => {}
            }
        }
        text
    }

    /// Inline text up to the end of what is open.
    fn inline(&mut self) -> String {
        let mut out = String::new();
        while let Some(event) = self.events.next() {
            if let Event::End(_) = event {
                break;
            }
            self.span(event, &mut out);
        }
        out
    }

    /// Inline text up to a block or the end of the entry, which both stay.
    fn inline_in_item(&mut self) -> String {
        let mut out = String::new();
        while let Some(event) = self.events.next_if(|event| {
            !matches!(
                event,
                Event::End(_)
                    | Event::Rule
                    | Event::Start(
                        Tag::Paragraph
                            | Tag::Heading { .. }
                            | Tag::CodeBlock(_)
                            | Tag::Table(_)
                            | Tag::BlockQuote(_)
                            | Tag::HtmlBlock
                            | Tag::List(_)
                    )
            )
        }) {
            self.span(event, &mut out);
        }
        out
    }

    /// Code and emphasis colored; code as it is written where there are no colors; links with their
    /// address.
    fn span(&mut self, event: Event<'a>, out: &mut String) {
        // Word by word, so that a span may be wrapped.
        let by_word = |text: &str, styled: fn(&str) -> String| -> String {
            text.split(' ').map(styled).collect::<Vec<_>>().join(" ")
        };
        match event {
            Event::Text(text) | Event::InlineHtml(text) | Event::Html(text) => out.push_str(&text),
            Event::Code(code) if console::colors_enabled() => {
                out.push_str(&by_word(&code, |word| style(word).cyan().to_string()));
            }
            Event::Code(code) => out.push_str(&format!("`{code}`")),
            Event::SoftBreak | Event::HardBreak => out.push('\n'),
            Event::Start(Tag::Strong) => {
                let text = self.inline();
                out.push_str(&by_word(&text, |word| style(word).bold().to_string()));
            }
            Event::Start(Tag::Emphasis) => {
                let text = self.inline();
                out.push_str(&by_word(&text, |word| style(word).italic().to_string()));
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                let name = self.inline();
                out.push_str(&name);
                if *name != *dest_url {
                    out.push_str(&format!(" ({dest_url})"));
                }
            }
            Event::Start(_) => out.push_str(&self.inline()),
            _ => {}
        }
    }
}

/// The rows with aligned columns, the first of them the head; the widest column is wrapped if the
/// terminal is narrow.
fn align(rows: &[Vec<String>], width: usize) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let mut widths = vec![0; columns];
    for row in rows {
        for (cell, widest) in row.iter().zip(&mut widths) {
            *widest = measure_text_width(cell).max(*widest);
        }
    }
    let excess = (widths.iter().sum::<usize>() + 2 * columns).saturating_sub(width);
    if let Some(widest) = widths.iter_mut().max() {
        *widest = widest.saturating_sub(excess).max(12.min(*widest));
    }

    let mut out = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let wrapped: Vec<Vec<String>> =
            row.iter().zip(&widths).map(|(cell, width)| wrap(cell, *width)).collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or_default();
        for line in 0..height {
            let parts = wrapped.iter().zip(&widths).map(|(cell, width)| {
                let part = cell.get(line).map(String::as_str).unwrap_or_default();
                let part =
                    if number == 0 { style(part).bold().to_string() } else { part.to_owned() };
                pad(&part, *width)
            });
            out.push(format!("  {}", parts.collect::<Vec<_>>().join("  ")).trim_end().to_owned());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_end_at_the_next_heading_of_their_level() {
        let text = "# Title\n\n## One\n\na\n\n### Inner\n\nb\n\n## Two\n\nc\n";

        let found = sections(text);

        let headings: Vec<_> = found.iter().map(|found| (found.heading, found.line)).collect();
        assert_eq!(headings, [("One", 2), ("Two", 10)]);
        assert_eq!(found[0].body.trim(), "a\n\n### Inner\n\nb");
        assert_eq!(subsections(found[0].body)[0].body.trim(), "b");
        assert_eq!(section(text, "Two").trim(), "c");
        assert_eq!(section(text, "Three"), "");
    }

    #[test]
    fn headings_in_code_are_no_headings() {
        for fence in ["```", "~~~", "````"] {
            let text = format!(
                "## One\n\n{fence}sh\n## Not one\n{fence}\n\n  {fence}\n## Nor this\n  {fence}\n\n## Two\n"
            );

            let found: Vec<_> =
                sections(&text).iter().map(|found| found.heading.to_owned()).collect();

            assert_eq!(found, ["One", "Two"], "{text}");
        }
    }

    #[test]
    fn tables_have_cells_as_they_are_written() {
        let text = "| Request | Status |\n| --- | --- |\n| `GET /a` | 200 |\n|`a \\| b`||\n\n```\n| no | table |\n| --- | --- |\n```\n";

        let found = tables(text);

        assert_eq!(found.len(), 1);
        assert_eq!(found[0].head, ["Request", "Status"]);
        assert_eq!(found[0].rows, [["`GET /a`", "200"], ["`a \\| b`", ""]]);
    }

    #[test]
    fn a_row_without_an_end_is_no_table_and_renders() {
        for text in ["| foo", "|", "| a |", "| a | b |\n| --- | --- |\n| c", "| --- |\n"] {
            let rendered = render(text, 40);
            assert!(!rendered.trim().is_empty(), "{text:?}");
        }
        assert_eq!(tables("| foo"), []);
        assert_eq!(tables("| a | b |\n| --- | --- |\n| c")[0].rows, [["c", ""]]);
    }

    #[test]
    fn items_of_inner_lists_belong_to_the_outer_one() {
        let text = "1. One\n   and more\n\n   ```rust\n   fn one() {}\n   ```\n2. Two\n   - inner\n\n- plain\n";

        let found = items(text);

        let numbers: Vec<_> = found.iter().map(|item| item.number).collect();
        assert_eq!(numbers, [Some(1), Some(2), None]);
        assert_eq!(found[0].text, "One\nand more\n\n```rust\nfn one() {}\n```");
        assert_eq!(found[1].text, "Two\n- inner");
    }

    #[test]
    fn code_spans_are_not_those_of_blocks() {
        let text = "`A` and ``b ` c``\n\n```sh\n`not this`\n```\n";
        assert_eq!(code_spans(text), ["A", "b ` c"]);
        assert_eq!(code_blocks(text), [("sh".to_owned(), "`not this`\n".to_owned())]);
    }

    #[test]
    fn everything_renders_within_the_width() {
        let text = "# T\n\nOne **bold** and *italic* [link](https://a.example).\nTwo.\n\n- a long entry of a list that does not fit into one line\n  - inner\n- b\n\n  c\n\n> quoted\n\n1. one\n2. two\n\n| A | B |\n| --- | --- |\n| `x` | a long cell that has to be wrapped somewhere |\n\n```\ncode\n```\n\n---\n";

        let rendered = render(text, 30);

        assert_eq!(
            rendered,
            "T\n\nOne bold and italic link\n(https://a.example).\nTwo.\n\n- a long entry of a list that\n  does not fit into one line\n  - inner\n- b\n\n  c\n\n> quoted\n\n1. one\n2. two\n\n  A    B\n  `x`  a long cell that has to\n       be wrapped somewhere\n\n    code\n\n---\n"
        );
        assert!(rendered.lines().all(|line| line.chars().count() <= 30), "{rendered}");
    }
}
