//! One operation, start to end.
//!
//! ```text
//! gather → loop { route → fit → pay → ask the model → store → calls? execute : done } → finish
//! ```

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mira_llm::{Finish, ToolChoice};
use mira_protocol::budget::SessionCacheState;
use mira_protocol::change::FileChangeSummary;
use mira_protocol::event::NoticeLevel;
use mira_protocol::operation::{OperationState, Usage};
use mira_protocol::provider::ProviderName;
use mira_protocol::{
    Code, EventKind, Failure, MicroUsd, OperationId, SessionId, Signal, StoredEvent, Topic, UtcMs,
};
use mira_workspace::Workspace;
use tokio_util::sync::CancellationToken;

use super::execute::Guard;
use super::history::History;
use super::kind::Deeds;
use super::limits::{answer_room, overflow_target, window};
use super::model_step::Said;
use super::pay::Fixed;
use super::route::Routing;
use super::{Live, Operations, Running, Task, attachments, context};
use crate::budget::prefix::Parts;
use crate::clock::now_ms;
use crate::failure::{from_model, from_store};
use crate::ports::Resolved;

/// How often an overflow that the provider reports is answered by compacting.
const MAX_OVERFLOWS: u32 = 3;
/// Between two tries to store an operation's end.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How an operation ended.
pub struct Outcome {
    state: OperationState,
    failure: Option<Failure>,
    content: String,
    usage: Usage,
    cost: MicroUsd,
    changes: Vec<FileChangeSummary>,
}

impl Outcome {
    fn ended(state: OperationState, failure: Option<Failure>) -> Self {
        Self {
            state,
            failure,
            content: String::new(),
            usage: Usage::default(),
            cost: 0,
            changes: vec![],
        }
    }

    pub fn has_failed(&self) -> bool {
        self.state == OperationState::Failed
    }

    pub fn completed(changes: Vec<FileChangeSummary>) -> Self {
        Self {
            changes,
            ..Self::ended(OperationState::Completed, None)
        }
    }

    pub fn failed(failure: Failure) -> Self {
        Self::ended(OperationState::Failed, Some(failure))
    }

    pub fn cancelled() -> Self {
        let failure = Failure::new(Code::Cancelled, "Cancelled.")
            .hint("Resume to go on, or undo its changes.");
        Self::ended(OperationState::Cancelled, Some(failure))
    }
}

/// Why an operation stops before its answer.
#[derive(Debug)]
pub(super) enum Stop {
    Cancelled,
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A running operation.
pub(super) struct Run<'a> {
    pub on: &'a Operations,
    pub task: &'a Task,
    pub cancel: CancellationToken,
    pub live: Arc<Live>,
    listening: Arc<tokio::sync::Mutex<bool>>,
    pub workspace: Arc<Workspace>,
    pub history: History,
    pub usage: Usage,
    pub cost: MicroUsd,
    pub calls: u32,
    pub deeds: Deeds,
    pub guard: Guard,
    /// Background commands that clients were told of.
    pub announced: Mutex<HashSet<String>>,
    pub state: OperationState,
    /// Providers that did not answer in this operation.
    pub down: Vec<ProviderName>,
    /// The last words of the model.
    pub content: String,
    pub routing: Routing,
    /// The person wants nothing from the code index in this session.
    pub no_related: bool,
    /// The session's last request, as far as provider caches go.
    pub last_request: Option<(SessionCacheState, Parts)>,
}

