//! Whether a call may run: by the policy, the rules, the block list and the sandbox; and the
//! question to the person where none of them decides.

use std::path::Path;

use mira_policy::{self as policy, Act, Verdict};
use mira_protocol::approval::{Approval, Decision};
use mira_protocol::operation::{ApproveMode, OperationState};
use mira_protocol::rule::{JudgedBy, Judgement, RuleDraft};
use mira_protocol::{ApprovalId, Code, EventKind, Failure, StoredEvent};
use mira_tools::{Command, CommandLine, Effect, ToolError};
use mira_workspace::Sandbox;

use super::execute::{Caller, Plan};
use super::holding;
use super::run::Stop;
use crate::clock::now_ms;

impl Caller<'_> {
    /// Whether it may run: by policy, by the rules, by the person.
    pub(super) async fn clear(
        &self,
        plan: &Plan,
        stored: &mut Vec<StoredEvent>,
    ) -> Result<(), Refused> {
        let effect = match &plan.effect {
            Ok(effect) => effect,
            Err(ToolError::Refused(reason)) => return Err(Refused::Tell(reason.clone())),
            Err(ToolError::Cancelled) => {
                return Err(Refused::Stop(Stop::Cancelled, "Stopped.".into()));
            }
            Err(ToolError::Broken(reason)) => {
                let failure = Failure::new(Code::Internal, reason.clone());
                return Err(Refused::Stop(Stop::Failed(failure), reason.clone()));
            }
        };
        let task = self.run.task;
        let gate = &self.on.gate;
        let standing = gate.trusts.standing(self.run.workspace.root()).await?;
        let in_force = gate.permissions.in_force(&task.project, &standing).await?;
        let paths = match effect {
            Effect::Reads => crate::rules::paths_of(&plan.call.arguments),
            _ => vec![],
        };
        let home = std::env::home_dir();
        let context = policy::Context {
            access: task.request.access,
            approve: task.request.approve,
            root: self.run.workspace.root(),
            home: home.as_deref(),
            rules: &in_force.rules,
            tool: Some(&plan.call.tool),
            blocks: &in_force.blocks,
        };
        let decided = policy::decide(&act(effect, &paths, &plan.cx.sandbox), &context);
        gate.permissions.note_use(&decided.tree).await?;
        let doubt = match effect {
            Effect::Reads | Effect::Jobs => None,
            _ => crate::rules::doubt(&in_force, &standing),
        };
        let doubt = doubt.or_else(|| self.git_runs(effect, &decided.tree));
        let verdict = match (decided.verdict, doubt) {
            (Verdict::Go, Some(reason)) if task.request.approve != ApproveMode::All => {
                Verdict::Ask {
                    reason,
                    always: vec![],
                }
            }
            (verdict, _) => verdict,
        };
        let sandbox = plan.cx.sandbox.clone();
        let offline = self.on.way_out.is_closed();
        match holding::held(verdict, effect, context.approve, &sandbox, offline) {
            Verdict::Go => Ok(()),
            Verdict::Refuse { reason } => Err(Refused::Tell(reason)),
            Verdict::Ask { reason, .. } if task.request.approve != ApproveMode::Ask => {
                let what = shown(effect).0;
                let failure = Failure::new(
                    Code::ApprovalNeeded,
                    format!(
                        "`{what}` needs an approval, and nobody is asked in this run: {reason}"
                    ),
                )
                .hint("Run again with --approve all, or ask in the app or in `mira`.");
                Err(Refused::Stop(
                    Stop::Failed(failure),
                    "Not run: it needs an approval that nobody can give here.".into(),
                ))
            }
            Verdict::Ask { reason, always } => self.ask(plan, effect, reason, always, stored).await,
        }
    }

    async fn ask(
        &self,
        plan: &Plan,
        effect: &Effect,
        reason: String,
        always: Vec<RuleDraft>,
        stored: &mut Vec<StoredEvent>,
    ) -> Result<(), Refused> {
        let task = self.run.task;
        let (command, argv, cwd, purpose) = shown(effect);
        let now = now_ms();
        let approval = Approval {
            id: ApprovalId::new(),
            session_id: task.session.clone(),
            operation_id: task.id.clone(),
            call_id: plan.call.id.clone(),
            tool: plan.call.tool.clone(),
            command,
            argv,
            cwd: cwd_of(self.run.workspace.root(), &cwd),
            reason,
            purpose,
            elevation: None,
            pattern: (!always.is_empty()).then(|| {
                let patterns = always.iter().map(|rule| rule.pattern.as_str());
                patterns.collect::<Vec<_>>().join(", ")
            }),
            rules: always,
            requested_at: now,
            expires_at: now + self.on.settings.current().approval_timeout_ms as i64,
        };
        let waiting = EventKind::OperationState {
            state: OperationState::AwaitingApproval,
            kind: None,
            reason: Some(approval.command.clone()),
        };
        self.append(vec![waiting], stored).await?;
        let decision = self
            .on
            .approvals
            .ask(approval, Some(task.project.id.clone()), &self.run.cancel)
            .await?;
        if self.run.cancel.is_cancelled() {
            return Err(Refused::Stop(
                Stop::Cancelled,
                "Not run: the operation was stopped.".into(),
            ));
        }
        match decision {
            Decision::Allow | Decision::Always => Ok(()),
            Decision::Deny => Err(Refused::Tell(
                "The developer did not allow this. Do not try it another way; go on without it or \
                 say what you would have done."
                    .into(),
            )),
        }
    }

    /// Why a look by git is asked about all the same: the repository's own settings make git run
    /// programs. A rule on the command ends the question.
    fn git_runs(&self, effect: &Effect, tree: &Judgement) -> Option<String> {
        if !matches!(effect, Effect::Runs(_)) || !looks_by_git(tree) {
            return None;
        }
        let programs = mira_workspace::programs_of_git(self.run.workspace.root());
        let first = programs.first()?;
        Some(format!(
            "the settings of this repository make git run a program ({first})"
        ))
    }
}

