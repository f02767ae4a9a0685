//! Text that others wrote, made safe to show: names of files and folders, and what programs printed.
//!
//! A terminal obeys control characters, an editor obeys those that turn the direction of text, and
//! Markdown obeys punctuation. Whoever reads a result must not be fooled by any of them, so they are
//! shown as what they are: `\u{1b}`.

use std::fmt::Write;

/// Whether a reader sees something else than what is there.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            // Soft hyphen, marks and overrides of direction, characters without width, separators.
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{ffa0}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
        )
        // Characters that Unicode reserves; XML cannot contain some of them.
        || matches!(c, '\u{fdd0}'..='\u{fdef}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// One line: line ends and tabs are shown as well.
pub(crate) fn line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        push(&mut shown, c);
    }
    shown
}

/// Several lines: line ends stay, and a tab is four spaces.
pub(crate) fn lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\n' => shown.push('\n'),
            '\t' => shown.push_str("    "),
            c => push(&mut shown, c),
        }
    }
    shown
}

fn push(shown: &mut String, c: char) {
    match c {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        c if is_deceptive(c) => {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        }
        c => shown.push(c),
    }
}

/// One line of Markdown that reads as the text itself, in headings, cells of tables and lists.
pub(crate) fn markdown(text: &str) -> String {
    let mut shown = String::new();
    for c in line(text).chars() {
        if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | '/' | '-' | ':' | ';' | '\'') {
            shown.push('\\');
        }
        shown.push(c);
    }
    // Only at the start of a line do these mean something.
    if shown.starts_with(['-', '.']) || shown.starts_with(|c: char| c.is_ascii_digit()) {
        shown = shown.replacen('-', "\\-", 1).replacen(". ", "\\. ", 1);
    }
    shown
}

/// Code in a line of Markdown.
pub(crate) fn code(text: &str) -> String {
    let text = line(text);
    let fence = "`".repeat(longest_run(&text, '`') + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A block of Markdown that shows the lines as they are, each after `indent`.
pub(crate) fn block(text: &str, indent: &str) -> String {
    let text = lines(text.trim_end());
    let fence = "`".repeat((longest_run(&text, '`') + 1).max(3));
    let mut shown = format!("{indent}{fence}text\n");
    for line in text.lines() {
        shown.push_str(format!("{indent}{line}").trim_end());
        shown.push('\n');
    }
    shown.push_str(&format!("{indent}{fence}\n"));
    shown
}

fn longest_run(text: &str, wanted: char) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// JSON in which every character that deceives is escaped. The text means the same.
pub(crate) fn json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\n' => shown.push('\n'),
            c if is_deceptive(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(shown, "\\u{unit:04x}");
                }
            }
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERASES: &str = "ada\u{1b}[2K\rbob\u{8}\u{9b}K\u{202e}txt\n## Required: 11 of 11";

    #[test]
    fn a_line_stays_one_and_shows_what_a_terminal_would_obey() {
        assert_eq!(
            line(ERASES),
            r"ada\u{1b}[2K\rbob\u{8}\u{9b}K\u{202e}txt\n## Required: 11 of 11"
        );
        assert_eq!(line("Jörg 李 ✓"), "Jörg 李 ✓");
        assert_eq!(line("\u{fffe}\u{10ffff}\u{e0100}"), r"\u{fffe}\u{10ffff}\u{e0100}");
    }

    #[test]
    fn lines_keep_their_ends_and_nothing_else() {
        assert_eq!(lines("a\r\n\tb\u{1b}c\rd\n"), "a\n    b\\u{1b}c\\rd\n");
    }

    #[test]
    fn markdown_cannot_become_a_heading_a_cell_or_a_link() {
        assert_eq!(markdown("a | b"), r"a \| b");
        assert_eq!(markdown("## [x](y) *z* <b> `c`"), r"\#\# \[x\]\(y\) \*z\* \<b\> \`c\`");
        assert_eq!(markdown("- a"), r"\- a");
        assert_eq!(markdown("a\n# b"), r"a\\n\# b");
    }

    #[test]
    fn code_and_blocks_cannot_be_left() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a|b\n"), r"`a|b\n`");
        assert_eq!(block("a\n```\nb", "  "), "  ````text\n  a\n  ```\n  b\n  ````\n");
    }

    #[test]
    fn json_means_the_same_and_shows_everything() {
        let value = serde_json::json!({ "name": ERASES, "tag": "\u{e0041}" });
        let shown = json(&serde_json::to_string_pretty(&value).unwrap());

        assert!(!shown.chars().any(|c| is_deceptive(c) && c != '\n'), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
