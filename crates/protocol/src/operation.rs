//! Operations: one run of the engine for one message.

use serde::{Deserialize, Serialize};

use crate::message::Mention;
use crate::{Failure, MicroUsd, OperationId, ProjectId, SessionId, UtcMs};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OperationState {
    Pending,
    Started,
    Generating,
    Delegating,
    AwaitingApproval,
    Paused,
    Completed,
    Failed,
    Cancelled,
    Interrupted,
}

impl OperationState {
    /// No event of the operation follows a terminal state (a resumed operation is a new one).
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::Cancelled | Self::Interrupted
        )
    }
}

/// What the operation turned out to do, derived from what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    Chat,
    CodeGeneration,
    CodeModification,
    CodeReview,
    Refactor,
    Debug,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    Fast,
    Voice,
    Code,
    Agentic,
}

/// How far the tools of an operation may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Read inside the project, change nothing, run nothing.
    Read,
    /// Read and write inside the project.
    #[default]
    Project,
    /// Read and write inside the home folder.
    Home,
    /// Read and write wherever the OS user may.
    System,
}

/// What happens with a command that is neither safe nor remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ApproveMode {
    /// Ask the person and wait.
    #[default]
    Ask,
    /// Run only what needs no question; anything else ends the operation (`approval_needed`).
    Safe,
    /// As `Safe`, and even safe commands are refused: reads and edits only.
    Never,
    /// Run everything that may be approved at all.
    All,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Attachment {
    /// The name to show.
    pub name: String,
    /// "text/plain", "image/png", …
    pub media_type: String,
    /// A path inside the project, read when the operation starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The content itself, base64, at most 10 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_base64: Option<String>,
}

/// All five figures of a provider's usage report, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Usage {
    /// All input, the cached part included.
    pub input_tokens: u64,
    pub cached_tokens: u64,
    pub cache_write_tokens: u64,
    /// All output, the reasoning part included.
    pub output_tokens: u64,
    pub reasoning_tokens: u64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input_tokens += other.input_tokens;
        self.cached_tokens += other.cached_tokens;
        self.cache_write_tokens += other.cache_write_tokens;
        self.output_tokens += other.output_tokens;
        self.reasoning_tokens += other.reasoning_tokens;
    }
}

/// What a turn is asked that goes on where another one stopped.
pub const GO_ON: &str = "Go on where you stopped.";

/// Go on with an operation, on another tier or model where given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ResumeOperation {
    pub operation_id: OperationId,
    #[serde(default)]
    pub tier: Option<Tier>,
    #[serde(default)]
    pub model: Option<String>,
}

/// Ask. Without `session_id` a new session is made; without `project_id` the session's project
/// counts. Where the session is busy the operation is queued behind the running one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct StartOperation {
    pub content: String,
    #[serde(default)]
    pub session_id: Option<SessionId>,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// What the message points at; the engine reads it and tells it as named parts.
    #[serde(default)]
    pub mentions: Vec<Mention>,
    #[serde(default)]
    pub access: Access,
    #[serde(default)]
    pub approve: ApproveMode,
    #[serde(default)]
    pub tier: Option<Tier>,
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default)]
    pub max_cost_micro_usd: Option<MicroUsd>,
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// What the person looks at: an open file, a selection.
    #[serde(default)]
    pub focus: Option<Focus>,
}

/// The seed's chat `metadata`: what the person has open while asking.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Focus {
    #[serde(default)]
    pub file_path: Option<String>,
    #[serde(default)]
    pub selection: Option<Selection>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Selection {
    /// 1-based, inclusive.
    pub start_line: u32,
    pub end_line: u32,
    #[serde(default)]
    pub text: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OperationStarted {
    pub operation_id: OperationId,
    pub session_id: SessionId,
    /// True where another operation of the session runs first.
    pub queued: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct OperationRef {
    pub operation_id: OperationId,
}

/// A message into a running operation; the model reads it before its next step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Steer {
    pub operation_id: OperationId,
    pub content: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ListOperations {
    pub session_id: SessionId,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OperationList {
    pub operations: Vec<Operation>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Operation {
    pub id: OperationId,
    pub session_id: SessionId,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    pub state: OperationState,
    #[serde(default)]
    pub kind: Option<OperationKind>,
    pub user_message: String,
    #[serde(default)]
    pub tier: Option<Tier>,
    #[serde(default)]
    pub model: Option<String>,
    pub usage: Usage,
    pub cost_micro_usd: MicroUsd,
    #[serde(default)]
    pub failure: Option<Failure>,
    pub created_at: UtcMs,
    #[serde(default)]
    pub finished_at: Option<UtcMs>,
    /// True while its file changes are taken back.
    pub undone: bool,
}

/// The operation as a scenario file (YAML) that replays offline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ExportedScenario {
    /// A file name to offer.
    pub file_name: String,
    pub yaml: String,
}
