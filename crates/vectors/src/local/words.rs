//! Text to the numbers of word pieces, as BERT models without upper case were taught it.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longer words are unknown, in characters.
const LONGEST_WORD: usize = 100;

pub(super) struct Words {
    pieces: HashMap<Box<str>, i32>,
    begin: i32,
    end: i32,
    unknown: i32,
}

impl Words {
    /// The pieces, one a line, numbered from 0.
    pub fn read(list: &str) -> Result<Self, String> {
        let lines = list.lines().zip(0..);
        let pieces: HashMap<Box<str>, i32> =
            lines.map(|(line, number)| (line.into(), number)).collect();
        let special = |name: &str| {
            let found = pieces.get(name).copied();
            found.ok_or_else(|| format!("the list of words has no {name}"))
        };
        Ok(Self {
            begin: special("[CLS]")?,
            end: special("[SEP]")?,
            unknown: special("[UNK]")?,
            pieces,
        })
    }

    /// At most `limit` numbers, those of beginning and end included.
    pub fn numbers(&self, text: &str, limit: usize) -> Vec<i32> {
        let mut numbers = vec![self.begin];
        let mut word = String::new();
        for letter in plain(text) {
            if stands_alone(letter) {
                self.word(&word, &mut numbers);
                word.clear();
                if !letter.is_whitespace() {
                    self.word(letter.encode_utf8(&mut [0; 4]), &mut numbers);
                }
            } else {
                word.push(letter);
            }
            if numbers.len() >= limit {
                break;
            }
        }
        self.word(&word, &mut numbers);
        numbers.truncate(limit.saturating_sub(1));
        numbers.push(self.end);
        numbers
    }

    /// The longest pieces from the left; pieces within a word begin with `##`.
    fn word(&self, word: &str, numbers: &mut Vec<i32>) {
        if word.is_empty() {
            return;
        }
        let before = numbers.len();
        let mut piece = String::with_capacity(word.len() + 2);
        let mut rest = word;
        while !rest.is_empty() && word.chars().nth(LONGEST_WORD).is_none() {
            let ends = rest.char_indices().rev().map(|(at, c)| at + c.len_utf8());
            let found = ends.filter(|end| *end > 0).find_map(|end| {
                piece.clear();
                if numbers.len() > before {
                    piece.push_str("##");
                }
                piece.push_str(&rest[..end]);
                Some((end, *self.pieces.get(piece.as_str())?))
            });
            let Some((end, number)) = found else { break };
            numbers.push(number);
            rest = &rest[end..];
        }
        if !rest.is_empty() {
            numbers.truncate(before);
            numbers.push(self.unknown);
        }
    }
}

/// Small letters without accents, and without what cannot be seen.
fn plain(text: &str) -> impl Iterator<Item = char> {
    let seen = text.chars().filter_map(|letter| match letter {
        '\t' | '\n' | '\r' => Some(' '),
        '\u{fffd}' => None,
        other if other.is_control() => None,
        other => Some(other),
    });
    seen.nfd()
        .filter(|letter| letter.is_ascii() || !is_combining_mark(*letter))
        .flat_map(char::to_lowercase)
}

/// Marks and ideographs are words of their own; so are symbols, which the model hardly knows.
fn stands_alone(letter: char) -> bool {
    let ideograph = matches!(letter, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2fa1f}');
    ideograph || !letter.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str =
        "[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\nworld\nun\n##aff\n##able\n,\n!\n中\ncafe";

    fn numbers(text: &str) -> Vec<i32> {
        Words::read(LIST).expect("a list").numbers(text, 16)
    }

    #[test]
    fn words_marks_and_pieces() {
        assert_eq!(numbers("Hello, WORLD!"), [2, 4, 9, 5, 10, 3]);
        assert_eq!(numbers("unaffable"), [2, 6, 7, 8, 3]);
        assert_eq!(numbers("Café\0 中中"), [2, 12, 11, 11, 3]);
    }

    #[test]
    fn what_is_not_known_is_one_unknown_word() {
        assert_eq!(numbers("unaffz hello"), [2, 1, 4, 3]);
        assert_eq!(numbers(&"un".repeat(60)), [2, 1, 3]);
        assert_eq!(numbers(""), [2, 3]);
    }

    #[test]
    fn long_texts_are_cut_and_still_end() {
        let numbers = numbers(&"hello ".repeat(100));
        assert_eq!(
            (numbers.len(), numbers.first(), numbers.last()),
            (16, Some(&2), Some(&3))
        );
    }

    #[test]
    fn a_list_without_its_marks_is_refused() {
        assert!(Words::read("hello\nworld").is_err());
    }
}
