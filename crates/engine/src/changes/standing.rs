//! What stands on disk of an operation's file where it is neither what the operation left nor
//! what was there before: a merge with somebody else's work, a state in the middle.

use mira_protocol::{Failure, OperationId};
use mira_store::RowState;
use mira_workspace::Entry;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Reviewed, Row};
use crate::failure::internal;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Standing {
    /// On disk.
    pub now: Option<Entry>,
    /// What the next undo (or redo) brings in its place.
    pub other: Option<Entry>,
    /// A state in the middle of the operation: undo and redo both lead somewhere.
    #[serde(default)]
    pub partial: bool,
}

impl Row {
    /// Whether undo has something to do.
    pub(super) fn is_undoable(&self) -> bool {
        !self.undone
            || self
                .standing
                .as_ref()
                .is_some_and(|standing| standing.partial)
    }

    pub(super) fn state(
        &self,
        operation: &OperationId,
        undone: bool,
        standing: Option<Standing>,
    ) -> Result<RowState, Failure> {
        let standing: Option<Value> = standing
            .map(serde_json::to_value)
            .transpose()
            .map_err(internal)?;
        Ok(RowState {
            operation_id: operation.clone(),
            path: self.change.path.clone(),
            undone,
            standing,
            review: None,
        })
    }
}

impl Reviewed {
    /// `standing`, unless it says nothing that the marks do not say.
    pub(super) fn told(
        &self,
        row: &Row,
        undone: bool,
        standing: Standing,
    ) -> Result<Option<Standing>, Failure> {
        let (before, after) = (row.change.before, self.reviewed(row)?);
        let plain = if undone {
            (before, after)
        } else {
            (after, before)
        };
        Ok((standing.partial || (standing.now, standing.other) != plain).then_some(standing))
    }

    /// What a row becomes when its path was put into some state of the operation.
    pub(super) fn settled(&self, row: &Row, now: Option<Entry>) -> Result<RowState, Failure> {
        let after = self.reviewed(row)?;
        let id = &self.checkpoint.operation_id;
        if now == row.change.before {
            return row.state(id, true, None);
        }
        if now == after {
            return row.state(id, false, None);
        }
        let standing = Standing {
            now,
            other: after,
            partial: true,
        };
        row.state(id, true, Some(standing))
    }
}
