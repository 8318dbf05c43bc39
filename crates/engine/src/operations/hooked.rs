//! Hooks around calls, operations and sessions.

use mira_protocol::EventKind;
use mira_protocol::event::NoticeLevel;
use mira_protocol::hook::HookPoint;
use mira_protocol::{Code, Failure, StoredEvent};
use mira_tools::{Effect, Output, ToolError};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::clearing::Refused;
use super::elevated::Cleared;
use super::execute::{Caller, Plan};
use super::run::{Run, Stop};
use crate::hooks::{Notice, Occasion, Outcome};

/// Output that a hook is told, in characters.
const TOLD_CHARS: usize = 20_000;

impl Caller<'_> {
    /// Hooks first, then the policy on what they left of the call.
    pub(super) async fn pass(
        &self,
        plan: &mut Plan,
        added: &mut Vec<(String, String)>,
        stored: &mut Vec<StoredEvent>,
    ) -> Result<Option<Cleared>, Refused> {
        self.before(HookPoint::BeforeTool, plan, added, stored)
            .await?;
        if matches!(plan.effect, Ok(Effect::Runs(_))) {
            self.before(HookPoint::BeforeCommand, plan, added, stored)
                .await?;
        }
        self.cleared(plan, stored).await
    }

    async fn before(
        &self,
        point: HookPoint,
        plan: &mut Plan,
        added: &mut Vec<(String, String)>,
        stored: &mut Vec<StoredEvent>,
    ) -> Result<(), Refused> {
        if plan.tool.is_none() {
            return Ok(());
        }
        let outcome = self.run.hooks(point, occasion(plan)).await?;
        self.append(notices(outcome.notices), stored).await?;
        added.extend(outcome.context);
        if let Some((hook, reason)) = outcome.denied {
            return Err(Refused::Tell(format!(
                "The developer's hook {hook} does not allow this: {reason}. Do not try it another \
                 way; go on without it or say what you would have done."
            )));
        }
        if let Some(arguments) = outcome.arguments {
            replan(plan, arguments)?;
        }
        if self.run.cancel.is_cancelled() {
            let told = "Not run: the operation was stopped.".to_owned();
            return Err(Refused::Stop(Stop::Cancelled, told));
        }
        Ok(())
    }

    /// What hooks add once the call is over.
    pub(super) async fn after_call(
        &self,
        plan: &Plan,
        output: &Output,
        stored: &mut Vec<StoredEvent>,
    ) -> Result<Vec<(String, String)>, Failure> {
        let mut occasion = occasion(plan);
        occasion.result = Some(json!({
            "success": !output.failed,
            "summary": output.summary,
            "output": cut(&output.text),
        }));
        let mut added = Vec::new();
        let ran = matches!(plan.effect, Ok(Effect::Runs(_)));
        let points = [(HookPoint::AfterCommand, ran), (HookPoint::AfterTool, true)];
        for (point, _) in points.into_iter().filter(|(_, wanted)| *wanted) {
            let outcome = self.run.hooks(point, occasion.clone()).await?;
            self.append(notices(outcome.notices), stored).await?;
            added.extend(outcome.context);
        }
        Ok(added)
    }
}

