//! Checkpoints one by one: listed, shown, put back.

use std::path::Path;

use mira_protocol::change::{FileChange, FileChangeSummary, ReviewMark};
use mira_protocol::checkpoint::{
    CheckpointDetail, CheckpointKind, CheckpointLine, CheckpointList, CheckpointRef,
    ListCheckpoints, RestoreCheckpoint, RestoreDone, Side,
};
use mira_protocol::rewind::RewindWhat;
use mira_protocol::{Code, EventKind, Failure};
use mira_store::{RowState, StepRow};
use mira_workspace::{Access, Change, Way, Workspace, diff};

use super::retention::GRACE_MS;
use super::rewind::OldMark;
use super::shown::kind;
use super::undo::{Answers, conflict, given_up, hunk};
use super::{Changes, Wish, blocking, change_of, normal, refused};
use crate::failure::{from_store, internal};

impl Changes {
    pub async fn list(&self, request: ListCheckpoints) -> Result<CheckpointList, Failure> {
        let (steps, total) = self.store.steps(&request).await.map_err(from_store)?;
        Ok(CheckpointList {
            checkpoints: steps.into_iter().map(line).collect(),
            total,
        })
    }

    pub async fn get(&self, request: CheckpointRef) -> Result<CheckpointDetail, Failure> {
        let (row, files) = self
            .store
            .step(request.checkpoint_id)
            .await
            .map_err(from_store)?;
        let changes: Vec<Change> = files.into_iter().map(change_of).collect::<Result<_, _>>()?;
        let not_covered = row.step.not_covered.clone();
        let folders = changes.iter().filter(|change| change.is_dir());
        let folders = folders.map(|change| change.path.clone()).collect();
        // Where the folder is gone, what is stored can be shown all the same.
        let workspace = self.workspace_of(&row, &changes).await.ok();
        let blobs = self.blobs.clone();
        let files = blocking(move || {
            let content = |entry: Option<mira_workspace::Entry>| {
                let stored = entry.and_then(|entry| blobs.get(entry.hash).ok().flatten());
                stored.unwrap_or_default()
            };
            changes
                .iter()
                .filter(|change| !change.is_dir())
                .map(|change| {
                    let found = diff::between(&content(change.before), &content(change.after));
                    let disk = workspace
                        .as_ref()
                        .and_then(|on| on.entry(&change.path).ok());
                    file(change, found, disk)
                })
                .collect()
        })
        .await?;
        Ok(CheckpointDetail {
            line: line(row),
            files,
            folders,
            not_covered,
        })
    }

    /// Puts the files of one checkpoint into the state before or after it.
    pub async fn restore_one(&self, request: RestoreCheckpoint) -> Result<RestoreDone, Failure> {
        let _one = self.one.lock().await;
        let (row, files) = self
            .store
            .step(request.checkpoint_id)
            .await
            .map_err(from_store)?;
        if row.swept_at.is_some() {
            return Err(given_up());
        }
        if let Some(operation) = &row.step.operation_id {
            self.check_ended(operation).await?;
        }
        let changes: Vec<Change> = files.into_iter().map(change_of).collect::<Result<_, _>>()?;
        let ways = changes.iter().map(|change| match request.to {
            Side::Before => Way::new(&change.path, change.after, change.before),
            Side::After => Way::new(&change.path, change.before, change.after),
        });
        let ways: Vec<Way> = ways.collect();
        let only = request.paths.map(normal);
        if only.as_ref().is_some_and(Vec::is_empty) {
            return Err(Failure::new(Code::BadParams, "`paths` names no path.")
                .hint("Leave `paths` out to put back all of it."));
        }
        let answers = Answers::new(request.resolve);
        let workspace = self.workspace_of(&row, &changes).await?;
        let (on, whole) = (workspace.clone(), only.is_none());
        let plan = blocking(move || {
            on.plan(ways, only.as_deref(), &|path| answers.of(path))
                .map_err(refused)
        })
        .await??;
        let blocked = whole && !plan.conflicts.is_empty();
        let session_id = row.step.session_id.clone();
        let mut done = RestoreDone {
            session_id: session_id.clone(),
            paths: if blocked { vec![] } else { plan.files() },
            conflicts: plan.conflicts.iter().cloned().map(conflict).collect(),
            preview: request.preview.unwrap_or(false),
            checkpoint_id: None,
        };
        if blocked || done.preview || plan.changes().is_empty() {
            return Ok(done);
        }
        let (rows, marks) = self.settled_rows(&row, request.to, &plan).await?;
        let event = {
            let (to_seq, paths) = (row.seq, done.paths.clone());
            move |checkpoint_id| EventKind::Rewound {
                what: RewindWhat::Files,
                to_seq,
                hidden: vec![],
                shown: vec![],
                paths,
                undoes_seq: None,
                checkpoint_id,
            }
        };
        let side = match request.to {
            Side::Before => "before",
            Side::After => "after",
        };
        let wish = Wish {
            session: session_id.clone(),
            project: row.step.project_id.clone(),
            operation: None,
            kind: CheckpointKind::Restore,
            title: format!("to {side} checkpoint {}", row.id),
            marks: Some(serde_json::to_value(marks).map_err(internal)?),
        };
        done.checkpoint_id = self.carry_out(&workspace, wish, plan, rows, event).await?;
        self.stale(&session_id, row.step.project_id.as_ref());
        Ok(done)
    }

