//! Asking again from a message, in a copy of the session that ends before it.

use mira_protocol::message::{AskAgain, Fragment, Mention};
use mira_protocol::operation::{OperationStarted, OperationState, StartOperation};
use mira_protocol::{Code, EventKind, Failure, OperationId, SessionId, StoredEvent, Topic};
use mira_store::NewSession;

use super::Operations;
use crate::clock::now_ms;
use crate::failure::from_store;

impl Operations {
    pub async fn again(&self, request: AskAgain) -> Result<OperationStarted, Failure> {
        let source = &request.session_id;
        let event = self
            .store
            .events_since(source, request.seq.saturating_sub(1), 1)
            .await
            .map_err(from_store)?
            .pop()
            .filter(|event| event.seq == request.seq);
        let Some((
            operation_id,
            EventKind::UserMessage {
                content,
                attachments,
                focus,
                fragments,
                ..
            },
        )) = event.map(|event| (event.operation_id, event.kind))
        else {
            return Err(Failure::new(
                Code::BadParams,
                format!(
                    "Event {} of this session is no message of yours.",
                    request.seq
                ),
            ));
        };
        // With the limits of the operation that it was asked in.
        let limits = match &operation_id {
            Some(id) => self.row(id).await?.request,
            None => Default::default(),
        };
        let before = self
            .turn_of(source, operation_id.as_ref(), request.seq)
            .await?;
        let copy = self.copy_before(source, before).await?;
        let mentions = fragments
            .into_iter()
            .map(|Fragment { mention, .. }| mention)
            .filter(|mention| *mention != Mention::Related);
        self.start(StartOperation {
            content: request.content.unwrap_or(content),
            session_id: Some(copy),
            attachments,
            mentions: mentions.collect(),
            access: limits.access,
            approve: limits.approve,
            tier: request.tier.or(limits.tier),
            model: request
                .model
                .or(limits.model.filter(|_| request.tier.is_none())),
            max_cost_micro_usd: limits.max_cost_micro_usd,
            timeout_ms: limits.timeout_ms,
            focus,
            ..StartOperation::default()
        })
        .await
    }

    /// Where the message's turn came. One that waited was stored in the middle of the operation
    /// before it, which the copy must have whole.
    async fn turn_of(
        &self,
        session: &SessionId,
        operation: Option<&OperationId>,
        seq: u64,
    ) -> Result<u64, Failure> {
        let Some(operation) = operation else {
            return Ok(seq);
        };
        let events = self
            .store
            .events_of_operation(operation)
            .await
            .map_err(from_store)?;
        let mine = |event: &&StoredEvent| event.session_id == *session;
        let waited = events.iter().filter(mine).any(|event| {
            matches!(
                &event.kind,
                EventKind::OperationState {
                    state: OperationState::Pending,
                    reason: Some(_),
                    ..
                }
            )
        });
        let asked = events.first().is_some_and(|event| event.seq == seq);
        if !waited || !asked {
            return Ok(seq);
        }
        let started = events.iter().find(|event| {
            matches!(
                event.kind,
                EventKind::OperationState {
                    state: OperationState::Started,
                    ..
                }
            )
        });
        started.map(|event| event.seq).ok_or_else(|| {
            Failure::new(Code::Conflict, "This message still waits for its turn.")
                .hint("Change it where it waits.")
        })
    }

    /// A copy that ends before event `seq`; an empty session of the same project before the first.
    async fn copy_before(&self, source: &SessionId, seq: u64) -> Result<SessionId, Failure> {
        let original = self.store.session(source).await.map_err(from_store)?;
        let copy = SessionId::new();
        let name = match original.name.as_str() {
            "" => String::new(),
            name => format!("{name} (again)"),
        };
        if seq > 1 {
            let name = (!name.is_empty()).then_some(name.as_str());
            self.store
                .fork_session(source, &copy, Some(seq - 1), name, now_ms())
                .await
                .map_err(from_store)?;
        } else {
            let new = NewSession {
                id: copy.clone(),
                project_id: original.project_id,
                name,
                kind: original.kind,
                created_at: now_ms(),
            };
            self.store.create_session(&new).await.map_err(from_store)?;
        }
        self.events.topic(Topic::Sessions);
        Ok(copy)
    }
}
