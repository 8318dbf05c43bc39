//! An engine in a data directory of its own, and somebody who listens to it.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mira_engine::settings::{Flags, Secret, Settings};
use mira_engine::{Engine, NoSecrets, Ports};
use mira_protocol::approval::{DecideApproval, Decision};
use mira_protocol::operation::{OperationStarted, StartOperation};
use mira_protocol::project::{OpenProject, Project};
use mira_protocol::system::Nothing;
use mira_protocol::table::calls;
use mira_protocol::{Code, Event, EventKind, Failure, OperationId, SessionId, StoredEvent};
use tokio::sync::broadcast;

use crate::ScriptedModel;
use crate::model::ScriptedModels;
use crate::project::TempProject;
use crate::vendor::FakeVendor;

/// How long a listener waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a lock that goes away by itself is tried, and how long between.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// An engine with a temporary data directory, gone when dropped.
pub struct TestEngine {
    pub engine: Engine,
    /// Kept for restarts and gone with the last of them.
    pub data: Arc<tempfile::TempDir>,
}

impl TestEngine {
    /// With these environment variables and no others; the real providers.
    ///
    /// # Errors
    /// What the settings or the engine say of them.
    pub async fn from_env(env: Vec<(String, String)>) -> Result<Self, Failure> {
        let env: HashMap<_, _> = env.into_iter().collect();
        let data = Arc::new(temp_dir()?);
        let flags = Flags {
            data_dir: Some(data.path().join("data")),
            config_dir: Some(data.path().join("config")),
            ..Flags::default()
        };
        let settings = Settings::load_from(flags, &|name| env.get(name).cloned())?;
        let ports = Ports {
            models: None,
            secrets: Arc::new(NoSecrets),
            askpass: None,
        };
        Ok(Self {
            engine: Engine::open(settings, ports).await?,
            data,
        })
    }

    /// Asks this fake vendor through the real provider code.
    pub async fn with_vendor(vendor: &FakeVendor) -> Self {
        let vendor = vendor.url();
        Self::tuned(None, move |settings| {
            settings.openai_base_url = vendor;
            settings.openai_api_key = Some(Secret::new("sk-test"));
        })
        .await
    }

    /// With a scripted model.
    pub async fn with_model(model: &ScriptedModel) -> Self {
        Self::tuned(Some(ScriptedModels::new(model.clone())), |_| {}).await
    }

    /// With these models (None: the real providers) and changed settings.
    pub async fn tuned(models: Option<ScriptedModels>, tune: impl FnOnce(&mut Settings)) -> Self {
        let data = Arc::new(temp_dir().unwrap_or_else(|failure| panic!("{failure}")));
        Self::again(data, models, tune).await
    }

