//! Operations: start, queue, steer, cancel, resume; one lane a session.
//!
//! [`run`] is the operation itself and reads like the picture in `docs/ARCHITECTURE.md`; this file
//! decides when it runs and keeps hold of what runs.

mod again;
mod apply;
pub mod attachments;
pub mod background;
mod choices;
mod clearing;
mod compaction;
mod condense;
mod context;
mod elevated;
mod estimate;
mod execute;
mod handover;
pub mod history;
pub(crate) mod holding;
mod hooked;
mod kind;
mod limits;
mod mentions;
mod model_step;
mod naming;
mod patch;
mod pay;
mod queue;
mod record;
mod recovery;
mod related;
mod route;
mod run;
mod settle;
mod title;

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mira_protocol::operation::{
    GO_ON, ListOperations, Operation, OperationList, OperationRef, OperationStarted,
    OperationState, ResumeOperation, StartOperation, Steer,
};
use mira_protocol::project::Project;
use mira_protocol::session::SessionKind;
use mira_protocol::system::Nothing;
use mira_protocol::{
    Code, EventKind, Failure, MessageId, OperationId, ProjectId, SessionId, Signal, StoredEvent,
};
use mira_secrets::Masker;
use mira_store::{NewSession, OperationRow, Store, StoreError};
use mira_tools::ErasedTool;
use mira_workspace::{Blobs, Jobs, Workspace};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::approvals::Approvals;
use crate::budget::Budget;
use crate::changes::InUse;
use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::from_store;
use crate::hooks::Hooks;
use crate::knowledge::Knowledge;
use crate::ports::ModelSource;
use crate::projects::Projects;
use crate::rules::Permissions;
use crate::settings::SettingsHandle;
use crate::trust::Trusts;
use history::History;
use queue::Lane;
pub(crate) use related::CAP_TOKENS as RELATED_CAP_TOKENS;

/// How many sessions' histories stay in memory while nothing runs in them.
const IDLE_HISTORIES: usize = 8;
/// Open projects by folder and access.
type Workspaces = HashMap<(PathBuf, mira_workspace::Access), Arc<Workspace>>;

/// Everything an operation works with. Cheap to clone.
#[derive(Clone)]
pub struct Operations {
    pub(super) store: Store,
    pub(super) events: EventLog,
    pub(super) approvals: Approvals,
    pub(super) projects: Projects,
    pub(super) knowledge: Knowledge,
    pub(super) models: Arc<dyn ModelSource>,
    pub(super) settings: SettingsHandle,
    pub(super) budget: Budget,
    pub(super) tools: Arc<Toolbox>,
    pub(super) jobs: Arc<Jobs>,
    pub(super) blobs: Arc<Blobs>,
    pub(super) masker: Masker,
    pub(super) gate: Gate,
    /// The one way to the network.
    pub(super) way_out: mira_egress::Gate,
    pub(super) askpass: Option<crate::ports::Askpass>,
    lanes: Arc<Mutex<HashMap<SessionId, Lane>>>,
    histories: Arc<Mutex<VecDeque<(SessionId, History)>>>,
    workspaces: Arc<Mutex<Workspaces>>,
    /// How many commands of the foreground run in each project.
    busy: Arc<Mutex<HashMap<ProjectId, usize>>>,
    pub(super) in_use: InUse,
    tasks: TaskTracker,
    /// Cancelled when the engine ends.
    pub(super) closing: CancellationToken,
}

/// What stands between a call and its effect. Cheap to clone.
#[derive(Clone)]
pub struct Gate {
    pub permissions: Permissions,
    pub trusts: Trusts,
    pub hooks: Hooks,
}

/// The tools and what the model is told about them, made once.
pub struct Toolbox {
    pub tools: HashMap<String, Arc<dyn ErasedTool>>,
    pub specs: Arc<[mira_llm::ToolSpec]>,
    pub receipt: mira_protocol::receipt::FragmentLine,
    /// Of everything the model is told of them.
    pub hash: u64,
}

impl Toolbox {
    pub fn new(tools: Vec<Arc<dyn ErasedTool>>) -> Self {
        let specs: Vec<mira_llm::ToolSpec> = tools
            .iter()
            .map(|tool| tool.spec())
            .map(|spec| mira_llm::ToolSpec {
                name: spec.name.to_owned(),
                description: spec.description.to_owned(),
                parameters: spec.parameters,
            })
            .collect();
        let text = serde_json::to_string(&specs).unwrap_or_default();
        let receipt = context::line("tools", &format!("{} tools", specs.len()), &text);
        let tools = tools
            .into_iter()
            .map(|tool| (tool.name().to_owned(), tool))
            .collect();
        Self {
            tools,
            specs: specs.into(),
            receipt,
            hash: crate::budget::prefix::hash_of(&text),
        }
    }
}

