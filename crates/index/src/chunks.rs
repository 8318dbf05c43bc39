//! A file's text in pieces that mean something: an element, the head of a class, what stands
//! between elements. The pieces are what is ranked and what is embedded.

use std::ops::Range;

use mira_syntax::Element;

/// A piece of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// An index into the file's elements: what it is, or is a part of.
    pub element: Option<usize>,
    pub bytes: Range<usize>,
    /// 1-based, inclusive.
    pub start_line: usize,
    pub end_line: usize,
}

/// An element with members stays whole up to this size, in bytes.
const SMALL_BYTES: usize = 900;
/// An element without members is cut beyond this size, and so is other text, in bytes.
const LARGE_BYTES: usize = 4_000;
/// Where long text is cut, in bytes.
const WINDOW_BYTES: usize = 2_400;
/// More pieces of one file are not made; the rest of it is not searched by words.
pub(crate) const MAX_PIECES: usize = 5_000;

/// The pieces in the order of the text; they do not overlap, and only blank text is left out.
/// The flag says that [`MAX_PIECES`] was met.
pub(crate) fn pieces(text: &str, elements: &[Element]) -> (Vec<Piece>, bool) {
    let mut cutter = Cutter {
        text,
        elements,
        children: children(elements),
        lines: line_starts(text),
        pieces: Vec::new(),
    };
    let top = cutter.children[elements.len()].clone();
    cutter.between(0..text.len(), None, &top);
    let is_cut = cutter.pieces.len() > MAX_PIECES;
    cutter.pieces.truncate(MAX_PIECES);
    (cutter.pieces, is_cut)
}

struct Cutter<'t> {
    text: &'t str,
    elements: &'t [Element],
    /// Of each element, and last those of the file itself.
    children: Vec<Vec<usize>>,
    lines: Vec<usize>,
    pieces: Vec<Piece>,
}

fn children(elements: &[Element]) -> Vec<Vec<usize>> {
    let mut children = vec![Vec::new(); elements.len() + 1];
    for (index, element) in elements.iter().enumerate() {
        let parent = element.parent.filter(|parent| *parent < index);
        children[parent.unwrap_or(elements.len())].push(index);
    }
    children
}

fn line_starts(text: &str) -> Vec<usize> {
    let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
    std::iter::once(0).chain(breaks).collect()
}

impl Cutter<'_> {
    /// The pieces of `range`: `members` for themselves, and what stands around them.
    fn between(&mut self, range: Range<usize>, owner: Option<usize>, members: &[usize]) {
        let mut at = range.start;
        for &member in members {
            if self.pieces.len() > MAX_PIECES {
                return;
            }
            let bytes = self.elements[member].bytes.clone();
            let end = self.whole(bytes.end).min(range.end);
            let start = self.whole(bytes.start).max(at);
            // Members that share their bytes with one before (`a, b = 1, 2`) are in its piece.
            if start >= end || bytes.start < at {
                continue;
            }
            let start = self.with_comments_above(at, start);
            // A short rest before a member goes with it when it is only its decoration.
            self.plain(at..start, owner);
            let end = self.to_end_of_line(end, range.end);
            self.element(member, start..end);
            at = end;
        }
        self.plain(at..range.end.max(at), owner);
    }

    fn element(&mut self, index: usize, range: Range<usize>) {
        let members = std::mem::take(&mut self.children[index]);
        let inner: Vec<usize> = members
            .into_iter()
            .filter(|member| {
                let kind = self.elements[*member].kind;
                !kind.is_member()
                    && self.elements[*member].start_line != self.elements[*member].end_line
            })
            .collect();
        let is_whole = match inner.is_empty() {
            true => range.len() <= LARGE_BYTES,
            false => range.len() <= SMALL_BYTES,
        };
        if is_whole {
            self.push(range, Some(index));
        } else if inner.is_empty() {
            self.plain(range, Some(index));
        } else {
            self.between(range, Some(index), &inner);
        }
    }

    /// Text without elements: whole, or in windows that end where a line does.
    fn plain(&mut self, range: Range<usize>, element: Option<usize>) {
        if range.len() <= LARGE_BYTES {
            self.push(range, element);
            return;
        }
        let mut at = range.start;
        while at < range.end && self.pieces.len() <= MAX_PIECES {
            let wanted = at + WINDOW_BYTES;
            let end = if wanted >= range.end {
                range.end
            } else {
                self.cut_near(at, wanted).min(range.end)
            };
            self.push(at..end, element);
            at = end;
        }
    }

    /// A good place to cut near `wanted`, after `start`: behind a blank line, or a line, or a
    /// character.
    fn cut_near(&self, start: usize, wanted: usize) -> usize {
        let line = self.line_of(wanted);
        let earliest = start + WINDOW_BYTES / 2;
        let blank = (0..line)
            .rev()
            .take_while(|line| self.lines[*line] > earliest)
            .find(|line| {
                self.text[self.lines[*line]..self.end_of_line(*line)]
                    .trim()
                    .is_empty()
            });
        match blank {
            Some(line) => self.end_of_line(line),
            None if self.lines[line] > earliest => self.lines[line],
            None => self.whole(wanted).max(start + 1),
        }
    }

    fn push(&mut self, range: Range<usize>, element: Option<usize>) {
        let Some(text) = self.text.get(range.clone()) else {
            return;
        };
        let trimmed = text.trim_end();
        let start = range.start + (trimmed.len() - trimmed.trim_start().len());
        let end = range.start + trimmed.len();
        // Braces and commas alone are nobody's answer.
        if start >= end || !trimmed.chars().any(char::is_alphanumeric) {
            return;
        }
        self.pieces.push(Piece {
            element,
            start_line: self.line_of(start) + 1,
            end_line: self.line_of(end - 1) + 1,
            bytes: start..end,
        });
    }

    /// Where the comments and decorations directly above `start` begin, not before `floor`.
    fn with_comments_above(&self, floor: usize, start: usize) -> usize {
        const MARKS: [&str; 9] = ["//", "#", "/*", "*", "--", "@", ";", "<!--", "%"];
        let mut begin = self.lines[self.line_of(start)].max(floor);
        if !self.text[begin..start].trim().is_empty() {
            return start;
        }
        while begin > floor {
            let line = self.line_of(begin - 1);
            let from = self.lines[line];
            let above = self.text[from..begin].trim();
            if from < floor || !MARKS.iter().any(|mark| above.starts_with(mark)) {
                break;
            }
            begin = from;
        }
        begin
    }

    /// What follows on the same line belongs to it: `;`, a comment.
    fn to_end_of_line(&self, at: usize, limit: usize) -> usize {
        let end = self.end_of_line(self.line_of(at.saturating_sub(1)));
        let rest = &self.text[at..end.max(at)];
        if end <= limit && !rest.trim_start_matches([';', ',', ')']).trim().is_empty() {
            let rest = rest.trim_start_matches([';', ',', ')']).trim_start();
            if !(rest.starts_with("//") || rest.starts_with('#')) {
                return at;
            }
        }
        end.clamp(at, limit.max(at))
    }

    /// 0-based.
    fn line_of(&self, byte: usize) -> usize {
        self.lines.partition_point(|start| *start <= byte) - 1
    }

    /// Behind the line break of a 0-based line.
    fn end_of_line(&self, line: usize) -> usize {
        self.lines.get(line + 1).copied().unwrap_or(self.text.len())
    }

    /// The next place not after `byte` where the text can be cut.
    fn whole(&self, byte: usize) -> usize {
        self.text.floor_char_boundary(byte)
    }
}
