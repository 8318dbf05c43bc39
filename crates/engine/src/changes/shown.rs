//! Changes as a person sees them: files, hunks, marks.

use mira_protocol::Failure;
use mira_protocol::change::{
    ChangeKind, ChangeSet, FileChange, FileChangeSummary, Hunk, ReviewMark,
};
use mira_workspace::{Change, Kind, diff};

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

    fn file(&self, row: &Row) -> Result<FileChange, Failure> {
        let Change {
            path,
            before,
            after,
        } = &row.change;
        let found = match self.pruned {
            true => diff::FileDiff::default(),
            false => diff::between(&self.content(*before)?, &self.content(*after)?),
        };
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
            edited_since: !disk.is_ok_and(|disk| self.on_disk(row).is_ok_and(|want| want == disk)),
            undone: row.undone,
            mode_before: before.map(|entry| entry.mode),
            mode_after: after.map(|entry| entry.mode),
        })
    }
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