#[derive(Clone)]
pub(super) struct Running {
    id: OperationId,
    pub cancel: CancellationToken,
    pub live: Arc<Live>,
    /// False once the operation has made up its mind to end: no message reaches it any more.
    /// Held while a message is stored, so that none falls between the last look and the end.
    pub listening: Arc<tokio::sync::Mutex<bool>>,
}

impl Running {
    fn of(task: &Task) -> Self {
        Self {
            id: task.id.clone(),
            cancel: CancellationToken::new(),
            live: Arc::default(),
            listening: Arc::new(tokio::sync::Mutex::new(true)),
        }
    }
}

/// What a running operation shows that is not stored yet, for clients that come late.
#[derive(Default)]
pub(super) struct Live {
    signals: Mutex<HashMap<&'static str, Signal>>,
}

impl Live {
    pub(super) fn show(&self, kind: &'static str, signal: Signal) {
        lock(&self.signals).insert(kind, signal);
    }

    pub(super) fn clear(&self) {
        lock(&self.signals).clear();
    }
}

/// One operation, ready to run.
#[derive(Clone)]
pub(super) struct Task {
    pub id: OperationId,
    pub session: SessionId,
    pub project: Project,
    pub request: StartOperation,
    /// Code of an answer to write to a file; nothing is asked of a model then.
    pub write: Option<apply::Write>,
}

impl Operations {
    #[allow(clippy::too_many_arguments)] // The one place that wires is `Engine::open`.
    pub fn new(
        store: Store,
        events: EventLog,
        approvals: Approvals,
        projects: Projects,
        knowledge: Knowledge,
        models: Arc<dyn ModelSource>,
        settings: SettingsHandle,
        budget: Budget,
        jobs: Arc<Jobs>,
        blobs: Arc<Blobs>,
        masker: Masker,
        in_use: InUse,
        way_out: mira_egress::Gate,
        gate: Gate,
    ) -> Self {
        Self {
            store,
            events,
            approvals,
            projects,
            knowledge,
            models,
            settings,
            budget,
            tools: Arc::new(Toolbox::new(mira_tools::all())),
            jobs,
            blobs,
            masker,
            gate,
            way_out,
            askpass: None,
            lanes: Arc::default(),
            histories: Arc::default(),
            workspaces: Arc::default(),
            busy: Arc::default(),
            in_use,
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        }
    }

    /// Who asks for passwords.
    pub fn with_askpass(mut self, askpass: Option<crate::ports::Askpass>) -> Self {
        self.askpass = askpass;
        self
    }

    /// Stores the message and answers at once; the work goes on by itself.
    pub async fn start(&self, mut request: StartOperation) -> Result<OperationStarted, Failure> {
        if request.content.trim().is_empty() && request.attachments.is_empty() {
            return Err(Failure::new(Code::BadParams, "The message is empty."));
        }
        if let Cow::Owned(masked) = self.masker.mask(&request.content) {
            request.content = masked;
        }
        let (session, project) = self.place(&request).await?;
        let workspace = self.workspace(&project, request.access)?;
        request.attachments =
            attachments::load(std::mem::take(&mut request.attachments), &workspace).await?;
        let mut fragments = self
            .resolve_mentions(&request.mentions, &project, &workspace)
            .await?;
        let related = self
            .related(
                &request.content,
                &request.mentions,
                Some(&session),
                &project,
            )
            .await;
        fragments.extend(related);
        request.session_id = Some(session.clone());
        request.project_id = Some(project.id.clone());

        let task = Task {
            id: OperationId::new(),
            session,
            project,
            request,
            write: None,
        };
        let message = EventKind::UserMessage {
            message_id: MessageId::new(),
            content: task.request.content.clone(),
            attachments: task.request.attachments.clone(),
            steering: false,
            focus: task.request.focus.clone(),
            fragments,
        };
        self.enter(task, message).await
    }

