//! The engine about itself: status, doctor, logs, money.

use serde::{Deserialize, Serialize};

use crate::{MicroUsd, SessionId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Status {
    pub version: String,
    pub protocol: u32,
    pub pid: u32,
    pub uptime_ms: u64,
    pub data_dir: String,
    pub os: String,
    pub sessions: u64,
    pub running_operations: u32,
    pub running_jobs: u32,
    pub waiting_approvals: u32,
    /// Where the socket listens, if it does.
    #[serde(default)]
    pub listening: Option<String>,
    pub provider_ready: bool,
    pub memory_bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    Ok,
    Warning,
    Problem,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Check {
    pub name: String,
    pub state: CheckState,
    pub detail: String,
    #[serde(default)]
    pub hint: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DoctorReport {
    pub checks: Vec<Check>,
}

/// The newest lines of the log.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ReadLogs {
    /// Default 200, at most 5,000.
    #[serde(default)]
    pub lines: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LogLines {
    pub file: String,
    /// JSON, one object a line.
    pub lines: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Budget {
    pub today_micro_usd: MicroUsd,
    pub month_micro_usd: MicroUsd,
    /// None: no limit.
    #[serde(default)]
    pub daily_limit_micro_usd: Option<MicroUsd>,
    #[serde(default)]
    pub monthly_limit_micro_usd: Option<MicroUsd>,
    pub calls_today: u64,
    /// Spend of today by model, largest first.
    pub by_model: Vec<ModelSpend>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ModelSpend {
    pub model: String,
    pub calls: u64,
    pub cost_micro_usd: MicroUsd,
}

/// The demonstration: a throw-away project, a session, a recorded model, a running operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DemoStarted {
    pub project: crate::project::Project,
    pub session_id: SessionId,
    pub operation: crate::operation::OperationStarted,
    /// What to say about it: only the model's words are recorded.
    pub note: String,
}
