//! Reading on after what is broken.
//!
//! Where a bracket is missing a grammar takes what comes next for its inside, and half a file is
//! lost to one unfinished line. People and programs indent what they write, broken or not: the
//! block of lines that keeps the rest from being read is looked for by its indentation and left
//! out, and the rest is read as if it were not there. What stood in it is told as far as the first
//! reading went.

use std::borrow::Cow;
use std::ops::Range;

use tree_sitter::{Node, Tree};

use crate::clock::Clock;
use crate::facts::{Element, FileFacts, Limits, NoteKind};
use crate::merge::merged;
use crate::plan::Plan;
use crate::{parse, walk};

/// Larger texts are told as they were read at first.
const MAX_BYTES: usize = 256 * 1024;
/// All trials together, in bytes that are parsed: a bound that is the same on every machine.
const MAX_TRIED: usize = 3 * 1024 * 1024;
/// More errors, or more broken blocks, are no slip, but a dialect that the grammar does not know.
const MAX_BROKEN: usize = 8;
/// Blocks of one level that are tried one by one.
const MAX_TRIALS: usize = 64;
/// How far down: a class, its method, a block in it.
const MAX_LEVELS: usize = 4;
/// Blocks that are broken beside each other, below the margin.
const MAX_TOGETHER: usize = 3;

/// What `facts` should have been, if leaving something out tells more of the file.
pub(crate) fn recovered(
    plan: &'static Plan,
    tree: &Tree,
    (text, readable): (&str, &str),
    limits: &Limits,
    clock: &Clock,
    facts: &FileFacts,
) -> Option<FileFacts> {
    let errors = Errors::of(tree, readable);
    if !errors.may_swallow
        || errors.places > MAX_BROKEN
        || text.len() > MAX_BYTES
        || !is_whole(facts)
    {
        return None;
    }
    let mut trial = Trial {
        plan,
        limits,
        clock,
        head: if readable.starts_with(PHP) { PHP } else { "" },
        left: MAX_TRIED,
    };
    let left_out = trial.broken(readable)?;
    let rest = blanked(readable, &left_out);
    let tree = parse(plan, &rest, limits, clock)?;
    let errors_left = Errors::of(&tree, &rest).bytes;
    if errors_left >= errors.bytes {
        return None;
    }
    let read = |tree: &Tree| {
        let mut told = FileFacts {
            language: facts.language.clone(),
            lines: facts.lines,
            is_generated: facts.is_generated,
            ..FileFacts::default()
        };
        walk::walk(plan, tree, text, limits, clock, &mut told);
        is_whole(&told).then_some(told)
    };
    let rest = read(&tree)?;
    let beside = |element: &&Element| {
        let is_in = |gap: &Range<usize>| gap.contains(&element.bytes.start);
        !left_out.iter().any(is_in)
    };
    let told = Told::of(facts.elements.iter().filter(beside));
    let is_more = Told::of(rest.elements.iter()).is_better(&told, errors_left == 0);
    let gaps = left_out.into_iter().map(|bytes| {
        let closed = trial.closed(readable, &bytes);
        let closed = closed.as_ref().and_then(read);
        (bytes, closed.map_or(Cow::Borrowed(facts), Cow::Owned))
    });
    let merged = merged(facts, rest, gaps.collect(), plan.rules.separator, text);
    let told = Told::of(facts.elements.iter());
    let all = Told::of(merged.elements.iter());
    let is_more = is_more || all.is_better(&told, false);
    (is_more && all.elements >= told.elements).then_some(merged)
}

/// No limit cut anything off.
fn is_whole(facts: &FileFacts) -> bool {
    let mut notes = facts.notes.iter();
    notes.all(|note| note.kind == NoteKind::Broken)
}

const PHP: &str = "<?php";

/// How much a reading tells.
struct Told {
    elements: usize,
    /// Those whose place in others is known.
    placed: usize,
}

impl Told {
    fn of<'f>(elements: impl Iterator<Item = &'f Element>) -> Self {
        let mut told = Self {
            elements: 0,
            placed: 0,
        };
        for element in elements {
            told.elements += 1;
            told.placed += usize::from(element.parent.is_some());
        }
        told
    }

    /// Of two that tell as many, one without errors has them in their right places.
    fn is_better(&self, other: &Self, is_clean: bool) -> bool {
        self.elements + self.placed > other.elements + other.placed
            || (is_clean && self.elements >= other.elements)
    }
}

/// What of a tree is no syntax.
struct Errors {
    bytes: usize,
    places: usize,
    /// Something is missing, or what cannot be read has brackets or goes over several lines.
    may_swallow: bool,
}

impl Errors {
    fn of(tree: &Tree, text: &str) -> Self {
        let mut errors = Self {
            bytes: 0,
            places: 0,
            may_swallow: false,
        };
        let mut cursor = tree.walk();
        loop {
            let node = cursor.node();
            errors.see(node, text);
            if node.has_error() && !node.is_error() && cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return errors;
                }
            }
        }
    }

    fn see(&mut self, node: Node<'_>, text: &str) {
        self.places += usize::from(node.is_missing() || node.is_error());
        if node.is_missing() {
            self.bytes += 1;
            self.may_swallow = true;
        } else if node.is_error() {
            self.bytes += node.byte_range().len().max(1);
            let own = text.get(node.byte_range()).unwrap_or_default();
            self.may_swallow |= own.contains(['(', ')', '[', ']', '{', '}', '\n']);
        }
    }
}

