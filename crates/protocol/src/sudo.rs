//! Commands with more rights: what may be asked for, what never runs, what was asked and run.

use serde::{Deserialize, Serialize};

use crate::{ApprovalId, OperationId, SessionId, UtcMs};

/// What an [`Approval`](crate::approval::Approval) of an elevated command adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Elevation {
    /// Whose rights it gets: "root".
    pub user: String,
    /// What is run, word by word; the program as a whole path.
    pub argv: Vec<String>,
    /// Names of the variables that the command is given.
    pub environment: Vec<String>,
    /// Hash over argv, the program's content, folder, variables, user and session, in hexadecimal.
    /// What is run must have the same.
    pub binding: String,
    /// Whether somebody can be asked for a password where this engine runs.
    pub prompt: bool,
}

/// How a rule of these lists matches a command. Words are compared, never text across words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", content = "text", rename_all = "snake_case")]
pub enum SudoMatch {
    /// The whole command, word for word.
    Exact(String),
    /// Its first words.
    Prefix(String),
    /// A regular expression on the whole command, from its beginning to its end.
    Pattern(String),
    /// Built in, by name; understands what the command does.
    Builtin(String),
}

/// A command that the person knows: it can run without a question where they said so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SudoPermission {
    pub id: i64,
    pub name: String,
    pub description: String,
    pub matches: SudoMatch,
    /// False: it runs without a question (a password may still be asked for).
    pub requires_approval: bool,
    pub enabled: bool,
    pub created_at: UtcMs,
    #[serde(default)]
    pub last_used_at: Option<UtcMs>,
    pub use_count: u64,
    pub notes: String,
    /// Removed then; it counts no more and can be brought back.
    #[serde(default)]
    pub removed_at: Option<UtcMs>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AddSudoPermission {
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// Not built in.
    pub matches: SudoMatch,
    /// Default true.
    #[serde(default)]
    pub requires_approval: Option<bool>,
    #[serde(default)]
    pub notes: String,
}

/// Only what is given changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ChangeSudoPermission {
    pub id: i64,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub matches: Option<SudoMatch>,
    #[serde(default)]
    pub requires_approval: Option<bool>,
    #[serde(default)]
    pub enabled: Option<bool>,
    #[serde(default)]
    pub notes: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SudoRef {
    pub id: i64,
}

/// Which of the known commands, or of the block list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ListSudo {
    /// A part of name, description, command or notes.
    #[serde(default)]
    pub search: Option<String>,
    /// Those that were removed, instead of those that count.
    #[serde(default)]
    pub removed: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SudoPermissions {
    pub permissions: Vec<SudoPermission>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// A command that never runs with more rights, whatever is approved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SudoBlock {
    pub id: i64,
    pub name: String,
    pub description: String,
    pub matches: SudoMatch,
    pub severity: Severity,
    /// One of those that Mira comes with; it can be switched off and not removed.
    pub is_default: bool,
    pub enabled: bool,
    pub created_at: UtcMs,
    pub notes: String,
    /// Removed then; it counts no more and can be brought back.
    #[serde(default)]
    pub removed_at: Option<UtcMs>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AddSudoBlock {
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// Not built in.
    pub matches: SudoMatch,
    /// Default high.
    #[serde(default)]
    pub severity: Option<Severity>,
    #[serde(default)]
    pub notes: String,
}

/// Only what is given changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ChangeSudoBlock {
    pub id: i64,
    #[serde(default)]
    pub enabled: Option<bool>,
    #[serde(default)]
    pub severity: Option<Severity>,
    #[serde(default)]
    pub notes: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SudoBlocklist {
    pub blocks: Vec<SudoBlock>,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SudoStatus {
    /// Waits for the person.
    Pending,
    Approved,
    Denied,
    /// Nobody answered in time.
    Expired,
    /// The operation ended before it was answered, or before it was run.
    Cancelled,
    /// It runs now.
    Running,
    /// It ran; `exit_code` says how it ended.
    Executed,
    /// It was approved and did not run: what was to run is not what was approved.
    Refused,
}

/// Asked once, answered once, run once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SudoRequest {
    pub id: ApprovalId,
    pub session_id: SessionId,
    pub operation_id: OperationId,
    /// As a person reads it.
    pub command: String,
    pub argv: Vec<String>,
    pub user: String,
    pub working_dir: String,
    /// Why, in the model's words.
    pub reason: String,
    pub status: SudoStatus,
    pub binding: String,
    pub created_at: UtcMs,
    pub expires_at: UtcMs,
    #[serde(default)]
    pub responded_at: Option<UtcMs>,
    #[serde(default)]
    pub executed_at: Option<UtcMs>,
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// The permission that knew the command.
    #[serde(default)]
    pub permission_id: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ListSudoRequests {
    /// A part of command, folder or reason.
    #[serde(default)]
    pub search: Option<String>,
    /// None: all.
    #[serde(default)]
    pub status: Option<SudoStatus>,
    /// Default 100, at most 1,000.
    #[serde(default)]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SudoRequests {
    /// Newest first.
    pub requests: Vec<SudoRequest>,
    /// Whether there are older ones.
    pub more: bool,
}

/// The person's answer. Only to what was shown: with `binding` another one is refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct DecideSudo {
    pub request_id: ApprovalId,
    pub allow: bool,
    #[serde(default)]
    pub binding: Option<String>,
}

/// What happened to an elevated command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SudoOutcome {
    /// It ran and ended.
    Ran,
    /// It ran, and was told to stop.
    Stopped,
    /// It could not be run: no password, no program for it.
    Failed,
    Denied,
    Expired,
    Cancelled,
    /// The block list has it.
    Blocked,
    /// Altered, used already, or too late.
    Refused,
    /// The person was never asked: it cannot be run from words alone, or nobody is there to ask.
    NotAsked,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SudoAudit {
    pub id: i64,
    pub at: UtcMs,
    pub outcome: SudoOutcome,
    pub command: String,
    pub working_dir: String,
    pub session_id: SessionId,
    pub operation_id: OperationId,
    #[serde(default)]
    pub request_id: Option<ApprovalId>,
    /// The permission that let it through, or the entry of the block list that stopped it.
    #[serde(default)]
    pub rule: Option<String>,
    /// "person", "permission"; empty where nobody did.
    pub authorized_by: String,
    #[serde(default)]
    pub exit_code: Option<i32>,
    #[serde(default)]
    pub duration_ms: Option<u64>,
    /// The end of its output; at most 4 KiB.
    pub output: String,
    /// Why it did not run.
    pub detail: String,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ReadSudoAudit {
    /// A part of command, folder, rule, output or detail.
    #[serde(default)]
    pub search: Option<String>,
    #[serde(default)]
    pub outcome: Option<SudoOutcome>,
    #[serde(default)]
    pub session_id: Option<SessionId>,
    /// Entries with a smaller id: the next page.
    #[serde(default)]
    pub before: Option<i64>,
    /// Default 100, at most 1,000.
    #[serde(default)]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SudoAuditPage {
    /// Newest first.
    pub entries: Vec<SudoAudit>,
    pub more: bool,
}