    /// Goes on where an operation stopped: a new operation with the same limits.
    pub async fn resume(&self, request: ResumeOperation) -> Result<OperationStarted, Failure> {
        let row = self.row(&request.operation_id).await?;
        match row.operation.state {
            OperationState::Completed => {
                return Err(Failure::new(
                    Code::Conflict,
                    "This operation completed; there is nothing to resume.",
                )
                .hint("Send a new message instead."));
            }
            state if !state.is_terminal() => {
                return Err(Failure::new(
                    Code::Conflict,
                    "This operation is still running.",
                ));
            }
            _ => {}
        }
        let again = StartOperation {
            content: GO_ON.into(),
            session_id: Some(row.operation.session_id),
            project_id: row.operation.project_id,
            access: row.request.access,
            approve: row.request.approve,
            // Another tier is another choice of model, too.
            tier: request.tier.or(row.request.tier),
            model: request
                .model
                .or(row.request.model.filter(|_| request.tier.is_none())),
            max_cost_micro_usd: row.request.max_cost_micro_usd,
            timeout_ms: row.request.timeout_ms,
            ..StartOperation::default()
        };
        self.start(again).await
    }

    pub async fn cancel(&self, request: OperationRef) -> Result<Nothing, Failure> {
        let id = request.operation_id;
        if let Some((_, running)) = self.running(&id)
            && *running.listening.lock().await
        {
            running.cancel.cancel();
            return Ok(Nothing {});
        }
        match self.take_waiting(&id) {
            Some((task, ..)) => {
                self.finish(&task, run::Outcome::cancelled(), now_ms())
                    .await;
                Ok(Nothing {})
            }
            None => {
                let operation = self.get(OperationRef { operation_id: id }).await?;
                Err(Failure::new(
                    Code::Conflict,
                    format!(
                        "The operation is not running; it ended as {:?}.",
                        operation.state
                    ),
                ))
            }
        }
    }

    /// A message into the running operation: stored now, told before the next request.
    pub async fn steer(&self, request: Steer) -> Result<Nothing, Failure> {
        if request.content.trim().is_empty() {
            return Err(Failure::new(Code::BadParams, "The message is empty."));
        }
        let over = || {
            Failure::new(Code::Conflict, "The operation is not running any more.")
                .hint("Send the message as a new one.")
        };
        let (session, running) = self.running(&request.operation_id).ok_or_else(over)?;
        let listening = running.listening.lock().await;
        if !*listening {
            return Err(over());
        }
        self.events
            .append(
                &session,
                Some(&request.operation_id),
                EventKind::UserMessage {
                    message_id: MessageId::new(),
                    content: request.content,
                    attachments: vec![],
                    steering: true,
                    focus: None,
                    fragments: vec![],
                },
            )
            .await?;
        Ok(Nothing {})
    }

    fn running(&self, id: &OperationId) -> Option<(SessionId, Running)> {
        lock(&self.lanes).iter().find_map(|(session, lane)| {
            let running = lane.running.as_ref().filter(|running| running.id == *id)?;
            Some((session.clone(), running.clone()))
        })
    }

    pub async fn get(&self, request: OperationRef) -> Result<Operation, Failure> {
        Ok(self.row(&request.operation_id).await?.operation)
    }

    async fn row(&self, id: &OperationId) -> Result<OperationRow, Failure> {
        self.store.operation(id).await.map_err(from_store)
    }

    pub async fn list(&self, request: ListOperations) -> Result<OperationList, Failure> {
        let rows = self
            .store
            .operations(&request.session_id)
            .await
            .map_err(from_store)?;
        Ok(OperationList {
            operations: rows.into_iter().map(|row| row.operation).collect(),
        })
    }

    /// The operation that runs in a session now.
    pub fn running_in(&self, session: &SessionId) -> Option<OperationId> {
        lock(&self.lanes)
            .get(session)?
            .running
            .as_ref()
            .map(|running| running.id.clone())
    }

    pub fn running_count(&self) -> usize {
        lock(&self.lanes)
            .values()
            .filter(|lane| lane.running.is_some())
            .count()
    }

    /// What a running operation shows that is not stored yet.
    pub fn live(&self, session: &SessionId) -> Vec<Signal> {
        let live = lock(&self.lanes)
            .get(session)
            .and_then(|lane| lane.running.as_ref().map(|running| running.live.clone()));
        live.map(|live| lock(&live.signals).values().cloned().collect())
            .unwrap_or_default()
    }