impl Run<'_> {
    /// What the person's hooks say to a session's first operation here, and to each operation;
    /// what they add for the model.
    pub(super) async fn begin_hooks(&mut self) -> Result<String, Stop> {
        let hooks = self.on.gate.hooks.clone();
        let session = self.session();
        let mut added = Vec::new();
        if hooks.begins(&session, &self.task.project) {
            let begun = self.point(HookPoint::BeforeSession, &mut added).await;
            if begun.is_err() {
                hooks.never_began(&session);
            }
            begun?;
        }
        self.point(HookPoint::BeforeOperation, &mut added).await?;
        Ok(told(&added))
    }

    async fn point(
        &mut self,
        point: HookPoint,
        added: &mut Vec<(String, String)>,
    ) -> Result<(), Stop> {
        let occasion = Occasion {
            content: Some(self.task.request.content.clone()),
            ..Occasion::default()
        };
        let outcome = self.hooks(point, occasion).await?;
        self.log_all(notices(outcome.notices)).await?;
        added.extend(outcome.context);
        match outcome.denied {
            None => Ok(()),
            Some((hook, reason)) => Err(Stop::Failed(
                Failure::new(
                    Code::Refused,
                    format!("The hook {hook} does not allow this: {reason}."),
                )
                .hint("`mira hooks log` shows what it said; `mira hooks list` where it stands."),
            )),
        }
    }

    /// Tells hooks how the operation ended; they change nothing any more.
    pub(super) async fn end_hooks(&mut self, result: &Result<(), Stop>) -> Result<(), Failure> {
        let (state, failure) = match result {
            Ok(()) => ("COMPLETED", None),
            Err(Stop::Cancelled) => ("CANCELLED", None),
            Err(Stop::Failed(failure)) => ("FAILED", Some(failure.message.clone())),
        };
        let occasion = Occasion {
            content: Some(self.task.request.content.clone()),
            result: Some(json!({
                "state": state,
                "failure": failure,
                "output": cut(&self.content),
            })),
            ..Occasion::default()
        };
        // The operation's own token may be cancelled by now; a hook's time limit is its end.
        let fresh = CancellationToken::new();
        let outcome = self
            .hooks_until(HookPoint::AfterOperation, occasion, &fresh)
            .await?;
        self.log_all(notices(outcome.notices)).await
    }

    async fn hooks(&self, point: HookPoint, occasion: Occasion) -> Result<Outcome, Failure> {
        self.hooks_until(point, occasion, &self.cancel).await
    }

    async fn hooks_until(
        &self,
        point: HookPoint,
        occasion: Occasion,
        cancel: &CancellationToken,
    ) -> Result<Outcome, Failure> {
        let gate = &self.on.gate;
        let standing = gate.trusts.standing(self.workspace.root()).await?;
        let occasion = Occasion {
            session: Some(self.session()),
            operation: Some(self.operation()),
            ..occasion
        };
        gate.hooks
            .at(point, &self.task.project, &standing, occasion, cancel)
            .await
    }
}

fn occasion(plan: &Plan) -> Occasion {
    Occasion {
        call: Some(plan.call.id.clone()),
        tool: Some(plan.call.tool.clone()),
        arguments: Some(plan.call.arguments.clone()),
        command: match &plan.effect {
            Ok(Effect::Runs(command)) => Some((command.line.clone(), command.cwd.clone())),
            _ => None,
        },
        ..Occasion::default()
    }
}

/// A changed call is checked like a new one: its form by the tool, its effect by the policy later.
fn replan(plan: &mut Plan, arguments: Value) -> Result<(), Refused> {
    let was_write = plan.is_write();
    plan.call.arguments = arguments;
    let Some(tool) = &plan.tool else {
        return Ok(());
    };
    plan.effect = tool.effect(&plan.call.arguments, &plan.cx);
    match &plan.effect {
        Err(ToolError::Refused(reason)) => Err(Refused::Tell(format!(
            "A hook of the developer changed this call into one that is not valid: {reason}"
        ))),
        Ok(_) if plan.is_write() && !was_write => Err(Refused::Tell(
            "A hook of the developer changed this call into one that writes, which it may not."
                .into(),
        )),
        _ => Ok(()),
    }
}

fn notices(notices: Vec<Notice>) -> Vec<EventKind> {
    let told = notices.into_iter().map(|notice| EventKind::Notice {
        level: match notice.is_warning {
            true => NoticeLevel::Warning,
            false => NoticeLevel::Info,
        },
        code: notice.code.to_owned(),
        text: notice.text,
        until: None,
    });
    told.collect()
}

/// What hooks add, as the model reads it.
pub(super) fn told(added: &[(String, String)]) -> String {
    added
        .iter()
        .map(|(hook, text)| format!("\n\n[The developer's hook {hook} adds: {}]", text.trim()))
        .collect()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(TOLD_CHARS) {
        Some((end, _)) => format!("{} […]", &text[..end]),
        None => text.to_owned(),
    }
}
