//! What operations do to files, noted for review and undo.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mira_protocol::change::{ChangeKind, FileChangeSummary};
use mira_protocol::{Failure, OperationId, ProjectId, Topic};
use mira_store::{Checkpoint, FileBeforeAfter};
use mira_workspace::{Change, Manifest, Workspace};

use super::{Operations, Task};
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
        let look = move || {
            let state = workspace
                .snapshot()
                .map_err(|refusal| format!("the project could not be looked through: {refusal}"))?;
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
        let path = self.state_file(operation);
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %path.display(), "a kept state was not removed");
        }
    }

    /// Takes changes into the operation's checkpoint; what they are, in lines.
    pub(super) async fn record(
        &self,
        task: &Task,
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
            not_covered,
        };
        let entry = |entry: &Option<mira_workspace::Entry>| {
            entry
                .as_ref()
                .map(serde_json::to_value)
                .transpose()
                .map_err(internal)
        };
        let mut rows = Vec::with_capacity(changes.len());
        for change in &changes {
            rows.push(FileBeforeAfter {
                path: change.path.clone(),
                before: entry(&change.before)?,
                after: entry(&change.after)?,
            });
        }
        self.store
            .record_changes(&checkpoint, &rows)
            .await
            .map_err(from_store)?;
        let summaries = changes
            .iter()
            .filter(|change| !change.is_dir())
            .map(|change| self.summary(change))
            .collect();
        self.files_changed(&task.project.id);
        Ok(summaries)
    }

    /// All that an operation changed so far, by path.
    pub(super) async fn changes_of(&self, operation: &OperationId) -> Vec<FileChangeSummary> {
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

    fn files_changed(&self, project: &ProjectId) {
        self.events.topic(Topic::Files {
            project_id: project.clone(),
        });
        self.events.topic(Topic::Git {
            project_id: project.clone(),
        });
    }
}

/// Not flushed: it must survive the process, not the machine.
fn keep(path: &Path, state: &[u8]) -> std::io::Result<()> {
    match std::fs::write(path, state) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            std::fs::create_dir_all(path.parent().unwrap_or(path))?;
            std::fs::write(path, state)
        }
        result => result,
    }
}
