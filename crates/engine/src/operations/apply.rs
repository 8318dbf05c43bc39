//! Code of an answer, written to a file by the person: an operation without a model, so that it
//! stands in the conversation, is kept before, can be reviewed and undone like any other.

use std::sync::Arc;

use mira_protocol::change::ChangeKind;
use mira_protocol::checkpoint::CheckpointKind;
use mira_protocol::message::{ApplyCode, ApplyPreview};
use mira_protocol::operation::{
    Access, OperationKind, OperationStarted, OperationState, StartOperation,
};
use mira_protocol::project::Project;
use mira_protocol::{CallId, Code, EventKind, Failure, MessageId, OperationId};
use mira_secrets::Masker;
use mira_tools::in_the_style_of;
use mira_workspace::{Intent, Refusal, Workspace, files};
use serde_json::json;

use super::record::By;
use super::run::Outcome;
use super::{Operations, Running, Task, lock, patch};
use crate::changes::{blocking, refused};
use crate::clock::now_ms;
use crate::failure::from_store;

/// The name under which it stands in the log; no model can call it.
pub const TOOL: &str = "apply_code_block";

/// A file's new content, as the person saw it.
#[derive(Debug, Clone)]
pub struct Write {
    path: String,
    before: Option<Vec<u8>>,
    after: Vec<u8>,
}

impl Operations {
    /// What applying would make of the file; nothing is written.
    pub async fn preview_code(&self, request: ApplyCode) -> Result<ApplyPreview, Failure> {
        let (_, workspace) = self.applied_in(&request).await?;
        let write = self.planned(&workspace, request).await?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(ApplyPreview {
            path: write.path,
            before: write.before.map(text),
            after: text(write.after),
        })
    }

    /// Writes it. Refused while something runs in the session: both would change files at once,
    /// and neither could be taken back cleanly.
    pub async fn apply_code(&self, request: ApplyCode) -> Result<OperationStarted, Failure> {
        let session = request.session_id.clone();
        let (project, workspace) = self.applied_in(&request).await?;
        let write = self.planned(&workspace, request).await?;
        if write.before.as_deref() == Some(write.after.as_slice()) {
            return Err(Failure::new(
                Code::Conflict,
                format!("{} has exactly this content already.", write.path),
            ));
        }
        let content = format!("I applied a code block of your answer to `{}`.", write.path);
        let task = Task {
            id: OperationId::new(),
            session: session.clone(),
            request: StartOperation {
                content: content.clone(),
                session_id: Some(session.clone()),
                project_id: Some(project.id.clone()),
                access: Access::Project,
                ..StartOperation::default()
            },
            project,
            write: Some(write),
        };
        let running = Running::of(&task);
        {
            let mut lanes = lock(&self.lanes);
            let lane = lanes.entry(session.clone()).or_default();
            if lane.running.is_some() {
                return Err(
                    Failure::new(Code::Conflict, "Something runs in this session.")
                        .hint("Apply the code when it has ended, or stop it first."),
                );
            }
            lane.running = Some(running.clone());
        }
        let message = EventKind::UserMessage {
            message_id: MessageId::new(),
            content,
            attachments: vec![],
            steering: false,
            focus: None,
            fragments: vec![],
        };
        if let Err(failure) = self.store_pending(&task, message, false).await {
            if let Some(lane) = lock(&self.lanes).get_mut(&session) {
                lane.running = None;
            }
            return Err(failure);
        }
        let started = OperationStarted {
            operation_id: task.id.clone(),
            session_id: session,
            queued: false,
        };
        self.spawn_lane(task, running);
        Ok(started)
    }

    async fn applied_in(&self, request: &ApplyCode) -> Result<(Project, Arc<Workspace>), Failure> {
        let session = self
            .store
            .session(&request.session_id)
            .await
            .map_err(from_store)?;
        let project = match session.project_id {
            Some(id) => self.projects.get_by_id(&id).await?,
            None => {
                return Err(Failure::new(
                    Code::Conflict,
                    "This session has no project to write into.",
                )
                .hint("Open a folder first."));
            }
        };
        let workspace = self.workspace(&project, Access::Project)?;
        Ok((project, workspace))
    }

    /// What is to be written, from what is there now.
    async fn planned(
        &self,
        workspace: &Arc<Workspace>,
        request: ApplyCode,
    ) -> Result<Write, Failure> {
        let (workspace, masker) = (workspace.clone(), self.masker.clone());
        blocking(move || plan(&workspace, &masker, &request)).await?
    }

