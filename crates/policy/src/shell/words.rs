//! Words: quotes, escapes, expansions.

use super::lexer::{Lexer, parse_at};
use super::{Part, Word};

impl Lexer {
    /// One word; empty where none begins here.
    pub(super) fn word(&mut self) -> Result<Word, &'static str> {
        let mut word = Word::default();
        let begin = self.at;
        while let Some(next) = self.peek(0) {
            match next {
                '<' | '>' if self.at == begin && self.peek(1) == Some('(') => {
                    self.at += 2;
                    let script = self.script(true)?;
                    word.parts.push(Part::Stream(script));
                }
                ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')' => break,
                '\'' => {
                    self.at += 1;
                    let text = self.until('\'')?;
                    push(&mut word, &text);
                }
                '"' => {
                    self.at += 1;
                    push(&mut word, "");
                    self.expanding(&mut word, Some('"'))?;
                }
                '\\' => {
                    if let Some(escaped) = self.peek(1) {
                        push(&mut word, &escaped.to_string());
                    }
                    self.at = (self.at + 2).min(self.chars.len());
                }
                '$' if self.peek(1) == Some('\'') => {
                    self.at += 2;
                    let text = self.ansi_c()?;
                    push(&mut word, &text);
                }
                '$' if self.peek(1) == Some('"') => self.at += 1,
                '$' | '`' => self.expansion(&mut word)?,
                other => {
                    word.glob |= matches!(other, '*' | '?' | '[');
                    word.brace |= other == '{' && self.peek(1) != Some('}');
                    word.tilde |= other == '~' && self.at == begin;
                    push(&mut word, &other.to_string());
                    self.at += 1;
                }
            }
        }
        let alone = [Part::Literal("{".into())];
        word.brace &= word.parts != alone;
        Ok(word)
    }

    /// Text in which only `$`, backticks and some backslashes mean something.
    pub(super) fn expanding(
        &mut self,
        word: &mut Word,
        end: Option<char>,
    ) -> Result<(), &'static str> {
        while let Some(next) = self.peek(0) {
            match next {
                _ if Some(next) == end => {
                    self.at += 1;
                    return Ok(());
                }
                '\\' if matches!(self.peek(1), Some('$' | '`' | '"' | '\\')) => {
                    push(word, &self.chars[self.at + 1].to_string());
                    self.at += 2;
                }
                '$' | '`' => self.expansion(word)?,
                other => {
                    push(word, &other.to_string());
                    self.at += 1;
                }
            }
        }
        if end.is_some() {
            Err("a quote that is not closed")
        } else {
            Ok(())
        }
    }

    fn until(&mut self, end: char) -> Result<String, &'static str> {
        let rest = &self.chars[self.at..];
        let length = rest
            .iter()
            .position(|c| *c == end)
            .ok_or("a quote that is not closed")?;
        self.at += length + 1;
        Ok(rest[..length].iter().collect())
    }

    fn expansion(&mut self, word: &mut Word) -> Result<(), &'static str> {
        if self.take("`") {
            let mut inner = String::new();
            loop {
                match (
                    self.peek(0).ok_or("a backtick that is not closed")?,
                    self.peek(1),
                ) {
                    ('`', _) => break,
                    ('\\', Some(escaped @ ('`' | '\\' | '$'))) => {
                        inner.push(escaped);
                        self.at += 2;
                    }
                    (other, _) => {
                        inner.push(other);
                        self.at += 1;
                    }
                }
            }
            self.at += 1;
            word.parts
                .push(Part::Substitution(parse_at(&inner, self.depth)?));
            return Ok(());
        }
        if self.starts("$((") {
            return self.arithmetic(word);
        }
        if self.starts("$[") {
            return Err("arithmetic that only the shell understands");
        }
        if self.take("$(") {
            let script = self.script(true)?;
            word.parts.push(Part::Substitution(script));
            return Ok(());
        }
        if self.take("${") {
            let inner = self.until('}')?;
            // `${CDPATH:=/}` and `${x:CDPATH=1}` set a variable.
            let sets = inner.contains('=') || inner.contains("++") || inner.contains("--");
            let odd = inner.contains(['`', '@', '{', '!', '\'', '"']) || inner.contains("$(");
            if odd || sets {
                return Err("an expansion that only the shell understands");
            }
            // `${HOME:?}` and `${HOME:-x}` are the variable where it is set.
            let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let (name, rest) = inner.split_at(end.unwrap_or(inner.len()));
            let is_itself = rest.is_empty() || rest.trim_start_matches(':').starts_with(['?', '-']);
            word.parts.push(if is_itself && !name.is_empty() {
                Part::Variable(name.to_owned())
            } else {
                Part::Opaque
            });
            return Ok(());
        }
        self.at += 1;
        let rest = &self.chars[self.at..];
        let length = rest
            .iter()
            .take_while(|c| c.is_ascii_alphanumeric() || **c == '_')
            .count();
        match rest.first() {
            Some(first) if length > 0 && !first.is_ascii_digit() => {
                word.parts
                    .push(Part::Variable(rest[..length].iter().collect()));
                self.at += length;
            }
            Some('0'..='9' | '?' | '#' | '@' | '*' | '!' | '$' | '-') => {
                word.parts.push(Part::Opaque);
                self.at += 1;
            }
            _ => push(word, "$"),
        }
        Ok(())
    }

    fn arithmetic(&mut self, word: &mut Word) -> Result<(), &'static str> {
        self.at += 3;
        let mut depth = 2;
        while depth > 0 {
            let next = self.peek(0).ok_or("arithmetic that is not closed")?;
            match next {
                '(' => depth += 1,
                ')' => depth -= 1,
                '`' | '$' | '[' | '\'' | '"' | '\n' | ';' | '|' | '&' => {
                    return Err("arithmetic that only the shell understands");
                }
                _ => {}
            }
            if depth == 1 && next == ')' && self.peek(1) != Some(')') {
                return Err("arithmetic that only the shell understands");
            }
            if self.sets_a_number() {
                return Err("arithmetic that sets a variable");
            }
            self.at += 1;
        }
        word.parts.push(Part::Opaque);
        Ok(())
    }

    /// `x = 1`, `x += 1`, `x++`: not `x == 1`, `x <= 1`. `$((PATH=0))` decides what runs next.
    fn sets_a_number(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.chars.get(at));
        match (self.peek(0), self.peek(1)) {
            (Some('+'), Some('+')) | (Some('-'), Some('-')) => true,
            (Some('='), next) => {
                let shifts = self.at >= 2
                    && matches!(self.chars[self.at - 2..self.at], ['<', '<'] | ['>', '>']);
                let compares = matches!(before, Some('=' | '!' | '<' | '>'));
                next != Some('=') && (!compares || shifts)
            }
            _ => false,
        }
    }

    /// The inside of `$'…'`.
    fn ansi_c(&mut self) -> Result<String, &'static str> {
        let mut out = String::new();
        loop {
            let next = self.peek(0).ok_or("a quote that is not closed")?;
            self.at += 1;
            match next {
                '\'' => return Ok(out),
                '\\' => {
                    let kind = self.peek(0).ok_or("a quote that is not closed")?;
                    self.at += 1;
                    let code = match kind {
                        'n' => Some(10),
                        't' => Some(9),
                        'x' => self.number(16, 2),
                        'u' => self.number(16, 4),
                        'U' => self.number(16, 8),
                        '0'..='7' => {
                            self.at -= 1;
                            self.number(8, 3)
                        }
                        '\\' | '\'' | '"' | '?' => Some(u32::from(kind)),
                        _ => None,
                    };
                    let decoded = code.and_then(char::from_u32).filter(|c| *c != '\0');
                    out.push(decoded.ok_or("an escape that only the shell understands")?);
                }
                other => out.push(other),
            }
        }
    }

    fn number(&mut self, radix: u32, most: usize) -> Option<u32> {
        let mut value: Option<u32> = None;
        for _ in 0..most {
            let Some(digit) = self.peek(0).and_then(|c| c.to_digit(radix)) else {
                break;
            };
            value = Some(value.unwrap_or(0).wrapping_mul(radix).wrapping_add(digit));
            self.at += 1;
        }
        value
    }
}

fn push(word: &mut Word, text: &str) {
    match word.parts.last_mut() {
        Some(Part::Literal(last)) => last.push_str(text),
        _ => word.parts.push(Part::Literal(text.to_owned())),
    }
}
