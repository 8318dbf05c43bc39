//! Hooks: the person's programs before and after sessions, operations, tools and commands.
//!
//! Those of the person run first, then those of a trusted project, each in the order of its file.
//! Before something happens a hook may deny it, change a call's arguments (which are then checked
//! as if the model had written them), or add context; afterwards it may only add. A hook that
//! fails is told of, and denies where its file says so.

mod file;
mod run;
mod verdict;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mira_egress::{Door, Gate};
use mira_policy::Line;
use mira_protocol::hook::{
    Hook, HookFile, HookList, HookLog, HookOutcome, HookPoint, HookRun, HookSource, HookTest,
    ListHooks, OnFailure, ReadHookLog, TestHook,
};
use mira_protocol::project::Project;
use mira_protocol::{CallId, Code, Failure, OperationId, SessionId, Topic};
use mira_store::Store;
use mira_workspace::{Confinement, Network};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::from_store;
use crate::projects::Projects;
use crate::settings::SettingsHandle;
use crate::trust::{Standing, Trusts};
use run::Ran;

/// A project's hooks, relative to it.
pub const FILE: &str = ".mira/hooks.toml";
const LOG_PAGE: u32 = 100;
const MAX_LOG_PAGE: u32 = 1_000;

/// Cheap to clone.
#[derive(Clone)]
pub struct Hooks {
    store: Store,
    events: EventLog,
    projects: Projects,
    trusts: Trusts,
    settings: SettingsHandle,
    gate: Gate,
    /// Sessions whose beginning was told.
    begun: Arc<Mutex<HashMap<SessionId, Project>>>,
}

/// What hooks are told about.
#[derive(Clone, Default)]
pub struct Occasion {
    pub session: Option<SessionId>,
    pub operation: Option<OperationId>,
    pub call: Option<CallId>,
    pub tool: Option<String>,
    pub arguments: Option<Value>,
    /// The command as it would be run, for `before_command` and `after_command`.
    pub command: Option<(mira_tools::CommandLine, String)>,
    /// What came of it, for the points after something.
    pub result: Option<Value>,
    /// What the person asked for.
    pub content: Option<String>,
}

/// What all hooks of a point came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Who denied, and why.
    pub denied: Option<(String, String)>,
    /// The arguments as the last hook that changed them left them.
    pub arguments: Option<Value>,
    /// What hooks add, each with its hook's name.
    pub context: Vec<(String, String)>,
    /// What the person must be told: failures, changed arguments.
    pub notices: Vec<Notice>,
}

#[derive(Debug)]
pub struct Notice {
    pub code: &'static str,
    pub text: String,
    pub is_warning: bool,
}

impl Hooks {
    pub fn new(
        store: Store,
        events: EventLog,
        projects: Projects,
        trusts: Trusts,
        settings: SettingsHandle,
        gate: Gate,
    ) -> Self {
        Self {
            store,
            events,
            projects,
            trusts,
            settings,
            gate,
            begun: Arc::default(),
        }
    }

    pub async fn list(&self, request: ListHooks) -> Result<HookList, Failure> {
        let project = match &request.project_id {
            Some(id) => Some(self.projects.get_by_id(id).await?),
            None => None,
        };
        let standing = match &project {
            Some(project) => Some(self.trusts.standing(Path::new(&project.path)).await?),
            None => None,
        };
        Ok(self.load(project.as_ref().zip(standing.as_ref())))
    }

    pub async fn log(&self, request: ReadHookLog) -> Result<HookLog, Failure> {
        let limit = request.limit.unwrap_or(LOG_PAGE).clamp(1, MAX_LOG_PAGE);
        let mut runs = self
            .store
            .hook_runs(&request, limit + 1)
            .await
            .map_err(from_store)?;
        let more = runs.len() > limit as usize;
        runs.truncate(limit as usize);
        Ok(HookLog { runs, more })
    }

