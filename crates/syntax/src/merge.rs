//! One account of a file from readings of its parts.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

use crate::facts::{Element, FileFacts};
use crate::signature;

/// Whole lines that the reading of the rest leaves out, and a reading that has them.
struct Gap<'f> {
    bytes: Range<usize>,
    lines: Range<usize>,
    facts: Cow<'f, FileFacts>,
}

/// Which reading something is from, that of the rest being 0, and its place there.
type From = (usize, usize);

/// `rest`, and from the other readings what stands in their bytes. `first` is a reading of it all,
/// good or bad: it has the notes.
pub(crate) fn merged(
    first: &FileFacts,
    mut rest: FileFacts,
    gaps: Vec<(Range<usize>, Cow<'_, FileFacts>)>,
    separator: &str,
    text: &str,
) -> FileFacts {
    let mut starts = vec![0];
    starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
    let line_of = |byte: usize| starts.partition_point(|start| *start <= byte);
    let line = |number: usize| {
        let from = starts.get(number.saturating_sub(1)).copied();
        let until = starts.get(number).copied().unwrap_or(text.len());
        from.and_then(|from| text.get(from..until))
            .unwrap_or_default()
    };
    let gaps: Vec<Gap<'_>> = gaps
        .into_iter()
        .map(|(bytes, facts)| Gap {
            lines: line_of(bytes.start)..line_of(bytes.end.saturating_sub(1)) + 1,
            bytes,
            facts,
        })
        .collect();
    for gap in &gaps {
        stretch(&mut rest.elements, gap, text);
    }
    let (elements, places) = elements(&rest, &gaps, separator, text, line);
    let within = |from: Option<From>, line: usize| {
        let known = from.and_then(|from| places.get(&from).copied());
        known.or_else(|| innermost(&elements, line))
    };
    macro_rules! join {
        ($list:ident, $key:expr) => {
            for one in &mut rest.$list {
                let known = one.within.and_then(|old| places.get(&(0, old)).copied());
                one.within = known;
            }
            for (at, gap) in gaps.iter().enumerate() {
                let own = gap.facts.$list.iter();
                rest.$list
                    .extend(own.filter(|one| gap.lines.contains(&one.line)).map(|one| {
                        let mut one = one.clone();
                        one.within = within(one.within.map(|old| (at + 1, old)), one.line);
                        one
                    }));
            }
            rest.$list.sort_by_key($key);
        };
    }
    join!(references, |one| one.byte);
    join!(imports, |one| one.line);
    join!(bindings, |one| one.line);
    join!(texts, |one| one.line);
    rest.elements = elements;
    rest.package = rest.package.or_else(|| first.package.clone());
    rest.doc = rest.doc.or_else(|| first.doc.clone());
    rest.notes.clone_from(&first.notes);
    for note in &mut rest.notes {
        note.line = gaps.first().map(|gap| gap.lines.start);
    }
    rest
}

/// What ends where a gap begins, and is indented less, goes on to the end of the gap.
fn stretch(elements: &mut [Element], gap: &Gap<'_>, text: &str) {
    let indent = |at: usize| {
        let before = text.get(..at).unwrap_or_default();
        let from = before.rfind('\n').map_or(0, |end| end + 1);
        let line = text.get(from..).unwrap_or_default();
        line.len() - line.trim_start_matches([' ', '\t']).len()
    };
    let own = indent(gap.bytes.start);
    for element in elements {
        let between = text.get(element.bytes.end..gap.bytes.start);
        let ends_there = between.is_some_and(|between| between.trim().is_empty());
        if ends_there && indent(element.bytes.start) < own {
            element.bytes.end = gap.bytes.end;
            element.end_line = gap.lines.end - 1;
        }
    }
}

/// The elements of all in the order of the text, and where each of them has gone.
fn elements<'t>(
    rest: &FileFacts,
    gaps: &[Gap<'_>],
    separator: &str,
    text: &str,
    line: impl Fn(usize) -> &'t str,
) -> (Vec<Element>, HashMap<From, usize>) {
    let mut pieces: Vec<(From, Element)> = rest
        .elements
        .iter()
        .cloned()
        .enumerate()
        .map(|(at, element)| ((0, at), element))
        .collect();
    for (at, gap) in gaps.iter().enumerate() {
        for (old, element) in gap.facts.elements.iter().enumerate() {
            if gap.lines.contains(&element.start_line)
                && is_real(element, gap, gaps, line(element.name_line))
            {
                pieces.push(((at + 1, old), cut(element.clone(), gap, text)));
            }
        }
    }
    pieces.sort_by_key(|(_, element)| (element.bytes.start, Reverse(element.bytes.end)));
    let places: HashMap<From, usize> = pieces
        .iter()
        .enumerate()
        .map(|(at, (from, _))| (*from, at))
        .collect();
    let mut elements: Vec<Element> = Vec::with_capacity(pieces.len());
    for ((reading, _), mut element) in pieces {
        let old = element.parent;
        element.parent = old.and_then(|old| places.get(&(reading, old)).copied());
        if let Some(gap) = reading.checked_sub(1).and_then(|at| gaps.get(at)) {
            let around = old.and_then(|old| gap.facts.elements.get(old));
            let own = around
                .and_then(|around| element.qualified_name.strip_prefix(&around.qualified_name))
                .and_then(|own| own.strip_prefix(separator))
                .unwrap_or(&element.qualified_name);
            let parent = element
                .parent
                .or_else(|| innermost(&elements, element.start_line));
            if let Some(around) = parent.and_then(|parent| elements.get(parent)) {
                element.qualified_name = format!("{}{separator}{own}", around.qualified_name);
            }
            element.parent = parent;
        }
        elements.push(element);
    }
    (elements, places)
}

/// Not made of several lines, nor a part of what is in another gap.
fn is_real(element: &Element, gap: &Gap<'_>, gaps: &[Gap<'_>], line: &str) -> bool {
    let parent = element
        .parent
        .and_then(|parent| gap.facts.elements.get(parent));
    line.contains(&element.name)
        && parent.is_none_or(|parent| {
            gap.lines.contains(&parent.start_line)
                || gaps
                    .iter()
                    .all(|other| !other.lines.contains(&parent.start_line))
        })
}

fn cut(mut element: Element, gap: &Gap<'_>, text: &str) -> Element {
    if element.bytes.end > gap.bytes.end {
        element.end_line = gap.lines.end - 1;
        element.bytes.end = gap.bytes.end;
        let own = text.get(element.bytes.clone()).unwrap_or_default();
        element.signature = signature::one_line(own.lines().next().unwrap_or_default());
    }
    element
}

/// The last element that begins at or before this line and goes over it.
fn innermost(elements: &[Element], line: usize) -> Option<usize> {
    let is_around = |element: &Element| element.start_line <= line && line <= element.end_line;
    elements.iter().rposition(is_around)
}
