//! What operations did to files, reviewed and taken back.

use serde::{Deserialize, Serialize};

use crate::{CheckpointId, OperationId, SessionId, UtcMs};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    Created,
    Modified,
    Deleted,
    /// Only the permission bits.
    Mode,
}

/// One line about one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FileChangeSummary {
    /// Relative to the project root, `/` between parts.
    pub path: String,
    pub change: ChangeKind,
    /// Lines; zero for binary files.
    pub additions: u32,
    pub deletions: u32,
    #[serde(default)]
    pub binary: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ReviewMark {
    /// Not looked at yet: on disk.
    Pending,
    /// Kept: on disk.
    Kept,
    /// Rejected: not on disk.
    Rejected,
}

/// A file that an operation changed, between its content before the operation and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FileChange {
    #[serde(flatten)]
    pub summary: FileChangeSummary,
    pub mark: ReviewMark,
    /// Empty for binary files, and for files over 2 MiB (then `too_large`).
    pub hunks: Vec<Hunk>,
    #[serde(default)]
    pub too_large: bool,
    /// The file on disk is neither what the operation left nor what review made of it: somebody
    /// else edited it. Undo refuses it; hunks can still be read.
    pub edited_since: bool,
    /// The operation's change is taken back at present.
    pub undone: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode_before: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode_after: Option<u32>,
    /// The file that this one was before: it was moved here, perhaps with edits. The hunks then
    /// lie between that file and this one. That file has a line of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<String>,
    /// Where a deleted file went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_to: Option<String>,
    /// None: it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<FileState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<FileState>,
}

/// One content of a path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FileState {
    pub kind: FileKind,
    pub size_bytes: u64,
    /// BLAKE3, 64 hexadecimal digits; None where the content is too large to be looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Of a text that is not too large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<u32>,
    /// Where a symbolic link points to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// "image/png", … where the content is an image that a screen can show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    File,
    Symlink,
    Folder,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Hunk {
    /// Stable for the life of the change; name it in `operation.review`.
    pub id: String,
    /// 1-based first line before and after, with the number of lines of each.
    pub old_start: u32,
    pub old_lines: u32,
    pub new_start: u32,
    pub new_lines: u32,
    pub mark: ReviewMark,
    pub lines: Vec<DiffLine>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DiffLine {
    pub kind: DiffLineKind,
    /// Without its line ending.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum DiffLineKind {
    Context,
    Added,
    Removed,
    /// "\ No newline at end of file"
    NoNewline,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ChangeSet {
    pub operation_id: OperationId,
    pub undone: bool,
    pub files: Vec<FileChange>,
    /// What the checkpoint could not cover, in words ("target/ (ignored, 2.1 GB)").
    pub not_covered: Vec<String>,
    /// The contents were removed to save space: what changed can be named, not shown or undone.
    #[serde(default)]
    pub pruned: bool,
}

/// What all operations of a session did to files, first state to last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SessionChanges {
    pub session_id: SessionId,
    /// Those that changed files, oldest first.
    pub operations: Vec<ChangingOperation>,
    pub files: Vec<SessionFileChange>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ChangingOperation {
    pub operation_id: OperationId,
    /// What was asked.
    pub message: String,
    pub created_at: UtcMs,
    pub undone: bool,
}

/// A file with all that the session made of it. Where one operation changed it, its hunks are that
/// operation's and can be reviewed through it; where several did, they are for reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SessionFileChange {
    #[serde(flatten)]
    pub file: FileChange,
    /// Oldest first.
    pub operations: Vec<OperationId>,
}

/// Keep or reject a whole file, or one hunk of it. What is rejected leaves the disk at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Review {
    pub operation_id: OperationId,
    pub path: String,
    #[serde(default)]
    pub hunk: Option<String>,
    pub mark: ReviewMark,
    /// What to do if somebody else changed the file meanwhile; without it that is a conflict.
    #[serde(default)]
    pub resolve: Option<Choice>,
}

/// Take back (or bring back) an operation's changes: all of them, or only those of `paths`.
/// Without `operation_id`: the newest operation with changes of `session_id`, or of the project of `project_path`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct UndoRequest {
    #[serde(default)]
    pub operation_id: Option<OperationId>,
    #[serde(default)]
    pub session_id: Option<SessionId>,
    #[serde(default)]
    pub project_path: Option<String>,
    #[serde(default)]
    pub paths: Option<Vec<String>>,
    /// Only tell what would be done.
    #[serde(default)]
    pub preview: Option<bool>,
    /// What to do where somebody else changed a file meanwhile.
    #[serde(default)]
    pub resolve: Option<Vec<Resolve>>,
}

/// What to do with a file that is not as the last change of Mira left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Leave it as it is on disk.
    Keep,
    /// Put our state in its place; what is there now is stored and can be brought back.
    Take,
    /// Take only our own change back and leave the other one (three-way, by lines).
    Merge,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// A path, or "*" for every conflict that is not named and offers the choice.
    pub path: String,
    pub choice: Choice,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct UndoReport {
    pub operation_id: OperationId,
    pub session_id: SessionId,
    /// Paths that were put back (with `preview`: that would be).
    pub paths: Vec<String>,
    /// Paths that were left alone, with the reason; nothing was touched if any file conflicts
    /// and no `paths` were named.
    pub conflicts: Vec<UndoConflict>,
    /// Nothing was done; this is what would be.
    #[serde(default)]
    pub preview: bool,
    /// What this could not cover, in words: a background command's later changes, for one.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The checkpoint of this very step, by which it can itself be taken back.
    #[serde(default)]
    pub checkpoint_id: Option<CheckpointId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct UndoConflict {
    pub path: String,
    pub reason: String,
    /// What can be answered (`resolve`); empty where nothing can be done from here.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// What others changed in it since, where that can be shown.
    #[serde(default)]
    pub hunks: Vec<Hunk>,
}
