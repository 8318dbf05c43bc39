//! Changes as a person sees them: files, hunks, marks.

use mira_protocol::Failure;
use mira_protocol::change::{
    ChangeKind, ChangeSet, FileChange, FileChangeSummary, Hunk, ReviewMark,
};
use mira_workspace::{Change, Kind, diff};

use super::versions::state;
use super::{Reviewed, Row};

impl Reviewed {
    pub(super) fn shown(&self) -> Result<ChangeSet, Failure> {
        let files: Vec<&Row> = self
            .rows
            .iter()
            .filter(|row| !row.change.is_dir())
            .collect();
        Ok(ChangeSet {
            operation_id: self.checkpoint.operation_id.clone(),
            undone: !self.rows.is_empty() && self.rows.iter().all(|row| row.undone),
            files: files
                .into_iter()
                .map(|row| self.file(row))
                .collect::<Result<_, _>>()?,
            not_covered: self.checkpoint.not_covered.clone(),
            pruned: self.pruned,
        })
    }

    pub(super) fn file(&self, row: &Row) -> Result<FileChange, Failure> {
        self.file_as(row, row)
    }

    /// A row that was put together from several; `last` is the one whose result is on disk.
    pub(super) fn file_as(&self, row: &Row, last: &Row) -> Result<FileChange, Failure> {
        let Change { path, after, .. } = &row.change;
        let before = self.base(row)?;
        let (was, is) = match self.pruned {
            true => Default::default(),
            false => (self.content(before)?, self.content(*after)?),
        };
        let found = diff::between(&was, &is);
        let disk = self.workspace.entry(path);
        Ok(FileChange {
            summary: FileChangeSummary {
                path: path.clone(),
                change: kind(&row.change),
                additions: found.additions as u32,
                deletions: found.deletions as u32,
                binary: found.binary,
            },
            mark: row.mark,
            hunks: found.hunks.into_iter().map(|hunk| row.hunk(hunk)).collect(),
            too_large: found.too_large,
            edited_since: !disk.is_ok_and(|disk| self.on_disk(last).is_ok_and(|want| want == disk)),
            undone: row.undone,
            mode_before: before.map(|entry| entry.mode),
            mode_after: after.map(|entry| entry.mode),
            renamed_from: self.renamed_from(row)?,
            renamed_to: self.renamed_to(row)?,
            before: before.map(|entry| state(entry, &was)),
            after: after.map(|entry| state(entry, &is)),
        })
    }
}

impl Reviewed {
    /// Where a deleted file went.
    fn renamed_to(&self, row: &Row) -> Result<Option<String>, Failure> {
        let mut moves = self.renames()?.iter();
        Ok(moves
            .find(|(_, old)| **old == row.change.path)
            .map(|(new, _)| new.clone()))
    }
}

/// A hunk that nobody has looked at.
pub(crate) fn pending(hunk: diff::Hunk) -> Hunk {
    super::undo::hunk(hunk, ReviewMark::Pending)
}

impl Row {
    fn hunk(&self, hunk: diff::Hunk) -> Hunk {
        let mark = if self.mark == ReviewMark::Rejected || self.rejected.contains(&hunk.id) {
            ReviewMark::Rejected
        } else if self.mark == ReviewMark::Kept || self.kept.contains(&hunk.id) {
            ReviewMark::Kept
        } else {
            ReviewMark::Pending
        };
        super::undo::hunk(hunk, mark)
    }
}

pub(super) fn kind(change: &Change) -> ChangeKind {
    // A folder in the place of a file is a file that is gone, and the other way round.
    let file =
        |entry: &Option<mira_workspace::Entry>| entry.is_some_and(|entry| entry.kind != Kind::Dir);
    match (file(&change.before), file(&change.after)) {
        (false, _) => ChangeKind::Created,
        (_, false) => ChangeKind::Deleted,
        _ if change.is_mode_only() => ChangeKind::Mode,
        _ => ChangeKind::Modified,
    }
}
