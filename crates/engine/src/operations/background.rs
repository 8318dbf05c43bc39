//! What background commands change after their calls have ended.
//!
//! Nobody can tell their work from a person's in the meantime, so it becomes a checkpoint of its
//! own, beside the operation's: undo of the operation leaves it alone and says so, a rewind asks.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use mira_protocol::checkpoint::CheckpointKind;
use mira_protocol::{CallId, CheckpointId, Failure, OperationId, ProjectId, SessionId, Topic};
use mira_store::Step;
use mira_workspace::checkpoint::diff_since;
use mira_workspace::{JobInfo, Manifest};
use serde::{Deserialize, Serialize};

use super::{Operations, Task, lock};
use crate::changes::{before_after, change_of};
use crate::clock::now_ms;
use crate::failure::{from_store, internal};

/// While a command of the foreground runs, a closing look waits: what that one did is its own.
const PATIENCE: Duration = Duration::from_millis(100);

/// A background command, with the project as its call left it.
pub struct Begun {
    head: Head,
    pub state: Manifest,
}

#[derive(Serialize, Deserialize)]
struct Head {
    session: SessionId,
    operation: OperationId,
    project: ProjectId,
    call: CallId,
    command: String,
    /// Later steps are somebody else's.
    step: CheckpointId,
}

impl Begun {
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let at = bytes.iter().position(|byte| *byte == b'\n')?;
        Some(Self {
            head: serde_json::from_slice(&bytes[..at]).ok()?,
            state: Manifest::decode(&bytes[at + 1..])?,
        })
    }
}

/// A command of the foreground runs in a project while this lives.
pub(super) struct Busy {
    on: Operations,
    project: ProjectId,
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut busy = lock(&self.on.busy);
        if let Some(count) = busy.get_mut(&self.project) {
            *count -= 1;
            if *count == 0 {
                busy.remove(&self.project);
            }
        }
    }
}

impl Operations {
    pub(super) fn busy_in(&self, project: &ProjectId) -> Busy {
        *lock(&self.busy).entry(project.clone()).or_default() += 1;
        Busy {
            on: self.clone(),
            project: project.clone(),
        }
    }

    fn job_file(&self, job: &str) -> PathBuf {
        let data_dir = &self.settings.current().data_dir;
        data_dir.join("commands").join(format!("job-{job}"))
    }

    /// Keeps the state that a call left which sent a command into the background.
    pub(super) async fn keep_begun(
        &self,
        task: &Task,
        call: &CallId,
        job: &JobInfo,
        state: &Manifest,
    ) -> Result<(), Failure> {
        let head = Head {
            session: task.session.clone(),
            operation: task.id.clone(),
            project: task.project.id.clone(),
            call: call.clone(),
            command: self.masker.mask(&job.command).into_owned(),
            step: self.store.last_step().await.map_err(from_store)?,
        };
        let mut bytes = serde_json::to_vec(&head).map_err(internal)?;
        bytes.push(b'\n');
        bytes.extend(state.encode());
        super::record::keep(&self.job_file(&job.id), &bytes).map_err(internal)?;
        // It may have ended before there was anything to close.
        if self.jobs.get(&job.id).is_none_or(|job| !job.running) {
            self.close_job(&job.id).await;
        }
        Ok(())
    }

    /// A background command ended: what changed since its call, and is nobody else's step, is
    /// put down to it.
    pub(crate) async fn close_job(&self, job: &str) {
        if let Err(failure) = self.try_close(job).await {
            tracing::warn!(%failure, job, "what a background command changed was not recorded");
        }
    }

    /// Closes those that are open, at the start and at the end of the engine.
    pub(crate) async fn close_all_jobs(&self) {
        let folder = self.settings.current().data_dir.join("commands");
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let open: Vec<String> = entries
            .filter_map(|entry| Some(entry.file_name().to_str()?.strip_prefix("job-")?.to_owned()))
            .collect();
        for job in open {
            let job = job.trim_end_matches(".closing");
            if self.jobs.get(job).is_none_or(|job| !job.running) {
                self.close_job(job).await;
            }
        }
    }

    async fn try_close(&self, job: &str) -> Result<(), Failure> {
        let file = self.job_file(job);
        let mine = file.with_extension("closing");
        match std::fs::rename(&file, &mine) {
            Ok(()) => {}
            // Somebody else closes it, or it never had a state; or it was being closed when the
            // engine died.
            Err(error) if error.kind() == io::ErrorKind::NotFound && mine.exists() => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(internal(error)),
        }
        let bytes = std::fs::read(&mine).unwrap_or_default();
        let result = match Begun::decode(&bytes) {
            Some(begun) => self.close(begun).await,
            None => Ok(()),
        };
        let _ = std::fs::remove_file(&mine);
        result
    }

    async fn close(&self, begun: Begun) -> Result<(), Failure> {
        let Begun { head, state } = begun;
        let project = self.projects.get_by_id(&head.project).await?;
        if !project.exists {
            return Ok(());
        }
        while lock(&self.busy).contains_key(&head.project) {
            tokio::time::sleep(PATIENCE).await;
        }
        let _in_use = self.in_use.clone().read_owned().await;
        let workspace = self.workspace(&project, Default::default())?;
        let now = self.snapshot(&workspace, None).await?;
        let since = self.store.steps_after(&head.project, head.step).await;
        let mut known = Vec::new();
        for (_, files) in since.map_err(from_store)? {
            for file in files {
                known.push(change_of(file)?);
            }
        }
        let changes = diff_since(&state, known, &now);
        if changes.is_empty() {
            return Ok(());
        }
        let step = Step {
            session_id: head.session,
            project_id: Some(head.project.clone()),
            operation_id: Some(head.operation),
            call_id: Some(head.call),
            kind: CheckpointKind::Job,
            title: head.command,
            at: now_ms(),
            not_covered: now.not_covered(),
            marks: None,
            journal: None,
        };
        let files = before_after(&changes)?;
        self.store
            .record_step(&step, &files)
            .await
            .map_err(from_store)?;
        self.files_changed(&head.project);
        self.events.topic(Topic::Checkpoints);
        Ok(())
    }
}
