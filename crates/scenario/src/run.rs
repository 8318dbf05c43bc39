//! Plays a scenario against an engine of its own, in a project and a data directory of its own.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine as _;
use mira_engine::Engine;
use mira_protocol::change::UndoRequest;
use mira_protocol::operation::{ApproveMode, OperationRef, OperationState, StartOperation};
use mira_protocol::project::OpenProject;
use mira_protocol::table::calls;
use mira_protocol::{EventKind, ProjectId, SessionId, StoredEvent};
use mira_testkit::{
    Collector, FakeVendor, Fault, Place, Reply, Script, ScriptedCall, TestEngine, TextStyle,
};

use crate::assertions::{self, Evidence};
use crate::format::{
    Approve, Assertion, Loaded, MockCall, MockError, MockResponse, Scenario, Setup, Step,
};
use crate::report::{ScenarioResult, StepResult, ToolExecution};

/// How scenarios are played.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The model is scripted; everything else is real.
    pub mock: bool,
    /// Instead of each step's own limit.
    pub timeout: Option<Duration>,
}

/// Plays one scenario. What goes wrong with it is in the result.
pub async fn play(loaded: &Loaded, options: &Options) -> ScenarioResult {
    let started = Instant::now();
    let scenario = &loaded.scenario;
    let mut result = ScenarioResult {
        name: scenario.name.clone(),
        file: loaded.file.display().to_string(),
        ..ScenarioResult::default()
    };
    let limit = Duration::from_secs(scenario.timeout_seconds);
    let played = tokio::time::timeout(limit, steps(scenario, options, &mut result)).await;
    match played {
        Ok(Ok(())) => {}
        Ok(Err(error)) => result.error = Some(error),
        Err(_) => {
            result.error = Some(format!(
                "the scenario took longer than {} s",
                limit.as_secs()
            ))
        }
    }
    result.skipped = result.error.is_none() && result.steps.iter().all(|step| step.skipped);
    result.passed = result.error.is_none() && result.steps.iter().all(|step| step.passed);
    result.duration_ms = started.elapsed().as_millis() as u64;
    result
}

async fn steps(
    scenario: &Scenario,
    options: &Options,
    result: &mut ScenarioResult,
) -> Result<(), String> {
    let project = Folder::make(&scenario.setup)?;
    let vendor =
        (options.mock || scenario.setup.mock_mode).then(|| FakeVendor::start(Script::default()));
    let host = open_engine(&scenario.setup, vendor.as_ref()).await?;
    let played = with_engine(
        scenario,
        options,
        result,
        &project,
        vendor.as_ref(),
        &host.engine,
    )
    .await;
    host.engine.shutdown().await;
    project.clean(scenario)?;
    played?;
    if let Some(vendor) = &vendor {
        let violations = vendor.violations();
        if !violations.is_empty() {
            return Err(format!(
                "requests that a provider would refuse: {}",
                violations.join("; ")
            ));
        }
    }
    Ok(())
}

async fn with_engine(
    scenario: &Scenario,
    options: &Options,
    result: &mut ScenarioResult,
    project: &Folder,
    vendor: Option<&FakeVendor>,
    engine: &Engine,
) -> Result<(), String> {
    let opened = engine
        .call(calls::ProjectOpen(OpenProject {
            path: project.root.display().to_string(),
        }))
        .await
        .map_err(|failure| failure.message)?;
    let session = match &scenario.setup.session_id {
        Some(id) => SessionId(id.clone()),
        None => SessionId::new(),
    };
    let mut stage = Stage {
        engine,
        vendor,
        project: opened.id,
        root: &project.root,
        session,
        seen: 0,
    };
    for (at, step) in scenario.steps.iter().enumerate() {
        let played = if step.skip {
            StepResult {
                name: step.title(at),
                passed: true,
                skipped: true,
                skip_reason: step.skip_reason.clone(),
                ..StepResult::default()
            }
        } else {
            stage.play(step, at, options).await
        };
        let good = played.passed;
        result.steps.push(played);
        if !good {
            // What follows builds on this step.
            break;
        }
    }
    Ok(())
}

