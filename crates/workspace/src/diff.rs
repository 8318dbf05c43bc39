//! Two contents as hunks, and a content made of some of them.
//!
//! Deterministic: the same two contents always give the same hunks with the same ids, so that a
//! person's marks stay true without being stored with the text.

use std::ops::Range;

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices};

use crate::files::is_binary;

/// The largest content that is diffed, in bytes.
pub const MAX_DIFF_BYTES: usize = 2 * 1024 * 1024;
/// Unchanged lines around changed ones.
const CONTEXT: usize = 3;

/// What lies between two contents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileDiff {
    /// Empty where `binary` or `too_large`.
    pub hunks: Vec<Hunk>,
    /// Lines.
    pub additions: usize,
    pub deletions: usize,
    pub binary: bool,
    pub too_large: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// The same for the same two contents.
    pub id: String,
    /// 1-based first line before and after (0 where there is no line), with the number of lines
    /// of each.
    pub old_start: usize,
    pub old_lines: usize,
    pub new_start: usize,
    pub new_lines: usize,
    pub lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub kind: LineKind,
    /// Without its line end; bytes that are not UTF-8 replaced.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    Context,
    Added,
    Removed,
    /// The line before this one has no line end.
    NoNewline,
}

/// Compares by lines, with three lines of context.
pub fn between(before: &[u8], after: &[u8]) -> FileDiff {
    let mut diff = FileDiff::default();
    if before == after {
        return diff;
    }
    diff.binary = is_binary(before) || is_binary(after);
    diff.too_large = before.len().max(after.len()) > MAX_DIFF_BYTES;
    if diff.binary || diff.too_large {
        return diff;
    }
    let (old, new) = (lines(before), lines(after));
    for group in groups(&old, &new) {
        for op in &group {
            if op.tag() != DiffTag::Equal {
                diff.additions += op.new_range().len();
                diff.deletions += op.old_range().len();
            }
        }
        diff.hunks.push(hunk(&group, &old, &new));
    }
    diff
}

/// `after` without the hunks of `rejected` ids: there, what `before` had. Ids that do not exist
/// count for nothing.
pub fn apply_hunks(before: &[u8], after: &[u8], rejected: &[String]) -> Vec<u8> {
    if rejected.is_empty() || is_binary(before) || is_binary(after) {
        return after.to_vec();
    }
    if before.len().max(after.len()) > MAX_DIFF_BYTES {
        return after.to_vec();
    }
    let (old, new) = (lines(before), lines(after));
    let mut out = Vec::with_capacity(after.len());
    let mut done = 0;
    for group in groups(&old, &new) {
        if !rejected.contains(&id(&group, &old, &new)) {
            continue;
        }
        let (was, is) = ranges(&group);
        new[done..is.start]
            .iter()
            .for_each(|line| out.extend_from_slice(line));
        old[was].iter().for_each(|line| out.extend_from_slice(line));
        done = is.end;
    }
    new[done..]
        .iter()
        .for_each(|line| out.extend_from_slice(line));
    out
}

/// Lines with their ends.
fn lines(content: &[u8]) -> Vec<&[u8]> {
    content.split_inclusive(|byte| *byte == b'\n').collect()
}

/// Changes with their context; those whose contexts touch stand together.
fn groups(old: &[&[u8]], new: &[&[u8]]) -> Vec<Vec<DiffOp>> {
    similar::group_diff_ops(capture_diff_slices(Algorithm::Myers, old, new), CONTEXT)
}

fn ranges(group: &[DiffOp]) -> (Range<usize>, Range<usize>) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else {
        return (0..0, 0..0);
    };
    (
        first.old_range().start..last.old_range().end,
        first.new_range().start..last.new_range().end,
    )
}

fn id(group: &[DiffOp], old: &[&[u8]], new: &[&[u8]]) -> String {
    let (was, is) = ranges(group);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&was.start.to_le_bytes());
    hasher.update(&was.len().to_le_bytes());
    for line in old[was].iter().chain(&new[is]) {
        hasher.update(&line.len().to_le_bytes());
        hasher.update(line);
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

fn hunk(group: &[DiffOp], old: &[&[u8]], new: &[&[u8]]) -> Hunk {
    let (was, is) = ranges(group);
    let mut shown = Vec::new();
    for op in group {
        if op.tag() == DiffTag::Equal {
            old[op.old_range()]
                .iter()
                .for_each(|line| push(&mut shown, LineKind::Context, line));
        } else {
            old[op.old_range()]
                .iter()
                .for_each(|line| push(&mut shown, LineKind::Removed, line));
            new[op.new_range()]
                .iter()
                .for_each(|line| push(&mut shown, LineKind::Added, line));
        }
    }
    let start = |range: &Range<usize>| {
        if range.is_empty() {
            range.start
        } else {
            range.start + 1
        }
    };
    Hunk {
        id: id(group, old, new),
        old_start: start(&was),
        old_lines: was.len(),
        new_start: start(&is),
        new_lines: is.len(),
        lines: shown,
    }
}

fn push(shown: &mut Vec<Line>, kind: LineKind, line: &[u8]) {
    let ended = line.strip_suffix(b"\n");
    let text = ended.map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
    shown.push(Line {
        kind,
        text: String::from_utf8_lossy(text).into_owned(),
    });
    if ended.is_none() {
        shown.push(Line {
            kind: LineKind::NoNewline,
            text: String::new(),
        });
    }
}
