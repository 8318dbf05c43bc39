//! What a file declares, for a reader: its facts without what stands inside functions, and without
//! fields.

use serde::Serialize;

use crate::facts::{FileFacts, Kind, Limits};

/// A line of an outline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub kind: Kind,
    pub name: String,
    /// The declaration without its body, on one line, at most 160 characters.
    pub signature: String,
    /// 1-based, inclusive.
    pub start_line: usize,
    pub end_line: usize,
    /// How many entries it stands inside.
    pub depth: usize,
}

/// An outline has at most so many entries.
pub const MAX_ENTRIES: usize = 2_000;

/// The declarations of `text`, in the order in which they stand. Empty where no language fits the
/// path, and where the file goes beyond the usual [`Limits`].
pub fn outline(path: &str, text: &str) -> Vec<Entry> {
    of(crate::facts(path, text, &Limits::default()))
}

fn of(facts: FileFacts) -> Vec<Entry> {
    // For each element its depth, where it is shown.
    let mut depths: Vec<Option<usize>> = Vec::with_capacity(facts.elements.len());
    let mut entries = Vec::new();
    for element in facts.elements {
        let depth = match element.parent {
            None => Some(0),
            Some(parent) => depths[parent],
        };
        let is_shown = depth.is_some() && !element.kind.is_member();
        // What is inside a function is its own affair; tests hold tests.
        let holds = is_shown && (!element.kind.is_callable() || element.kind == Kind::Test);
        depths.push(depth.filter(|_| holds).map(|depth| depth + 1));
        if let (Some(depth), true) = (depth, is_shown && entries.len() < MAX_ENTRIES) {
            entries.push(Entry {
                kind: element.kind,
                name: element.name,
                signature: element.signature,
                start_line: element.start_line,
                end_line: element.end_line,
                depth,
            });
        }
    }
    entries
}
