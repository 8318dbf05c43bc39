//! Operations: start, queue, steer, cancel, resume; one lane a session.
//!
//! [`run`] is the operation itself and reads like the picture in `docs/ARCHITECTURE.md`; this file
//! decides when it runs and keeps hold of what runs.

pub mod attachments;
pub mod background;
mod choices;
mod compaction;
mod context;
mod elevated;
mod execute;
pub mod history;
pub(crate) mod holding;
mod kind;
mod limits;
mod model_step;
mod record;
mod recovery;
mod run;
mod title;

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mira_protocol::operation::{
    ListOperations, Operation, OperationList, OperationRef, OperationStarted, OperationState,
    StartOperation, Steer,
};
use mira_protocol::project::Project;
use mira_protocol::session::SessionKind;
use mira_protocol::system::Nothing;
use mira_protocol::{
    Code, EventKind, Failure, MessageId, OperationId, ProjectId, SessionId, Signal, StoredEvent,
    Topic,
};
use mira_secrets::Masker;
use mira_store::{NewOperation, NewSession, OperationRequest, OperationRow, Store, StoreError};
use mira_tools::ErasedTool;
use mira_workspace::{Blobs, Jobs, Workspace};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::approvals::Approvals;
use crate::changes::InUse;
use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::{from_store, internal};
use crate::ports::ModelSource;
use crate::projects::Projects;
use crate::settings::SettingsHandle;
use history::History;

/// How many sessions' histories stay in memory while nothing runs in them.
const IDLE_HISTORIES: usize = 8;
/// The most messages that may wait behind a running operation.
const MAX_QUEUED: usize = 32;

/// Open projects by folder and access.
type Workspaces = HashMap<(PathBuf, mira_workspace::Access), Arc<Workspace>>;

/// Everything an operation works with. Cheap to clone.
#[derive(Clone)]
pub struct Operations {
    pub(super) store: Store,
    pub(super) events: EventLog,
    pub(super) approvals: Approvals,
    pub(super) projects: Projects,
    pub(super) models: Arc<dyn ModelSource>,
    pub(super) settings: SettingsHandle,
    pub(super) tools: Arc<Toolbox>,
    pub(super) jobs: Arc<Jobs>,
    pub(super) blobs: Arc<Blobs>,
    pub(super) masker: Masker,
    pub(super) askpass: Option<crate::ports::Askpass>,
    lanes: Arc<Mutex<HashMap<SessionId, Lane>>>,
    histories: Arc<Mutex<VecDeque<(SessionId, History)>>>,
    workspaces: Arc<Mutex<Workspaces>>,
    /// How many commands of the foreground run in each project.
    busy: Arc<Mutex<HashMap<ProjectId, usize>>>,
    pub(super) in_use: InUse,
    tasks: TaskTracker,
}

/// The tools and what the model is told about them, made once.
pub struct Toolbox {
    pub tools: HashMap<String, Arc<dyn ErasedTool>>,
    pub specs: Arc<[mira_llm::ToolSpec]>,
    pub receipt: mira_protocol::receipt::FragmentLine,
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
        }
    }
}

/// A session's operations: one runs, the others wait in order.
#[derive(Default)]
struct Lane {
    running: Option<Running>,
    queue: VecDeque<Task>,
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
}

