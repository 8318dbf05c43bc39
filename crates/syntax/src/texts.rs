//! Comments and strings without their marks.

use crate::facts::Limits;
use crate::signature::cut;

/// Comments that stand together.
pub(crate) struct Run {
    pub text: String,
    pub line: usize,
    pub last_line: usize,
    /// Marked as documentation: `///`, `/** */`.
    pub is_doc: bool,
    /// About what it stands in: `//!`.
    pub is_inner: bool,
    /// Nothing stands before it on its line.
    starts_line: bool,
}

impl Run {
    pub fn continues_with(&self, next: &Self) -> bool {
        self.last_line + 1 == next.line
            && self.starts_line
            && next.starts_line
            && (self.is_doc, self.is_inner) == (next.is_doc, next.is_inner)
    }

    pub fn join(&mut self, next: Self, limits: &Limits) {
        self.last_line = next.last_line;
        // Cut once it is long, so that a thousand lines are not copied a thousand times.
        if self.text.len() < limits.text_chars {
            self.text.push('\n');
            self.text.push_str(&next.text);
        }
    }
}

pub(crate) fn comment(
    raw: &str,
    line: usize,
    last_line: usize,
    starts_line: bool,
    limits: &Limits,
) -> Run {
    let raw = raw.trim();
    let is_inner = raw.starts_with("//!") || raw.starts_with("/*!");
    let is_doc = is_inner
        || raw.starts_with("///") && !raw.starts_with("////")
        || raw.starts_with("/**") && !raw.starts_with("/***") && raw != "/**/";
    let mut text = cut(&unmarked(raw), limits.text_chars);
    if is_doc && text.contains("<summary>") {
        text = without_tags(&text);
    }
    Run {
        text,
        line,
        // A comment behind code belongs to that code, not to what follows.
        last_line: if starts_line { last_line } else { 0 },
        is_doc,
        is_inner,
        starts_line,
    }
}

/// The words of C#'s documentation.
fn without_tags(text: &str) -> String {
    let mut words = String::new();
    for (index, part) in text.split('<').enumerate() {
        words.push_str(match index {
            0 => part,
            _ => part.split_once('>').map_or(part, |(_, rest)| rest),
        });
    }
    words.trim().to_owned()
}

fn unmarked(raw: &str) -> String {
    let blocks = [
        ("/*", "*/"),
        ("<!--", "-->"),
        ("{-", "-}"),
        ("=begin", "=end"),
    ];
    for (open, close) in blocks {
        let Some(inner) = raw.strip_prefix(open) else {
            continue;
        };
        let inner = inner.strip_suffix(close).unwrap_or(inner);
        let lines: Vec<&str> = inner
            .trim_start_matches(['*', '!'])
            .lines()
            .map(|line| {
                let line = line.trim();
                line.strip_prefix('*').map_or(line, str::trim)
            })
            .collect();
        return lines.join("\n").trim().to_owned();
    }
    let line = raw.trim_start_matches(['/', '#', ';', '-', '!']);
    line.trim().to_owned()
}

/// The inside of a string, if there is a word in it.
pub(crate) fn unquoted(raw: &str, limits: &Limits) -> Option<String> {
    let quotes = ['"', '\'', '`'];
    let start = raw.find(quotes).filter(|at| *at <= 4);
    let inner = match start {
        Some(at) => raw[at..]
            .trim_matches(quotes)
            .trim_end_matches('#')
            .trim_matches(quotes),
        None => raw,
    };
    let inner = inner.trim();
    let letters = inner.chars().filter(|c| c.is_alphabetic()).take(3).count();
    (letters == 3).then(|| cut(inner, limits.text_chars))
}

/// A text that is a string of its own, with its indent taken away.
pub(crate) fn docstring(raw: &str, limits: &Limits) -> Option<String> {
    let raw = raw.trim();
    let start = raw.find(['"', '\'']).filter(|at| *at <= 2)?;
    let inner = raw[start..].trim_matches(['"', '\'']);
    let lines: Vec<&str> = inner.lines().map(str::trim).collect();
    let text = lines.join("\n");
    let text = text.trim();
    (!text.is_empty()).then(|| cut(text, limits.text_chars))
}

/// `shop.carts(\n all)\n .filter(|cart| …)` → `shop.carts().filter()`. None: its brackets do not
/// close.
pub(crate) fn outside_brackets(text: &str) -> Option<String> {
    let mut kept = String::new();
    let (mut nested, mut is_text, mut is_escaped, mut is_apart) = (0_usize, false, false, false);
    for c in text.chars() {
        if is_text {
            is_text = c != '"' || is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            continue;
        }
        match c {
            '"' if nested == 0 => return None,
            '"' => is_text = true,
            ')' | ']' | '}' => {
                nested = nested.checked_sub(1)?;
                if nested == 0 {
                    kept.push(c);
                }
            }
            '(' | '[' | '{' => {
                if nested == 0 {
                    kept.push(c);
                }
                nested += 1;
            }
            _ if nested > 0 => {}
            c if c.is_whitespace() => is_apart = true,
            c => {
                if is_apart && c.is_alphanumeric() && kept.ends_with(char::is_alphanumeric) {
                    kept.push(' ');
                }
                is_apart = false;
                kept.push(c);
            }
        }
    }
    (nested == 0 && !is_text).then_some(kept)
}