    pub async fn test(&self, request: TestHook) -> Result<HookTest, Failure> {
        let project = match &request.project_id {
            Some(id) => self.projects.get_by_id(id).await?,
            None => self.projects.scratch().await?,
        };
        let standing = self.trusts.standing(Path::new(&project.path)).await?;
        let list = self.load(Some((&project, &standing)));
        let hook = list
            .hooks
            .into_iter()
            .find(|hook| hook.name == request.name)
            .ok_or_else(|| {
                let faults: Vec<String> = list
                    .files
                    .into_iter()
                    .filter_map(|file| file.problem)
                    .collect();
                let failure = Failure::not_found(format!("The hook {:?}", request.name));
                match faults.is_empty() {
                    true => failure.hint("`mira hooks list` shows all."),
                    false => failure.hint(faults.join(" ")),
                }
            })?;
        if let Some(waits) = hook
            .waits
            .as_ref()
            .filter(|_| hook.source == HookSource::Project)
        {
            return Err(Failure::new(
                Code::Refused,
                format!("{} was not run: {waits}.", hook.name),
            )
            .hint("`mira trust status` shows what the folder brings."));
        }
        let point = request
            .point
            .or_else(|| hook.on.first().copied())
            .unwrap_or(HookPoint::BeforeTool);
        let arguments = request
            .arguments
            .unwrap_or_else(|| json!({ "command": "echo test" }));
        let occasion = Occasion {
            tool: Some(request.tool.unwrap_or_else(|| "run_command".into())),
            arguments: Some(arguments),
            content: Some("A test of this hook.".into()),
            ..Occasion::default()
        };
        let input = input(&hook, point, &project, &occasion);
        let cancel = CancellationToken::new();
        let ran = self
            .run(&hook, point, &project, &occasion, &input, &cancel)
            .await;
        let run = self.record(&hook, point, &project, &occasion, &ran).await?;
        Ok(HookTest {
            input,
            run,
            arguments: ran.said.arguments,
            context: ran.said.context,
        })
    }

    /// Runs what stands at a point, one after the other; the first that denies ends it.
    pub async fn at(
        &self,
        point: HookPoint,
        project: &Project,
        standing: &Standing,
        mut occasion: Occasion,
        cancel: &CancellationToken,
    ) -> Result<Outcome, Failure> {
        let mut outcome = Outcome::default();
        let list = self.load(Some((project, standing)));
        for file in &list.files {
            if let Some(problem) = &file.problem
                && (file.source == HookSource::User || standing.is_trusted())
            {
                let text = format!("No hook of {} runs: {problem}", file.path);
                outcome.notices.push(warning("hooks_file", text));
            }
        }
        for hook in list.hooks {
            if !fits(&hook, point, &occasion) {
                continue;
            }
            let input = input(&hook, point, project, &occasion);
            let ran = self
                .run(&hook, point, project, &occasion, &input, cancel)
                .await;
            self.record(&hook, point, project, &occasion, &ran).await?;
            if ran.outcome == HookOutcome::Cancelled {
                return Ok(outcome);
            }
            outcome.take(&hook, point, ran, &mut occasion);
            if outcome.denied.is_some() {
                break;
            }
        }
        outcome.arguments = outcome.arguments.and(occasion.arguments);
        Ok(outcome)
    }

    /// Whether a session's beginning is still to be told; it counts as told from here on.
    pub fn begins(&self, session: &SessionId, project: &Project) -> bool {
        self.lock()
            .insert(session.clone(), project.clone())
            .is_none()
    }

    /// The beginning was denied: the next operation begins it again.
    pub fn never_began(&self, session: &SessionId) {
        self.lock().remove(session);
    }

    /// Tells that a session ended; of one whose beginning was not told, nothing.
    pub async fn session_ends(&self, session: &SessionId) {
        let Some(project) = self.lock().remove(session) else {
            return;
        };
        let occasion = Occasion {
            session: Some(session.clone()),
            ..Occasion::default()
        };
        let told = async {
            let standing = self.trusts.standing(Path::new(&project.path)).await?;
            let cancel = CancellationToken::new();
            self.at(
                HookPoint::AfterSession,
                &project,
                &standing,
                occasion,
                &cancel,
            )
            .await
        };
        match told.await {
            Ok(outcome) => {
                for notice in outcome.notices {
                    tracing::warn!(text = notice.text, "a hook of a session's end");
                }
            }
            Err(failure) => tracing::warn!(%failure, "hooks of a session's end did not run"),
        }
    }