impl Operations {
    /// Runs a task; the terminal event is [`Operations::finish`]'s.
    pub(super) async fn run(&self, task: &Task, running: Running) -> Outcome {
        let cancel = running.cancel;
        let settings = self.settings.current();
        let limit = task.request.timeout_ms.or(settings.operation_timeout_ms);
        let workspace = match self.workspace(&task.project, task.request.access) {
            Ok(workspace) => workspace,
            Err(failure) => return Outcome::failed(failure),
        };
        if let Some(write) = &task.write {
            return self.write_code(task, write, &workspace).await;
        }
        let history = match self.take_history(&task.session).await {
            Ok(history) => history,
            Err(failure) => return Outcome::failed(failure),
        };
        let mut run = Run {
            on: self,
            task,
            cancel: cancel.clone(),
            live: running.live,
            listening: running.listening,
            workspace,
            history,
            usage: Usage::default(),
            cost: 0,
            calls: 0,
            deeds: Deeds::default(),
            guard: Guard::default(),
            announced: Mutex::default(),
            state: OperationState::Pending,
            down: Vec::new(),
            content: String::new(),
            routing: Routing::default(),
            no_related: false,
            last_request: None,
        };
        let timer = async {
            match limit {
                Some(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                None => std::future::pending().await,
            }
        };
        let mut timed_out = false;
        let result = {
            let drive = run.drive();
            tokio::pin!(drive, timer);
            tokio::select! {
                result = &mut drive => result,
                () = &mut timer => {
                    // Everything that runs hears the token, ends, and stores what it has.
                    timed_out = true;
                    cancel.cancel();
                    drive.await
                }
            }
        };
        run.close(result, timed_out.then_some(limit).flatten())
            .await
    }

    /// The terminal event, and what follows from it.
    pub(super) async fn finish(&self, task: &Task, outcome: Outcome, started_at: UtcMs) {
        let finished = EventKind::OperationFinished {
            state: outcome.state,
            failure: outcome.failure,
            content: outcome.content,
            usage: outcome.usage,
            cost_micro_usd: outcome.cost,
            duration_ms: (now_ms() - started_at).max(0) as u64,
            changes: outcome.changes,
        };
        self.store_end(task, finished).await;
        self.models.idle();
        self.events.topic(Topic::Sessions);
        self.events.topic(Topic::Budget);
        self.events.topic(Topic::Changes {
            session_id: task.session.clone(),
        });
        self.events.topic(Topic::Git {
            project_id: task.project.id.clone(),
        });
    }

    /// Until it is stored: an operation without an end would run for ever. Who waits for the end
    /// is told at the first failure. When the engine ends meanwhile, its next start finds the
    /// operation interrupted.
    async fn store_end(&self, task: &Task, finished: EventKind) {
        let since = now_ms();
        let mut pause = FIRST_PAUSE;
        while let Err(failure) = self
            .events
            .append(&task.session, Some(&task.id), finished.clone())
            .await
        {
            tracing::error!(%failure, "the end of an operation was not stored");
            if failure.code != Code::Internal {
                return;
            }
            self.events.signal(Signal::Unstored {
                session_id: task.session.clone(),
                operation_id: task.id.clone(),
                failure,
                since,
            });
            tokio::select! {
                () = self.closing.cancelled() => return,
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
    }
}

impl Run<'_> {
    /// The operation: this is the picture.
    async fn drive(&mut self) -> Result<(), Stop> {
        self.enter(OperationState::Started, None).await?;
        self.on.events.topic(Topic::Sessions);
        let added = self.begin_hooks().await?;
        let settings = self.on.settings.current();
        let request = &self.task.request;
        let guidelines = self
            .on
            .projects
            .guidelines_for(&self.task.project, request.focus.as_ref());
        let choices = self.on.context_choices(&self.task.session).await?;
        self.no_related = choices.no_related;
        let (guidelines, left_out) = choices.part_guidelines(guidelines);
        let chosen = context::Chosen {
            guidelines,
            left_out,
            pinned: choices
                .read_pinned(&self.workspace, &self.on.masker)
                .await?,
        };
        let instructions =
            context::instructions(self.workspace.root(), request.access, &chosen, &added);
        let fixed = Fixed::new(instructions, &self.on.tools);
        self.last_request = self.on.budget.last_request(&self.task.session).await?;

        let mut overflows = 0;
        let mut tool_choice = ToolChoice::Auto;
        loop {
            if self.calls >= settings.max_iterations {
                return Err(Stop::Failed(limit_reached(settings.max_iterations)));
            }
            let routed = self.route(fixed.tokens).await?;
            let model = &routed.model;
            if let Some(failure) = self.unseen(model) {
                return Err(Stop::Failed(failure));
            }
            self.tell_handover(model).await?;
            let room = window(model).saturating_sub(fixed.tokens + answer_room(model));
            self.fit(model, room, room / 2).await?;
            let Some(paid) = self.pay(&fixed, &routed, tool_choice).await? else {
                // The person chose a cheaper tier.
                continue;
            };
            self.begin_step(model, &fixed.lines).await?;
            let prompt = self.prompt(&fixed, model, tool_choice, paid.max_output_tokens);
            let want = self.routing.want(&routed);
            let said = match self.ask(&want, model, prompt, paid).await? {
                Said::Answer(step) => step,
                Said::BrokeOff => continue,
                Said::Instead(next) => {
                    self.routing.instead(*next);
                    continue;
                }
                Said::TooLong {
                    limit_tokens,
                    prompt_tokens,
                } => {
                    overflows += 1;
                    let target = overflow_target(
                        self.history.tokens(),
                        fixed.tokens,
                        limit_tokens,
                        prompt_tokens,
                    );
                    if overflows > MAX_OVERFLOWS || !self.fit(model, target, target * 3 / 4).await?
                    {
                        return Err(Stop::Failed(too_long(limit_tokens)));
                    }
                    continue;
                }
            };
            overflows = 0;
            if said.calls.is_empty() {
                if !self.stop_listening().await? {
                    continue;
                }
                if said.finish == Finish::Length {
                    let text = "The answer was cut at the model's output limit; ask it to go on.";
                    self.notice(NoticeLevel::Warning, "output_limit", text.into(), None)
                        .await?;
                } else if self.calls == 1 && self.content.trim().is_empty() {
                    let text = "The model answered nothing. Ask again, or choose another model.";
                    self.notice(NoticeLevel::Warning, "no_answer", text.into(), None)
                        .await?;
                }
                return Ok(());
            }
            if tool_choice == ToolChoice::None {
                return Err(Stop::Failed(
                    Failure::new(
                        Code::LimitReached,
                        "The model asked for the same tool call again and again, and was stopped.",
                    )
                    .hint("Say differently what you need, or choose a stronger model."),
                ));
            }
            let told = self.told_files(&said.calls);
            self.execute(said.calls).await?;
            self.note_files(told).await?;
            tool_choice = self.guard.tool_choice();
        }
    }

    /// The end is near: true, and no message reaches this operation any more; false where one
    /// has, which must be answered first.
    async fn stop_listening(&mut self) -> Result<bool, Failure> {
        let listening = self.listening.clone();
        let mut listening = listening.lock().await;
        self.catch_up().await?;
        *listening = self.history.has_steering();
        Ok(!*listening)
    }

    /// The message came with images that this model cannot see.
    fn unseen(&self, model: &Resolved) -> Option<Failure> {
        let images = attachments::images(&self.task.request.attachments);
        attachments::unseen(&images, model).filter(|_| self.calls == 0)
    }

    /// Ends what is open and says how it went.
    async fn close(mut self, result: Result<(), Stop>, timed_out_ms: Option<u64>) -> Outcome {
        for call in self.history.open_calls().to_vec() {
            if let Err(failure) = self
                .answer_unrun(call, "Not run: the operation was stopped.")
                .await
            {
                tracing::error!(%failure, "an open call was not answered");
            }
        }
        if let Err(failure) = self.end_hooks(&result).await {
            tracing::error!(%failure, "hooks of an operation's end did not run");
        }
        let mut outcome = match (result, timed_out_ms) {
            (Ok(()), _) => Outcome::ended(OperationState::Completed, None),
            (Err(_), Some(ms)) => Outcome::failed(
                Failure::new(
                    Code::LimitReached,
                    format!("The operation ran into its time limit of {} s.", ms / 1_000),
                )
                .hint("Resume to go on with the same limit."),
            ),
            (Err(Stop::Cancelled), _) => Outcome::cancelled(),
            (Err(Stop::Failed(failure)), _) => Outcome::failed(failure),
        };
        outcome.changes = self.on.changes_of(&self.task.id).await;
        let kind = Some(
            self.deeds
                .kind(&self.task.request.content, &outcome.changes),
        );
        if let Err(failure) = self
            .log(EventKind::OperationState {
                state: self.state,
                kind,
                reason: None,
            })
            .await
        {
            tracing::warn!(%failure, "the kind of an operation was not stored");
        }
        outcome.usage = self.usage;
        outcome.cost = self.cost;
        outcome.content = std::mem::take(&mut self.content);
        self.live.clear();
        self.on.keep_history(&self.task.session, self.history);
        outcome
    }

    /// Stores one step and keeps the history up to date with it.
    pub(super) async fn log(&mut self, kind: EventKind) -> Result<(), Failure> {
        self.log_all(vec![kind]).await
    }

    pub(super) async fn log_all(&mut self, kinds: Vec<EventKind>) -> Result<(), Failure> {
        let stored = self
            .on
            .events
            .append_all(&self.task.session, Some(&self.task.id), kinds)
            .await?;
        self.note(&stored).await
    }

    /// Tells the history what was stored; where something else came between, from the log.
    pub(super) async fn note(&mut self, stored: &[StoredEvent]) -> Result<(), Failure> {
        if stored
            .first()
            .is_some_and(|event| event.seq != self.history.last_seq() + 1)
        {
            return self.catch_up().await;
        }
        for event in stored {
            self.routing.note(event);
            self.history.apply(event);
        }
        Ok(())
    }

    /// Applies what others stored in this session: a steering message, a decision.
    pub(super) async fn catch_up(&mut self) -> Result<(), Failure> {
        let events = self
            .on
            .store
            .events_since(&self.task.session, self.history.last_seq(), 5_000)
            .await
            .map_err(from_store)?;
        for event in &events {
            self.routing.note(event);
            self.history.apply(event);
        }
        Ok(())
    }

    pub(super) async fn enter(
        &mut self,
        state: OperationState,
        reason: Option<String>,
    ) -> Result<(), Failure> {
        if self.state == state {
            return Ok(());
        }
        self.state = state;
        self.log(EventKind::OperationState {
            state,
            kind: None,
            reason,
        })
        .await
    }

    pub(super) async fn notice(
        &mut self,
        level: NoticeLevel,
        code: &str,
        text: String,
        until: Option<UtcMs>,
    ) -> Result<(), Failure> {
        self.log(EventKind::Notice {
            level,
            code: code.to_owned(),
            text,
            until,
        })
        .await
    }

    pub(super) fn signal_activity(&self, text: String) {
        let signal = Signal::Activity {
            session_id: self.session(),
            operation_id: self.operation(),
            text,
            since: now_ms(),
        };
        self.live.show("activity", signal.clone());
        self.on.events.signal(signal);
    }

    pub(super) fn session(&self) -> SessionId {
        self.task.session.clone()
    }

    pub(super) fn operation(&self) -> OperationId {
        self.task.id.clone()
    }

    pub(super) async fn until_cancelled<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Stop> {
        tokio::select! {
            () = self.cancel.cancelled() => Err(Stop::Cancelled),
            result = work => Ok(result?),
        }
    }

    pub(super) fn model_failure(&self, error: &mira_llm::ModelError, model: &Resolved) -> Stop {
        match error.kind {
            mira_llm::ErrorKind::Cancelled => Stop::Cancelled,
            _ => Stop::Failed(from_model(error, model.provider, &model.id)),
        }
    }
}

pub(super) fn provider_name(model: &Resolved) -> String {
    model.provider.as_str().to_owned()
}

fn too_long(limit: Option<u64>) -> Failure {
    let limit = limit.map_or(String::new(), |limit| format!(" of {limit} tokens"));
    Failure::new(
        Code::ContextTooLong,
        format!("The conversation does not fit the model's context{limit}, even shortened."),
    )
    .hint("Start a new session, attach less, or choose a model with a larger context.")
}

fn limit_reached(max: u32) -> Failure {
    Failure::new(
        Code::LimitReached,
        format!("The operation used all of its {max} model calls."),
    )
    .hint("Resume to go on, or raise MIRA_MAX_ITERATIONS.")
}
