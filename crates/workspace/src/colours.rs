//! Colours of terminal output: kept beside the plain text, for screens alone.
//!
//! The coloured form of a text is the text with `ESC [ … m` between its characters and no other
//! control sequence; each line opens and closes its own. Whatever reads, searches, masks or sends a
//! text takes the plain one; [`over`] then says which of its lines had colours.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;

/// What a character looks like, beside its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Style {
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    inverse: bool,
    strike: bool,
    colour: Option<Colour>,
    background: Option<Colour>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colour {
    /// Of the 256.
    Index(u8),
    Rgb(u8, u8, u8),
}

impl Style {
    /// The style after `ESC [ parameters m`. Private sequences and unknown numbers change nothing.
    pub fn then(self, parameters: &str) -> Self {
        let mut numbers = Vec::new();
        for part in parameters.split([';', ':']) {
            match part.parse::<u16>() {
                Ok(number) => numbers.push(number),
                Err(_) if part.is_empty() => numbers.push(0),
                Err(_) => return self,
            }
        }
        let mut style = self;
        let mut rest = numbers.as_slice();
        while let Some((code, after)) = rest.split_first() {
            rest = after;
            match code {
                0 => style = Self::default(),
                1 => style.bold = true,
                2 => style.dim = true,
                3 => style.italic = true,
                4 => style.underline = true,
                7 => style.inverse = true,
                9 => style.strike = true,
                22 => (style.bold, style.dim) = (false, false),
                23 => style.italic = false,
                24 => style.underline = false,
                27 => style.inverse = false,
                29 => style.strike = false,
                30..=37 => style.colour = Some(Colour::Index((code - 30) as u8)),
                90..=97 => style.colour = Some(Colour::Index((code - 82) as u8)),
                39 => style.colour = None,
                40..=47 => style.background = Some(Colour::Index((code - 40) as u8)),
                100..=107 => style.background = Some(Colour::Index((code - 92) as u8)),
                49 => style.background = None,
                38 | 48 => {
                    let (colour, after) = extended(rest);
                    rest = after;
                    if *code == 38 {
                        style.colour = colour.or(style.colour);
                    } else {
                        style.background = colour.or(style.background);
                    }
                }
                _ => {}
            }
        }
        style
    }

    fn write(&self, out: &mut String) {
        let flags = [
            (self.bold, "1"),
            (self.dim, "2"),
            (self.italic, "3"),
            (self.underline, "4"),
            (self.inverse, "7"),
            (self.strike, "9"),
        ];
        let mut codes: Vec<String> = flags
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, code)| (*code).to_owned())
            .collect();
        codes.extend(self.colour.map(|colour| colour.code(30)));
        codes.extend(self.background.map(|colour| colour.code(40)));
        // Without a code it is the sequence that takes all styles back.
        let codes = if codes.is_empty() {
            "0".to_owned()
        } else {
            codes.join(";")
        };
        let _ = write!(out, "\u{1b}[{codes}m");
    }
}

impl Colour {
    /// `base`: 30 for characters, 40 for what is behind them.
    fn code(self, base: u8) -> String {
        match self {
            Self::Index(index @ 0..8) => (base + index).to_string(),
            Self::Index(index @ 8..16) => (base + 52 + index).to_string(),
            Self::Index(index) => format!("{};5;{index}", base + 8),
            Self::Rgb(red, green, blue) => format!("{};2;{red};{green};{blue}", base + 8),
        }
    }
}

/// What follows a 38 or 48, and what follows that.
fn extended(rest: &[u16]) -> (Option<Colour>, &[u16]) {
    let byte = |number: u16| u8::try_from(number).ok();
    match rest {
        [5, index, after @ ..] => (byte(*index).map(Colour::Index), after),
        [2, red, green, blue, after @ ..] => {
            let colour = || Some(Colour::Rgb(byte(*red)?, byte(*green)?, byte(*blue)?));
            (colour(), after)
        }
        _ => (None, &[]),
    }
}

/// Writes a line with its styles; `styles` says from which byte on which one holds.
pub(crate) fn write_line(line: &str, styles: &[(usize, Style)], out: &mut String) {
    let text = line.strip_suffix('\n').unwrap_or(line);
    let mut at = 0;
    let mut style = Style::default();
    for (from, next) in styles {
        let from = (*from).min(text.len());
        out.push_str(&text[at..from]);
        at = from;
        if *next == style {
            continue;
        }
        // A style is written whole, so that the one before must be gone.
        if style != Style::default() && *next != Style::default() {
            Style::default().write(out);
        }
        next.write(out);
        style = *next;
    }
    out.push_str(&text[at..]);
    if style != Style::default() {
        Style::default().write(out);
    }
    out.push_str(&line[text.len()..]);
}

