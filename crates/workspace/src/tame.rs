//! Terminal output as plain text: bytes to characters, progress bars and colours gone.

/// Decodes UTF-8 piece by piece; a character split between pieces stays whole, bytes that are no
/// UTF-8 become U+FFFD.
#[derive(Default)]
struct Decoder {
    /// The beginning of a character whose rest has not come: at most 3 bytes.
    begun: Vec<u8>,
}

impl Decoder {
    fn push(&mut self, bytes: &[u8], out: &mut String) {
        let joined;
        let bytes = if self.begun.is_empty() {
            bytes
        } else {
            self.begun.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.begun);
            &joined
        };
        let mut rest = bytes;
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => return out.push_str(text),
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    out.push_str(&String::from_utf8_lossy(good));
                    let Some(len) = error.error_len() else {
                        self.begun = bad.to_vec();
                        return;
                    };
                    out.push('\u{FFFD}');
                    rest = &bad[len..];
                }
            }
        }
    }
}

/// Where we are in a control sequence.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Escape {
    #[default]
    No,
    /// After ESC.
    Begun,
    /// `ESC [ …` up to a final byte; true after a parameter 2 ("the whole line").
    Csi(bool),
    /// `ESC ] …` up to BEL or `ESC \`.
    Osc,
    /// `ESC (` and one more.
    One,
}

/// Turns what a program writes to a terminal into lines: a carriage return starts the line anew,
/// colours and cursor movements vanish.
#[derive(Default)]
pub(crate) struct Tamer {
    decoder: Decoder,
    line: String,
    /// A carriage return came; what follows replaces the line, unless it is a line end.
    returned: bool,
    escape: Escape,
}

/// A line that is longer is passed on in pieces, in bytes.
const LONGEST_LINE: usize = 16 * 1024;

impl Tamer {
    /// Takes output in, gives the lines that are complete.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len());
        self.decoder.push(bytes, &mut text);
        let mut out = String::with_capacity(text.len());
        for piece in text.split_inclusive('\n') {
            let plain = self.escape == Escape::No
                && !self.returned
                && !piece
                    .bytes()
                    .any(|byte| byte < 0x20 && byte != b'\n' && byte != b'\t' || byte == 0x7f);
            if plain {
                self.line.push_str(piece);
            } else {
                piece.chars().for_each(|c| self.char(c));
            }
            if self.line.ends_with('\n') || self.line.len() > LONGEST_LINE {
                out.push_str(&self.line);
                self.line.clear();
            }
        }
        out
    }

    /// The last line, if it has no end.
    pub fn finish(&mut self) -> String {
        let mut line = std::mem::take(&mut self.line);
        if !self.decoder.begun.is_empty() {
            self.decoder.begun.clear();
            line.push('\u{FFFD}');
        }
        line
    }

    fn char(&mut self, c: char) {
        match (self.escape, c) {
            (Escape::No, '\u{1b}') => self.escape = Escape::Begun,
            (Escape::No, _) => self.plain(c),
            (Escape::Begun, '[') => self.escape = Escape::Csi(false),
            (Escape::Begun, ']' | 'P' | '_' | '^') => self.escape = Escape::Osc,
            (Escape::Begun, '(' | ')' | '*' | '+' | '#' | '%') => self.escape = Escape::One,
            (Escape::Begun | Escape::One, _) => self.escape = Escape::No,
            (Escape::Osc, '\u{7}') => self.escape = Escape::No,
            (Escape::Osc, '\u{1b}') => self.escape = Escape::Begun,
            // A sequence that never ends must not swallow all output.
            (Escape::Osc, '\n') => {
                self.escape = Escape::No;
                self.plain(c);
            }
            (Escape::Osc, _) => {}
            (Escape::Csi(_), '2') => self.escape = Escape::Csi(true),
            (Escape::Csi(_), '\n') => {
                self.escape = Escape::No;
                self.plain(c);
            }
            (Escape::Csi(whole), '@'..='~') => {
                if c == 'K' && whole {
                    self.line.clear();
                }
                self.escape = Escape::No;
            }
            (Escape::Csi(_), _) => self.escape = Escape::Csi(false),
        }
    }

    fn plain(&mut self, c: char) {
        match c {
            '\r' => self.returned = true,
            '\n' => {
                self.returned = false;
                self.line.push('\n');
            }
            '\u{8}' => {
                self.line.pop();
            }
            '\t' => self.line.push('\t'),
            c if c.is_control() => {}
            c => {
                if std::mem::take(&mut self.returned) {
                    self.line.clear();
                }
                self.line.push(c);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tamed(bytes: &[u8], chunk: usize) -> String {
        let mut tamer = Tamer::default();
        let mut out: String = bytes.chunks(chunk).map(|piece| tamer.push(piece)).collect();
        out.push_str(&tamer.finish());
        out
    }

    #[test]
    fn every_chunking_reads_alike() {
        let cases: &[(&[u8], &str)] = &[
            ("naïve 漢字 🦀\nend".as_bytes(), "naïve 漢字 🦀\nend"),
            (b"dos\r\nline\r\n", "dos\nline\n"),
            (b"10%\r50%\r100%\ndone\n", "100%\ndone\n"),
            (
                b"\x1b[31mred\x1b[0m \x1b]0;title\x07text\x1b(B\n",
                "red text\n",
            ),
            (b"work\x1b[2K\rdone\n", "done\n"),
            (b"ab\x08c\x07\n", "ac\n"),
            (
                b"bad \xff\xfe byte \xe6\xbc",
                "bad \u{FFFD}\u{FFFD} byte \u{FFFD}",
            ),
            (b"\x1b]never ends\nbut goes on\n", "\nbut goes on\n"),
        ];
        for (bytes, expected) in cases {
            for chunk in 1..=bytes.len() {
                assert_eq!(tamed(bytes, chunk), *expected, "chunks of {chunk}");
            }
        }
    }
}
