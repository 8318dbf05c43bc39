//! Background commands.

use serde::{Deserialize, Serialize};

use crate::{JobId, OperationId, SessionId, UtcMs};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Job {
    pub id: JobId,
    pub session_id: SessionId,
    pub operation_id: OperationId,
    pub command: String,
    pub started_at: UtcMs,
    pub running: bool,
    /// None while it runs, and when a signal ended it.
    #[serde(default)]
    pub exit_code: Option<i32>,
    pub output_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct JobList {
    pub jobs: Vec<Job>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct JobRef {
    pub job_id: JobId,
}

/// Output from byte `offset` on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ReadJob {
    pub job_id: JobId,
    #[serde(default)]
    pub offset: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct JobOutput {
    pub text: String,
    /// The same with `ESC [ … m` in it, where the program printed in colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coloured: Option<String>,
    /// Where to go on.
    pub next_offset: u64,
    pub running: bool,
    #[serde(default)]
    pub exit_code: Option<i32>,
}
