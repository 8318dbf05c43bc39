//! Markdown for a terminal, while it streams in.
//!
//! What arrives is shown at once, except for the few characters of which the meaning is not
//! known yet (is `*` one or the first of two?). Without colour the text passes unchanged: it is
//! read by a program or kept in a file then.

use super::text::clean;

/// Characters that a link may be long before it is taken for plain text.
const LONGEST_LINK: usize = 400;

/// Renders one message; make a new one for each.
pub struct Markdown {
    color: bool,
    block: Block,
    /// Not shown yet: its meaning depends on what follows.
    held: String,
    bold: bool,
    italic: bool,
    code: bool,
    /// The last character of the line that was shown; None at its start.
    before: Option<char>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    /// At the start of a line, before anything is known of it.
    Start,
    Text,
    Heading,
    /// Inside ``` (or more of them, or ~~~): the fence's character and length.
    Fence {
        mark: char,
        length: usize,
        diff: bool,
        line_start: bool,
    },
}

const RESET: &str = "\x1b[0m";

impl Markdown {
    pub fn new(color: bool) -> Self {
        Self {
            color,
            block: Block::Start,
            held: String::new(),
            bold: false,
            italic: false,
            code: false,
            before: None,
        }
    }

    /// What to write for the next piece of the message.
    pub fn push(&mut self, piece: &str) -> String {
        if !self.color {
            return piece.to_owned();
        }
        self.held.push_str(&clean(piece));
        let mut out = String::new();
        while self.step(&mut out, false) {}
        out
    }

    /// What to write at the end of the message; ends with a reset of all colour.
    pub fn finish(&mut self) -> String {
        let mut out = String::new();
        while self.step(&mut out, true) {}
        out.push_str(&std::mem::take(&mut self.held));
        if self.color {
            self.end_line(&mut out);
        }
        out
    }

    /// Takes something from `held`; false when more text is needed first.
    fn step(&mut self, out: &mut String, last: bool) -> bool {
        if self.held.is_empty() {
            return false;
        }
        match self.block {
            Block::Start => self.line_start(out, last),
            Block::Fence {
                mark,
                length,
                diff,
                line_start,
            } => self.fence(out, last, mark, length, diff, line_start),
            Block::Text | Block::Heading => self.inline(out, last),
        }
    }

    fn take(&mut self, bytes: usize) -> String {
        let rest = self.held.split_off(bytes);
        std::mem::replace(&mut self.held, rest)
    }

    fn line_start(&mut self, out: &mut String, last: bool) -> bool {
        let line = self.held.split('\n').next().unwrap_or_default();
        let whole = last || line.len() < self.held.len();
        let indent = line.len() - line.trim_start_matches(' ').len();
        let body = &line[indent..];
        let first = match body.chars().next() {
            Some(first) => first,
            None if whole => {
                // An empty line.
                self.block = Block::Text;
                return true;
            }
            None => return false,
        };
        if !whole && body.len() < 4 && "#`~->*+".contains(first) {
            return false;
        }
        if indent < 4 && (first == '`' || first == '~') {
            let length = body.chars().take_while(|&c| c == first).count();
            if length >= 3 && (first == '~' || !body[length..].contains('`')) {
                if !whole {
                    return false;
                }
                let diff = body[length..].trim().starts_with("diff");
                let line = self.take(indent + body.len());
                out.push_str(&format!("\x1b[2m{line}{RESET}"));
                if self.held.starts_with('\n') {
                    out.push_str(&self.take(1));
                }
                self.block = Block::Fence {
                    mark: first,
                    length,
                    diff,
                    line_start: true,
                };
                return true;
            }
        }
        let hashes = body.chars().take_while(|&c| c == '#').count();
        if (1..=6).contains(&hashes) && body[hashes..].starts_with(' ') {
            self.take(indent + hashes + 1);
            out.push_str(if hashes == 1 { "\x1b[1;4m" } else { "\x1b[1m" });
            self.block = Block::Heading;
            return true;
        }
        if body.starts_with("> ") {
            self.take(indent + 2);
            out.push_str(&format!("\x1b[2m│{RESET} "));
            // A quote may hold a list or a heading: the line starts once more.
            return true;
        }
        if ["- ", "* ", "+ "]
            .iter()
            .any(|bullet| body.starts_with(bullet))
        {
            if body.len() >= 3 && body.replace([' ', first], "").is_empty() && first != '+' {
                if !whole {
                    return false;
                }
                return self.rule(out);
            }
            let indent = self.take(indent + 2).len() - 2;
            out.push_str(&" ".repeat(indent));
            out.push_str("• ");
        } else if whole
            && body.len() >= 3
            && body.chars().all(|c| c == first)
            && "-*_".contains(first)
        {
            return self.rule(out);
        } else {
            let indent = self.take(indent);
            out.push_str(&indent);
        }
        self.block = Block::Text;
        true
    }

