//! Renders the Markdown of a question calmly in the terminal.

use console::{measure_text_width, style};

use crate::term::{pad, wrap};

/// The lines below a heading, up to the next of the second level.
pub(crate) fn section<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    let below = text.lines().skip_while(|line| *line != heading).skip(1);
    below.take_while(|line| !line.starts_with("## ")).collect()
}

/// Headings bold, tables aligned, code indented, everything within `width` columns.
pub(crate) fn render(markdown: &str, width: usize) -> String {
    let mut out = Vec::new();
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        let text = line.trim_end();
        let indent = text.len() - text.trim_start().len();
        let text = text.trim_start();
        if text.starts_with("```") {
            for code in lines.by_ref().take_while(|line| !line.trim_start().starts_with("```")) {
                out.push(format!("{}    {}", " ".repeat(indent), style(code.trim_end()).cyan()));
            }
        } else if text.starts_with('|') {
            let mut rows = vec![cells(text)];
            while let Some(row) = lines.next_if(|line| line.trim_start().starts_with('|')) {
                rows.push(cells(row));
            }
            out.extend(table(&rows, width));
        } else if let Some(heading) = text.strip_prefix('#') {
            out.push(style(heading.trim_start_matches('#').trim()).bold().to_string());
        } else {
            let marker = marker(text);
            let first = " ".repeat(indent) + marker;
            let rest = " ".repeat(indent + marker.len());
            let body = spans(&text[marker.len()..]);
            for (number, part) in wrap(&body, width.saturating_sub(rest.len())).iter().enumerate() {
                let lead = if number == 0 { &first } else { &rest };
                out.push(format!("{lead}{part}").trim_end().to_owned());
            }
        }
    }
    out.join("\n") + "\n"
}

/// `- ` or `1. ` at the start of a list item.
fn marker(text: &str) -> &str {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let length = match text {
        _ if text.starts_with("- ") || text.starts_with("* ") => 2,
        _ if digits > 0 && text[digits..].starts_with(". ") => digits + 2,
        _ => 0,
    };
    &text[..length]
}

fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|').trim_end_matches('|');
    // A bar inside a cell is written `\|`.
    let row = row.replace("\\|", "\u{1}");
    row.split('|').map(|cell| spans(&cell.replace('\u{1}', "|"))).collect()
}

/// The rows with aligned columns; the widest column is wrapped if the terminal is narrow.
fn table(rows: &[Vec<String>], width: usize) -> Vec<String> {
    let is_rule =
        |row: &Vec<String>| row.iter().all(|cell| cell.chars().all(|c| "-: ".contains(c)));
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let mut widths = vec![0; columns];
    for row in rows.iter().filter(|row| !is_rule(row)) {
        for (cell, widest) in row.iter().zip(&mut widths) {
            *widest = measure_text_width(cell).max(*widest);
        }
    }
    let excess = (widths.iter().sum::<usize>() + 2 * columns).saturating_sub(width);
    if let Some(widest) = widths.iter_mut().max() {
        *widest = widest.saturating_sub(excess).max(12.min(*widest));
    }

    let mut out = Vec::new();
    for (number, row) in rows.iter().enumerate().filter(|(_, row)| !is_rule(row)) {
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

/// Code and emphasis coloured, or left as written where there are no colours; links with their address.
fn spans(text: &str) -> String {
    let text = text.trim();
    let mut out = String::new();
    for (number, part) in text.split('`').enumerate() {
        if number % 2 == 0 {
            out.push_str(&emphasis(&links(part)));
        } else if console::colors_enabled() {
            // Word by word, so that a span may be wrapped.
            let words: Vec<String> =
                part.split(' ').map(|word| style(word).cyan().to_string()).collect();
            out.push_str(&words.join(" "));
        } else {
            out.push_str(&format!("`{part}`"));
        }
    }
    out
}

fn emphasis(text: &str) -> String {
    let parts: Vec<&str> = text.split("**").collect();
    let styled = parts.iter().enumerate().map(|(number, part)| {
        if number % 2 == 0 { (*part).to_owned() } else { style(part).bold().to_string() }
    });
    styled.collect()
}

/// `[the book](https://…)` as `the book (https://…)`
fn links(text: &str) -> String {
    let Some((before, rest)) = text.split_once('[') else {
        return text.to_owned();
    };
    match rest.split_once("](").and_then(|(name, rest)| Some((name, rest.split_once(')')?))) {
        Some((name, (address, after))) => format!("{before}{name} ({address}){}", links(after)),
        None => format!("{before}[{}", links(rest)),
    }
}
