//! Approvals: a tool call waits until the person decides.

use serde::{Deserialize, Serialize};

use crate::rule::RuleDraft;
use crate::sudo::Elevation;
use crate::{ApprovalId, CallId, OperationId, SessionId, UtcMs};

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
    /// The rules of "always" in a few words, for a button; None where there are none.
    #[serde(default)]
    pub pattern: Option<String>,
    /// The rules that "always" saves for the project; empty where nothing can be remembered.
    #[serde(default)]
    pub rules: Vec<RuleDraft>,
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
    /// Allow, and save the approval's `rules` for the project.
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
