//! Keeping and rejecting: files and hunks.

use mira_protocol::change::{Review, ReviewMark};
use mira_protocol::{Code, Failure};
use mira_workspace::{Entry, Plan, Way, diff};

use super::undo::{Asked, choice};
use super::{Reviewed, Row, Standing, not_changed, refused};

impl Reviewed {
    /// Marks as asked; the plan makes the disk follow.
    pub(super) fn review(&mut self, asked: &Review) -> Result<Asked, Failure> {
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
        let mut marked = self.marked(row, asked)?;
        let (now, then) = (self.reviewed(row)?, self.reviewed(&marked)?);
        let plan = match now == then {
            true => Plan::default(),
            false => self.plan_of(row, now, then, asked)?,
        };
        if let Some(on_disk) = plan.outcome(&asked.path) {
            let standing = Standing {
                now: on_disk,
                other: row.change.before,
                partial: false,
            };
            marked.standing = self.told(&marked, false, standing)?;
        }
        let mut state = marked.state(
            &self.checkpoint.operation_id,
            false,
            marked.standing.clone(),
        )?;
        state.review = Some((marked.mark, marked.kept.clone(), marked.rejected.clone()));
        self.rows[at] = marked;
        Ok(Asked {
            plan,
            rows: vec![state],
        })
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
            &self.content(self.base(row)?)?,
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
        let moved = self.renamed_from(row)?.is_some();
        if all(ReviewMark::Rejected) && !moved {
            // As if the file had been rejected: its mode, or that it was not there, come back too.
            return Ok(Row {
                mark: ReviewMark::Rejected,
                kept: vec![],
                rejected: vec![],
                ..row.clone()
            });
        }
        // Of a moved file the edits are rejected, not the move.
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
    fn plan_of(
        &self,
        row: &Row,
        now: Option<Entry>,
        then: Option<Entry>,
        asked: &Review,
    ) -> Result<Plan, Failure> {
        let path = asked.path.as_str();
        let folders = self.rows.iter().filter(|row| {
            row.change.is_dir()
                && path
                    .strip_prefix(&row.change.path)
                    .is_some_and(|rest| rest.starts_with('/'))
        });
        let mut ways: Vec<Way> = folders
            .map(|row| {
                let (before, after) = (row.change.before, row.change.after);
                match then {
                    Some(_) => Way::new(&row.change.path, None, after.or(before)),
                    None => Way::new(&row.change.path, after.or(before), before.and(after)),
                }
            })
            .collect();
        ways.push(Way::new(path, now, then));
        // Where it was merged with somebody else's work before, it is again.
        let again = row
            .standing
            .is_some()
            .then_some(mira_workspace::Choice::Merge);
        let answer = asked.resolve.map(choice).or(again);
        let plan = self
            .workspace
            .plan(ways, None, &|_| answer)
            .map_err(refused)?;
        match plan.conflicts.first() {
            None => Ok(plan),
            Some(conflict) => Err(Failure::new(
                Code::Conflict,
                format!("{} was left as it is. {}", conflict.path, conflict.reason),
            )
            .hint("Somebody else changed the file after the operation: keep theirs, take ours, or merge both.")),
        }
    }
}