/// The text without its colours.
pub fn plain(coloured: &str) -> Cow<'_, str> {
    if !coloured.contains('\u{1b}') {
        return Cow::Borrowed(coloured);
    }
    let mut text = String::with_capacity(coloured.len());
    let mut pieces = coloured.split("\u{1b}[");
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        match piece.find('m') {
            Some(end) => text.push_str(&piece[end + 1..]),
            None => text.push_str(piece),
        }
    }
    Cow::Owned(text)
}

/// The coloured form of `text`: lines that also stand in `coloured`, without regard to colours,
/// have the colours from there. None where no line has any. Its [`plain`] form is `text` to the
/// letter, so nothing that was masked or left out comes back with the colours.
pub fn over(text: &str, coloured: &str) -> Option<String> {
    let lines: HashMap<Cow<'_, str>, &str> = coloured
        .lines()
        .filter(|line| line.contains('\u{1b}'))
        .map(|line| (plain(line), line))
        .collect();
    if lines.is_empty() {
        return None;
    }
    let mut any = false;
    let mut out = String::with_capacity(text.len() + coloured.len() / 2);
    for whole in text.split_inclusive('\n') {
        let line = whole.strip_suffix('\n').unwrap_or(whole);
        match lines.get(line) {
            Some(coloured) => {
                any = true;
                out.push_str(coloured);
                out.push_str(&whole[line.len()..]);
            }
            None => out.push_str(whole),
        }
    }
    any.then_some(out)
}

/// Coloured lines that are kept of one output, in bytes, at its beginning and again at its end.
const MOST_KEPT: usize = 64 * 1024;

/// Takes the coloured lines of one output.
#[derive(Default)]
pub(crate) struct Kept {
    head: String,
    tail: String,
}

impl Kept {
    /// Takes whole lines.
    pub fn push(&mut self, coloured: &str) {
        if !coloured.contains('\u{1b}') {
            return;
        }
        for line in coloured.lines().filter(|line| line.contains('\u{1b}')) {
            let head = self.tail.is_empty() && self.head.len() + line.len() < MOST_KEPT;
            let part = if head { &mut self.head } else { &mut self.tail };
            part.push_str(line);
            part.push('\n');
        }
        // Trimmed now and then only, so that each byte is moved once.
        if self.tail.len() > 2 * MOST_KEPT {
            let from = self.tail.ceil_char_boundary(self.tail.len() - MOST_KEPT);
            let line = self.tail[from..]
                .find('\n')
                .map_or(self.tail.len(), |at| from + at + 1);
            self.tail.drain(..line);
        }
    }

    /// The coloured form of what is left of the output.
    pub fn over(&self, output: &str) -> Option<String> {
        over(output, &format!("{}{}", self.head, self.tail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_follows_from_the_one_before_and_is_written_whole() {
        let cases = [
            ("31", "\u{1b}[31m"),
            ("1;4;97", "\u{1b}[1;4;97m"),
            ("38;5;208", "\u{1b}[38;5;208m"),
            ("38:2:1:2:3;48;5;9", "\u{1b}[38;2;1;2;3;101m"),
            ("1;22;3;23;32;39", "\u{1b}[0m"),
            ("38;5;999", "\u{1b}[0m"),
            ("38;9", "\u{1b}[0m"),
            ("?25", "\u{1b}[0m"),
            ("", "\u{1b}[0m"),
        ];
        for (parameters, expected) in cases {
            let mut out = String::new();
            Style::default().then(parameters).write(&mut out);
            assert_eq!(out, expected, "{parameters:?}");
        }
    }

    #[test]
    fn colours_lie_over_the_lines_that_are_still_the_same() {
        let coloured = "\u{1b}[32mok\u{1b}[0m one\n\u{1b}[31msk-secret\u{1b}[0m\nplain\n";
        let masked = "ok one\n[secret]\nplain\n[exit 0]";
        let shown = over(masked, coloured).expect("a coloured line");
        assert_eq!(
            shown,
            "\u{1b}[32mok\u{1b}[0m one\n[secret]\nplain\n[exit 0]"
        );
        assert_eq!(plain(&shown), masked);
        assert_eq!(over("something else", coloured), None);
        assert_eq!(over("plain", "plain\n"), None);
    }

    #[test]
    fn of_a_long_output_the_colours_of_both_ends_are_kept_and_bounded() {
        let mut kept = Kept::default();
        for n in 0..20_000 {
            kept.push(&format!("\u{1b}[32mline {n}\u{1b}[0m\n"));
            assert!(kept.head.len() <= MOST_KEPT && kept.tail.len() <= 2 * MOST_KEPT);
        }
        let shown = kept.over("line 0\nline 19999\nline 10000\n");
        assert_eq!(
            shown.as_deref(),
            Some("\u{1b}[32mline 0\u{1b}[0m\n\u{1b}[32mline 19999\u{1b}[0m\nline 10000\n")
        );
    }
}