    /// Ends everything: running operations are cancelled and their last events stored.
    pub async fn shutdown(&self) {
        self.closing.cancel();
        {
            let mut lanes = lock(&self.lanes);
            for lane in lanes.values_mut() {
                lane.queue.clear();
                if let Some(running) = &lane.running {
                    running.cancel.cancel();
                }
            }
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Where file contents are kept.
    pub fn blobs(&self) -> &Arc<Blobs> {
        &self.blobs
    }

    /// The workspace of a project at a level of access. Kept, so that snapshots stay quick.
    pub fn workspace(
        &self,
        project: &Project,
        access: mira_protocol::operation::Access,
    ) -> Result<Arc<Workspace>, Failure> {
        let access = workspace_access(access);
        let key = (PathBuf::from(&project.path), access);
        if let Some(workspace) = lock(&self.workspaces).get(&key) {
            return Ok(workspace.clone());
        }
        let protected = vec![self.settings.current().data_dir.clone()];
        let workspace =
            Workspace::open(&key.0, access, self.blobs.clone(), protected).map_err(|refusal| {
                Failure::new(
                    Code::NotFound,
                    format!(
                        "The project folder {} cannot be opened: {refusal}",
                        project.path
                    ),
                )
                .hint("Open the folder again where it is now.")
            })?;
        lock(&self.workspaces).insert(key, workspace.clone());
        Ok(workspace)
    }

    /// The session and project that a request means; made where there is none.
    async fn place(&self, request: &StartOperation) -> Result<(SessionId, Project), Failure> {
        let known = match &request.session_id {
            Some(id) => match self.store.session(id).await {
                Ok(session) => Some(session),
                Err(StoreError::NotFound { .. }) => None,
                Err(error) => return Err(from_store(error)),
            },
            None => None,
        };
        let project_id = request.project_id.clone().or_else(|| {
            known
                .as_ref()
                .and_then(|session| session.project_id.clone())
        });
        let project = match project_id {
            Some(id) => self.projects.get_by_id(&id).await?,
            None => self.projects.scratch().await?,
        };
        let session = match known {
            Some(session) if session.deleted => {
                return Err(Failure::new(Code::Conflict, "This session is deleted.")
                    .hint("Restore it first."));
            }
            Some(session) => {
                if session.project_id.is_none() {
                    self.store
                        .set_session_project(&session.id, &project.id)
                        .await
                        .map_err(from_store)?;
                }
                session.id
            }
            None => {
                let id = request.session_id.clone().unwrap_or_else(SessionId::new);
                let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
                if id.0.is_empty() || id.0.len() > 64 || !id.0.chars().all(fits) {
                    return Err(Failure::new(
                        Code::BadParams,
                        "A session's id is made of up to 64 letters, digits and - _ . :",
                    ));
                }
                let new = NewSession {
                    id: id.clone(),
                    project_id: Some(project.id.clone()),
                    name: String::new(),
                    kind: SessionKind::Voice,
                    created_at: now_ms(),
                };
                self.store.create_session(&new).await.map_err(from_store)?;
                id
            }
        };
        Ok((session, project))
    }

    /// The session's history as the model sees it, from memory or from the log.
    pub(super) async fn take_history(&self, session: &SessionId) -> Result<History, Failure> {
        let cached = {
            let mut histories = lock(&self.histories);
            histories
                .iter()
                .position(|(id, _)| id == session)
                .and_then(|at| histories.remove(at))
        };
        let excluded = self.context_choices(session).await?.no_turns;
        let mut history = cached
            .map(|(_, history)| history)
            // Told under another choice: from the log again.
            .filter(|history| *history.excluded() == excluded)
            .unwrap_or_else(|| History::without(excluded.clone()));
        let mut events = self.events_since(session, history.last_seq()).await?;
        let rewound = |event: &StoredEvent| matches!(event.kind, EventKind::Rewound { .. });
        if events.iter().any(rewound) {
            // What counts may have changed anywhere.
            if history.last_seq() > 0 {
                events = self.events_since(session, 0).await?;
            }
            history = History::visible(&events, excluded);
        } else {
            for event in &events {
                history.apply(event);
            }
        }
        Ok(history)
    }

    async fn events_since(
        &self,
        session: &SessionId,
        seq: u64,
    ) -> Result<Vec<StoredEvent>, Failure> {
        let mut events: Vec<StoredEvent> = Vec::new();
        loop {
            let since = events.last().map_or(seq, |event| event.seq);
            let page = self.store.events_since(session, since, 5_000).await;
            let page = page.map_err(from_store)?;
            if page.is_empty() {
                return Ok(events);
            }
            events.extend(page);
        }
    }

    pub(super) fn keep_history(&self, session: &SessionId, history: History) {
        let mut histories = lock(&self.histories);
        histories.retain(|(id, _)| id != session);
        histories.push_back((session.clone(), history));
        if histories.len() > IDLE_HISTORIES {
            histories.pop_front();
        }
    }
}

fn workspace_access(access: mira_protocol::operation::Access) -> mira_workspace::Access {
    use mira_protocol::operation::Access;
    match access {
        Access::Read => mira_workspace::Access::Read,
        Access::Project => mira_workspace::Access::Project,
        Access::Home => mira_workspace::Access::Home,
        Access::System => mira_workspace::Access::System,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
