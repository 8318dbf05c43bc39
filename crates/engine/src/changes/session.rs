//! What all operations of a session did to files together.

use std::collections::BTreeMap;

use mira_protocol::change::{
    ChangingOperation, FileChange, ReviewMark, SessionChanges, SessionFileChange,
};
use mira_protocol::session::SessionRef;
use mira_protocol::{Failure, OperationId};
use mira_workspace::Change;

use super::{Changes, Reviewed, Row, blocking};
use crate::failure::from_store;

/// A path's row in one operation.
type Step<'a> = (&'a Reviewed, &'a Row);

impl Changes {
    /// First state to last of each file, without what is taken back.
    pub async fn of_session(&self, request: SessionRef) -> Result<SessionChanges, Failure> {
        let session_id = request.session_id;
        let rows = self
            .store
            .operations(&session_id)
            .await
            .map_err(from_store)?;
        let mut operations = Vec::new();
        let mut all = Vec::new();
        for row in rows {
            let Some(reviewed) = self.reviewed(&row.operation.id).await? else {
                continue;
            };
            operations.push(ChangingOperation {
                operation_id: row.operation.id,
                message: row.operation.user_message,
                created_at: row.operation.created_at,
                undone: reviewed.rows.iter().all(|row| row.undone),
            });
            all.push(reviewed);
        }
        let files = blocking(move || together(&all)).await??;
        Ok(SessionChanges {
            session_id,
            operations,
            files,
        })
    }
}

fn together(all: &[Reviewed]) -> Result<Vec<SessionFileChange>, Failure> {
    let mut paths: BTreeMap<&str, Vec<Step<'_>>> = BTreeMap::new();
    for reviewed in all {
        for row in &reviewed.rows {
            if !row.undone && !row.change.is_dir() {
                paths
                    .entry(&row.change.path)
                    .or_default()
                    .push((reviewed, row));
            }
        }
    }
    let mut files = Vec::new();
    for steps in paths.values() {
        let file = match steps.as_slice() {
            [(reviewed, row)] => Some(reviewed.file(row)?),
            [(first, before), ..] => net(first, before, steps)?,
            [] => None,
        };
        if let Some(file) = file {
            files.push(SessionFileChange {
                file,
                operations: steps.iter().map(|(on, _)| operation(on)).collect(),
            });
        }
    }
    Ok(files)
}

/// A file that several operations changed; None where nothing is left of it.
fn net(first: &Reviewed, before: &Row, steps: &[Step<'_>]) -> Result<Option<FileChange>, Failure> {
    // What was rejected is as if that operation had never been.
    let in_force = |step: &&Step<'_>| step.1.mark != ReviewMark::Rejected;
    let Some((last, after)) = steps.iter().rev().find(in_force) else {
        return Ok(None);
    };
    let change = Change {
        path: before.change.path.clone(),
        before: first.base(before)?,
        after: last.reviewed(after)?,
    };
    if change.is_noop() {
        return Ok(None);
    }
    let row = Row {
        change,
        mark: common_mark(steps),
        kept: vec![],
        rejected: vec![],
        undone: false,
        standing: None,
    };
    let mut file = last.file_as(&row, after)?;
    file.renamed_from = first.renamed_from(before)?;
    Ok(Some(file))
}

/// The mark that all operations' rows have; where they differ, there is something to decide.
fn common_mark(steps: &[Step<'_>]) -> ReviewMark {
    let mut marks = steps.iter().map(|(_, row)| row.mark);
    let first = marks.next().unwrap_or(ReviewMark::Pending);
    if marks.all(|mark| mark == first) {
        first
    } else {
        ReviewMark::Pending
    }
}

fn operation(on: &Reviewed) -> OperationId {
    on.checkpoint.operation_id.clone()
}
