//! What operations do to files, noted for review and undo.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mira_protocol::change::{ChangeKind, FileChangeSummary};
use mira_protocol::checkpoint::CheckpointKind;
use mira_protocol::{CallId, Failure, OperationId, ProjectId, Topic};
use mira_secrets::{Masker, is_env_file};
use mira_store::{Checkpoint, Step};
use mira_workspace::guard::Intent;
use mira_workspace::{Change, Kind, Manifest, Workspace};

use super::{Operations, Task};
use crate::changes::before_after;
use crate::clock::now_ms;
use crate::failure::{from_store, internal};

impl Operations {
    /// The project's files as they are, contents kept. `keep_in`: a file for the state itself, so
    /// that what a command does can be found even if the engine dies meanwhile.
    pub(super) async fn snapshot(
        &self,
        workspace: &Arc<Workspace>,
        keep_in: Option<PathBuf>,
    ) -> Result<Arc<Manifest>, Failure> {
        let workspace = workspace.clone();
        let masker = self.masker.clone();
        let look = move || {
            let state = workspace
                .snapshot()
                .map_err(|refusal| format!("the project could not be looked through: {refusal}"))?;
            learn_secrets(&masker, &workspace, &state);
            if let Some(path) = keep_in {
                keep(&path, &state.encode())
                    .map_err(|error| format!("{} could not be written: {error}", path.display()))?;
            }
            Ok::<_, String>(state)
        };
        tokio::task::spawn_blocking(look)
            .await
            .map_err(internal)?
            .map_err(internal)
    }

    /// Where the state before an operation's running commands is kept.
    pub(super) fn state_file(&self, operation: &OperationId) -> PathBuf {
        let data_dir = &self.settings.current().data_dir;
        data_dir.join("commands").join(&operation.0)
    }

    /// No command of the operation runs any more.
    pub(super) fn forget_state(&self, operation: &OperationId) {
        remove(&self.state_file(operation));
    }

    /// Where the state of files before an operation's running write is kept.
    fn writes_file(&self, operation: &OperationId) -> PathBuf {
        self.state_file(operation).with_extension("writes")
    }

    /// Keeps what a tool is about to write over, so that a write that was not recorded because
    /// the engine was killed can be found.
    pub(super) async fn begin_write(
        &self,
        task: &Task,
        workspace: &Arc<Workspace>,
        paths: &[String],
    ) -> Result<(), Failure> {
        let (workspace, paths) = (workspace.clone(), paths.to_vec());
        let file = self.writes_file(&task.id);
        let look = move || {
            let mut kept = Vec::new();
            for path in &paths {
                // What cannot be reached the tool refuses with better words.
                let Ok(resolved) = workspace.resolve(path, Intent::Write) else {
                    continue;
                };
                let path = resolved.shown();
                let folders = path.match_indices('/').map(|(at, _)| path[..at].to_owned());
                for path in folders
                    .filter(|folder| !folder.is_empty())
                    .chain([path.clone()])
                {
                    let before = workspace.keep(&path).unwrap_or(None);
                    kept.push(Change {
                        path,
                        before,
                        after: None,
                    });
                }
            }
            keep(&file, &serde_json::to_vec(&kept).unwrap_or_default())
        };
        tokio::task::spawn_blocking(look)
            .await
            .map_err(internal)?
            .map_err(internal)
    }

    pub(super) fn end_write(&self, operation: &OperationId) {
        remove(&self.writes_file(operation));
    }

    /// What a write did that was not recorded.
    pub(super) fn unrecorded_writes(
        &self,
        operation: &OperationId,
        workspace: &Workspace,
    ) -> Vec<Change> {
        let file = self.writes_file(operation);
        let kept: Vec<Change> = std::fs::read(&file)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        kept.into_iter()
            .map(|change| {
                workspace.tidy_beside(&change.path);
                let after = workspace.keep(&change.path).unwrap_or(change.before);
                Change { after, ..change }
            })
            .filter(|change| !change.is_noop())
            .collect()
    }

