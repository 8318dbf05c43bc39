use super::{Part, Redirect, RedirectKind, Script, Simple, Word};

/// Lines longer than this are not judged.
const MAX_CHARS: usize = 20_000;
const MAX_DEPTH: usize = 12;

/// Reads a line, or several.
///
/// # Errors
/// What it holds that cannot be judged, in words that complete "it has …".
pub(crate) fn parse(line: &str) -> Result<Script, &'static str> {
    parse_at(line, 0)
}

pub(super) fn parse_at(line: &str, depth: usize) -> Result<Script, &'static str> {
    if depth > MAX_DEPTH {
        return Err("commands nested too deeply");
    }
    // Where a backslash does not continue the line (comments, single quotes, some documents),
    // joining would hide what stands in the next one.
    if line.contains("\\\n") && (line.contains(['#', '\'']) || line.contains("<<")) {
        return Err("a line that goes on behind a backslash, with quotes, comments or documents");
    }
    let chars: Vec<char> = line.replace("\\\n", "").chars().collect();
    if chars.len() > MAX_CHARS {
        return Err("more than 20,000 characters");
    }
    if chars
        .iter()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\t'))
    {
        return Err("control characters");
    }
    let mut lexer = Lexer {
        chars,
        at: 0,
        depth,
    };
    lexer.script(false)
}

pub(super) struct Lexer {
    pub chars: Vec<char>,
    pub at: usize,
    pub depth: usize,
}

/// A script while it is read.
#[derive(Default)]
struct Open {
    script: Script,
    current: Simple,
    /// The current command stands behind a closing word (`done`, `)`): only redirections follow.
    closed: bool,
    /// Here-documents whose bodies come after the line: command index, redirect index, delimiter,
    /// quoted, tabs stripped.
    pending: Vec<(usize, usize, String, bool, bool)>,
}

impl Open {
    fn end(&mut self, piped_next: bool) {
        let done = std::mem::take(&mut self.current);
        self.closed = false;
        let empty =
            done.words.is_empty() && done.assignments.is_empty() && done.redirects.is_empty();
        if !empty {
            self.script.commands.push(done);
        }
        self.current.piped = piped_next;
    }

    fn at_command(&self) -> bool {
        self.current.words.is_empty() && !self.closed
    }
}