    /// A thematic break, whole in `held`.
    fn rule(&mut self, out: &mut String) -> bool {
        let end = self.held.find('\n').unwrap_or(self.held.len());
        self.take(end);
        out.push_str(&format!("\x1b[2m{}{RESET}", "─".repeat(24)));
        self.block = Block::Text;
        true
    }

    fn fence(
        &mut self,
        out: &mut String,
        last: bool,
        mark: char,
        length: usize,
        diff: bool,
        line_start: bool,
    ) -> bool {
        let end = self.held.find('\n');
        let line = &self.held[..end.unwrap_or(self.held.len())];
        if line_start {
            let body = line.trim_start_matches(' ');
            let marks = body.chars().take_while(|&c| c == mark).count();
            let only_marks = body.trim_end().chars().all(|c| c == mark);
            if end.is_none() && !last && only_marks {
                return false;
            }
            if only_marks && marks >= length {
                let line = self.take(end.unwrap_or(self.held.len()));
                out.push_str(&format!("\x1b[2m{line}{RESET}"));
                self.block = Block::Text;
                return true;
            }
            let color = match body.chars().next() {
                Some('+') if diff => "\x1b[32m",
                Some('-') if diff => "\x1b[31m",
                Some('@') if diff => "\x1b[36m",
                _ => "",
            };
            out.push_str(color);
        }
        match end {
            Some(end) => {
                out.push_str(&self.take(end));
                if diff {
                    out.push_str(RESET);
                }
                out.push_str(&self.take(1));
            }
            None => out.push_str(&std::mem::take(&mut self.held)),
        }
        self.block = Block::Fence {
            mark,
            length,
            diff,
            line_start: end.is_some(),
        };
        true
    }

    fn inline(&mut self, out: &mut String, last: bool) -> bool {
        let mut chars = self.held.chars();
        let Some(c) = chars.next() else { return false };
        let next = chars.next();
        match c {
            '\n' => {
                self.end_line(out);
                self.take(1);
                out.push('\n');
                self.block = Block::Start;
            }
            '\\' if !self.code => match next {
                Some(next) if next.is_ascii_punctuation() => {
                    self.take(1);
                    self.literal(out, next.len_utf8());
                }
                None if !last => return false,
                _ => self.literal(out, 1),
            },
            '`' => {
                self.take(1);
                self.code = !self.code;
                self.before = Some('`');
                self.restyle(out);
            }
            '*' | '_' if !self.code => return self.emphasis(out, last, c),
            '[' if !self.code => return self.link(out, last),
            _ => {
                let special = |c: char| "\n\\`*_[".contains(c);
                let end = self
                    .held
                    .find(special)
                    .unwrap_or(self.held.len())
                    .max(c.len_utf8());
                self.literal(out, end);
            }
        }
        true
    }

    fn literal(&mut self, out: &mut String, bytes: usize) {
        let text = self.take(bytes);
        self.before = text.chars().next_back().or(self.before);
        out.push_str(&text);
    }

    fn emphasis(&mut self, out: &mut String, last: bool, mark: char) -> bool {
        let run = self.held.chars().take_while(|&c| c == mark).count();
        let Some(after) = self.held[run..].chars().next() else {
            if !last {
                return false;
            }
            self.close(run);
            self.take(run);
            self.restyle(out);
            return true;
        };
        let spaced_after = after.is_whitespace();
        let spaced_before = self.before.is_none_or(char::is_whitespace);
        let inside_word = self.before.is_some_and(char::is_alphanumeric) && after.is_alphanumeric();
        let closes = !spaced_before && if run >= 2 { self.bold } else { self.italic };
        let opens = !spaced_after && !closes;
        if run > 3 || !(opens || closes) || (mark == '_' && inside_word) {
            self.literal(out, run);
            return true;
        }
        if run >= 2 {
            self.bold = opens;
        }
        if run % 2 == 1 {
            self.italic = opens;
        }
        self.take(run);
        self.restyle(out);
        true
    }

    fn close(&mut self, run: usize) {
        if run >= 2 {
            self.bold = false;
        }
        if run % 2 == 1 {
            self.italic = false;
        }
    }

