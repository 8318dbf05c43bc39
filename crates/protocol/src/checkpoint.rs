//! Checkpoints: what each tool call, background command, undo and rewind did to files, what
//! keeping it costs, and how it is let go.

use serde::{Deserialize, Serialize};

use crate::change::{FileChange, Resolve, UndoConflict};
use crate::{CallId, CheckpointId, OperationId, ProjectId, SessionId, UtcMs};

/// What changed the files of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum CheckpointKind {
    /// A tool that writes files.
    Write,
    /// A command.
    Command,
    /// A background command, after its call had ended. Others may have changed files meanwhile.
    Job,
    /// Found at the start after Mira had been killed in the middle of a call.
    Recovered,
    /// The person took changes back, or brought them back.
    Undo,
    Redo,
    /// The person kept or rejected a file or a hunk.
    Review,
    /// The person went back to a message or a call.
    Rewind,
    /// The person put a single checkpoint's files into another state.
    Restore,
}

/// One checkpoint, in a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CheckpointLine {
    pub checkpoint_id: CheckpointId,
    pub session_id: SessionId,
    pub session_name: String,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    #[serde(default)]
    pub operation_id: Option<OperationId>,
    #[serde(default)]
    pub call_id: Option<CallId>,
    pub kind: CheckpointKind,
    /// The tool, or the command's line.
    pub title: String,
    /// The newest event of the session when it was made: `session.rewind` with a `seq` up to this
    /// one takes it back.
    pub seq: u64,
    pub at: UtcMs,
    /// Files and links, folders left out.
    pub files: u64,
    /// The first of them.
    pub first_paths: Vec<String>,
    /// Bytes of all contents before and after, as if each were kept by itself.
    pub logical_bytes: u64,
    /// Its contents are (or will be) removed; `checkpoint.unprune` can help until then.
    pub pruned: bool,
    /// Until when `checkpoint.unprune` brings it back.
    #[serde(default)]
    pub restorable_until: Option<UtcMs>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ListCheckpoints {
    #[serde(default)]
    pub session_id: Option<SessionId>,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    #[serde(default)]
    pub operation_id: Option<OperationId>,
    /// Part of a path or of the title.
    #[serde(default)]
    pub search: Option<String>,
    /// The pruned ones instead.
    #[serde(default)]
    pub pruned: Option<bool>,
    /// Default 50, at most 500.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Only older ones than this.
    #[serde(default)]
    pub before: Option<CheckpointId>,
}

/// Newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CheckpointList {
    pub checkpoints: Vec<CheckpointLine>,
    /// How many there are in all, whatever the limit.
    pub total: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct CheckpointRef {
    pub checkpoint_id: CheckpointId,
}

/// One checkpoint with its files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CheckpointDetail {
    pub line: CheckpointLine,
    /// Without hunks where the contents are gone.
    pub files: Vec<FileChange>,
    /// Folders that were made, removed or whose permissions changed.
    pub folders: Vec<String>,
    pub not_covered: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Before,
    After,
}

/// Puts the files of one checkpoint (or only `paths`) into the state before or after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct RestoreCheckpoint {
    pub checkpoint_id: CheckpointId,
    pub to: Side,
    #[serde(default)]
    pub paths: Option<Vec<String>>,
    #[serde(default)]
    pub preview: Option<bool>,
    #[serde(default)]
    pub resolve: Option<Vec<Resolve>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RestoreDone {
    pub session_id: SessionId,
    /// Paths that were put back (with `preview`: that would be).
    pub paths: Vec<String>,
    /// Nothing was touched where there is any and no `paths` were named.
    pub conflicts: Vec<UndoConflict>,
    pub preview: bool,
    /// The checkpoint of this restore: put it to `before` to take the restore back.
    #[serde(default)]
    pub checkpoint_id: Option<CheckpointId>,
}

/// What checkpoints keep, and what that takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CheckpointUsage {
    pub checkpoints: u64,
    /// Paths in them, counted in each.
    pub files: u64,
    /// Bytes of all their contents before and after, as if each were kept by itself.
    pub logical_bytes: u64,
    /// Bytes of the different contents among them: the same content is kept once.
    pub distinct_bytes: u64,
    /// Bytes on disk for those, compressed where that pays.
    pub stored_bytes: u64,
    /// Bytes on disk for files as they are now, kept so that the next command can be taken back.
    pub current_bytes: u64,
    /// Everything in the store of contents, in bytes and files.
    pub disk_bytes: u64,
    pub disk_files: u64,
    /// What a clean-up would free now.
    pub reclaimable_bytes: u64,
    #[serde(default)]
    pub oldest_at: Option<UtcMs>,
    /// Pruned ones whose contents are still there.
    pub pruned_waiting: u64,
    /// The limits; None: none.
    #[serde(default)]
    pub limit_days: Option<u64>,
    #[serde(default)]
    pub limit_bytes: Option<u64>,
}

/// Lets checkpoints go: the named ones, those older than so many days, those of a session; or
/// the oldest until the rest takes no more than so many bytes. Where nothing is named, what the
/// limits of the settings do not allow. Their contents are removed after a day; until then
/// `checkpoint.unprune` brings them back. Files of projects are not touched.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct PruneCheckpoints {
    #[serde(default)]
    pub checkpoint_ids: Option<Vec<CheckpointId>>,
    #[serde(default)]
    pub session_id: Option<SessionId>,
    #[serde(default)]
    pub older_than_days: Option<u64>,
    #[serde(default)]
    pub keep_bytes: Option<u64>,
    /// Remove the contents at once; they cannot be brought back then.
    #[serde(default)]
    pub now: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PruneReport {
    pub checkpoints: Vec<CheckpointId>,
    /// Freed on disk, in bytes; 0 while they wait.
    pub freed_bytes: u64,
    #[serde(default)]
    pub restorable_until: Option<UtcMs>,
}

/// Brings pruned checkpoints back whose contents are still there; all of them where none is named.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct UnpruneCheckpoints {
    #[serde(default)]
    pub checkpoint_ids: Option<Vec<CheckpointId>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct UnpruneReport {
    pub checkpoints: Vec<CheckpointId>,
}
