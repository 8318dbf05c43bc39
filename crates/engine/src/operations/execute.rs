//! The tool calls of one answer: decided ([`clearing`](super::clearing)), checkpointed, run, stored.
//!
//! Calls that only look and commands run side by side; a write waits for what came before it and
//! is done before what comes after.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

use futures::future::join_all;
use mira_llm::ToolChoice;
use mira_protocol::change::FileChangeSummary;
use mira_protocol::checkpoint::CheckpointKind;
use mira_protocol::operation::OperationState;
use mira_protocol::{Code, EventKind, Failure, JobId, Signal, StoredEvent, Topic};
use mira_tools::{Effect, ErasedTool, Output, ToolCx, ToolError};
use mira_workspace::{JobInfo, Manifest, colours};
use tokio::sync::{Mutex, OwnedRwLockReadGuard};

use super::Operations;
use super::background::Busy;
use super::clearing::{Refused, shown};
use super::history::OpenCall;
use super::holding;
use super::model_step::AskedCall;
use super::record::By;
use super::run::{Run, Stop};
use crate::knowledge::ForTools;
use crate::masking;

/// From so many identical answers on, the model is told so in the result.
const REPEATS_TOLD: u32 = 3;
/// From so many on, it must answer in words.
const REPEATS_ENDED: u32 = 6;

/// Watches for a model that goes round in circles: the same calls with the same results.
#[derive(Debug, Default)]
pub(super) struct Guard {
    /// The last answer's calls, and the calls with their results.
    asked: u64,
    seen: u64,
    times: u32,
}

impl Guard {
    /// The same calls again, after results that did not change.
    fn repeats(&self, asked: u64) -> bool {
        self.times + 1 >= REPEATS_TOLD && self.asked == asked
    }

    fn observe(&mut self, asked: u64, seen: u64) {
        self.times = if self.seen == seen { self.times + 1 } else { 1 };
        (self.asked, self.seen) = (asked, seen);
    }

    pub fn tool_choice(&self) -> ToolChoice {
        if self.times >= REPEATS_ENDED {
            ToolChoice::None
        } else {
            ToolChoice::Auto
        }
    }
}

/// One call with what it would do.
pub(super) struct Plan {
    pub call: AskedCall,
    pub tool: Option<Arc<dyn ErasedTool>>,
    pub cx: ToolCx,
    pub effect: Result<Effect, ToolError>,
}

impl Plan {
    pub fn is_write(&self) -> bool {
        matches!(self.effect, Ok(Effect::Writes(_)))
    }
}

/// What a call came to.
struct Done {
    stored: Vec<StoredEvent>,
    tool: String,
    success: bool,
    seen: u64,
    stop: Option<Stop>,
}

/// The project's files as the last command found or left them, while commands run.
#[derive(Default)]
struct Watch {
    base: Option<Arc<Manifest>>,
    running: usize,
    /// While commands run: contents stay, and nothing is put down to background commands.
    holds: Option<(OwnedRwLockReadGuard<()>, Busy)>,
}

