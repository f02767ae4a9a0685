//! A command line as people type it, made ready to run somewhere else.

use std::{
    iter::Peekable,
    path::Path,
    str::{CharIndices, Chars},
};

/// Represents the value of `PORT` until that is known.
const PORT: char = '\u{e000}';

/// Characters that only a shell understands, outside quotes.
const FOR_A_SHELL: &[char] =
    &['&', '|', ';', '<', '>', '`', '*', '?', '(', ')', '~', '\n', '#', '!'];

/// Words that are not programs, so that `exec` cannot run them.
const OF_THE_SHELL: &[&str] = &[
    "!", ".", ":", "[", "case", "cd", "eval", "exec", "exit", "export", "false", "for", "if",
    "read", "set", "shift", "source", "test", "times", "trap", "true", "ulimit", "umask", "unset",
    "until", "wait", "while", "{",
];

/// A program with its arguments; each may still contain the place of the port.
#[derive(Debug, PartialEq)]
pub(crate) struct CommandLine {
    words: Vec<String>,
    /// What `sh` gets where a shell runs the line.
    is_shell: bool,
    needs_port: bool,
}

impl CommandLine {
    /// Reads `line`, which was typed in `folder` and will run in another one.
    ///
    /// `$PORT` and `${PORT}` are expanded without a shell, and words that name files become absolute.
    /// Any other line for a shell is given to one, with `exec` before its last command.
    pub(crate) fn parse(line: &str, folder: &Path) -> Result<Self, String> {
        match without_shell(line) {
            Some(line) => Self::of_words(&line, folder),
            None if cfg!(unix) => Ok(Self::of_shell(line, folder)),
            None => Err("CONTRACT_CMD: there is no shell on this platform".to_owned()),
        }
    }

    fn of_words(line: &str, folder: &Path) -> Result<Self, String> {
        // A backslash is part of a path on Windows and quotes nothing.
        let line = if cfg!(windows) { line.replace('\\', "\\\\") } else { line.to_owned() };
        let mut words =
            shell_words::split(&line).map_err(|error| format!("CONTRACT_CMD: {error}"))?;
        let first = words.first().ok_or("CONTRACT_CMD is empty")?;
        if is_assignment(first) && !folder.join(first).exists() {
            words.insert(0, "env".to_owned());
        }
        let needs_port = line.contains(PORT);
        let words = words.into_iter().map(|word| absolute(&word, folder).unwrap_or(word)).collect();
        Ok(Self { words, is_shell: false, needs_port })
    }

    fn of_shell(line: &str, folder: &Path) -> Self {
        let line = with_exec(&with_absolute_words(line, folder));
        let needs_port = line.contains("$PORT") || line.contains("${PORT}");
        Self { words: vec!["sh".to_owned(), "-c".to_owned(), line], is_shell: true, needs_port }
    }

    /// Whether the line says where the port goes.
    pub(crate) fn needs_port(&self) -> bool {
        self.needs_port
    }

    /// How people call the program: `node`, or `the command` where a shell runs it.
    pub(crate) fn name(&self) -> String {
        let first = self.words.first().map(String::as_str).unwrap_or_default();
        if self.is_shell || first == "env" {
            return "the command".to_owned();
        }
        let name = Path::new(first).file_stem().unwrap_or(first.as_ref());
        name.to_string_lossy().into_owned()
    }

    /// The program and its arguments. A shell finds the port in its environment.
    pub(crate) fn words(&self, port: &str) -> Vec<String> {
        self.words.iter().map(|word| word.replace(PORT, port)).collect()
    }
}

/// `line` with the places of the port marked, if nothing else in it needs a shell.
fn without_shell(line: &str) -> Option<String> {
    let mut marked = String::with_capacity(line.len());
    let mut quote = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) if !cfg!(windows) => {
                marked.push(c);
                marked.extend(chars.next());
                continue;
            }
            ('$', None | Some('"')) => {
                skip_port(&mut chars)?;
                marked.push(PORT);
                continue;
            }
            ('`', Some('"')) => return None,
            (c, None) if FOR_A_SHELL.contains(&c) => return None,
            _ => {}
        }
        marked.push(c);
    }
    Some(marked)
}

/// Takes `PORT` or `{PORT}` and nothing else.
fn skip_port(chars: &mut Peekable<Chars<'_>>) -> Option<()> {
    let has_brace = chars.next_if_eq(&'{').is_some();
    for wanted in "PORT".chars() {
        chars.next_if_eq(&wanted)?;
    }
    if has_brace {
        chars.next_if_eq(&'}')?;
    } else if chars.peek().is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_') {
        return None;
    }
    Some(())
}

fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else { return false };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(is_name) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// The absolute path of a word that names a file in `folder`.
fn absolute(word: &str, folder: &Path) -> Option<String> {
    if word.is_empty() || Path::new(word).is_absolute() {
        return None;
    }
    let path = folder.join(word);
    // A folder may share its name with what is not a path: `npm run server`.
    let is_path = path.is_file() || word.contains(['/', '\\']) && path.exists();
    is_path.then(|| path.to_string_lossy().into_owned())
}

