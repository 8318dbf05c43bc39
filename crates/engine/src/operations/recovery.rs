//! After a crash: what was running is interrupted, every call has a result, nothing shown is lost.

use mira_protocol::checkpoint::CheckpointKind;
use mira_protocol::operation::{OperationState, Usage};
use mira_protocol::{Code, EventKind, Failure};
use mira_store::OperationRow;
use mira_workspace::Manifest;
use mira_workspace::checkpoint::diff;

use super::history::History;
use super::record::By;
use super::{Operations, Task};
use crate::failure::from_store;

impl Operations {
    /// Ends every operation that a dead engine left open, and keeps the messages that waited
    /// behind them. Called before anything new runs; how many it ended.
    pub(crate) async fn recover(&self) -> Result<usize, Failure> {
        let mut count = 0;
        for row in self.store.open_operations().await.map_err(from_store)? {
            if row.operation.state == OperationState::Pending {
                match self.keep_waiting(&row).await {
                    Ok(()) => continue,
                    Err(failure) => tracing::warn!(%failure, "a waiting message was not kept"),
                }
            }
            self.interrupt(row).await?;
            count += 1;
        }
        Ok(count)
    }

    async fn interrupt(&self, row: OperationRow) -> Result<(), Failure> {
        let id = &row.operation.id;
        let events = self
            .store
            .events_of_operation(id)
            .await
            .map_err(from_store)?;
        let mut kinds = Vec::new();
        for (message_id, content) in self.store.drafts(id).await.map_err(from_store)? {
            kinds.push(EventKind::AssistantMessage {
                message_id,
                content,
                partial: true,
                superseded: false,
            });
        }
        self.find_what_calls_did(&row).await?;
        for call in History::from_events(&events).open_calls() {
            kinds.push(EventKind::ToolResult {
                call_id: call.call_id.clone(),
                tool: call.tool.clone(),
                success: false,
                output: "Interrupted: Mira was stopped while this ran. It may have run partly; look before you repeat it.".into(),
                coloured: None,
                summary: "interrupted".into(),
                duration_ms: 0,
                truncated: false,
                changes: vec![],
            });
        }
        let mut usage = Usage::default();
        // With what stays spent of a call that nobody saw end.
        let cost = self
            .store
            .spent_by_operation(id)
            .await
            .map_err(from_store)?;
        for event in &events {
            if let EventKind::ModelCallFinished { usage: used, .. } = &event.kind {
                usage += *used;
            }
        }
        kinds.push(EventKind::OperationFinished {
            state: OperationState::Interrupted,
            failure: Some(
                Failure::new(Code::Interrupted, "Mira was stopped while this ran.")
                    .hint("Resume to go on where it stopped."),
            ),
            content: String::new(),
            usage,
            cost_micro_usd: cost,
            duration_ms: events
                .last()
                .map_or(0, |last| (last.at - row.operation.created_at).max(0) as u64),
            changes: self.changes_of(id).await,
        });
        self.events
            .append_all(&row.operation.session_id, Some(id), kinds)
            .await?;
        Ok(())
    }

    /// A call was running: compares the project with how it was before, so that what it
    /// did can be taken back too.
    async fn find_what_calls_did(&self, row: &OperationRow) -> Result<(), Failure> {
        let id = &row.operation.id;
        let Some(project_id) = &row.operation.project_id else {
            return Ok(());
        };
        let project = self.projects.get_by_id(project_id).await?;
        if !project.exists {
            return Ok(());
        }
        let workspace = self.workspace(&project, row.request.access)?;
        let task = Task {
            id: id.clone(),
            session: row.operation.session_id.clone(),
            project,
            request: Default::default(),
            write: None,
        };
        let by = |title: &str| By {
            call: None,
            kind: CheckpointKind::Recovered,
            title: title.to_owned(),
        };
        let writes = self.unrecorded_writes(id, &workspace);
        self.record(&task, by("a write, interrupted"), writes, vec![])
            .await?;
        self.end_write(id);
        if let Ok(kept) = std::fs::read(self.state_file(id))
            && let Some(before) = Manifest::decode(&kept)
        {
            let now = self.snapshot(&workspace, None).await?;
            let changes = diff(&before, &now);
            self.record(
                &task,
                by("a command, interrupted"),
                changes,
                now.not_covered(),
            )
            .await?;
        }
        self.forget_state(id);
        Ok(())
    }
}