impl Run<'_> {
    pub(super) async fn execute(&mut self, calls: Vec<AskedCall>) -> Result<(), Stop> {
        let mut seen = DefaultHasher::new();
        let mut batch: Vec<Plan> = Vec::new();
        let mut batches: Vec<Vec<Plan>> = Vec::new();
        for call in calls {
            call.tool.hash(&mut seen);
            call.arguments.to_string().hash(&mut seen);
            let plan = self.plan(call);
            if plan.is_write() {
                batches.push(std::mem::take(&mut batch));
                batches.push(vec![plan]);
            } else {
                batch.push(plan);
            }
        }
        batches.push(batch);
        let asked = seen.finish();
        let repeated = self.guard.repeats(asked);

        let mut stop = None;
        for batch in batches.into_iter().filter(|batch| !batch.is_empty()) {
            let watch = Mutex::new(Watch::default());
            let caller = Caller {
                on: self.on,
                run: self,
                watch: &watch,
                repeated,
            };
            let skip = stop.is_some();
            let mut done: Vec<Done> =
                join_all(batch.into_iter().map(|plan| caller.call(plan, skip))).await;
            let mut stored: Vec<StoredEvent> = done
                .iter_mut()
                .flat_map(|done| std::mem::take(&mut done.stored))
                .collect();
            stored.sort_by_key(|event| event.seq);
            if stored
                .iter()
                .any(|event| matches!(event.kind, EventKind::ApprovalRequested { .. }))
            {
                self.state = OperationState::AwaitingApproval;
            }
            self.note(&stored).await?;
            for done in done {
                self.deeds.used(&done.tool, done.success);
                done.seen.hash(&mut seen);
                stop = stop.or(done.stop);
            }
        }
        self.guard.observe(asked, seen.finish());
        match stop {
            Some(stop) => Err(stop),
            None if self.cancel.is_cancelled() => Err(Stop::Cancelled),
            None => Ok(()),
        }
    }

    fn plan(&self, call: AskedCall) -> Plan {
        let tool = self.on.tools.tools.get(&call.tool).cloned();
        let settings = self.on.settings.current();
        let progress = {
            let (events, masker, session, operation, call) = (
                self.on.events.clone(),
                self.on.masker.clone(),
                self.session(),
                self.operation(),
                call.id.clone(),
            );
            Arc::new(move |text: &str| {
                events.signal(Signal::ToolOutput {
                    session_id: session.clone(),
                    operation_id: operation.clone(),
                    call_id: call.clone(),
                    text: masking::live(&masker, text),
                });
            })
        };
        let cx = ToolCx {
            workspace: self.workspace.clone(),
            code: Arc::new(ForTools {
                knowledge: self.on.knowledge.clone(),
                operations: self.on.clone(),
                project: self.task.project.id.clone(),
                operation: self.operation(),
            }),
            jobs: self.on.jobs.clone(),
            sandbox: holding::sandbox(&settings),
            session: self.task.session.0.clone(),
            operation: self.task.id.0.clone(),
            cancel: self.cancel.child_token(),
            progress,
            gate: self.on.way_out.clone(),
            masker: self.on.masker.clone(),
            output_cap_bytes: settings.tool_output_bytes,
            allow_private_hosts: settings.allow_private_hosts,
        };
        let effect = match &tool {
            Some(tool) => tool.effect(&call.arguments, &cx),
            None => {
                let mut names: Vec<&str> = self.on.tools.tools.keys().map(String::as_str).collect();
                names.sort_unstable();
                Err(ToolError::Refused(format!(
                    "There is no tool named {:?}. The tools are: {}.",
                    call.tool,
                    names.join(", ")
                )))
            }
        };
        Plan {
            call,
            tool,
            cx,
            effect,
        }
    }

    /// Answers a call that was never run, so that each call has a result.
    pub(super) async fn answer_unrun(&mut self, call: OpenCall, why: &str) -> Result<(), Failure> {
        self.log(EventKind::ToolResult {
            call_id: call.call_id,
            tool: call.tool,
            success: false,
            output: why.to_owned(),
            coloured: None,
            summary: "not run".to_owned(),
            duration_ms: 0,
            truncated: false,
            changes: vec![],
        })
        .await
    }
}

/// Runs single calls; several at once share it.
pub(super) struct Caller<'a> {
    pub on: &'a Operations,
    pub run: &'a Run<'a>,
    watch: &'a Mutex<Watch>,
    repeated: bool,
}

