//! Output of the commands: colors only where they are wanted, aligned columns.

use std::{
    io::{self, ErrorKind, IsTerminal, Write},
    path::Path,
    process::exit,
};

use console::{Alignment, Term, measure_text_width, pad_str, style, truncate_str};

/// The stars of a tier, out of three.
pub(crate) fn stars(tier: u8) -> String {
    (1..=3).map(|star| if star <= tier { '★' } else { '☆' }).collect()
}

/// The columns of the terminal; 100 where there is none, so that pages and logs look the same.
pub(crate) fn width() -> usize {
    Term::stdout().size_checked().map_or(100, |(_, columns)| usize::from(columns))
}

/// The columns for a table: without a terminal the width is unlimited.
pub(crate) fn columns() -> usize {
    Term::stdout().size_checked().map_or(usize::MAX, |(_, columns)| usize::from(columns))
}

pub(crate) fn pad(text: &str, width: usize) -> String {
    pad_str(text, width, Alignment::Left, None).into_owned()
}

/// `text` in lines of at most `width` columns, broken between words. Words may be styled.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a last line");
        if line.is_empty() {
            line.push_str(word);
        } else if measure_text_width(line) + 1 + measure_text_width(word) <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// `1 check`, `2 checks`
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Prints on stdout. A reader that has seen enough, such as `head`, ends the program quietly.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => exit(0),
        result => result,
    }
}

/// A command for the user to type next. Paths in it must be [`quoted`].
pub(crate) fn command(text: &str) -> String {
    style(format!("cargo xtask {text}")).cyan().to_string()
}

/// `path` as a word for the shell: `../ada`, `'../ada lovelace'`.
pub(crate) fn quoted(path: &Path) -> String {
    shell_words::quote(&path.to_string_lossy()).into_owned()
}

/// Whether a person reads stdout and can reply on stdin.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Asks on the terminal; anything but `y` or `yes` means no.
pub(crate) fn ask(question: &str) -> io::Result<bool> {
    print(&format!("{question} [y/N] "))?;
    let mut reply = String::new();
    io::stdin().read_line(&mut reply)?;
    Ok(matches!(reply.trim(), "y" | "Y" | "yes"))
}

/// One line on stderr that is overwritten as work goes on; nothing without a terminal.
pub(crate) fn status(text: &str) {
    let term = Term::stderr();
    if term.is_term() {
        let columns = usize::from(term.size().1).saturating_sub(1);
        let line = truncate_str(text, columns, "…");
        // Work goes on when the terminal is closed.
        let _ = term.clear_line().and_then(|()| term.write_str(&line));
    }
}