    /// In a data directory that was used before: what the next start of the program does.
    pub async fn again(
        data: Arc<tempfile::TempDir>,
        models: Option<ScriptedModels>,
        tune: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings::under(data.path());
        tune(&mut settings);
        let ports = match models {
            Some(models) => models.ports(),
            None => Ports {
                models: None,
                secrets: Arc::new(NoSecrets),
                askpass: None,
            },
        };
        // A program that another test is just starting has the lock, too, until it begins.
        let mut tries = 0;
        let engine = loop {
            match Engine::open(settings.clone(), ports.clone()).await {
                Err(failure) if failure.code == Code::Locked && tries < LOCK_TRIES => tries += 1,
                engine => break engine,
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        };
        Self {
            engine: engine.unwrap_or_else(|failure| panic!("open the engine: {failure}")),
            data,
        }
    }

    pub fn data_dir(&self) -> PathBuf {
        self.engine.settings().data_dir.clone()
    }

    pub async fn open(&self, project: &TempProject) -> Project {
        let open = calls::ProjectOpen(OpenProject {
            path: project.root().display().to_string(),
        });
        self.engine
            .call(open)
            .await
            .unwrap_or_else(|failure| panic!("open the project: {failure}"))
    }

    /// Asks and waits for the end; the operation's events.
    pub async fn ask(&self, request: StartOperation) -> (OperationStarted, Vec<StoredEvent>) {
        let mut collector = Collector::new(&self.engine);
        let started = self.start(request).await;
        let events = collector
            .finished(&started.session_id, &started.operation_id)
            .await;
        (
            started,
            events.unwrap_or_else(|failure| panic!("{failure}")),
        )
    }

    pub async fn start(&self, request: StartOperation) -> OperationStarted {
        self.engine
            .call(calls::OperationStart(request))
            .await
            .unwrap_or_else(|failure| panic!("start: {failure}"))
    }

    /// Every stored event of a session.
    pub async fn events(&self, session: &SessionId) -> Vec<StoredEvent> {
        let mut all: Vec<StoredEvent> = Vec::new();
        loop {
            let since = all.last().map_or(0, |event| event.seq);
            let page = self
                .engine
                .replay(session, since, 5_000)
                .await
                .unwrap_or_else(|failure| panic!("{failure}"));
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }
}

fn temp_dir() -> Result<tempfile::TempDir, Failure> {
    let dir = tempfile::Builder::new().prefix("mira-data-").tempdir();
    dir.map_err(|error| Failure::new(Code::Internal, format!("a temporary folder: {error}")))
}

/// Listens to an engine; never loses an event, because it reads the log whenever it hears one.
pub struct Collector {
    engine: Engine,
    live: broadcast::Receiver<Arc<Event>>,
    decisions: Option<VecDeque<Decision>>,
}

impl Collector {
    /// From now on.
    pub fn new(engine: &Engine) -> Self {
        Self {
            engine: engine.clone(),
            live: engine.events(),
            decisions: None,
        }
    }

    /// Answers approvals with these decisions, in order; when they run out, with deny.
    pub fn decide(&mut self, decisions: Vec<Decision>) {
        self.decisions = Some(decisions.into());
    }

    /// Events of a session after `since` up to the first that fits.
    ///
    /// # Errors
    /// After a minute without one.
    pub async fn until(
        &mut self,
        session: &SessionId,
        since: u64,
        fits: impl Fn(&StoredEvent) -> bool,
    ) -> Result<Vec<StoredEvent>, Failure> {
        let mut seen: Vec<StoredEvent> = Vec::new();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let last = seen.last().map_or(since, |event| event.seq);
            let page = self.engine.replay(session, last, 5_000).await?;
            let full = page.len() == 5_000;
            for event in page {
                self.answer(&event).await?;
                let done = fits(&event);
                seen.push(event);
                if done {
                    return Ok(seen);
                }
            }
            if full {
                continue;
            }
            loop {
                match tokio::time::timeout_at(deadline, self.live.recv()).await {
                    Ok(Ok(event)) if matches!(*event, Event::Stored(_)) => break,
                    Ok(Ok(_)) => {}
                    Ok(Err(broadcast::error::RecvError::Lagged(_))) => break,
                    Ok(Err(broadcast::error::RecvError::Closed)) | Err(_) => {
                        let tail: Vec<_> =
                            seen.iter().rev().take(4).map(|event| &event.kind).collect();
                        return Err(Failure::new(
                            Code::Internal,
                            format!("the awaited event did not come; the newest were {tail:#?}"),
                        ));
                    }
                }
            }
        }
    }

    /// An operation's events up to its terminal one.
    pub async fn finished(
        &mut self,
        session: &SessionId,
        operation: &OperationId,
    ) -> Result<Vec<StoredEvent>, Failure> {
        let end = |event: &StoredEvent| {
            event.operation_id.as_ref() == Some(operation)
                && matches!(event.kind, EventKind::OperationFinished { .. })
        };
        let mut events = self.until(session, 0, end).await?;
        events.retain(|event| event.operation_id.as_ref() == Some(operation));
        Ok(events)
    }

    async fn answer(&mut self, event: &StoredEvent) -> Result<(), Failure> {
        let EventKind::ApprovalRequested { approval } = &event.kind else {
            return Ok(());
        };
        let Some(decisions) = &mut self.decisions else {
            return Ok(());
        };
        let waiting = self
            .engine
            .call(calls::ApprovalList(Nothing {}))
            .await?
            .approvals;
        if waiting.iter().all(|other| other.id != approval.id) {
            // Of the log's past.
            return Ok(());
        }
        let decision = decisions.pop_front().unwrap_or(Decision::Deny);
        let decide = DecideApproval {
            approval_id: approval.id.clone(),
            decision,
        };
        self.engine.call(calls::ApprovalDecide(decide)).await?;
        Ok(())
    }
}
