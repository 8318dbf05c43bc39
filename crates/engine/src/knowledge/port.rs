//! The way of the model's tools to what is known of the project's code.

use std::time::Duration;

use async_trait::async_trait;
use mira_index::What;
use mira_protocol::{Failure, OperationId, ProjectId};
use mira_tools::{CodeKnowledge, Known, ToolError};

use super::Knowledge;
use crate::operations::Operations;

/// How long a call waits for an index that is being read: most projects are ready by then, and of
/// the others the answer says what is missing.
pub(super) const PATIENCE: Duration = Duration::from_secs(8);

/// One operation's way to its project's index.
pub(crate) struct ForTools {
    pub knowledge: Knowledge,
    pub operations: Operations,
    pub project: ProjectId,
    pub operation: OperationId,
}

#[async_trait]
impl CodeKnowledge for ForTools {
    async fn open(&self) -> Result<Known, ToolError> {
        let held = self.knowledge.of(&self.project).await.map_err(told)?;
        if tokio::time::timeout(PATIENCE, held.until_fresh())
            .await
            .is_ok()
        {
            self.take_in_changes(&held).await;
        }
        Ok(Known {
            index: held.index.clone(),
            meaning: held.meaning(),
        })
    }
}

impl ForTools {
    /// What this operation wrote is in the answer, also where the news of it is still on its way.
    async fn take_in_changes(&self, held: &super::Held) {
        let changes = self.operations.changes_of(&self.operation).await;
        if changes.is_empty() {
            return;
        }
        let paths = changes.into_iter().map(|change| change.path).collect();
        if let Err(error) = held.index.sync(What::Paths(paths), &held.closed).await {
            tracing::debug!(%error, "written files are not indexed yet");
        }
    }
}

fn told(failure: Failure) -> ToolError {
    let hint = failure.hint.map(|hint| format!(" {hint}"));
    ToolError::Refused(format!(
        "The code index cannot be used: {}{} search_codebase and read_project_file work without it.",
        failure.message,
        hint.unwrap_or_default()
    ))
}