async fn open_engine(setup: &Setup, vendor: Option<&FakeVendor>) -> Result<TestEngine, String> {
    let mut env: Vec<(String, String)> = Vec::new();
    match vendor {
        Some(vendor) => {
            env.push(("OPENAI_BASE_URL".into(), vendor.url()));
            env.push(("OPENAI_API_KEY".into(), "mock".into()));
        }
        None => env.extend(std::env::vars()),
    }
    env.extend(
        setup
            .env_vars
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    TestEngine::from_env(env)
        .await
        .map_err(|failure| failure.message)
}

/// Where a scenario is played.
struct Stage<'a> {
    engine: &'a Engine,
    vendor: Option<&'a FakeVendor>,
    project: ProjectId,
    root: &'a Path,
    session: SessionId,
    /// Events of earlier steps.
    seen: u64,
}

impl Stage<'_> {
    async fn play(&mut self, step: &Step, at: usize, options: &Options) -> StepResult {
        let started = Instant::now();
        let mut result = StepResult {
            name: step.title(at),
            ..StepResult::default()
        };
        if let Some(vendor) = self.vendor {
            vendor.then(replies(step));
        }
        let limit = options
            .timeout
            .unwrap_or(Duration::from_secs(step.timeout_seconds));
        let done = if step.undo || step.redo {
            self.turn_back(step).await
        } else {
            self.ask(step, limit).await
        };
        let events = match done {
            Ok(()) => self.new_events().await,
            Err(error) => {
                result.error = Some(error);
                self.new_events().await
            }
        };
        result.event_count = events.len();
        result.tool_executions = executions(&events);
        let evidence = Evidence {
            events: &events,
            root: self.root,
        };
        result.assertions = step
            .assertions
            .iter()
            .map(|one| assertions::check(one, &evidence))
            .collect();
        result.assertions.extend(
            step.expect_events
                .iter()
                .map(|one| assertions::expect(one, &events)),
        );
        if result.error.is_none() {
            result.error = unexpected_end(step, &events).or_else(|| self.unused_replies());
        }
        result.passed =
            result.error.is_none() && result.assertions.iter().all(|checked| checked.passed);
        result.duration_ms = started.elapsed().as_millis() as u64;
        result.events = events;
        result
    }

    async fn ask(&self, step: &Step, limit: Duration) -> Result<(), String> {
        let request = StartOperation {
            content: step.prompt.clone(),
            session_id: Some(self.session.clone()),
            project_id: Some(self.project.clone()),
            access: step.access,
            approve: match step.approve {
                Approve::All => ApproveMode::All,
                Approve::Safe => ApproveMode::Safe,
                Approve::Never => ApproveMode::Never,
                Approve::Ask => ApproveMode::Ask,
            },
            model: step.model.clone(),
            max_cost_micro_usd: step
                .max_cost_usd
                .map(|usd| (usd * 1_000_000.0).round() as i64),
            timeout_ms: Some(limit.as_millis() as u64),
            ..StartOperation::default()
        };
        let mut collector = Collector::new(self.engine);
        let started = self
            .engine
            .call(calls::OperationStart(request))
            .await
            .map_err(|failure| failure.message)?;
        let id = started.operation_id;
        let ended = async {
            if let Some(event) = &step.cancel_on {
                collector
                    .until(&self.session, self.seen, |stored| {
                        assertions::is(stored, event)
                    })
                    .await?;
                let cancel = calls::OperationCancel(OperationRef {
                    operation_id: id.clone(),
                });
                self.engine.call(cancel).await?;
            }
            collector.decide(step.decisions.clone());
            collector.finished(&self.session, &id).await
        };
        // The engine ends the operation at the limit by itself; this is the net below it.
        match tokio::time::timeout(limit + Duration::from_secs(10), ended).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(failure)) => Err(failure.message),
            Err(_) => Err(format!("no end after {} s", limit.as_secs())),
        }
    }

    async fn turn_back(&self, step: &Step) -> Result<(), String> {
        let request = UndoRequest {
            session_id: Some(self.session.clone()),
            ..UndoRequest::default()
        };
        let report = if step.undo {
            self.engine.call(calls::OperationUndo(request)).await
        } else {
            self.engine.call(calls::OperationRedo(request)).await
        };
        let report = report.map_err(|failure| failure.message)?;
        match report.conflicts.first() {
            Some(conflict) => Err(format!(
                "{} was left alone: {}",
                conflict.path, conflict.reason
            )),
            None => Ok(()),
        }
    }

    /// What was stored in the session since the step before.
    async fn new_events(&mut self) -> Vec<StoredEvent> {
        let mut events = Vec::new();
        while let Ok(page) = self.engine.replay(&self.session, self.seen, 5_000).await {
            let Some(last) = page.last() else { break };
            self.seen = last.seq;
            events.extend(page);
        }
        events
    }

    fn unused_replies(&self) -> Option<String> {
        let unused = self.vendor.map_or(0, FakeVendor::unused);
        (unused > 0).then(|| format!("{unused} scripted replies were never asked for"))
    }
}

