//! Hooks: the person's programs around sessions, operations, tools and commands.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CallId, OperationId, ProjectId, SessionId, UtcMs};

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum HookPoint {
    /// Before the first operation of a session since the engine began.
    BeforeSession,
    /// When the session is deleted, or the engine ends.
    AfterSession,
    BeforeOperation,
    AfterOperation,
    BeforeTool,
    AfterTool,
    /// Before a tool that runs a command.
    BeforeCommand,
    AfterCommand,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Go on, and say that the hook failed.
    #[default]
    Warn,
    /// What the hook stands before is denied.
    Deny,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum HookSource {
    /// `hooks.toml` in the config directory.
    User,
    /// `.mira/hooks.toml` of the project.
    Project,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Hook {
    pub name: String,
    pub source: HookSource,
    pub on: Vec<HookPoint>,
    /// Tools by name (`*` for any part); None: every tool.
    #[serde(default)]
    pub tool: Option<String>,
    /// Commands word by word, as in rules; None: every command.
    #[serde(default)]
    pub command: Option<String>,
    /// Program and arguments; run without a shell, in the project's folder.
    pub run: Vec<String>,
    pub timeout_ms: u64,
    /// It may use the whole network; the sandbox keeps it closed otherwise.
    pub network: bool,
    /// It may reach these hosts, and no other.
    #[serde(default)]
    pub hosts: Vec<String>,
    pub on_failure: OnFailure,
    pub enabled: bool,
    pub description: String,
    /// Why it does not run now: switched off, the folder is not trusted.
    #[serde(default)]
    pub waits: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields, default)]
pub struct ListHooks {
    /// Also this project's.
    pub project_id: Option<ProjectId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct HookList {
    /// In the order in which they run.
    pub hooks: Vec<Hook>,
    pub files: Vec<HookFile>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct HookFile {
    pub source: HookSource,
    /// Absolute.
    pub path: String,
    pub exists: bool,
    /// What in it is not understood. None of its hooks runs then.
    #[serde(default)]
    pub problem: Option<String>,
}

/// How a run of a hook ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum HookOutcome {
    Allowed,
    Denied,
    /// It changed the arguments.
    Changed,
    /// It could not be started, or ended with another code than 0.
    Failed,
    TimedOut,
    /// It ended well and said something that is no verdict.
    Garbage,
    /// The operation was stopped.
    Cancelled,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct HookRun {
    pub id: i64,
    pub at: UtcMs,
    pub hook: String,
    pub source: HookSource,
    pub point: HookPoint,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    #[serde(default)]
    pub session_id: Option<SessionId>,
    #[serde(default)]
    pub operation_id: Option<OperationId>,
    #[serde(default)]
    pub call_id: Option<CallId>,
    #[serde(default)]
    pub tool: Option<String>,
    pub outcome: HookOutcome,
    /// The hook's reason, or how it failed.
    pub reason: String,
    /// The end of what it wrote beside its verdict.
    pub output: String,
    pub duration_ms: u64,
    #[serde(default)]
    pub exit_code: Option<i32>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields, default)]
pub struct ReadHookLog {
    pub project_id: Option<ProjectId>,
    /// A part of the hook's name or of the reason.
    pub search: Option<String>,
    /// Only those that failed, were too slow, or said garbage.
    pub failed: bool,
    /// Older than this run.
    pub before_id: Option<i64>,
    /// At most so many (default 100, at most 1,000).
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct HookLog {
    /// Newest first.
    pub runs: Vec<HookRun>,
    pub more: bool,
}

/// Runs one hook with a made-up occasion; nothing else happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct TestHook {
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    pub name: String,
    /// Default: the first point that the hook names.
    #[serde(default)]
    pub point: Option<HookPoint>,
    #[serde(default)]
    pub tool: Option<String>,
    #[serde(default)]
    pub arguments: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct HookTest {
    /// What it was given on standard input.
    pub input: Value,
    pub run: HookRun,
    #[serde(default)]
    pub arguments: Option<Value>,
    #[serde(default)]
    pub context: Option<String>,
}
