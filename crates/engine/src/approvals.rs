//! Questions to the person. A tool call waits here; an answer is used once; nobody answers: no.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mira_protocol::approval::{Approval, ApprovalList, DecideApproval, DecidedBy, Decision};
use mira_protocol::system::Nothing;
use mira_protocol::{ApprovalId, Code, EventKind, Failure, ProjectId, Topic};
use mira_store::Store;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::from_store;
use crate::rules::Permissions;

#[derive(Clone)]
pub struct Approvals {
    store: Store,
    events: EventLog,
    permissions: Permissions,
    waiting: Arc<Mutex<HashMap<ApprovalId, Waiting>>>,
}

struct Waiting {
    approval: Approval,
    project: Option<ProjectId>,
    answer: oneshot::Sender<Decision>,
}

impl Approvals {
    pub fn new(store: Store, events: EventLog, permissions: Permissions) -> Self {
        Self {
            store,
            events,
            permissions,
            waiting: Arc::default(),
        }
    }

    /// Asks and waits: until the person decides, the time is over, or the operation is cancelled.
    pub async fn ask(
        &self,
        approval: Approval,
        project: Option<ProjectId>,
        cancel: &CancellationToken,
    ) -> Result<Decision, Failure> {
        let approval = crate::masking::asked(self.events.masker(), approval);
        let (answer, mut decided) = oneshot::channel();
        let id = approval.id.clone();
        let left = (approval.expires_at - now_ms()).max(0) as u64;
        self.lock().insert(
            id.clone(),
            Waiting {
                approval: approval.clone(),
                project,
                answer,
            },
        );
        self.events
            .append(
                &approval.session_id,
                Some(&approval.operation_id),
                EventKind::ApprovalRequested {
                    approval: approval.clone(),
                },
            )
            .await?;
        self.events.topic(Topic::Approvals);

        let by = tokio::select! {
            decision = &mut decided => match decision {
                // Whoever decided has stored and announced it.
                Ok(decision) => return Ok(decision),
                Err(_) => DecidedBy::Operation,
            },
            () = tokio::time::sleep(Duration::from_millis(left)) => DecidedBy::Expiry,
            () = cancel.cancelled() => DecidedBy::Operation,
        };
        // A decision that arrived in the same moment has taken the entry away; then it counts.
        if self.lock().remove(&id).is_none() {
            return Ok(decided.await.unwrap_or(Decision::Deny));
        }
        self.settle(&approval, Decision::Deny, by).await?;
        Ok(Decision::Deny)
    }

    /// The person's answer. A second answer finds nothing left to decide.
    pub async fn decide(&self, request: DecideApproval) -> Result<Nothing, Failure> {
        let id = &request.approval_id;
        let Some(waiting) = self.lock().remove(id) else {
            self.store.approval(id).await.map_err(from_store)?;
            return Err(Failure::new(
                Code::Conflict,
                "This approval was already decided, or has expired.",
            ));
        };
        let mut decision = request.decision;
        if decision == Decision::Always {
            match (&waiting.approval.rules, &waiting.project) {
                (rules, Some(project)) if !rules.is_empty() => {
                    self.permissions.remember(project, rules).await?;
                }
                // Nothing that could be remembered: this once.
                _ => decision = Decision::Allow,
            }
        }
        self.settle(&waiting.approval, decision, DecidedBy::Person)
            .await?;
        // The operation may have been cancelled in this moment; then nobody hears it.
        let _ = waiting.answer.send(decision);
        Ok(Nothing {})
    }

    async fn settle(
        &self,
        approval: &Approval,
        decision: Decision,
        by: DecidedBy,
    ) -> Result<(), Failure> {
        self.events
            .append(
                &approval.session_id,
                Some(&approval.operation_id),
                EventKind::ApprovalDecided {
                    approval_id: approval.id.clone(),
                    decision,
                    by,
                },
            )
            .await?;
        self.events.topic(Topic::Approvals);
        Ok(())
    }

    pub fn list(&self) -> ApprovalList {
        let mut approvals: Vec<Approval> = self
            .lock()
            .values()
            .map(|waiting| waiting.approval.clone())
            .collect();
        approvals.sort_by_key(|approval| approval.requested_at);
        ApprovalList { approvals }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ApprovalId, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