    /// `[text](address)`: the text underlined, the address beside it where it says more.
    fn link(&mut self, out: &mut String, last: bool) -> bool {
        let line = self.held.split('\n').next().unwrap_or_default();
        let whole = last || line.len() < self.held.len() || line.len() > LONGEST_LINK;
        let parts = line.find("](").and_then(|middle| {
            let end = line[middle..].find(')')? + middle;
            Some((
                line[1..middle].to_owned(),
                line[middle + 2..end].to_owned(),
                end + 1,
            ))
        });
        match parts {
            Some((text, address, bytes)) => {
                self.take(bytes);
                out.push_str(&format!("\x1b[4m{text}\x1b[24m"));
                if text != address {
                    out.push_str(&format!(" ({address})"));
                }
                self.before = Some(')');
                true
            }
            None => {
                let open = line.find(']').is_none_or(|end| {
                    let after = &line[end + 1..];
                    after.is_empty() || after.starts_with('(')
                });
                if open && !whole {
                    return false;
                }
                self.literal(out, 1);
                true
            }
        }
    }

    fn restyle(&self, out: &mut String) {
        out.push_str(RESET);
        if self.block == Block::Heading || self.bold {
            out.push_str("\x1b[1m");
        }
        if self.italic {
            out.push_str("\x1b[3m");
        }
        if self.code {
            out.push_str("\x1b[36m");
        }
    }

    /// Nothing that was opened reaches over a line's end.
    fn end_line(&mut self, out: &mut String) {
        let fenced = matches!(self.block, Block::Fence { .. });
        if self.bold || self.italic || self.code || fenced || self.block == Block::Heading {
            out.push_str(RESET);
        }
        (self.bold, self.italic, self.code, self.before) = (false, false, false, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "# Title\n\nSome **bold**, *italic*, `code * x`, 2 * 3, a_b_c.\n\
        - item with [docs](https://x.y/z)\n* * *\n> quote `q`\n```diff\n+ added *not bold*\n\
        - removed\n```\n1. [ ] task, ä **ü**\n\n~~~\n```\n~~~\nopen **bold\nnext \\*line\\* `a\nb";

    /// Escape sequences as readable marks.
    fn marked(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("\x1b[") {
            out.push_str(&rest[..start]);
            let end = rest[start..].find('m').unwrap() + start;
            out.push_str(&format!("<{}>", &rest[start + 2..end]));
            rest = &rest[end + 1..];
        }
        out + rest
    }

    fn render(pieces: &[&str]) -> String {
        let mut markdown = Markdown::new(true);
        let mut out: String = pieces.iter().map(|piece| markdown.push(piece)).collect();
        out.push_str(&markdown.finish());
        marked(&out)
    }

    #[test]
    fn blocks_and_spans_are_styled() {
        let expected = "<1;4>Title<0>\n\nSome <0><1>bold<0>, <0><3>italic<0>, <0><36>code * x<0>, \
            2 * 3, a_b_c.\n• item with <4>docs<24> (https://x.y/z)\n<2>────────────────────────<0>\n\
            <2>│<0> quote <0><36>q<0>\n<2>```diff<0>\n<32>+ added *not bold*<0>\n<31>- removed<0>\n\
            <2>```<0>\n1. [ ] task, ä <0><1>ü<0>\n\n<2>~~~<0>\n```\n<2>~~~<0>\nopen <0><1>bold<0>\n\
            next *line* <0><36>a<0>\nb";
        assert_eq!(render(&[SAMPLE]), expected);
    }

    #[test]
    fn any_split_of_the_stream_shows_the_same() {
        let whole = render(&[SAMPLE]);
        let chars: Vec<String> = SAMPLE.chars().map(String::from).collect();
        for size in 1..12 {
            let pieces: Vec<String> = chars.chunks(size).map(|chunk| chunk.concat()).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            assert_eq!(render(&pieces), whole, "pieces of {size}");
        }
    }

    #[test]
    fn text_is_shown_as_it_comes_and_not_line_by_line() {
        let mut markdown = Markdown::new(true);
        assert_eq!(markdown.push("Hello wor"), "Hello wor");
        assert_eq!(markdown.push("ld, **"), "ld, ");
        assert_eq!(marked(&markdown.push("bo")), "<0><1>bo");
    }

    #[test]
    fn without_colour_nothing_is_changed() {
        let mut markdown = Markdown::new(false);
        let out = markdown.push(SAMPLE) + &markdown.finish();
        assert_eq!(out, SAMPLE);
    }

    #[test]
    fn a_message_cannot_send_escape_sequences() {
        let mut markdown = Markdown::new(true);
        let out = markdown.push("a\x1b[2Jb\x1b]0;title\x07c") + &markdown.finish();
        assert_eq!(out, "a[2Jb]0;titlec");
    }
}
