//! One lane a session: one operation runs, the others wait in order.
//!
//! What waits is stored like what runs: a message and an operation that has not started. So it
//! survives a restart, and the person can change it or take it out until its turn comes. Nothing
//! goes off by itself where the person may have changed their mind: after a restart, and behind
//! an operation that failed, the lane is held until they say so, or send something new: that goes
//! first, and what waits follows it.

use std::collections::VecDeque;

use mira_protocol::message::{EditQueued, ReleaseQueue};
use mira_protocol::operation::{OperationStarted, OperationState, StartOperation};
use mira_protocol::system::Nothing;
use mira_protocol::{Code, EventKind, Failure, OperationId, SessionId, Topic};
use mira_store::{NewOperation, OperationRequest, OperationRow};

use super::{Operations, Running, Task, lock, run, title};
use crate::clock::now_ms;
use crate::failure::{from_store, internal};

/// The most messages that may wait in a session.
const MAX_QUEUED: usize = 32;

/// A session's operations. Held where tasks wait and none runs.
#[derive(Default)]
pub(super) struct Lane {
    pub running: Option<Running>,
    pub queue: VecDeque<Task>,
}

impl Operations {
    /// Stores the task with its message and runs it, or queues it.
    pub(super) async fn enter(
        &self,
        task: Task,
        message: EventKind,
    ) -> Result<OperationStarted, Failure> {
        let waits = {
            let lanes = lock(&self.lanes);
            let lane = lanes.get(&task.session);
            if lane.is_some_and(|lane| lane.queue.len() >= MAX_QUEUED) {
                return Err(Failure::new(
                    Code::Conflict,
                    format!("{MAX_QUEUED} messages wait in this session already."),
                )
                .hint("Take some out, or let them go first."));
            }
            lane.is_some_and(|lane| lane.running.is_some())
        };
        self.store_pending(&task, message, waits).await?;
        let (operation_id, session_id) = (task.id.clone(), task.session.clone());
        Ok(OperationStarted {
            operation_id,
            session_id,
            queued: self.enqueue(task),
        })
    }

    pub(super) async fn store_pending(
        &self,
        task: &Task,
        message: EventKind,
        waits: bool,
    ) -> Result<(), Failure> {
        let pending = EventKind::OperationState {
            state: OperationState::Pending,
            kind: None,
            reason: waits.then(|| "another operation of this session runs first".to_owned()),
        };
        let row = NewOperation {
            id: task.id.clone(),
            session_id: task.session.clone(),
            project_id: Some(task.project.id.clone()),
            user_message: task.request.content.clone(),
            request: limits(&task.request),
            created_at: now_ms(),
        };
        let mut steps = vec![message, pending];
        steps.extend(self.first_name(task).await?);
        self.events.begin(&row, steps).await?;
        self.events.topic(Topic::Sessions);
        Ok(())
    }

    /// What a session without a name is called from its first message on.
    async fn first_name(&self, task: &Task) -> Result<Option<EventKind>, Failure> {
        let session = self.store.session(&task.session).await;
        if !session.map_err(from_store)?.name.is_empty() {
            return Ok(None);
        }
        let words = title::title(&task.request.content);
        let attached = || Some(task.request.attachments.first()?.name.clone());
        Ok(words.or_else(attached).map(|name| EventKind::Renamed {
            name,
            by_person: false,
        }))
    }

    /// Runs the task, or puts it in the queue where another one runs; true where it waits.
    fn enqueue(&self, task: Task) -> bool {
        let session = task.session.clone();
        {
            let mut lanes = lock(&self.lanes);
            let lane = lanes.entry(session.clone()).or_default();
            if lane.running.is_some() {
                lane.queue.push_back(task);
                return true;
            }
            lane.queue.push_front(task);
        }
        self.run_next(&session);
        false
    }

    /// Runs the first that waits, if none runs; which one that is.
    fn run_next(&self, session: &SessionId) -> Option<OperationId> {
        let (task, running) = {
            let mut lanes = lock(&self.lanes);
            let lane = lanes.get_mut(session)?;
            if lane.running.is_some() {
                return None;
            }
            let task = lane.queue.pop_front()?;
            let running = Running::of(&task);
            lane.running = Some(running.clone());
            (task, running)
        };
        let id = task.id.clone();
        self.spawn_lane(task, running);
        Some(id)
    }

    pub(super) fn spawn_lane(&self, task: Task, running: Running) {
        let operations = self.clone();
        self.tasks
            .spawn(async move { operations.run_lane(task, running).await });
    }

    /// Runs one task to its end, whatever happens in it, and then the others of its lane.
    async fn run_lane(self, mut task: Task, mut running: Running) {
        loop {
            let started_at = now_ms();
            let inner = tokio::spawn({
                let (operations, task, running) = (self.clone(), task.clone(), running.clone());
                async move {
                    let caller = mira_egress::Caller {
                        session: Some(task.session.0.clone()),
                        operation: Some(task.id.0.clone()),
                    };
                    mira_egress::within(caller, operations.run(&task, running)).await
                }
            });
            let outcome = inner.await.unwrap_or_else(|error| {
                tracing::error!(%error, "an operation panicked");
                run::Outcome::failed(internal("an operation ended by a fault in the program"))
            });
            *running.listening.lock().await = false;
            let hold = outcome.has_failed();
            self.finish(&task, outcome, started_at).await;
            let next = {
                let mut lanes = lock(&self.lanes);
                let lane = lanes.entry(task.session.clone()).or_default();
                let next = if hold { None } else { lane.queue.pop_front() };
                lane.running = next.as_ref().map(Running::of);
                let running = lane.running.clone();
                if running.is_none() && lane.queue.is_empty() {
                    lanes.remove(&task.session);
                }
                next.zip(running)
            };
            self.events.topic(Topic::Sessions);
            match next {
                Some(next) => (task, running) = next,
                None => return,
            }
        }
    }

