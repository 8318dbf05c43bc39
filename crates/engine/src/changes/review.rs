//! Keeping and rejecting: files and hunks.

use mira_protocol::change::{Review, ReviewMark};
use mira_protocol::{Code, Failure};
use mira_workspace::{Change, Direction, Entry, diff};

use super::{Reviewed, Row, not_changed, refused};

impl Reviewed {
    /// Marks as asked and makes the disk follow. Returns the file's row as it is to be stored.
    pub(super) fn review(&mut self, asked: &Review) -> Result<Row, Failure> {
        let at = self
            .rows
            .iter()
            .position(|row| row.change.path == asked.path && !row.change.is_dir())
            .ok_or_else(|| not_changed(&asked.path))?;
        let row = &self.rows[at];
        if row.undone {
            return Err(Failure::new(
                Code::Conflict,
                format!(
                    "The change of {} is taken back, so it cannot be reviewed.",
                    asked.path
                ),
            )
            .hint("Redo it first."));
        }
        let marked = self.marked(row, asked)?;
        let (now, then) = (self.reviewed(row)?, self.reviewed(&marked)?);
        if now != then {
            self.put(&asked.path, now, then)?;
        }
        self.rows[at] = marked.clone();
        Ok(marked)
    }

    /// The row with the person's mark on the file or on one hunk of it.
    fn marked(&self, row: &Row, asked: &Review) -> Result<Row, Failure> {
        let Some(hunk) = &asked.hunk else {
            return Ok(Row {
                mark: asked.mark,
                kept: vec![],
                rejected: vec![],
                ..row.clone()
            });
        };
        let found = diff::between(
            &self.content(row.change.before)?,
            &self.content(row.change.after)?,
        );
        let ids: Vec<String> = found.hunks.into_iter().map(|hunk| hunk.id).collect();
        if !ids.contains(hunk) {
            return Err(Failure::new(
                Code::NotFound,
                format!(
                    "{} has no hunk {hunk}; it changed since it was shown.",
                    asked.path
                ),
            )
            .hint("Load the changes again."));
        }
        // A mark on the file is one on each of its hunks.
        let mut marks: Vec<ReviewMark> = ids
            .iter()
            .map(|id| match row.mark {
                _ if row.rejected.contains(id) => ReviewMark::Rejected,
                _ if row.kept.contains(id) => ReviewMark::Kept,
                whole => whole,
            })
            .collect();
        for (id, mark) in ids.iter().zip(&mut marks) {
            if id == hunk {
                *mark = asked.mark;
            }
        }
        let all = |wanted: ReviewMark| marks.iter().all(|mark| *mark == wanted);
        let of = |wanted: ReviewMark| {
            let these = ids.iter().zip(&marks).filter(|(_, mark)| **mark == wanted);
            these.map(|(id, _)| id.clone()).collect::<Vec<_>>()
        };
        if all(ReviewMark::Rejected) {
            // As if the file had been rejected: its mode, or that it was not there, come back too.
            return Ok(Row {
                mark: ReviewMark::Rejected,
                kept: vec![],
                rejected: vec![],
                ..row.clone()
            });
        }
        let decided = !marks.contains(&ReviewMark::Pending);
        Ok(Row {
            mark: if decided {
                ReviewMark::Kept
            } else {
                ReviewMark::Pending
            },
            kept: of(ReviewMark::Kept),
            rejected: of(ReviewMark::Rejected),
            ..row.clone()
        })
    }

    /// Takes a file from one state to the other, and the folders that it needs or leaves empty.
    fn put(&self, path: &str, now: Option<Entry>, then: Option<Entry>) -> Result<(), Failure> {
        let folders = self.rows.iter().filter(|row| {
            row.change.is_dir()
                && path
                    .strip_prefix(&row.change.path)
                    .is_some_and(|rest| rest.starts_with('/'))
        });
        let mut steps: Vec<Change> = folders
            .map(|row| {
                let Change {
                    path,
                    before,
                    after,
                } = row.change.clone();
                match then {
                    Some(_) => Change {
                        path,
                        before: after.or(before),
                        after: None,
                    },
                    None => Change {
                        path,
                        before: before.and(after),
                        after: after.or(before),
                    },
                }
            })
            .collect();
        steps.push(Change {
            path: path.to_owned(),
            before: then,
            after: now,
        });
        let report = self
            .workspace
            .restore(&steps, Direction::Undo, None)
            .map_err(refused)?;
        match report.conflicts.into_iter().next() {
            None => Ok(()),
            Some(conflict) => Err(Failure::new(
                Code::Conflict,
                format!("{} was left as it is. {}", conflict.path, conflict.reason),
            )
            .hint("Somebody else changed the file after the operation; edit it by hand.")),
        }
    }
}
