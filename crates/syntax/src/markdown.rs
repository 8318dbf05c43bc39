//! Headings as an outline: each reaches to the next of its level or above.

use crate::facts::{Element, Kind, Limits, Visibility};

pub(crate) fn headings(text: &str, limits: &Limits) -> Vec<Element> {
    let mut found: Vec<(usize, Element)> = Vec::new();
    let mut fence: Option<&str> = None;
    let mut previous: Option<(usize, &str)> = None;
    let mut last_line = 0;
    for (index, raw) in text.lines().enumerate() {
        let (number, line) = (index + 1, raw.trim());
        last_line = number;
        if let Some(mark) = fence {
            if line.starts_with(mark) {
                fence = None;
            }
            continue;
        }
        let opened = ["```", "~~~"]
            .into_iter()
            .find(|mark| line.starts_with(mark));
        if opened.is_some() {
            fence = opened;
            previous = None;
            continue;
        }
        if let Some((level, name)) = atx(raw) {
            found.push((level, element(level, name, number)));
            previous = None;
        } else if let (Some(level), Some((at, name))) = (underline(line), previous) {
            found.push((level, element(level, name, at)));
            previous = None;
        } else {
            previous = (!line.is_empty()).then_some((number, line));
        }
        if found.len() == limits.elements {
            break;
        }
    }
    nested(found, last_line)
}

fn element(level: usize, name: &str, line: usize) -> Element {
    Element {
        kind: Kind::Heading,
        name: name.to_owned(),
        qualified_name: name.to_owned(),
        signature: format!("{} {name}", "#".repeat(level)),
        visibility: Visibility::Public,
        doc: None,
        type_text: None,
        bytes: 0..0,
        start_line: line,
        end_line: line,
        name_line: line,
        parent: None,
        is_async: false,
        is_test: false,
        cyclomatic: 0,
        cognitive: 0,
    }
}

/// `## Name ##`
fn atx(line: &str) -> Option<(usize, &str)> {
    let indent = line.len() - line.trim_start().len();
    let line = line.trim();
    let level = line.chars().take_while(|c| *c == '#').count();
    let rest = &line[level..];
    let fits = (1..=6).contains(&level) && indent < 4 && rest.starts_with(' ');
    let name = rest.trim().trim_end_matches('#').trim_end();
    (fits && !name.is_empty()).then_some((level, name))
}

/// `====` or `----` below a line.
fn underline(line: &str) -> Option<usize> {
    let all = |mark| line.len() >= 3 && line.chars().all(|c| c == mark);
    if all('=') {
        Some(1)
    } else if all('-') {
        Some(2)
    } else {
        None
    }
}

fn nested(found: Vec<(usize, Element)>, last_line: usize) -> Vec<Element> {
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<(usize, usize)> = Vec::new();
    for (level, mut element) in found {
        while let Some((_, index)) = open.pop_if(|(above, _)| *above >= level) {
            elements[index].end_line = element.start_line - 1;
        }
        element.parent = open.last().map(|(_, index)| *index);
        open.push((level, elements.len()));
        elements.push(element);
    }
    for (_, index) in open {
        elements[index].end_line = last_line;
    }
    elements
}