/// Why a step is wrong although each assertion may be right.
fn unexpected_end(step: &Step, events: &[StoredEvent]) -> Option<String> {
    let (state, failure) = events.iter().rev().find_map(|event| match &event.kind {
        EventKind::OperationFinished { state, failure, .. } => Some((*state, failure.as_ref())),
        _ => None,
    })?;
    let failing = step.expect_failure
        || step
            .assertions
            .iter()
            .any(|a| matches!(a, Assertion::OperationFailed { .. }));
    match state {
        OperationState::Completed if step.expect_failure => {
            Some("it completed, but a failure was expected".into())
        }
        OperationState::Completed => None,
        OperationState::Cancelled if step.cancel_on.is_some() => None,
        _ if failing => None,
        state => {
            let why = failure.map_or_else(String::new, |failure| format!(": {}", failure.message));
            Some(format!("it ended as {state:?}{why}"))
        }
    }
}

fn executions(events: &[StoredEvent]) -> Vec<ToolExecution> {
    let results = events.iter().filter_map(|event| match &event.kind {
        EventKind::ToolResult {
            tool,
            success,
            duration_ms,
            summary,
            ..
        } => Some(ToolExecution {
            tool: tool.clone(),
            success: *success,
            duration_ms: *duration_ms,
            summary: summary.clone(),
        }),
        _ => None,
    });
    results.collect()
}

/// What the model says in a step.
pub fn replies(step: &Step) -> Vec<Reply> {
    match &step.mock_response {
        Some(mock) if mock.tool_calls.is_empty() || mock.error.is_some() => vec![reply(mock)],
        Some(mock) => {
            let (before, after) = match &mock.final_text {
                Some(last) => (mock.text.clone(), last.clone()),
                None => (String::new(), mock.text.clone()),
            };
            let after = if after.is_empty() {
                "Done.".to_owned()
            } else {
                after
            };
            vec![
                reply(&MockResponse {
                    text: before,
                    ..mock.clone()
                }),
                Reply::text(after),
            ]
        }
        None => step.mock_responses.iter().map(reply).collect(),
    }
}

fn reply(mock: &MockResponse) -> Reply {
    Reply {
        text: mock.text.clone(),
        reasoning: mock.reasoning.clone(),
        calls: mock.tool_calls.iter().map(call).collect(),
        fault: mock.error.map(fault),
        delay_ms: mock.delay_ms,
        usage: mock.usage,
        ..Reply::default()
    }
}

fn call(mock: &MockCall) -> ScriptedCall {
    ScriptedCall {
        name: mock.name.clone(),
        args: mock.args.clone(),
        raw: mock.raw_args.clone(),
        id: mock.id.clone(),
    }
}