struct Trial<'a> {
    plan: &'static Plan,
    limits: &'a Limits,
    clock: &'a Clock,
    /// What the language needs at the top of a file.
    head: &'static str,
    /// How many bytes may still be parsed.
    left: usize,
}

impl Trial<'_> {
    /// The blocks without which the text can be read, in order; None: not found.
    fn broken(&mut self, text: &str) -> Option<Vec<Range<usize>>> {
        let mut broken = Vec::new();
        for block in blocks(text, 0..text.len(), 0, Lines::Statements) {
            let alone = &text[block.clone()];
            if self.errors(alone, &[])? == 0 {
                continue;
            }
            let inner = self.inner(alone, &(0..alone.len()), &[], MAX_LEVELS);
            match inner {
                Some(inner) => broken.extend(
                    inner
                        .into_iter()
                        .map(|part| part.start + block.start..part.end + block.start),
                ),
                None => broken.push(block),
            }
            if broken.len() > MAX_BROKEN {
                return None;
            }
        }
        (!broken.is_empty()).then_some(broken)
    }

    /// The smallest blocks inside `within` without which `text` can be read.
    fn inner(
        &mut self,
        text: &str,
        within: &Range<usize>,
        without: &[Range<usize>],
        levels: usize,
    ) -> Option<Vec<Range<usize>>> {
        if levels == 0 {
            return None;
        }
        let (own, deeper) = indents(text, within)?;
        let parts = deeper.map_or_else(Vec::new, |deeper| {
            blocks(text, within.clone(), deeper, Lines::Statements)
        });
        self.among(text, parts, without, levels).or_else(|| {
            let lines = blocks(text, within.clone(), own, Lines::Each);
            let lines = if lines.len() > 1 { lines } else { Vec::new() };
            self.among(text, lines, without, levels)
        })
    }

    fn among(
        &mut self,
        text: &str,
        parts: Vec<Range<usize>>,
        without: &[Range<usize>],
        levels: usize,
    ) -> Option<Vec<Range<usize>>> {
        if parts.is_empty() || parts.len() > MAX_TRIALS {
            return None;
        }
        let mut without = without.to_vec();
        let mut before = self.errors(text, &without)?;
        for _ in 0..MAX_TOGETHER {
            let mut best: Option<(usize, &Range<usize>)> = None;
            for part in &parts {
                let tried: Vec<_> = without.iter().chain([part]).cloned().collect();
                let errors = self.errors(text, &tried)?;
                if best.is_none_or(|(least, _)| errors < least) {
                    best = Some((errors, part));
                }
                if errors == 0 {
                    break;
                }
            }
            let (errors, part) = best.filter(|(errors, _)| *errors < before)?;
            if errors == 0 {
                return match self.inner(text, part, &without, levels - 1) {
                    Some(smaller) => Some(smaller),
                    None => Some(without.into_iter().chain([part.clone()]).collect()),
                };
            }
            before = errors;
            without.push(part.clone());
        }
        None
    }

    /// The tree of a block at the margin with the brackets that it leaves open closed, everything
    /// in its place; None: that is not all that it lacks.
    fn closed(&mut self, text: &str, block: &Range<usize>) -> Option<Tree> {
        let own = &text[block.clone()];
        if own.starts_with(char::is_whitespace) {
            return None;
        }
        self.left = self.left.checked_sub(block.end)?;
        let before = self.head.len()..block.start.max(self.head.len());
        let mut alone = blanked(&text[..block.end], &[before]);
        let closers = open(own).filter(|closers| !closers.is_empty())?;
        alone.extend(closers.into_iter().rev());
        let tree = parse(self.plan, &alone, self.limits, self.clock)?;
        (Errors::of(&tree, &alone).bytes == 0).then_some(tree)
    }

    fn errors(&mut self, text: &str, without: &[Range<usize>]) -> Option<usize> {
        self.left = self.left.checked_sub(text.len())?;
        let text = format!("{}\n{}", self.head, blanked(text, without));
        let tree = parse(self.plan, &text, self.limits, self.clock)?;
        Some(Errors::of(&tree, &text).bytes)
    }
}

/// The text with spaces in place of these lines: every other byte stays where it is.
fn blanked(text: &str, ranges: &[Range<usize>]) -> String {
    let mut blanked = String::with_capacity(text.len());
    let mut at = 0;
    let mut ranges = ranges.to_vec();
    ranges.sort_by_key(|range| range.start);
    for range in ranges {
        if range.start < at {
            continue;
        }
        blanked.push_str(&text[at..range.start]);
        let lines = text[range.clone()].bytes();
        blanked.extend(lines.map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        at = range.end;
    }
    blanked.push_str(&text[at..]);
    blanked
}

struct Line<'t> {
    bytes: Range<usize>,
    indent: usize,
    words: &'t str,
}

