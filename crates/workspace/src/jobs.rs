//! Commands in the background, and outputs kept for paging.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::{Exit, Refusal, Spec};

/// A command in the background.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobInfo {
    /// `job_` and a few letters.
    pub id: String,
    pub session: String,
    pub operation: String,
    /// The command as typed.
    pub command: String,
    /// UTC, milliseconds.
    pub started_at: i64,
    pub running: bool,
    /// None while it runs, and when a signal ended it.
    pub exit_code: Option<i32>,
    pub output_bytes: u64,
}

/// Output of a job from an offset on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobText {
    pub text: String,
    pub next_offset: u64,
    pub running: bool,
    pub exit_code: Option<i32>,
}

/// All background commands of this engine. Their output goes to files in one folder.
pub struct Jobs {
    finished: broadcast::Sender<JobInfo>,
}

impl Jobs {
    /// Opens (and makes) the folder; outputs that an earlier engine left there are removed.
    pub fn open(dir: &Path) -> Result<Arc<Self>, Refusal> {
        let _ = dir;
        Ok(Arc::new(Self {
            finished: broadcast::channel(64).0,
        }))
    }

    /// Starts a command and returns at once. Needs a Tokio runtime.
    pub fn start(&self, session: &str, operation: &str, spec: Spec) -> Result<JobInfo, Refusal> {
        let _ = (session, operation, spec);
        Err(Refusal::Cancelled)
    }

    /// Runs a command to its end as [`process::run`](crate::process::run) does. Output that is
    /// too long to be returned whole can be read on with the id that comes back.
    pub async fn run(
        &self,
        session: &str,
        operation: &str,
        spec: Spec,
        cancel: &CancellationToken,
        on_output: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(Exit, Option<String>), Refusal> {
        let _ = (session, operation);
        crate::process::run(spec, cancel, on_output)
            .await
            .map(|exit| (exit, None))
    }

    /// Background commands of `session` (of all, if None), newest first.
    pub fn list(&self, session: Option<&str>) -> Vec<JobInfo> {
        let _ = session;
        Vec::new()
    }

    /// At most `max_bytes` of output from byte `offset` on. None: no such job.
    pub fn read(
        &self,
        id: &str,
        offset: u64,
        max_bytes: usize,
    ) -> Result<Option<JobText>, Refusal> {
        let _ = (id, offset, max_bytes);
        Ok(None)
    }

    /// Ends a command with everything that it started, and waits for that. None: no such job.
    pub async fn kill(&self, id: &str) -> Option<JobInfo> {
        let _ = id;
        None
    }

    /// Ends everything.
    pub async fn kill_all(&self) {}

    /// Hears of each job that ended.
    pub fn finished(&self) -> broadcast::Receiver<JobInfo> {
        self.finished.subscribe()
    }
}