fn fault(error: MockError) -> Fault {
    match error {
        MockError::RateLimit => Fault::RateLimited {
            retry_after_s: Some(0.05),
        },
        MockError::Quota => Fault::Quota,
        MockError::Unauthorized => Fault::Unauthorized,
        MockError::ModelNotFound => Fault::ModelNotFound,
        MockError::WrongUrl => Fault::NoSuchPath,
        MockError::Server => Fault::Status {
            status: 500,
            body: String::new(),
        },
        MockError::Loading => Fault::Loading,
        MockError::ContextTooLong => Fault::ContextTooLong,
        MockError::ResetText => Fault::Reset { at: Place::Text },
        MockError::ResetCalls => Fault::Reset { at: Place::Calls },
        MockError::EofText => Fault::Eof { at: Place::Text },
        MockError::MalformedEvent => Fault::MalformedEvent,
        MockError::UnknownEvents => Fault::UnknownEvents,
        MockError::Failed => Fault::Failed {
            code: String::new(),
        },
        MockError::Incomplete => Fault::Incomplete,
        MockError::CallsAsText => Fault::CallsAsText {
            style: TextStyle::Fence,
        },
    }
}

/// The project's folder.
struct Folder {
    root: PathBuf,
    temporary: Option<tempfile::TempDir>,
}

impl Folder {
    fn make(setup: &Setup) -> Result<Self, String> {
        let (root, temporary) = match &setup.project_path {
            Some(path) => (path.clone(), None),
            None => {
                let dir = tempfile::Builder::new()
                    .prefix("mira-scenario-")
                    .tempdir()
                    .map_err(|e| e.to_string())?;
                (dir.path().to_owned(), Some(dir))
            }
        };
        let root = root
            .canonicalize()
            .map_err(|error| format!("the project {}: {error}", root.display()))?;
        let folder = Self { root, temporary };
        for dir in &setup.create_dirs {
            let dir = folder.root.join(dir);
            std::fs::create_dir_all(&dir)
                .map_err(|error| format!("create {}: {error}", dir.display()))?;
        }
        for file in &setup.create_files {
            folder
                .write(file)
                .map_err(|error| format!("create {}: {error}", file.path))?;
        }
        if setup.git {
            folder.git(&["init", "-q", "-b", "main"])?;
            folder.git(&["add", "-A"])?;
            folder.git(&["commit", "-q", "--allow-empty", "-m", "Begin"])?;
        }
        Ok(folder)
    }

    fn write(&self, file: &crate::format::NewFile) -> std::io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let path = self.root.join(&file.path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let content = match &file.content_base64 {
            Some(text) => base64::engine::general_purpose::STANDARD
                .decode(text)
                .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))?,
            None => file.content.clone().into_bytes(),
        };
        std::fs::write(&path, content)?;
        let mode = if file.executable { 0o755 } else { 0o644 };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))
    }

    fn git(&self, args: &[&str]) -> Result<(), String> {
        let output = std::process::Command::new("git")
            .current_dir(&self.root)
            .args([
                "-c",
                "user.name=Scenario",
                "-c",
                "user.email=scenario@example.org",
            ])
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .map_err(|error| format!("git does not run: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!(
            "git {}: {}",
            args.join(" "),
            String::from_utf8_lossy(&output.stderr)
        ))
    }

    fn clean(&self, scenario: &Scenario) -> Result<(), String> {
        if self.temporary.is_some() {
            return Ok(());
        }
        let missing = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
        for file in &scenario.cleanup.remove_files {
            match std::fs::remove_file(self.root.join(file)) {
                Err(error) if !missing(&error) => return Err(format!("remove {file}: {error}")),
                _ => {}
            }
        }
        for dir in &scenario.cleanup.remove_dirs {
            match std::fs::remove_dir_all(self.root.join(dir)) {
                Err(error) if !missing(&error) => return Err(format!("remove {dir}: {error}")),
                _ => {}
            }
        }
        if scenario.cleanup.remove_project {
            std::fs::remove_dir_all(&self.root)
                .map_err(|error| format!("remove {}: {error}", self.root.display()))?;
        }
        Ok(())
    }
}