fn lines(text: &str, within: Range<usize>) -> impl Iterator<Item = Line<'_>> {
    let mut at = within.start;
    text[within].split_inclusive('\n').map(move |line| {
        let bytes = at..at + line.len();
        at = bytes.end;
        let words = line.trim_end();
        let indent = words.len() - words.trim_start().len();
        Line {
            bytes,
            indent,
            words: words.trim_start(),
        }
    })
}

/// How far the first line is indented, and those below it that are indented further.
fn indents(text: &str, within: &Range<usize>) -> Option<(usize, Option<usize>)> {
    let mut lines = lines(text, within.clone()).filter(|line| !line.words.is_empty());
    let own = lines.next()?.indent;
    let deeper = lines.map(|line| line.indent).filter(|indent| *indent > own);
    Some((own, deeper.min()))
}

/// What may begin a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    /// A line after the end of another statement.
    Statements,
    Each,
}

/// What begins at this indentation, each with all that is indented further or closes it. What is
/// around several of them and does not indent them (a namespace in C++) is none.
fn blocks(text: &str, within: Range<usize>, indent: usize, which: Lines) -> Vec<Range<usize>> {
    let mut blocks: Vec<Range<usize>> = Vec::new();
    // Places in `blocks` of what may be around those that follow.
    let mut around: Vec<usize> = Vec::new();
    let mut is_open = false;
    let mut before: Option<Line<'_>> = None;
    for line in lines(text, within) {
        if line.words.is_empty() {
            before = None;
            continue;
        }
        if line.indent < indent {
            is_open = false;
        } else if line.indent > indent || goes_on(line.words) {
            // What closes an indented block is no more indented than its first line, and comes right
            // after what is.
            let is_outer = line.indent == indent
                && line.words.starts_with('}')
                && before.as_ref().is_none_or(|before| before.indent <= indent);
            let after_blank = before.is_none();
            let is_whole = |block: &Range<usize>| {
                open(&text[block.clone()]).is_some_and(|open| open.is_empty())
                    || (after_blank && lines(text, block.clone()).all(|line| line.indent <= indent))
            };
            if is_outer && !around.is_empty() && blocks.last().is_some_and(is_whole) {
                around.pop().map(|place| blocks.remove(place));
                is_open = false;
            } else if is_open && let Some(block) = blocks.last_mut() {
                block.end = line.bytes.end;
            }
            let begins = blocks.len().saturating_sub(1);
            if line.indent > indent || !line.words.ends_with(':') {
                around.pop_if(|place| *place == begins && is_open);
            }
        } else if which == Lines::Each || ends(before.as_ref(), indent) {
            if which == Lines::Statements && open(line.words).is_some_and(|open| open == ['}']) {
                around.push(blocks.len());
            }
            blocks.push(line.bytes.clone());
            is_open = true;
        } else if is_open && let Some(block) = blocks.last_mut() {
            block.end = line.bytes.end;
        }
        before = Some(line);
    }
    blocks
}

/// The line closes what was opened, or is its next part.
fn goes_on(words: &str) -> bool {
    const NEXT: [&str; 12] = [
        "end", "else", "elif", "elsif", "except", "rescue", "ensure", "catch", "finally", "fi",
        "done", "esac",
    ];
    const LABELS: [&str; 5] = ["public", "private", "protected", "default", "case"];
    let first = words.split(|c: char| !c.is_alphanumeric()).next();
    let first = first.unwrap_or_default();
    words.starts_with(['}', ')', ']', '{'])
        || words.starts_with("</")
        || NEXT.contains(&first)
        || (words.ends_with(':') && LABELS.contains(&first))
}

/// After this line something else begins at the indentation. What opens a bracket there, and has
/// nothing indented in it, was never finished.
fn ends(line: Option<&Line<'_>>, indent: usize) -> bool {
    let Some(line) = line else {
        return true;
    };
    let words = line.words;
    let is_about_next = words.starts_with(['#', '@', '*'])
        || ["//", "/*", "--"]
            .iter()
            .any(|mark| words.starts_with(mark));
    line.indent != indent
        || words.ends_with(['}', ';', '{', '('])
        || (!is_about_next && (words.ends_with([')', ']', ',']) || words.ends_with("end")))
}

/// The brackets that would close what a text leaves open, the outermost first; None: it closes
/// what it did not open. What a line says in quotes does not count.
fn open(text: &str) -> Option<Vec<char>> {
    let mut open = Vec::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some(at) = rest.find(['(', '[', '{', ')', ']', '}', '"', '\'']) {
            let (sign, after) = (rest.as_bytes()[at], &rest[at + 1..]);
            rest = after;
            match sign {
                b'(' => open.push(')'),
                b'[' => open.push(']'),
                b'{' => open.push('}'),
                b'"' | b'\'' => {
                    if let Some(end) = after.find(char::from(sign)) {
                        rest = &after[end + 1..];
                    }
                }
                _ => {
                    open.pop().filter(|one| *one == char::from(sign))?;
                }
            }
        }
    }
    Some(open)
}
