//! After a crash: what was running is interrupted, every call has a result, nothing shown is lost.

use mira_protocol::operation::{OperationState, Usage};
use mira_protocol::{CallId, Code, EventKind, Failure};
use mira_store::OperationRow;

use super::Operations;
use super::history::History;
use crate::failure::from_store;

impl Operations {
    /// Ends every operation that a dead engine left open. Called before anything new runs.
    pub(crate) async fn recover(&self) -> Result<usize, Failure> {
        let open = self.store.open_operations().await.map_err(from_store)?;
        let count = open.len();
        for row in open {
            self.interrupt(row).await?;
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
        for call in History::from_events(&events).open_calls() {
            kinds.push(EventKind::ToolResult {
                call_id: CallId::from(call),
                tool: String::new(),
                success: false,
                output: "Interrupted: Mira was stopped while this ran. It may have run partly; look before you repeat it.".into(),
                summary: "interrupted".into(),
                duration_ms: 0,
                truncated: false,
                changes: vec![],
            });
        }
        let mut usage = Usage::default();
        let mut cost = 0;
        for event in &events {
            if let EventKind::ModelCallFinished {
                usage: used,
                cost_micro_usd,
                ..
            } = &event.kind
            {
                usage += *used;
                cost += cost_micro_usd.unwrap_or(0);
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
}