/// The plain words of a line for a shell made absolute where they name files, or folders after `cd`.
fn with_absolute_words(line: &str, folder: &Path) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "._-+/@%,".contains(c);
    let mut made = String::with_capacity(line.len());
    let (mut quote, mut last_word) = (None, String::new());
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let word: String = rest.chars().take_while(|c| is_plain(*c)).collect();
        if quote.is_none() && !word.is_empty() {
            let after = rest[word.len()..].chars().next();
            let stands_alone =
                made.chars().last().is_none_or(|c| c.is_whitespace() || "<>;&|(".contains(c))
                    && after.is_none_or(|c| c.is_whitespace() || "<>;&|)".contains(c));
            let path = folder.join(&word);
            let found = match last_word.as_str() {
                "cd" if path.is_dir() => Some(path.to_string_lossy().into_owned()),
                _ => absolute(&word, folder),
            };
            match found.filter(|_| stands_alone) {
                Some(path) => made.push_str(&shell_words::quote(&path)),
                None => made.push_str(&word),
            }
            rest = &rest[word.len()..];
            last_word = word;
            continue;
        }
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            _ => {}
        }
        made.push(c);
        rest = &rest[c.len_utf8()..];
        if c == '\\' && quote != Some('\'') {
            made.extend(rest.chars().next());
            rest = &rest[rest.chars().next().map_or(0, char::len_utf8)..];
        }
    }
    made
}

/// `exec` before the last command, so that signals reach the server and its exit code is seen. Only
/// where the line is a list of simple commands.
fn with_exec(line: &str) -> String {
    let (mut quote, mut start) = (None, 0);
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (c, quote) {
            ('\\', None | Some('"')) => drop(chars.next()),
            ('$', None | Some('"')) if chars.next_if(|(_, next)| *next == '(').is_some() => {
                skip_to_closing(&mut chars);
            }
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('&', None) if chars.next_if(|(_, next)| *next == '&').is_some() => start = at + 2,
            // A copy of a descriptor: 2>&1.
            ('&', None) if line[..at].ends_with('>') => {}
            (';' | '\n', None) => start = at + 1,
            ('&' | '|' | '(' | ')' | '`' | '#', None) | ('`', Some('"')) => return line.to_owned(),
            _ => {}
        }
    }
    let (before, last) = line.split_at(start);
    let command = last.trim_start();
    let mut at = start + last.len() - command.len();
    // Assignments come before exec.
    while let Some(end) = line[at..].find(char::is_whitespace) {
        if !is_assignment(&line[at..at + end])
            || line[at..at + end].contains(['\'', '"', '\\', '$'])
        {
            break;
        }
        at += end;
        at += line[at..].len() - line[at..].trim_start().len();
    }
    let first = line[at..].split_whitespace().next().unwrap_or_default();
    let keywords = ["if", "for", "while", "until", "case", "{", "function"];
    let is_compound = before.split_whitespace().any(|word| keywords.contains(&word));
    if first.is_empty() || is_assignment(first) || OF_THE_SHELL.contains(&first) || is_compound {
        return line.to_owned();
    }
    format!("{}exec {}", &line[..at], &line[at..])
}

/// Takes what is left of `$(…)`.
fn skip_to_closing(chars: &mut Peekable<CharIndices<'_>>) {
    let mut open = 1;
    for (_, c) in chars.by_ref() {
        match c {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn the_port_is_expanded_without_a_shell() {
        let folder = TempDir::new().unwrap();
        let words = |line| CommandLine::parse(line, folder.path()).unwrap().words("8080");

        assert_eq!(words("node server.js $PORT"), ["node", "server.js", "8080"]);
        assert_eq!(words("serve -b \"127.0.0.1:${PORT}\""), ["serve", "-b", "127.0.0.1:8080"]);
        assert_eq!(words("serve '$PORT' '&'"), ["serve", "$PORT", "&"]);
        assert_eq!(words("A=$PORT serve"), ["env", "A=8080", "serve"]);
    }

    #[test]
    fn any_other_line_for_a_shell_gets_one() {
        let folder = TempDir::new().unwrap();
        let words = |line| CommandLine::parse(line, folder.path()).unwrap().words("8080");

        assert_eq!(words("serve $PORTS"), ["sh", "-c", "exec serve $PORTS"]);
        assert_eq!(words("serve *.js"), ["sh", "-c", "exec serve *.js"]);
    }

    #[test]
    fn words_of_a_shell_line_that_name_files_become_absolute() {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("a.js"), "").unwrap();
        fs::create_dir(folder.path().join("app")).unwrap();
        let made = |line: &str| {
            let line = with_absolute_words(line, folder.path());
            line.replace(folder.path().to_str().unwrap(), "F")
        };

        assert_eq!(made("node a.js <a.js >log"), "node F/a.js <F/a.js >log");
        assert_eq!(made("cd app && node ./a.js app"), "cd F/app && node F/./a.js app");
        assert_eq!(made("echo 'a.js' --x=a.js"), "echo 'a.js' --x=a.js");
    }

    #[test]
    fn the_last_command_of_a_list_is_executed_in_place_of_the_shell() {
        for (line, made) in [
            ("node a.js >log 2>&1", "exec node a.js >log 2>&1"),
            ("cd app && node a.js", "cd app && exec node a.js"),
            ("cd app; A=1 B=2 node a.js", "cd app; A=1 B=2 exec node a.js"),
            ("echo '&' && node a.js", "echo '&' && exec node a.js"),
            ("A=$(a | (b)) && node \"$(a; b)\"", "A=$(a | (b)) && exec node \"$(a; b)\""),
        ] {
            assert_eq!(with_exec(line), made);
        }
        for line in [
            "exec node a.js",
            "node a.js | tee log",
            "node a.js &",
            "(node a.js)",
            "if true; then node a.js; fi",
            "cd app",
            "A=1",
        ] {
            assert_eq!(with_exec(line), line);
        }
    }
}