impl Caller<'_> {
    async fn call(&self, mut plan: Plan, skip: bool) -> Done {
        let mut begun = Instant::now();
        let mut stored = Vec::new();
        let mut added = Vec::new();
        let mut stop = None;
        let result = if skip {
            Err(ToolError::Refused("Not run: the operation stops.".into()))
        } else {
            match self.pass(&mut plan, &mut added, &mut stored).await {
                Ok(cleared) => {
                    // The person's time to think is not the tool's.
                    begun = Instant::now();
                    match cleared {
                        None => self.run_plan(&plan, &mut stored).await,
                        Some(cleared) => self.run_elevated(&plan, cleared, &mut stored).await,
                    }
                }
                Err(Refused::Tell(reason)) => Err(ToolError::Refused(reason)),
                Err(Refused::Stop(why, reason)) => {
                    stop = Some(why);
                    Err(ToolError::Refused(reason))
                }
            }
        };
        let (output, changes) = match result {
            Ok((output, changes)) => (output, changes),
            Err(ToolError::Refused(reason)) => (refused(reason), vec![]),
            Err(ToolError::Cancelled) => {
                stop = stop.or(Some(Stop::Cancelled));
                (
                    refused("Stopped by the developer; it may have run partly.".into()),
                    vec![],
                )
            }
            Err(ToolError::Broken(reason)) => {
                stop = Some(Stop::Failed(
                    Failure::new(
                        Code::Internal,
                        format!("{} could not work: {reason}", plan.call.tool),
                    )
                    .hint("`mira doctor` checks the disk and the database."),
                ));
                (refused(reason), vec![])
            }
        };
        let success = !output.failed;
        if !skip {
            let after = self.after_call(&plan, &output, &mut stored).await;
            match after {
                Ok(more) => added.extend(more),
                Err(failure) => stop = stop.or(Some(Stop::Failed(failure))),
            }
        }
        let mut hasher = DefaultHasher::new();
        output.text.hash(&mut hasher);
        let mut text = output.text;
        text += &super::hooked::told(&added);
        if self.repeated {
            text += "\n\n[You have made this same call several times. Its result will not change: \
                     use what you know, or try something else.]";
        }
        let result = EventKind::ToolResult {
            call_id: plan.call.id.clone(),
            tool: plan.call.tool.clone(),
            success,
            coloured: output
                .coloured
                .and_then(|coloured| colours::over(&text, &coloured)),
            output: text,
            summary: output.summary,
            duration_ms: begun.elapsed().as_millis() as u64,
            truncated: output.truncated,
            changes,
        };
        if let Err(failure) = self.append(vec![result], &mut stored).await {
            stop = Some(Stop::Failed(failure));
        }
        Done {
            stored,
            tool: plan.call.tool,
            success,
            seen: hasher.finish(),
            stop,
        }
    }

    async fn run_plan(
        &self,
        plan: &Plan,
        stored: &mut Vec<StoredEvent>,
    ) -> Result<(Output, Vec<FileChangeSummary>), ToolError> {
        let Some(tool) = &plan.tool else {
            return Err(ToolError::Refused("There is no such tool.".into()));
        };
        let broken = |failure: Failure| ToolError::Broken(failure.message);
        match &plan.effect {
            Ok(effect @ Effect::Runs(asked)) => {
                self.begin_command().await.map_err(broken)?;
                let (command, ..) = shown(effect);
                if holding::reaches_out(asked, &plan.cx.sandbox) {
                    let program = command.split_whitespace().next().unwrap_or_default();
                    self.on.way_out.command(program);
                }
                let started = EventKind::ToolStarted {
                    call_id: plan.call.id.clone(),
                    command: Some(command),
                };
                self.append(vec![started], stored).await.map_err(broken)?;
                let result = self.tool(tool, plan).await;
                let mut begun = vec![];
                if matches!(&plan.effect, Ok(Effect::Runs(command)) if command.background) {
                    begun = self.announce_jobs(stored).await.map_err(broken)?;
                }
                // What a command did is recorded even where it failed or was stopped.
                let by = By {
                    call: Some(plan.call.id.clone()),
                    kind: CheckpointKind::Command,
                    title: shown(plan.effect.as_ref().unwrap_or(&Effect::Reads)).0,
                };
                let changes = self.end_command(by, begun).await.map_err(broken)?;
                result.map(|output| (output, changes))
            }
            Ok(Effect::Reaches { .. }) => {
                let started = EventKind::ToolStarted {
                    call_id: plan.call.id.clone(),
                    command: None,
                };
                self.append(vec![started], stored).await.map_err(broken)?;
                Ok((self.tool(tool, plan).await?, vec![]))
            }
            _ => {
                let task = self.run.task;
                let _in_use = self.on.in_use.clone().read_owned().await;
                let writes = match &plan.effect {
                    Ok(Effect::Writes(paths)) => {
                        let begun = self.on.begin_write(task, &self.run.workspace, paths).await;
                        begun.map_err(broken)?;
                        true
                    }
                    _ => false,
                };
                let result = self.tool(tool, plan).await;
                let recorded = match result {
                    Ok(mut output) => {
                        let changes = std::mem::take(&mut output.changes);
                        let by = By {
                            call: Some(plan.call.id.clone()),
                            kind: CheckpointKind::Write,
                            title: plan.call.tool.clone(),
                        };
                        let recorded = self.on.record(task, by, changes, vec![]).await;
                        Ok((output, recorded.map_err(broken)?))
                    }
                    Err(error) => Err(error),
                };
                if writes {
                    self.on.end_write(&task.id);
                }
                recorded
            }
        }
    }

    async fn tool(&self, tool: &Arc<dyn ErasedTool>, plan: &Plan) -> Result<Output, ToolError> {
        tool.run(&plan.call.arguments, &plan.cx).await
    }

    /// Tells of commands that this call sent into the background.
    async fn announce_jobs(&self, stored: &mut Vec<StoredEvent>) -> Result<Vec<JobInfo>, Failure> {
        let task = self.run.task;
        let jobs: Vec<JobInfo> = self
            .on
            .jobs
            .list(Some(task.session.as_str()))
            .into_iter()
            .filter(|job| job.operation == task.id.0)
            .filter(|job| super::lock(&self.run.announced).insert(job.id.clone()))
            .collect();
        if !jobs.is_empty() {
            let begun = jobs.iter().map(|job| EventKind::JobStarted {
                job_id: JobId(job.id.clone()),
                command: job.command.clone(),
            });
            self.on.events.topic(Topic::Jobs);
            self.append(begun.collect(), stored).await?;
        }
        Ok(jobs)
    }

    /// Looks at the project before a command, unless another one runs already.
    pub(super) async fn begin_command(&self) -> Result<(), Failure> {
        let mut watch = self.watch.lock().await;
        if watch.running == 0 {
            let on = self.on;
            let in_use = on.in_use.clone().read_owned().await;
            watch.holds = Some((in_use, on.busy_in(&self.run.task.project.id)));
            let kept = on.state_file(&self.run.task.id);
            watch.base = Some(on.snapshot(&self.run.workspace, Some(kept)).await?);
        }
        watch.running += 1;
        Ok(())
    }

    /// What changed since, put down to the command that ended. `begun` went into the background.
    pub(super) async fn end_command(
        &self,
        by: By,
        begun: Vec<JobInfo>,
    ) -> Result<Vec<FileChangeSummary>, Failure> {
        let mut watch = self.watch.lock().await;
        watch.running = watch.running.saturating_sub(1);
        let now = self.on.snapshot(&self.run.workspace, None).await?;
        let Some(before) = watch.base.replace(now.clone()) else {
            return Ok(vec![]);
        };
        let task = self.run.task;
        let changes = mira_workspace::checkpoint::diff(&before, &now);
        let call = by.call.clone();
        let recorded = self.on.record(task, by, changes, now.not_covered()).await?;
        if watch.running == 0 {
            self.on.forget_state(&task.id);
            watch.holds = None;
        }
        if let Some(call) = call {
            for job in &begun {
                self.on.keep_begun(task, &call, job, &now).await?;
            }
        }
        Ok(recorded)
    }

    pub(super) async fn append(
        &self,
        kinds: Vec<EventKind>,
        stored: &mut Vec<StoredEvent>,
    ) -> Result<(), Failure> {
        let task = self.run.task;
        stored.extend(
            self.on
                .events
                .append_all(&task.session, Some(&task.id), kinds)
                .await?,
        );
        Ok(())
    }
}

fn refused(reason: String) -> Output {
    let summary = reason
        .lines()
        .next()
        .unwrap_or("refused")
        .chars()
        .take(120)
        .collect();
    Output {
        text: reason,
        summary,
        failed: true,
        ..Output::default()
    }
}
