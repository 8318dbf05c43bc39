//! Text that comes in pieces.

use crate::Masker;

/// A key in armour that is longer than this is masked before its end has come, in bytes.
const LONGEST: usize = 64 * 1024;
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const KEY: &str = "PRIVATE KEY";

/// Masks text that comes in pieces of whole lines: what spans several of them, a private key in
/// armour, is held back until it is whole.
#[derive(Debug, Clone)]
pub struct Stream {
    masker: Masker,
    held: String,
    /// In a key whose beginning was masked already.
    inside: bool,
}

impl Stream {
    pub fn new(masker: Masker) -> Self {
        Self {
            masker,
            held: String::new(),
            inside: false,
        }
    }

    /// What of it can be told now.
    pub fn push(&mut self, text: &str) -> String {
        self.held.push_str(text);
        if self.inside {
            let Some(end) = self.held.find(END) else {
                // A part of the end's first word may be in the next piece.
                let keep = self.held.len().saturating_sub(END.len());
                let keep = self.held.ceil_char_boundary(keep);
                self.held.drain(..keep);
                return String::new();
            };
            self.held.drain(..end);
            self.inside = false;
        }
        let Some(at) = open_armour(&self.held) else {
            return self.masked();
        };
        if self.held.len() - at > LONGEST {
            self.inside = true;
            return self.masked();
        }
        let rest = self.held.split_off(at);
        let told = self.masked();
        self.held = rest;
        told
    }

    /// What is still held.
    pub fn finish(&mut self) -> String {
        match self.inside {
            true => String::new(),
            false => self.masked(),
        }
    }

    fn masked(&mut self) -> String {
        let text = std::mem::take(&mut self.held);
        match self.masker.mask(&text) {
            std::borrow::Cow::Borrowed(_) => text,
            std::borrow::Cow::Owned(masked) => masked,
        }
    }
}

/// Where a key begins whose end is not there.
fn open_armour(text: &str) -> Option<usize> {
    let at = text.rfind(BEGIN)?;
    let rest = &text[at + BEGIN.len()..];
    let first = rest.lines().next().unwrap_or_default();
    (first.contains(KEY) && !rest.contains(END)).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(lines: usize) -> String {
        let body =
            "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n".repeat(lines);
        let dashes = "-----";
        format!("{dashes}BEGIN {KEY}{dashes}\n{body}{dashes}END {KEY}{dashes}\n")
    }

    #[test]
    fn a_key_is_masked_however_it_is_cut() {
        for lines in [3, 2_000] {
            let text = format!("before\n{}after ghp_{}\n", key(lines), "a1B2".repeat(9));
            for every in [1, 2, 7, 5_000] {
                let mut stream = Stream::new(Masker::new([7; 32]));
                let mut told = String::new();
                let parts: Vec<&str> = text.split_inclusive('\n').collect();
                for piece in parts.chunks(every) {
                    told += &stream.push(&piece.concat());
                }
                told += &stream.finish();
                assert!(!told.contains("MIIEvQ"), "{lines}/{every}");
                assert!(
                    told.starts_with("before\n") && told.contains("after [secret:"),
                    "{told}"
                );
            }
        }
    }

    #[test]
    fn other_text_is_told_at_once() {
        let mut stream = Stream::new(Masker::new([7; 32]));
        for text in ["a\n", "-----BEGIN CERTIFICATE-----\n", "MII\n"] {
            assert_eq!(stream.push(text), text);
        }
        assert_eq!(stream.finish(), "");
    }
}