    pub async fn shutdown(&self) {
        let open: Vec<SessionId> = self.lock().keys().cloned().collect();
        for session in open {
            self.session_ends(&session).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Project>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(
        &self,
        hook: &Hook,
        point: HookPoint,
        project: &Project,
        occasion: &Occasion,
        input: &Value,
        cancel: &CancellationToken,
    ) -> Ran {
        let confine = self.confined(hook, project, occasion);
        if confine.is_none() && self.gate.is_closed() {
            let why = "Mira is offline, and nothing on this machine keeps a hook from the network";
            return Ran::failed(HookOutcome::Failed, why);
        }
        run::run(
            hook,
            point,
            Path::new(&project.path),
            input,
            confine,
            cancel,
        )
        .await
    }

    /// Hooks are held like commands. The person's own may read the folder that they lie in.
    fn confined(
        &self,
        hook: &Hook,
        project: &Project,
        occasion: &Occasion,
    ) -> Option<Arc<Confinement>> {
        let settings = self.settings.current();
        let mut sandbox = crate::operations::holding::sandbox(&settings);
        if hook.source == HookSource::User {
            sandbox.own.retain(|folder| *folder != settings.config_dir);
        }
        sandbox.confine(
            Path::new(&project.path),
            mira_workspace::Access::Project,
            self.network(hook, occasion),
        )
    }

    fn network(&self, hook: &Hook, occasion: &Occasion) -> Network {
        // Offline holds for hooks too.
        if self.gate.is_closed() {
            return Network::Closed;
        }
        if hook.network {
            self.gate.command(&format!("hook {}", hook.name));
            return Network::Open;
        }
        if hook.hosts.is_empty() {
            return Network::Closed;
        }
        let caller = mira_egress::Caller {
            session: occasion.session.as_ref().map(|id| id.0.clone()),
            operation: occasion.operation.as_ref().map(|id| id.0.clone()),
        };
        Network::Hosts(Door::new(self.gate.clone(), caller, hook.hosts.clone()))
    }

    /// Every hook, with why it waits if it does. The project's text is the one that was hashed.
    fn load(&self, project: Option<(&Project, &Standing)>) -> HookList {
        let path = self.settings.current().config_dir.join("hooks.toml");
        let (mut hooks, mut files) = (Vec::new(), Vec::new());
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("it cannot be read: {error}.")),
        };
        let own = text.and_then(|text| match text {
            Some(text) => file::parse(&text, HookSource::User).map(Some),
            None => Ok(None),
        });
        files.push(told(HookSource::User, &path, &own));
        hooks.extend(own.ok().flatten().unwrap_or_default());
        if let Some((project, standing)) = project {
            let path = Path::new(&project.path).join(FILE);
            let item = standing.brought.items.iter().find(|item| item.path == FILE);
            let read = match (
                item.and_then(|item| item.problem.as_ref()),
                standing.text(FILE),
            ) {
                (Some(problem), _) => Err(format!("{problem}.")),
                (None, Some(text)) => file::parse(text, HookSource::Project).map(Some),
                (None, None) if item.is_some() => Err("it is no UTF-8 text.".into()),
                (None, None) => Ok(None),
            };
            files.push(told(HookSource::Project, &path, &read));
            hooks.extend(read.ok().flatten().unwrap_or_default());
        }
        for hook in &mut hooks {
            hook.waits = waits(hook, project.map(|(_, standing)| standing));
        }
        HookList { hooks, files }
    }

    async fn record(
        &self,
        hook: &Hook,
        point: HookPoint,
        project: &Project,
        occasion: &Occasion,
        ran: &Ran,
    ) -> Result<HookRun, Failure> {
        let mut run = HookRun {
            id: 0,
            at: now_ms(),
            hook: hook.name.clone(),
            source: hook.source,
            point,
            project_id: Some(project.id.clone()),
            session_id: occasion.session.clone(),
            operation_id: occasion.operation.clone(),
            call_id: occasion.call.clone(),
            tool: occasion.tool.clone(),
            outcome: ran.outcome,
            reason: ran.said.reason.clone(),
            output: ran.output.clone(),
            duration_ms: ran.duration.as_millis() as u64,
            exit_code: ran.exit_code,
        };
        run.id = self.store.add_hook_run(&run).await.map_err(from_store)?;
        self.events.topic(Topic::Hooks);
        Ok(run)
    }
}