    /// What becomes of operations' files with a restore of one step, and what they were before.
    async fn settled_rows(
        &self,
        row: &StepRow,
        to: Side,
        plan: &mira_workspace::Plan,
    ) -> Result<(Vec<RowState>, Vec<OldMark>), Failure> {
        let (mut states, mut old) = (Vec::new(), Vec::new());
        let marks = row.step.marks.clone().filter(|_| to == Side::Before);
        if let Some(marks) = marks {
            // Taken back with all that it did to marks.
            let marks: Vec<OldMark> = serde_json::from_value(marks).map_err(internal)?;
            states.extend(marks.into_iter().map(OldMark::state));
        }
        let operation = row.step.operation_id.as_ref();
        let operation = operation.filter(|_| row.step.kind != CheckpointKind::Job);
        let Some(operation) = operation else {
            return Ok((states, old));
        };
        let Some(reviewed) = self.load(operation).await? else {
            return Ok((states, old));
        };
        for row in &reviewed.rows {
            if let Some(now) = plan.outcome(&row.change.path) {
                states.push(reviewed.settled(row, now)?);
                old.push(OldMark::of(operation, row)?);
            }
        }
        Ok((states, old))
    }

    async fn workspace_of(
        &self,
        row: &StepRow,
        changes: &[Change],
    ) -> Result<std::sync::Arc<Workspace>, Failure> {
        let project = row.step.project_id.as_ref();
        let project = project.ok_or_else(|| internal("the checkpoint belongs to no project"))?;
        let project = self.projects.get_by_id(project).await?;
        let outside = changes.iter().any(|change| change.path.starts_with('/'));
        let access = if outside {
            Access::System
        } else {
            Access::Project
        };
        Workspace::open(Path::new(&project.path), access, self.blobs.clone(), vec![])
            .map_err(refused)
    }
}

/// A step as a list shows it.
fn line(row: StepRow) -> CheckpointLine {
    CheckpointLine {
        checkpoint_id: row.id,
        session_id: row.step.session_id,
        session_name: row.session_name,
        project_id: row.step.project_id,
        operation_id: row.step.operation_id,
        call_id: row.step.call_id,
        kind: row.step.kind,
        title: row.step.title,
        seq: row.seq,
        at: row.step.at,
        files: row.files,
        first_paths: row.first_paths,
        logical_bytes: row.logical_bytes,
        pruned: row.pruned_at.is_some(),
        restorable_until: row
            .pruned_at
            .filter(|_| row.swept_at.is_none())
            .map(|at| at + GRACE_MS),
    }
}

fn file(
    change: &Change,
    found: diff::FileDiff,
    disk: Option<Option<mira_workspace::Entry>>,
) -> FileChange {
    FileChange {
        summary: FileChangeSummary {
            path: change.path.clone(),
            change: kind(change),
            additions: found.additions as u32,
            deletions: found.deletions as u32,
            binary: found.binary,
        },
        mark: ReviewMark::Pending,
        hunks: found
            .hunks
            .into_iter()
            .map(|found| hunk(found, ReviewMark::Pending))
            .collect(),
        too_large: found.too_large,
        edited_since: disk.is_none_or(|disk| disk != change.after && disk != change.before),
        undone: disk.is_some_and(|disk| disk == change.before),
        mode_before: change.before.map(|entry| entry.mode),
        mode_after: change.after.map(|entry| entry.mode),
        renamed_from: None,
        renamed_to: None,
        before: None,
        after: None,
    }
}
