//! File changes of operations: shown, reviewed, taken back, brought again.
use std::sync::Arc;

use mira_protocol::change::{ChangeSet, Review, UndoReport, UndoRequest};
use mira_protocol::operation::OperationRef;
use mira_protocol::Failure;
use mira_store::Store;
use mira_workspace::Blobs;

use crate::events::EventLog;
use crate::failure::internal;
use crate::projects::Projects;

#[derive(Clone)]
pub struct Changes {}

impl Changes {
    pub fn new(_: Store, _: EventLog, _: Projects, _: Arc<Blobs>) -> Self {
        Self {}
    }
    pub async fn of(&self, _: OperationRef) -> Result<ChangeSet, Failure> {
        Err(internal("changes"))
    }
    pub async fn review(&self, _: Review) -> Result<ChangeSet, Failure> {
        Err(internal("changes"))
    }
    pub async fn undo(&self, _: UndoRequest) -> Result<UndoReport, Failure> {
        Err(internal("changes"))
    }
    pub async fn redo(&self, _: UndoRequest) -> Result<UndoReport, Failure> {
        Err(internal("changes"))
    }
}