impl Outcome {
    fn take(&mut self, hook: &Hook, point: HookPoint, ran: Ran, occasion: &mut Occasion) {
        let before = is_before(point);
        let name = &hook.name;
        if ran.is_failure() {
            let closes = before && hook.on_failure == OnFailure::Deny;
            let then = match (before, closes) {
                (true, true) => "it is set to deny then, so this was denied",
                (true, false) => "it is set to warn then, so it went on",
                (false, _) => "nothing else changes",
            };
            let text = format!("The hook {name} failed: {}; {then}.", ran.said.reason);
            self.notices.push(warning("hook_failed", text));
            if closes {
                self.denied = Some((name.clone(), format!("it failed: {}", ran.said.reason)));
            }
            return;
        }
        if ran.said.deny {
            let reason = match ran.said.reason.is_empty() {
                true => "it gave no reason".to_owned(),
                false => ran.said.reason,
            };
            if before {
                self.denied = Some((name.clone(), reason));
            } else {
                // It has happened; the objection is all that is left.
                self.context.push((name.clone(), reason));
            }
            return;
        }
        if let Some(arguments) = ran.said.arguments {
            let text = format!("The hook {name} changed what the call asks for.");
            self.notices.push(Notice {
                code: "hook_changed",
                text,
                is_warning: false,
            });
            self.arguments = Some(arguments.clone());
            occasion.arguments = Some(arguments);
        }
        self.context
            .extend(ran.said.context.map(|text| (name.clone(), text)));
    }
}

fn warning(code: &'static str, text: String) -> Notice {
    Notice {
        code,
        text,
        is_warning: true,
    }
}

fn is_before(point: HookPoint) -> bool {
    matches!(
        point,
        HookPoint::BeforeSession
            | HookPoint::BeforeOperation
            | HookPoint::BeforeTool
            | HookPoint::BeforeCommand
    )
}

fn told(source: HookSource, path: &Path, read: &Result<Option<Vec<Hook>>, String>) -> HookFile {
    HookFile {
        source,
        path: path.display().to_string(),
        exists: !matches!(read, Ok(None)),
        problem: read.as_ref().err().cloned(),
    }
}

fn waits(hook: &Hook, standing: Option<&Standing>) -> Option<String> {
    if !hook.enabled {
        return Some("it is switched off".into());
    }
    let standing = standing.filter(|_| hook.source == HookSource::Project)?;
    if !standing.is_trusted() {
        return Some("the folder is not trusted as it is now".into());
    }
    // A program that could not be hashed could be anything by now.
    let left_out = standing.brought.items.iter().find(|item| {
        let named = hook
            .run
            .iter()
            .any(|word| word.trim_start_matches("./") == item.path);
        named && item.problem.is_some()
    })?;
    let problem = left_out.problem.as_deref().unwrap_or_default();
    Some(format!("{} is left out: {problem}", left_out.path))
}

fn fits(hook: &Hook, point: HookPoint, occasion: &Occasion) -> bool {
    if hook.waits.is_some() || !hook.on.contains(&point) {
        return false;
    }
    if let Some(pattern) = &hook.tool
        && !occasion
            .tool
            .as_deref()
            .is_some_and(|tool| mira_policy::tool_fits(pattern, tool))
    {
        return false;
    }
    match (&hook.command, &occasion.command) {
        (Some(pattern), Some((line, _))) => {
            let line = match line {
                mira_tools::CommandLine::Argv(argv) => Line::Argv(argv),
                mira_tools::CommandLine::Shell(line) => Line::Shell(line),
            };
            mira_policy::command_fits(pattern, &line)
        }
        (Some(_), None) => false,
        (None, _) => true,
    }
}

/// What a hook reads.
fn input(hook: &Hook, point: HookPoint, project: &Project, occasion: &Occasion) -> Value {
    let mut input = json!({
        "version": 1,
        "point": point,
        "hook": hook.name,
        "project": { "id": project.id, "name": project.name, "path": project.path },
    });
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            input[name] = value;
        }
    };
    put("session_id", occasion.session.as_ref().map(|id| json!(id)));
    put(
        "operation_id",
        occasion.operation.as_ref().map(|id| json!(id)),
    );
    put("call_id", occasion.call.as_ref().map(|id| json!(id)));
    put("tool", occasion.tool.as_ref().map(|tool| json!(tool)));
    put("arguments", occasion.arguments.clone());
    put(
        "command",
        occasion.command.as_ref().map(|(line, cwd)| match line {
            mira_tools::CommandLine::Argv(argv) => json!({ "argv": argv, "cwd": cwd }),
            mira_tools::CommandLine::Shell(line) => json!({ "line": line, "cwd": cwd }),
        }),
    );
    put("result", occasion.result.clone());
    put("content", occasion.content.as_ref().map(|text| json!(text)));
    input
}
