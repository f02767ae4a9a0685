//! Bytes and long strings as short text on one line.

use std::fmt::{Debug, Write as _};

/// The start of `bytes` as text on one line, with the number of bytes if that is not all.
pub(crate) fn excerpt(bytes: &[u8], limit: usize) -> String {
    // No character has more than 4 bytes.
    let text = lossy(&bytes[..bytes.len().min(4 * limit + 4)]);
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], bytes.len()),
        None => text,
    }
}

/// `bytes` as text on one line; control characters are escaped.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { escaped.extend(c.escape_default()) } else { escaped.push(c) }
    }
    escaped
}

/// The first `limit` characters of `text`, with the number of characters if that is not all.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
    }
}

/// The `Debug` form of `value`, shortened; a string is shown without its quotes.
pub(crate) fn plain(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    shorten(&inner.map_or(text.clone(), |inner| inner.replace("\\\"", "\"")), 400)
}

/// `line` without the escape sequences that loggers write for terminals.
pub(crate) fn without_color(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        text.push_str(rest.get(1..).unwrap_or_default());
    }
    text
}

/// `text` as one word for a shell, on one line. `None` for what no command line can carry.
pub(crate) fn quote(text: &str) -> Option<String> {
    if text.contains('\0') {
        return None;
    }
    if !text.contains(char::is_control) {
        return Some(shell_words::quote(text).into_owned());
    }
    let mut word = "$'".to_owned();
    for c in text.chars() {
        match c {
            '\n' => word.push_str("\\n"),
            '\r' => word.push_str("\\r"),
            '\t' => word.push_str("\\t"),
            '\\' | '\'' => word.extend(['\\', c]),
            c if c.is_control() => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(word, "\\x{byte:02x}");
                }
            }
            c => word.push(c),
        }
    }
    Some(word + "'")
}