    /// Lets a held lane go on.
    pub async fn release(&self, request: ReleaseQueue) -> Result<OperationStarted, Failure> {
        let session_id = request.session_id;
        if self.running_in(&session_id).is_some() {
            return Err(Failure::new(
                Code::Conflict,
                "An operation runs in this session; what waits follows by itself.",
            ));
        }
        let operation_id = self
            .run_next(&session_id)
            .ok_or_else(|| Failure::new(Code::Conflict, "No message waits in this session."))?;
        Ok(OperationStarted {
            operation_id,
            session_id,
            queued: false,
        })
    }

    /// Changes a message that waits. It is out of its lane meanwhile, so that its turn cannot
    /// come between the old words and the new ones.
    pub async fn edit(&self, request: EditQueued) -> Result<Nothing, Failure> {
        let EditQueued {
            operation_id,
            content,
            mentions,
        } = request;
        if content.trim().is_empty() {
            return Err(Failure::new(Code::BadParams, "The message is empty.")
                .hint("Take it out of the queue instead."));
        }
        let content = self.masker.mask(&content).into_owned();
        let (mut task, at, held) = self.take_waiting(&operation_id).ok_or_else(|| {
            Failure::new(Code::Conflict, "This message does not wait any more.")
                .hint("Send the change as a new message.")
        })?;
        let changed = self.reword(&task, content, mentions).await;
        if let Ok(content) = &changed {
            task.request.content.clone_from(content);
        }
        let session = task.session.clone();
        {
            let mut lanes = lock(&self.lanes);
            let lane = lanes.entry(session.clone()).or_default();
            let at = at.min(lane.queue.len());
            lane.queue.insert(at, task);
        }
        if !held {
            self.run_next(&session);
        }
        changed.map(|_| Nothing {})
    }

    async fn reword(
        &self,
        task: &Task,
        content: String,
        mentions: Vec<mira_protocol::message::Mention>,
    ) -> Result<String, Failure> {
        let events = self
            .store
            .events_of_operation(&task.id)
            .await
            .map_err(from_store)?;
        let message_id = events
            .iter()
            .find_map(|event| match &event.kind {
                EventKind::UserMessage { message_id, .. } => Some(message_id.clone()),
                _ => None,
            })
            .ok_or_else(|| internal("a waiting operation has no message"))?;
        let workspace = self.workspace(&task.project, task.request.access)?;
        let mut fragments = self
            .resolve_mentions(&mentions, &task.project, &workspace)
            .await?;
        let session = Some(&task.session);
        let related = self.related(&content, &mentions, session, &task.project);
        fragments.extend(related.await);
        let edited = EventKind::MessageEdited {
            message_id,
            fragments,
            content: content.clone(),
        };
        self.events
            .append(&task.session, Some(&task.id), edited)
            .await?;
        Ok(content)
    }

    /// Takes a task out of its queue: where it stood, and whether its lane was held.
    pub(super) fn take_waiting(&self, id: &OperationId) -> Option<(Task, usize, bool)> {
        lock(&self.lanes).values_mut().find_map(|lane| {
            let at = lane.queue.iter().position(|task| task.id == *id)?;
            let held = lane.running.is_none();
            lane.queue.remove(at).map(|task| (task, at, held))
        })
    }

    /// Ends all that waits in a session.
    pub async fn cancel_waiting(&self, session: &SessionId) {
        let waiting = match lock(&self.lanes).get_mut(session) {
            Some(lane) => std::mem::take(&mut lane.queue),
            None => return,
        };
        for task in waiting {
            self.finish(&task, run::Outcome::cancelled(), now_ms())
                .await;
        }
    }

    /// Puts an operation that never started back into its lane, which is held.
    pub(super) async fn keep_waiting(&self, row: &OperationRow) -> Result<(), Failure> {
        let events = self
            .store
            .events_of_operation(&row.operation.id)
            .await
            .map_err(from_store)?;
        let project_id = row
            .operation
            .project_id
            .clone()
            .ok_or_else(|| internal("a waiting operation has no project"))?;
        let attachments = events.iter().find_map(|event| match &event.kind {
            EventKind::UserMessage { attachments, .. } => Some(attachments.clone()),
            _ => None,
        });
        let task = Task {
            id: row.operation.id.clone(),
            session: row.operation.session_id.clone(),
            project: self.projects.get_by_id(&project_id).await?,
            request: StartOperation {
                content: row.operation.user_message.clone(),
                session_id: Some(row.operation.session_id.clone()),
                project_id: Some(project_id),
                attachments: attachments.unwrap_or_default(),
                access: row.request.access,
                approve: row.request.approve,
                tier: row.request.tier,
                model: row.request.model.clone(),
                max_cost_micro_usd: row.request.max_cost_micro_usd,
                timeout_ms: row.request.timeout_ms,
                focus: row.request.focus.clone(),
                ..StartOperation::default()
            },
            write: None,
        };
        let mut lanes = lock(&self.lanes);
        let lane = lanes.entry(task.session.clone()).or_default();
        lane.queue.push_back(task);
        Ok(())
    }
}

/// What an operation takes over that goes on with this one, or waits over a restart.
fn limits(request: &StartOperation) -> OperationRequest {
    OperationRequest {
        access: request.access,
        approve: request.approve,
        tier: request.tier,
        model: request.model.clone(),
        max_cost_micro_usd: request.max_cost_micro_usd,
        timeout_ms: request.timeout_ms,
        focus: request.focus.clone(),
        resumes: None,
    }
}