    /// Takes changes into the operation's checkpoint; what they are, in lines.
    pub(super) async fn record(
        &self,
        task: &Task,
        by: By,
        changes: Vec<Change>,
        not_covered: Vec<String>,
    ) -> Result<Vec<FileChangeSummary>, Failure> {
        let changes: Vec<Change> = changes
            .into_iter()
            .filter(|change| !change.is_noop())
            .collect();
        if changes.is_empty() {
            return Ok(vec![]);
        }
        let checkpoint = Checkpoint {
            operation_id: task.id.clone(),
            session_id: task.session.clone(),
            project_id: Some(task.project.id.clone()),
            created_at: now_ms(),
            not_covered: not_covered.clone(),
        };
        let step = Step {
            session_id: task.session.clone(),
            project_id: Some(task.project.id.clone()),
            operation_id: Some(task.id.clone()),
            call_id: by.call,
            kind: by.kind,
            title: self.masker.mask(&by.title).into_owned(),
            at: checkpoint.created_at,
            not_covered,
            marks: None,
            journal: None,
        };
        let rows = before_after(&changes)?;
        self.store
            .record_changes(&checkpoint, &step, &rows)
            .await
            .map_err(from_store)?;
        self.events.topic(Topic::Checkpoints);
        let summaries = changes
            .iter()
            .filter(|change| !change.is_dir())
            .map(|change| self.summary(change))
            .collect();
        self.files_changed(&task.project.id);
        Ok(summaries)
    }

    /// All that an operation changed so far, by path.
    pub(crate) async fn changes_of(&self, operation: &OperationId) -> Vec<FileChangeSummary> {
        let files = match self.store.checkpoint(operation).await {
            Ok(Some((_, files))) => files,
            Ok(None) => return vec![],
            Err(error) => {
                tracing::error!(%error, "an operation's changes could not be read");
                return vec![];
            }
        };
        let entry = |value: Option<serde_json::Value>| {
            value.and_then(|value| serde_json::from_value(value).ok())
        };
        files
            .into_iter()
            .map(|file| Change {
                path: file.path,
                before: entry(file.before),
                after: entry(file.after),
            })
            .filter(|change| !change.is_dir())
            .map(|change| self.summary(&change))
            .collect()
    }

    fn summary(&self, change: &Change) -> FileChangeSummary {
        let content = |entry: &Option<mira_workspace::Entry>| {
            entry
                .as_ref()
                .and_then(|entry| self.blobs.get(entry.hash).ok().flatten())
                .unwrap_or_default()
        };
        let diff = mira_workspace::diff::between(&content(&change.before), &content(&change.after));
        FileChangeSummary {
            path: change.path.clone(),
            change: match (&change.before, &change.after) {
                (None, _) => ChangeKind::Created,
                (_, None) => ChangeKind::Deleted,
                _ if change.is_mode_only() => ChangeKind::Mode,
                _ => ChangeKind::Modified,
            },
            additions: diff.additions as u32,
            deletions: diff.deletions as u32,
            binary: diff.binary,
        }
    }

    pub(super) fn files_changed(&self, project: &ProjectId) {
        self.events.topic(Topic::Files {
            project_id: project.clone(),
        });
        self.events.topic(Topic::Git {
            project_id: project.clone(),
        });
    }
}

/// Whose work a step is.
pub(super) struct By {
    pub call: Option<CallId>,
    pub kind: CheckpointKind,
    /// The tool, or the command's line.
    pub title: String,
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, path = %path.display(), "a kept state was not removed");
    }
}

/// What the project's `.env` files hold is a secret wherever a command prints it.
fn learn_secrets(masker: &Masker, workspace: &Workspace, state: &Manifest) {
    let files = state.entries().filter(|(path, entry)| {
        entry.kind == Kind::File && path.contains(".env") && is_env_file(path)
    });
    for (path, entry) in files {
        if let Ok(Some(bytes)) = workspace.blobs().get(entry.hash) {
            masker.learn(path, &String::from_utf8_lossy(&bytes));
        }
    }
}

/// Not flushed: it must survive the process, not the machine.
pub(super) fn keep(path: &Path, state: &[u8]) -> std::io::Result<()> {
    match std::fs::write(path, state) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            std::fs::create_dir_all(path.parent().unwrap_or(path))?;
            std::fs::write(path, state)
        }
        result => result,
    }
}
