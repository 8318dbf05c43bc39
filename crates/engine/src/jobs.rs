//! Background commands, as clients see them.

use std::sync::Arc;

use mira_protocol::job::{Job, JobList, JobOutput, JobRef, ReadJob};
use mira_protocol::system::Nothing;
use mira_protocol::{EventKind, Failure, JobId, OperationId, SessionId, Topic};
use mira_workspace::{JobInfo, Jobs};

use crate::events::EventLog;
use crate::failure::internal;
use crate::operations::Operations;

/// The most output that one reply carries, in bytes.
const PAGE_BYTES: usize = 256 * 1024;

#[derive(Clone)]
pub struct BackgroundJobs {
    jobs: Arc<Jobs>,
}

impl BackgroundJobs {
    /// Also tells the log when a command ends.
    pub fn new(jobs: Arc<Jobs>, events: EventLog, operations: Operations) -> Self {
        let mut finished = jobs.finished();
        tokio::spawn(async move {
            while let Ok(job) = finished.recv().await {
                let session = SessionId(job.session.clone());
                let operation = OperationId(job.operation.clone());
                let closing = (operations.clone(), job.id.clone());
                tokio::spawn(async move { closing.0.close_job(&closing.1).await });
                let ended = EventKind::JobFinished {
                    job_id: JobId(job.id),
                    exit_code: job.exit_code,
                };
                if let Err(failure) = events.append(&session, Some(&operation), ended).await {
                    tracing::warn!(%failure, "the end of a background command was not stored");
                }
                events.topic(Topic::Jobs);
            }
        });
        Self { jobs }
    }

    pub fn list(&self) -> JobList {
        let mut jobs: Vec<Job> = self.jobs.list(None).into_iter().map(job).collect();
        jobs.sort_by_key(|job| std::cmp::Reverse(job.started_at));
        JobList { jobs }
    }

    pub fn output(&self, request: ReadJob) -> Result<JobOutput, Failure> {
        let text = self
            .jobs
            .read(&request.job_id.0, request.offset, PAGE_BYTES)
            .map_err(internal)?
            .ok_or_else(|| {
                Failure::not_found(format!("The background command {}", request.job_id))
            })?;
        Ok(JobOutput {
            text: text.text,
            coloured: text.coloured,
            next_offset: text.next_offset,
            running: text.running,
            exit_code: text.exit_code,
        })
    }

    pub async fn kill(&self, request: JobRef) -> Result<Nothing, Failure> {
        match self.jobs.kill(&request.job_id.0).await {
            Some(_) => Ok(Nothing {}),
            None => Err(Failure::not_found(format!(
                "The background command {}",
                request.job_id
            ))),
        }
    }

    pub fn running_count(&self) -> usize {
        self.jobs
            .list(None)
            .iter()
            .filter(|job| job.running)
            .count()
    }

    pub async fn shutdown(&self) {
        self.jobs.kill_all().await;
    }
}

fn job(info: JobInfo) -> Job {
    Job {
        id: JobId(info.id),
        session_id: SessionId(info.session),
        operation_id: OperationId(info.operation),
        command: info.command,
        started_at: info.started_at,
        running: info.running,
        exit_code: info.exit_code,
        output_bytes: info.output_bytes,
    }
}