impl Lexer {
    pub(super) fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    pub(super) fn starts(&self, text: &str) -> bool {
        text.chars()
            .enumerate()
            .all(|(index, c)| self.peek(index) == Some(c))
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.starts(text);
        if found {
            self.at += text.chars().count();
        }
        found
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(0), Some(' ' | '\t')) {
            self.at += 1;
        }
    }

    /// Reads up to the end, or up to and with the `)` that closes it.
    pub(super) fn script(&mut self, until_paren: bool) -> Result<Script, &'static str> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("commands nested too deeply");
        }
        let mut open = Open::default();
        loop {
            self.skip_blanks();
            let Some(next) = self.peek(0) else {
                if until_paren {
                    return Err("a parenthesis that is not closed");
                }
                break;
            };
            match next {
                ')' if until_paren => {
                    self.at += 1;
                    break;
                }
                ')' => return Err("a parenthesis that was not opened"),
                '#' => {
                    while self.peek(0).is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                '\n' => {
                    self.at += 1;
                    open.end(false);
                    self.here_documents(&mut open)?;
                }
                _ if self.take("&>>") || self.take("&>") => {
                    let target = self.target()?;
                    open.current.redirects.push(Redirect {
                        kind: RedirectKind::Write,
                        target,
                    });
                }
                _ if self.take(";;") => return Err("a case statement"),
                _ if self.take("&&") || self.take("||") => open.end(false),
                _ if self.take("|&") || self.take("|") => open.end(true),
                _ if self.take(";") || self.take("&") => open.end(false),
                '(' => self.parenthesis(&mut open)?,
                '<' | '>' if !matches!(self.peek(1), Some('(')) => self.redirect(&mut open)?,
                _ => self.word_or_keyword(&mut open)?,
            }
        }
        open.end(false);
        if !open.pending.is_empty() {
            self.here_documents(&mut open)?;
        }
        self.depth -= 1;
        Ok(open.script)
    }

    /// A subshell, or the `()` of a function.
    fn parenthesis(&mut self, open: &mut Open) -> Result<(), &'static str> {
        if self.starts("((") {
            return Err("arithmetic");
        }
        self.at += 1;
        let fresh = open.current.words.is_empty() && open.current.assignments.is_empty();
        if fresh && !open.closed {
            let piped = open.current.piped;
            let mut inner = self.script(true)?;
            if let Some(first) = inner.commands.first_mut() {
                first.piped |= piped;
            }
            open.script.commands.append(&mut inner.commands);
            open.closed = true;
            return Ok(());
        }
        self.skip_blanks();
        if open.current.words.len() == 1 && self.take(")") {
            // The body follows and is judged where it stands.
            open.current.words.clear();
            return Ok(());
        }
        Err("a parenthesis where none is expected")
    }

    fn redirect(&mut self, open: &mut Open) -> Result<(), &'static str> {
        let strip_tabs = self.starts("<<-");
        if self.take("<<<") {
            let target = self.target()?;
            open.current.redirects.push(Redirect {
                kind: RedirectKind::Here,
                target,
            });
        } else if self.take("<<-") || self.take("<<") {
            self.skip_blanks();
            let begin = self.at;
            let delimiter = self.word()?.text().ok_or("a computed here-document mark")?;
            let is_quoted = self.chars[begin..self.at]
                .iter()
                .any(|c| matches!(c, '\'' | '"' | '\\'));
            open.current.redirects.push(Redirect {
                kind: RedirectKind::Here,
                target: Word::default(),
            });
            // The command is pushed when it ends; its index is known now.
            let command = open.script.commands.len();
            let redirect = open.current.redirects.len() - 1;
            open.pending
                .push((command, redirect, delimiter, is_quoted, strip_tabs));
        } else if self.take(">&") || self.take("<&") {
            let target = self.target()?;
            let descriptor = target
                .text()
                .is_some_and(|t| t.chars().all(|c| c.is_ascii_digit() || c == '-'));
            let kind = if descriptor {
                RedirectKind::Duplicate
            } else {
                RedirectKind::Write
            };
            open.current.redirects.push(Redirect { kind, target });
        } else {
            let writes = self.take(">>") || self.take(">|") || self.take("<>") || self.take(">");
            if !writes {
                self.take("<");
            }
            let kind = if writes {
                RedirectKind::Write
            } else {
                RedirectKind::Read
            };
            let target = self.target()?;
            open.current.redirects.push(Redirect { kind, target });
        }
        Ok(())
    }

    fn target(&mut self) -> Result<Word, &'static str> {
        self.skip_blanks();
        let word = self.word()?;
        if word.parts.is_empty() {
            Err("a redirection to nothing")
        } else {
            Ok(word)
        }
    }

    fn here_documents(&mut self, open: &mut Open) -> Result<(), &'static str> {
        for (command, redirect, delimiter, is_quoted, strip_tabs) in
            std::mem::take(&mut open.pending)
        {
            let mut body = String::new();
            while self.at < self.chars.len() {
                let rest = &self.chars[self.at..];
                let length = rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
                let line: String = rest[..length].iter().collect();
                self.at = (self.at + length + 1).min(self.chars.len());
                let line = if strip_tabs {
                    line.trim_start_matches('\t')
                } else {
                    &line
                };
                if line == delimiter {
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            let word = match is_quoted {
                true => Word::literal(body),
                false => {
                    let chars = body.chars().collect();
                    let mut inner = Lexer {
                        chars,
                        at: 0,
                        depth: self.depth,
                    };
                    let mut word = Word::default();
                    inner.expanding(&mut word, None)?;
                    word
                }
            };
            let slot = open
                .script
                .commands
                .get_mut(command)
                .or(Some(&mut open.current));
            if let Some(place) = slot.and_then(|command| command.redirects.get_mut(redirect)) {
                place.target = word;
            }
        }
        Ok(())
    }

    fn word_or_keyword(&mut self, open: &mut Open) -> Result<(), &'static str> {
        if open.closed {
            return self.after_compound(open);
        }
        if open.at_command() {
            if let Some(name) = self.assignment_name() {
                if self.peek(0) == Some('(') {
                    return Err("an array");
                }
                let value = self.word()?;
                open.current.assignments.push((name, value));
                return Ok(());
            }
            let begin = self.at;
            let word = self.word()?;
            let raw: String = self.chars[begin..self.at].iter().collect();
            let is_fresh = open.current.assignments.is_empty();
            return match raw.as_str() {
                "if" | "then" | "else" | "elif" | "while" | "until" | "do" | "!" | "{"
                    if is_fresh =>
                {
                    Ok(())
                }
                "fi" | "done" | "}" if is_fresh => {
                    open.closed = true;
                    Ok(())
                }
                "for" if is_fresh => self.for_loop(open),
                "[[" if is_fresh => self.test(open, word),
                "case" | "esac" | "select" | "coproc" | "function" if is_fresh => {
                    Err("a statement that only the shell understands")
                }
                _ => self.push_word(open, word, &raw),
            };
        }
        let begin = self.at;
        let word = self.word()?;
        let raw: String = self.chars[begin..self.at].iter().collect();
        self.push_word(open, word, &raw)
    }

    fn push_word(&mut self, open: &mut Open, word: Word, raw: &str) -> Result<(), &'static str> {
        // A number right before a redirection is its file descriptor.
        let is_descriptor = !raw.is_empty() && raw.chars().all(|c| c.is_ascii_digit());
        if is_descriptor && matches!(self.peek(0), Some('<' | '>')) {
            return Ok(());
        }
        open.current.words.push(word);
        Ok(())
    }

    fn after_compound(&mut self, open: &mut Open) -> Result<(), &'static str> {
        let begin = self.at;
        let word = self.word()?;
        let raw: String = self.chars[begin..self.at].iter().collect();
        match raw.as_str() {
            "then" | "do" | "else" | "elif" | "fi" | "done" | "}" => {
                open.end(false);
                open.closed = matches!(raw.as_str(), "fi" | "done" | "}");
                Ok(())
            }
            _ if raw.chars().all(|c| c.is_ascii_digit())
                && matches!(self.peek(0), Some('<' | '>')) =>
            {
                Ok(())
            }
            _ => {
                drop(word);
                Err("words behind a closing word")
            }
        }
    }

    /// `NAME=` or `NAME+=`, consumed.
    fn assignment_name(&mut self) -> Option<String> {
        let rest = &self.chars[self.at..];
        let length = rest
            .iter()
            .take_while(|c| c.is_ascii_alphanumeric() || **c == '_')
            .count();
        if length == 0 || rest[0].is_ascii_digit() {
            return None;
        }
        let plus = usize::from(rest.get(length) == Some(&'+'));
        if rest.get(length + plus) != Some(&'=') {
            return None;
        }
        let name = rest[..length].iter().collect();
        self.at += length + plus + 1;
        Some(name)
    }

    fn for_loop(&mut self, open: &mut Open) -> Result<(), &'static str> {
        self.skip_blanks();
        let name = self.word()?.plain().ok_or("a loop without a name")?;
        let valid = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !valid || name.is_empty() {
            return Err("a loop that only the shell understands");
        }
        self.skip_blanks();
        open.current.is_loop = true;
        if !self.take("in") {
            open.current.assignments.push((name, opaque()));
            return Ok(());
        }
        loop {
            self.skip_blanks();
            match self.peek(0) {
                Some(';' | '\n') | None => return Ok(()),
                _ => {
                    let word = self.word()?;
                    if word.parts.is_empty() {
                        return Err("a loop that only the shell understands");
                    }
                    open.current.assignments.push((name.clone(), word));
                }
            }
        }
    }

    /// `[[ … ]]`
    fn test(&mut self, open: &mut Open, first: Word) -> Result<(), &'static str> {
        open.current.words.push(first);
        loop {
            while matches!(
                self.peek(0),
                Some(' ' | '\t' | '\n' | '&' | '|' | '(' | ')' | '<' | '>')
            ) {
                if self.starts("<(") || self.starts(">(") {
                    return Err("a process substitution in a test");
                }
                self.at += 1;
            }
            let Some(_) = self.peek(0) else {
                return Err("a test that is not closed");
            };
            let begin = self.at;
            let word = self.word()?;
            if self.at == begin {
                return Err("a test that only the shell understands");
            }
            let is_end = self.chars[begin..self.at] == [']', ']'];
            open.current.words.push(word);
            if is_end {
                open.closed = true;
                return Ok(());
            }
        }
    }
}

fn opaque() -> Word {
    Word {
        parts: vec![Part::Opaque],
        ..Word::default()
    }
}
