//! One name compared with another: exactly, by its letters, by its beginning, by a part, vaguely.

use serde::Serialize;

/// How a name was met; better ways first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// Letter by letter, or the whole qualified name.
    Exact,
    /// But for upper and lower case.
    SameLetters,
    Begins,
    /// A part of the name begins with it: `header` in `parse_http_header`.
    PartBegins,
    Contains,
    /// Its letters stand there in this order, or it is misspelt by little.
    Vague,
}

/// A name that is looked for.
pub(crate) struct Pattern<'w> {
    wanted: &'w str,
    lower: Vec<u8>,
    /// Without `_`.
    letters: Vec<u8>,
}

impl<'w> Pattern<'w> {
    pub fn new(wanted: &'w str) -> Self {
        let lower = wanted.to_lowercase().into_bytes();
        let letters = lower
            .iter()
            .copied()
            .filter(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
        Self {
            wanted,
            letters: letters.collect(),
            lower,
        }
    }

    /// How `name` meets it, and how far off it is; None: not at all.
    pub fn compare(&self, name: &str) -> Option<(Match, u32)> {
        if name == self.wanted {
            return Some((Match::Exact, 0));
        }
        let lower = name.to_lowercase();
        let longer = (name.len() as u32).saturating_sub(self.wanted.len() as u32);
        if lower.as_bytes() == self.lower {
            return Some((Match::SameLetters, 0));
        }
        if lower.as_bytes().starts_with(&self.lower) {
            return Some((Match::Begins, longer));
        }
        let plain: Vec<u8> = lower
            .bytes()
            .filter(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80)
            .collect();
        if self.letters.is_empty() {
            return None;
        }
        if plain == self.letters {
            return Some((Match::SameLetters, 1));
        }
        if plain.starts_with(&self.letters) {
            return Some((Match::Begins, longer + 1));
        }
        if let Some(at) = memchr::memmem::find(&plain, &self.letters) {
            let begins = crate::tokens::parts_of(name).scan(0, |from, part| {
                let begin = *from;
                *from += part.bytes().filter(|byte| *byte != b'_').count();
                Some(begin)
            });
            let how = if begins.into_iter().any(|begin| begin == at) {
                Match::PartBegins
            } else {
                Match::Contains
            };
            return Some((how, longer));
        }
        vague(&plain, &self.letters).map(|off| (Match::Vague, off))
    }
}

/// What a wrong letter counts for in how far off a vague match is.
pub(crate) const EDIT: u32 = 4;
/// From here on a vague match has the letters in this order, with others between them.
pub(crate) const SCATTERED: u32 = 20;

/// How far off, from 1. None: too far.
fn vague(name: &[u8], wanted: &[u8]) -> Option<u32> {
    if wanted.len() < 3 || name.len() > 64 {
        return None;
    }
    let misspelt = (wanted.len() / 4).clamp(1, 3);
    if name.len().abs_diff(wanted.len()) <= misspelt
        && let Some(edits) = edits(name, wanted, misspelt)
    {
        return Some(edits as u32 * EDIT);
    }
    // In this order, with few gaps.
    let mut gaps = 0;
    let mut at = 0;
    let mut last = None;
    for byte in wanted {
        let next = at + name[at..].iter().position(|other| other == byte)?;
        if last.is_some_and(|last| next != last + 1) {
            gaps += 1;
        }
        last = Some(next);
        at = next + 1;
    }
    let allowed = wanted.len() / 3;
    (gaps <= allowed.max(1))
        .then(|| SCATTERED + gaps as u32 * 10 + (name.len() - wanted.len()) as u32)
}

/// Letters added, left out, changed or swapped with their neighbour; None: more than `most`.
fn edits(left: &[u8], right: &[u8], most: usize) -> Option<usize> {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, byte) in left.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let change = last[column] + usize::from(byte != other);
            let mut least = change.min(last[column + 1] + 1).min(next[column] + 1);
            if row > 0 && column > 0 && left[row - 1] == *other && *byte == right[column - 1] {
                least = least.min(before[column - 1] + 1);
            }
            next.push(least);
        }
        if next.iter().all(|one| *one > most) {
            return None;
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().filter(|edits| *edits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_met_exactly_begun_in_parts_and_vaguely() {
        let how = |wanted: &str, name: &str| Pattern::new(wanted).compare(name).map(|(how, _)| how);
        assert_eq!(how("readFile", "readFile"), Some(Match::Exact));
        assert_eq!(how("readfile", "readFile"), Some(Match::SameLetters));
        assert_eq!(how("readFile", "read_file"), Some(Match::SameLetters));
        assert_eq!(how("read", "read_file"), Some(Match::Begins));
        assert_eq!(how("header", "parse_http_header"), Some(Match::PartBegins));
        assert_eq!(how("eader", "parse_http_header"), Some(Match::Contains));
        assert_eq!(how("prase_header", "parse_header"), Some(Match::Vague));
        assert_eq!(how("parsehdr", "parse_header"), Some(Match::Vague));
        assert_eq!(how("xyz", "parse_header"), None);
        assert_eq!(how("::", "parse_header"), None);
    }
}
