//! Sessions: conversations.

use serde::{Deserialize, Serialize};

use crate::code::RankReason;
use crate::{MicroUsd, OperationId, OperationId as Op, ProjectId, SessionId, StoredEvent, UtcMs};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    #[default]
    Voice,
    Codex,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Session {
    pub id: SessionId,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    pub kind: SessionKind,
    /// Empty until a title was made or given.
    pub name: String,
    pub pinned: bool,
    pub deleted: bool,
    pub message_count: u64,
    pub last_message_preview: String,
    pub created_at: UtcMs,
    pub last_active_at: UtcMs,
    /// The newest event's number; 0 for an empty session.
    pub last_seq: u64,
    /// The operation that runs now, if any.
    #[serde(default)]
    pub running_operation_id: Option<Op>,
    /// An interrupted operation that can be resumed, if the newest one is.
    #[serde(default)]
    pub resumable_operation_id: Option<Op>,
    #[serde(default)]
    pub forked_from: Option<SessionId>,
    pub cost_micro_usd: MicroUsd,
    /// A waiting approval.
    pub awaiting_approval: bool,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub kind: SessionKind,
}

/// Newest activity first, pinned ones before all others.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ListSessions {
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    /// Part of the name.
    #[serde(default)]
    pub search: Option<String>,
    /// Default 50, at most 500.
    #[serde(default)]
    pub limit: Option<u32>,
    #[serde(default)]
    pub offset: Option<u32>,
    /// Show the deleted ones instead (they can be restored).
    #[serde(default)]
    pub deleted: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SessionList {
    pub sessions: Vec<Session>,
    pub total: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SessionRef {
    pub session_id: SessionId,
}

/// The newest session, of one project where given.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct LastSession {
    #[serde(default)]
    pub project_id: Option<ProjectId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MaybeSession {
    #[serde(default)]
    pub session: Option<Session>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct RenameSession {
    pub session_id: SessionId,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct PinSession {
    pub session_id: SessionId,
    pub pinned: bool,
}

/// A new session that begins as a copy of this one, up to and including event `up_to_seq`
/// (default: all). Files are not touched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ForkSession {
    pub session_id: SessionId,
    #[serde(default)]
    pub up_to_seq: Option<u64>,
    #[serde(default)]
    pub name: Option<String>,
}

/// Stored events with `seq` over `since_seq`, in order; or the newest ones before `before_seq`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SessionEvents {
    pub session_id: SessionId,
    #[serde(default)]
    pub since_seq: u64,
    /// Default and at most 5,000.
    #[serde(default)]
    pub limit: Option<u32>,
    /// From the newest end instead: the last events before this number (0: before the end),
    /// about `limit` of them, more where that would cut through an operation.
    #[serde(default)]
    pub before_seq: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EventPage {
    pub events: Vec<StoredEvent>,
    /// More follow, ask again with the last `seq`; of a page from the newest end: there are
    /// earlier ones, ask again with the first `seq`.
    pub more: bool,
    /// What is being written right now and is not stored yet, so that a late client sees it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub live: Vec<crate::Signal>,
}

/// Messages and tool output of all sessions that are not deleted, by their words; messages of
/// projects' sessions by meaning too.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SearchSessions {
    pub query: String,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    #[serde(default)]
    pub session_id: Option<SessionId>,
    /// Only what this one said.
    #[serde(default)]
    pub role: Option<SearchRole>,
    /// Only answers of the tool with this name.
    #[serde(default)]
    pub tool: Option<String>,
    /// Only operations that this model answered.
    #[serde(default)]
    pub model: Option<String>,
    /// From this moment on.
    #[serde(default)]
    pub since: Option<UtcMs>,
    /// Before this moment.
    #[serde(default)]
    pub until: Option<UtcMs>,
    /// Default 20, at most 200.
    #[serde(default)]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SearchRole {
    User,
    Assistant,
    Tool,
}

impl SearchRole {
    /// As on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SearchHits {
    pub hits: Vec<SearchHit>,
    /// Whether meaning took no part, or only in part, why, and what to do.
    #[serde(default)]
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SearchHit {
    pub session_id: SessionId,
    pub session_name: String,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    pub seq: u64,
    #[serde(default)]
    pub operation_id: Option<OperationId>,
    pub role: SearchRole,
    /// Which tool answered, where one did.
    #[serde(default)]
    pub tool: Option<String>,
    /// Which model the operation had.
    #[serde(default)]
    pub model: Option<String>,
    /// A piece of the text; what matched stands between U+0002 and U+0003.
    pub snippet: String,
    pub at: UtcMs,
    /// What its place is made of: "words", "meaning".
    #[serde(default)]
    pub reasons: Vec<RankReason>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    Markdown,
    /// Every event, as stored.
    Json,
    /// A page to hand on: no scripts, nothing from elsewhere, secrets masked.
    Html,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ExportSession {
    pub session_id: SessionId,
    pub format: ExportFormat,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ExportedSession {
    pub file_name: String,
    pub content: String,
}
