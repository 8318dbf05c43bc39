//! Reading a repository.

use serde::{Deserialize, Serialize};

use crate::change::FileChange;
use crate::code::RankReason;
use crate::{ProjectId, UtcMs};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct GitDiff {
    pub project_id: ProjectId,
    /// "uncommitted" (default), "staged", "branch" (against `base`) or "commit" (`commit`).
    #[serde(default)]
    pub target: Option<String>,
    #[serde(default, alias = "base_branch")]
    pub base: Option<String>,
    #[serde(default, alias = "commit_hash")]
    pub commit: Option<String>,
    #[serde(default)]
    pub path: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct GitDiffText {
    /// Unified.
    pub diff: String,
    pub files: u32,
    pub additions: u32,
    pub deletions: u32,
    pub truncated: bool,
}

/// A diff file by file, with hunks; nothing in it is marked or undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct GitChanges {
    /// By path.
    pub files: Vec<FileChange>,
    /// Further files changed that are not told.
    pub truncated: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct GitLog {
    pub project_id: ProjectId,
    /// Default 50, at most 500.
    #[serde(default)]
    pub limit: Option<u32>,
    #[serde(default)]
    pub path: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CommitList {
    pub commits: Vec<Commit>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Commit {
    pub hash: String,
    pub author: String,
    pub email: String,
    pub at: UtcMs,
    pub subject: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct GitStatus {
    /// False: not a repository, and all else is empty.
    pub is_repo: bool,
    #[serde(default)]
    pub branch: Option<String>,
    pub changed: Vec<GitStatusLine>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct GitStatusLine {
    pub path: String,
    /// "new", "modified", "deleted", "renamed", "conflicted"
    pub state: String,
    pub staged: bool,
}

/// Commits by what was said and which files were touched: words and meaning together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SearchCommits {
    pub project_id: ProjectId,
    pub query: String,
    /// Only commits that touched this file, or something below this folder.
    #[serde(default)]
    pub path: Option<String>,
    /// Default 20, at most 100.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Say why each ranks where it does.
    #[serde(default)]
    pub explain: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CommitHits {
    /// The best first.
    pub hits: Vec<CommitHit>,
    pub truncated: bool,
    /// What the answer lacks, for people.
    #[serde(default)]
    pub notes: Vec<String>,
    /// More commits are being read: asked again, the answer may be another.
    pub is_reading: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CommitHit {
    pub commit: Commit,
    /// The message after its subject, secrets masked.
    pub body: String,
    /// Files that it touched, the first of them.
    pub paths: Vec<String>,
    /// Further ones that are not told.
    pub more_paths: u32,
    /// Of the best hit 1.
    pub score: f64,
    #[serde(default)]
    pub reasons: Vec<RankReason>,
}
