//! Approvals: a tool call waits until the person decides.

use serde::{Deserialize, Serialize};

use crate::sudo::Elevation;
use crate::{ApprovalId, CallId, OperationId, ProjectId, RuleId, SessionId, UtcMs};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Approval {
    pub id: ApprovalId,
    pub session_id: SessionId,
    pub operation_id: OperationId,
    pub call_id: CallId,
    pub tool: String,
    /// What is asked for: a shell line, "write /etc/hosts", "fetch https://…".
    pub command: String,
    /// The words that will be run, where it runs a program directly.
    #[serde(default)]
    pub argv: Option<Vec<String>>,
    pub cwd: String,
    /// Why the engine asks ("`npm publish` is not on the safe list").
    pub reason: String,
    /// Why the model says it wants this, in its words.
    #[serde(default)]
    pub purpose: Option<String>,
    /// It runs with more rights. Then it is never remembered, and the answer counts for exactly this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elevation: Option<Elevation>,
    /// What "always" would remember, exactly; None where it cannot be remembered.
    #[serde(default)]
    pub pattern: Option<String>,
    pub requested_at: UtcMs,
    /// Denied by itself at this time.
    pub expires_at: UtcMs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Allow,
    Deny,
    /// Allow, and remember the approval's `pattern` for the project.
    Always,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    Person,
    /// Nobody answered in time.
    Expiry,
    /// The operation was cancelled or interrupted.
    Operation,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct DecideApproval {
    pub approval_id: ApprovalId,
    pub decision: Decision,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ApprovalList {
    /// Those still waiting, oldest first.
    pub approvals: Vec<Approval>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Rule {
    pub id: RuleId,
    pub project_id: ProjectId,
    pub pattern: String,
    pub created_at: UtcMs,
    #[serde(default)]
    pub last_used_at: Option<UtcMs>,
    pub use_count: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RuleList {
    pub rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct RuleRef {
    pub rule_id: RuleId,
}