impl Operations {
    #[allow(clippy::too_many_arguments)] // The one place that wires is `Engine::open`.
    pub fn new(
        store: Store,
        events: EventLog,
        approvals: Approvals,
        projects: Projects,
        models: Arc<dyn ModelSource>,
        settings: SettingsHandle,
        jobs: Arc<Jobs>,
        blobs: Arc<Blobs>,
        masker: Masker,
        in_use: InUse,
    ) -> Self {
        Self {
            store,
            events,
            approvals,
            projects,
            models,
            settings,
            tools: Arc::new(Toolbox::new(mira_tools::all())),
            jobs,
            blobs,
            masker,
            askpass: None,
            lanes: Arc::default(),
            histories: Arc::default(),
            workspaces: Arc::default(),
            busy: Arc::default(),
            in_use,
            tasks: TaskTracker::new(),
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
        request.session_id = Some(session.clone());
        request.project_id = Some(project.id.clone());

        let task = Task {
            id: OperationId::new(),
            session,
            project,
            request,
        };
        let message = EventKind::UserMessage {
            message_id: MessageId::new(),
            content: task.request.content.clone(),
            attachments: task.request.attachments.clone(),
            steering: false,
            focus: task.request.focus.clone(),
        };
        self.enter(task, message).await
    }

    /// Goes on where an operation stopped: a new operation with the same limits.
    pub async fn resume(&self, request: OperationRef) -> Result<OperationStarted, Failure> {
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
            content: "Go on where you stopped.".into(),
            session_id: Some(row.operation.session_id),
            project_id: row.operation.project_id,
            access: row.request.access,
            approve: row.request.approve,
            tier: row.request.tier,
            model: row.request.model,
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
        let waiting = lock(&self.lanes).values_mut().find_map(|lane| {
            let at = lane.queue.iter().position(|task| task.id == id)?;
            lane.queue.remove(at)
        });
        match waiting {
            Some(task) => {
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

    async fn enter(&self, task: Task, message: EventKind) -> Result<OperationStarted, Failure> {
        let behind = {
            let lanes = lock(&self.lanes);
            lanes.get(&task.session).and_then(|lane| {
                if lane.queue.len() >= MAX_QUEUED {
                    return Some(Err(Failure::new(
                        Code::Conflict,
                        format!("{MAX_QUEUED} messages wait in this session already."),
                    )));
                }
                lane.running.as_ref().map(|running| Ok(running.id.clone()))
            })
        };
        let behind = behind.transpose()?;
        let pending = EventKind::OperationState {
            state: OperationState::Pending,
            kind: None,
            reason: behind
                .as_ref()
                .map(|_| "another operation of this session runs first".to_owned()),
        };
        let row = NewOperation {
            id: task.id.clone(),
            session_id: task.session.clone(),
            project_id: Some(task.project.id.clone()),
            user_message: task.request.content.clone(),
            request: limits(&task.request),
            created_at: now_ms(),
        };
        self.events.begin(&row, vec![message, pending]).await?;
        self.events.topic(Topic::Sessions);

        let started = OperationStarted {
            operation_id: task.id.clone(),
            session_id: task.session.clone(),
            queued: self.enqueue(task),
        };
        Ok(started)
    }

    /// Runs the task now or puts it in its lane's queue; true where it waits.
    fn enqueue(&self, task: Task) -> bool {
        let running = Running::of(&task);
        {
            let mut lanes = lock(&self.lanes);
            let lane = lanes.entry(task.session.clone()).or_default();
            if lane.running.is_some() {
                lane.queue.push_back(task);
                return true;
            }
            lane.running = Some(running.clone());
        }
        let operations = self.clone();
        self.tasks
            .spawn(async move { operations.run_lane(task, running).await });
        false
    }

    /// Runs one task to its end, whatever happens in it, and then the others of its lane.
    async fn run_lane(self, mut task: Task, mut running: Running) {
        loop {
            let started_at = now_ms();
            let inner = tokio::spawn({
                let (operations, task, running) = (self.clone(), task.clone(), running.clone());
                async move { operations.run(&task, running).await }
            });
            let outcome = inner.await.unwrap_or_else(|error| {
                tracing::error!(%error, "an operation panicked");
                run::Outcome::failed(internal("an operation ended by a fault in the program"))
            });
            *running.listening.lock().await = false;
            self.finish(&task, outcome, started_at).await;
            let next = {
                let mut lanes = lock(&self.lanes);
                let lane = lanes.entry(task.session.clone()).or_default();
                let next = lane.queue.pop_front();
                lane.running = next.as_ref().map(Running::of);
                let running = lane.running.clone();
                if running.is_none() {
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
        let excluded = self.choices(session).await?.no_turns;
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

/// What a resumed operation takes over from the one that stopped.
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