    /// The operation itself.
    pub(super) async fn write_code(
        &self,
        task: &Task,
        write: &Write,
        workspace: &Arc<Workspace>,
    ) -> Outcome {
        match self.try_write(task, write, workspace).await {
            Ok(outcome) => outcome,
            Err(failure) => Outcome::failed(failure),
        }
    }

    async fn try_write(
        &self,
        task: &Task,
        write: &Write,
        workspace: &Arc<Workspace>,
    ) -> Result<Outcome, Failure> {
        let call_id = CallId::new();
        let begun = vec![
            EventKind::OperationState {
                state: OperationState::Started,
                kind: None,
                reason: None,
            },
            EventKind::ToolCall {
                call_id: call_id.clone(),
                tool: TOOL.into(),
                arguments: json!({ "path": write.path }),
            },
        ];
        self.events
            .append_all(&task.session, Some(&task.id), begun)
            .await?;
        let started_at = now_ms();
        let _in_use = self.in_use.clone().read_owned().await;
        self.begin_write(task, workspace, std::slice::from_ref(&write.path))
            .await?;
        let (on_disk, wanted) = (workspace.clone(), write.clone());
        let written = blocking(move || on_disk.write(&wanted.path, &wanted.after).map_err(refused))
            .await
            .and_then(|written| written);
        let (changes, failure) = match written {
            Ok(written) => {
                let by = By {
                    call: Some(call_id.clone()),
                    kind: CheckpointKind::Write,
                    title: TOOL.to_owned(),
                };
                let changes = self.record(task, by, written.into_changes(), vec![]);
                (changes.await?, None)
            }
            Err(failure) => (vec![], Some(failure)),
        };
        self.end_write(&task.id);
        let lines = write.after.iter().filter(|byte| **byte == b'\n').count();
        let result = EventKind::ToolResult {
            call_id,
            tool: TOOL.into(),
            success: failure.is_none(),
            output: match &failure {
                None => format!("Wrote {} ({lines} lines).", write.path),
                Some(failure) => failure.message.clone(),
            },
            coloured: None,
            summary: match &failure {
                None => format!("{lines} lines"),
                Some(_) => "not written".into(),
            },
            duration_ms: (now_ms() - started_at).max(0) as u64,
            truncated: false,
            changes: changes.clone(),
        };
        let created = changes.iter().any(|one| one.change == ChangeKind::Created);
        let ended = EventKind::OperationState {
            state: OperationState::Started,
            kind: Some(if created {
                OperationKind::CodeGeneration
            } else {
                OperationKind::CodeModification
            }),
            reason: None,
        };
        self.events
            .append_all(&task.session, Some(&task.id), vec![result, ended])
            .await?;
        match failure {
            Some(failure) => Err(failure),
            None => Ok(Outcome::completed(changes)),
        }
    }
}

fn plan(workspace: &Workspace, masker: &Masker, request: &ApplyCode) -> Result<Write, Failure> {
    let path = request.path.trim();
    if path.is_empty() || path.ends_with('/') {
        return Err(Failure::new(Code::BadParams, "Name the file to write to."));
    }
    let path = workspace
        .resolve(path, Intent::Write)
        .map_err(refused)?
        .shown();
    let before = match workspace.read(&path) {
        Ok(file) => Some(file.bytes),
        Err(Refusal::Missing(_)) => None,
        Err(refusal) => return Err(refused(refusal)),
    };
    if before.as_deref().is_some_and(files::is_binary) {
        return Err(Failure::new(
            Code::BadParams,
            format!("{path} is no text file; code is not written over it."),
        ));
    }
    // The model saw the file's secrets as marks, and wrote them so.
    let held = String::from_utf8_lossy(before.as_deref().unwrap_or_default());
    let content = masker
        .restore(&request.content, &path, &held)
        .map_err(|unknown| {
            let marks = unknown.0.join(", ");
            Failure::new(
                Code::Conflict,
                format!("The code has masked secrets that are not in {path}: {marks}."),
            )
            .hint("Write these places yourself.")
        })?;
    let after = if request.patch {
        patch::apply(before.as_deref(), &content).map_err(|error| {
            Failure::new(Code::Conflict, error)
                .hint("The file may have changed since the answer; ask for the change again.")
        })?
    } else {
        in_the_style_of(before.as_deref(), &with_last_line_end(&content)).into_bytes()
    };
    Ok(Write {
        path,
        before,
        after,
    })
}

/// Code blocks end without one; files end with one.
fn with_last_line_end(content: &str) -> String {
    match content.is_empty() || content.ends_with('\n') {
        true => content.to_owned(),
        false => format!("{content}\n"),
    }
}