/// Whether the safe list let git through somewhere in it.
fn looks_by_git(tree: &Judgement) -> bool {
    let by_list = tree.by == JudgedBy::SafeList;
    by_list && tree.text.split(['/', ' ']).any(|word| word == "git")
        || tree.parts.iter().any(looks_by_git)
}

/// Why a call does not run.
pub(super) enum Refused {
    /// The model hears it and goes on.
    Tell(String),
    /// The operation ends; the call's answer is the text.
    Stop(Stop, String),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        let text = failure.message.clone();
        Self::Stop(Stop::Failed(failure), text)
    }
}

pub(super) fn cwd_of(root: &Path, cwd: &str) -> String {
    let whole = if cwd.is_empty() {
        root.to_path_buf()
    } else {
        root.join(cwd)
    };
    whole.display().to_string()
}

/// What the policy is asked about.
fn act<'a>(effect: &'a Effect, paths: &'a [String], sandbox: &Sandbox) -> Act<'a> {
    match effect {
        Effect::Reads | Effect::Jobs => Act::Reads(paths),
        Effect::ReadsSecret { path } => Act::ReadsSecret { path },
        Effect::Writes(paths) => Act::Writes(paths),
        Effect::Runs(command) => Act::Runs(policy::Command {
            line: judged(&command.line),
            cwd: &command.cwd,
            // Where a command cannot be held to them they are not what is asked about.
            hosts: match sandbox.holds_to_hosts() {
                true => &command.hosts,
                false => &[],
            },
        }),
        Effect::Reaches { url } => Act::Reaches { url },
    }
}

pub(super) fn judged(line: &CommandLine) -> policy::Line<'_> {
    match line {
        CommandLine::Argv(argv) => policy::Line::Argv(argv),
        CommandLine::Shell(line) => policy::Line::Shell(line),
    }
}

/// Command, argv, folder and purpose of an effect, as an approval shows them.
pub(super) fn shown(effect: &Effect) -> (String, Option<Vec<String>>, String, Option<String>) {
    match effect {
        Effect::Runs(Command {
            line, cwd, purpose, ..
        }) => {
            let argv = match line {
                CommandLine::Argv(argv) => Some(argv.clone()),
                CommandLine::Shell(_) => None,
            };
            (
                policy::line_of(&judged(line)),
                argv,
                cwd.clone(),
                purpose.clone(),
            )
        }
        Effect::Writes(paths) => (
            format!("write {}", paths.join(", ")),
            None,
            String::new(),
            None,
        ),
        Effect::Reaches { url } => (format!("fetch {url}"), None, String::new(), None),
        Effect::Reads => ("read".into(), None, String::new(), None),
        Effect::ReadsSecret { path } => (format!("read {path}"), None, String::new(), None),
        Effect::Jobs => ("background command".into(), None, String::new(), None),
    }
}
