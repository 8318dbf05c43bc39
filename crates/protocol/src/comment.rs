//! Remarks on lines, gathered while reviewing, that go to the model as one message.

use serde::{Deserialize, Serialize};

pub use crate::checkpoint::Side;
use crate::operation::StartOperation;
use crate::{CommentId, OperationId, SessionId, UtcMs};

/// A remark that was not sent yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Comment {
    pub id: CommentId,
    pub session_id: SessionId,
    /// Whose change it is about; None: the file as it is, or changes since the last commit.
    #[serde(default)]
    pub operation_id: Option<OperationId>,
    /// Relative to the project root.
    pub path: String,
    pub side: Side,
    /// 1-based, both inclusive, counted on that side.
    pub line: u32,
    pub end_line: u32,
    /// The lines, as they were shown.
    pub quote: String,
    pub text: String,
    pub created_at: UtcMs,
    pub updated_at: UtcMs,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ListComments {
    pub session_id: SessionId,
}

/// By path and line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CommentList {
    pub comments: Vec<Comment>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AddComment {
    pub session_id: SessionId,
    #[serde(default)]
    pub operation_id: Option<OperationId>,
    pub path: String,
    pub side: Side,
    pub line: u32,
    /// Default: `line`.
    #[serde(default)]
    pub end_line: Option<u32>,
    #[serde(default)]
    pub quote: String,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct EditComment {
    pub comment_id: CommentId,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct CommentRef {
    pub comment_id: CommentId,
}

/// All remarks of the session as one message; they are gone once it is on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SendComments {
    pub session_id: SessionId,
    /// How to run it. Its `content` stands before the remarks and may be empty; the session is
    /// that of the remarks.
    #[serde(default)]
    pub start: StartOperation,
}
