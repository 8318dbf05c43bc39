//! Terminal output as lines: bytes to characters, progress bars settled, nothing left of control
//! sequences but colours.

use crate::colours::{self, Style};

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
    /// `ESC [ …` up to a final byte.
    Csi,
    /// `ESC ] …` up to BEL or `ESC \`.
    Osc,
    /// `ESC (` and one more.
    One,
}

/// Turns what a program writes to a terminal into lines: a carriage return starts the line anew,
/// cursor movements vanish, colours stay as [`colours`](crate::colours) says.
#[derive(Default)]
pub(crate) struct Tamer {
    decoder: Decoder,
    line: String,
    /// From which byte of the line on which style holds.
    styles: Vec<(usize, Style)>,
    /// What the next character looks like.
    style: Style,
    /// The parameters of the control sequence that is being read.
    parameters: String,
    /// A carriage return came; what follows replaces the line, unless it is a line end.
    returned: bool,
    escape: Escape,
}

/// A line that is longer is passed on in pieces, in bytes.
const LONGEST_LINE: usize = 16 * 1024;
/// Parameters of a control sequence that are looked at, in bytes; longer ones style nothing.
const MOST_PARAMETERS: usize = 64;

impl Tamer {
    /// Takes output in, gives the lines that are complete, each with its own colours.
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
                self.mark();
                self.line.push_str(piece);
            } else {
                piece.chars().for_each(|c| self.char(c));
            }
            if self.line.ends_with('\n') || self.line.len() > LONGEST_LINE {
                self.pass_on(&mut out);
            }
        }
        out
    }

    /// The last line, if it has no end.
    pub fn finish(&mut self) -> String {
        if !self.decoder.begun.is_empty() {
            self.decoder.begun.clear();
            self.line.push('\u{FFFD}');
        }
        let mut out = String::new();
        self.pass_on(&mut out);
        out
    }

    fn pass_on(&mut self, out: &mut String) {
        colours::write_line(&self.line, &self.styles, out);
        self.line.clear();
        self.styles.clear();
    }

    /// What is written from here on has the style that holds now.
    fn mark(&mut self) {
        let at = self.line.len();
        self.styles.retain(|(from, _)| *from < at);
        if self.styles.last().map_or(Style::default(), |last| last.1) != self.style {
            self.styles.push((at, self.style));
        }
    }

    fn clear_line(&mut self) {
        self.line.clear();
        self.styles.clear();
    }

    fn char(&mut self, c: char) {
        match (self.escape, c) {
            (Escape::No, '\u{1b}') => self.escape = Escape::Begun,
            (Escape::No, _) => self.plain(c),
            (Escape::Begun, '[') => {
                self.parameters.clear();
                self.escape = Escape::Csi;
            }
            (Escape::Begun, ']' | 'P' | '_' | '^') => self.escape = Escape::Osc,
            (Escape::Begun, '(' | ')' | '*' | '+' | '#' | '%') => self.escape = Escape::One,
            (Escape::Begun | Escape::One, _) => self.escape = Escape::No,
            (Escape::Osc, '\u{7}') => self.escape = Escape::No,
            (Escape::Osc, '\u{1b}') => self.escape = Escape::Begun,
            // A sequence that never ends must not swallow all output.
            (Escape::Osc | Escape::Csi, '\n') => {
                self.escape = Escape::No;
                self.plain(c);
            }
            (Escape::Osc, _) => {}
            (Escape::Csi, '@'..='~') => {
                self.escape = Escape::No;
                match c {
                    'K' if self.parameters == "2" => self.clear_line(),
                    'm' if self.parameters.len() < MOST_PARAMETERS => {
                        self.style = self.style.then(&self.parameters);
                    }
                    _ => {}
                }
            }
            (Escape::Csi, c) => {
                if self.parameters.len() < MOST_PARAMETERS {
                    self.parameters.push(c);
                }
            }
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
                    self.clear_line();
                }
                self.mark();
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
                "\x1b[31mred\x1b[0m text\n",
            ),
            // Each line opens and closes its own colours; a line begun anew forgets the old one's.
            (
                b"\x1b[1;32mtwo\nlines\x1b[m\n",
                "\x1b[1;32mtwo\x1b[0m\n\x1b[1;32mlines\x1b[0m\n",
            ),
            (
                b"\r\x1b[32mstep 1\x1b[0m\r\x1b[33mstep 2\x1b[0m\n",
                "\x1b[33mstep 2\x1b[0m\n",
            ),
            (b"\x1b[31ma\x08\x1b[0mb\n", "b\n"),
            (b"\x1b[?25l\x1b[5;3Hhi\x1b[31\n", "hi\n"),
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
