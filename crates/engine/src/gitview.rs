//! A project's repository, as people see it.

use std::path::PathBuf;

use mira_git::{Changed, GitError, Target, Version};
use mira_protocol::change::{ChangeKind, FileChange, FileChangeSummary, FileState, ReviewMark};
use mira_protocol::git::{
    Commit, CommitList, GitChanges, GitDiff, GitDiffText, GitLog, GitStatus, GitStatusLine,
};
use mira_protocol::project::ProjectRef;
use mira_protocol::{Code, Failure, ProjectId};

use mira_workspace::{Hash, Kind, diff};

use crate::changes::{blocking, pending, told as told_state};
use crate::files::existing;
use crate::projects::Projects;

/// The most text of one diff, in bytes.
const MOST_DIFF_BYTES: usize = 2 * 1024 * 1024;
/// The most files of one diff that are told with their hunks.
const MOST_FILES: usize = 1_000;
/// Larger contents are told by their size only, in bytes.
const MOST_CONTENT_BYTES: u64 = 8 * 1024 * 1024;
/// The most commits that are told at once.
const MOST_COMMITS: u32 = 500;

#[derive(Clone)]
pub struct GitView {
    projects: Projects,
}

impl GitView {
    pub fn new(projects: Projects) -> Self {
        Self { projects }
    }

    /// Branch and changed files; a folder without a repository is no error.
    pub async fn status(&self, request: ProjectRef) -> Result<GitStatus, Failure> {
        let root = self.root(&request.project_id).await?;
        let status = blocking(move || mira_git::status(&root))
            .await?
            .map_err(told)?;
        let line = |line: mira_git::StatusLine| GitStatusLine {
            path: line.path,
            state: line.state.to_owned(),
            staged: line.staged,
        };
        Ok(GitStatus {
            is_repo: status.is_repo,
            branch: status.branch,
            changed: status.changed.into_iter().map(line).collect(),
        })
    }

    /// A unified diff.
    pub async fn diff(&self, request: GitDiff) -> Result<GitDiffText, Failure> {
        let target = target(&request)?;
        let root = self.root(&request.project_id).await?;
        let diff = blocking(move || {
            mira_git::diff(&root, &target, request.path.as_deref(), MOST_DIFF_BYTES)
        })
        .await?
        .map_err(told)?;
        Ok(GitDiffText {
            diff: diff.text,
            files: diff.files as u32,
            additions: diff.additions as u32,
            deletions: diff.deletions as u32,
            truncated: diff.truncated,
        })
    }

    /// A diff file by file, with hunks.
    pub async fn changes(&self, request: GitDiff) -> Result<GitChanges, Failure> {
        let target = target(&request)?;
        let root = self.root(&request.project_id).await?;
        blocking(move || {
            let path = request.path.as_deref();
            let (files, truncated) =
                mira_git::changed(&root, &target, path, MOST_FILES, MOST_CONTENT_BYTES)
                    .map_err(told)?;
            Ok(GitChanges {
                files: files.iter().map(file).collect(),
                truncated,
            })
        })
        .await?
    }

    /// A path's content in the newest commit.
    pub(crate) async fn at_head(
        &self,
        project: &ProjectId,
        path: &str,
    ) -> Result<Vec<u8>, Failure> {
        let root = self.root(project).await?;
        let (asked, path) = (path.to_owned(), path.to_owned());
        let version = blocking(move || mira_git::at_head(&root, &asked, MOST_CONTENT_BYTES))
            .await?
            .map_err(told)?;
        let version =
            version.ok_or_else(|| Failure::not_found(format!("{path} in the newest commit")))?;
        version.content.ok_or_else(|| {
            Failure::new(
                Code::BadParams,
                format!("{path} is too large to be shown: {} bytes.", version.size),
            )
        })
    }

    /// Commits, newest first.
    pub async fn log(&self, request: GitLog) -> Result<CommitList, Failure> {
        let root = self.root(&request.project_id).await?;
        let limit = request.limit.unwrap_or(50).min(MOST_COMMITS) as usize;
        let commits = blocking(move || mira_git::log(&root, limit, request.path.as_deref()))
            .await?
            .map_err(told)?;
        let commit = |commit: mira_git::Commit| Commit {
            hash: commit.hash,
            author: commit.author,
            email: commit.email,
            at: commit.at,
            subject: commit.subject,
        };
        Ok(CommitList {
            commits: commits.into_iter().map(commit).collect(),
        })
    }

    async fn root(&self, project: &ProjectId) -> Result<PathBuf, Failure> {
        Ok(PathBuf::from(existing(&self.projects, project).await?.path))
    }
}

/// What to compare. The seed's clients name only what they compare with.
fn target(request: &GitDiff) -> Result<Target, Failure> {
    let missing =
        |field: &str| Failure::new(Code::BadParams, format!("This diff needs `{field}`."));
    let implied = match (&request.base, &request.commit) {
        (Some(_), _) => "branch",
        (None, Some(_)) => "commit",
        (None, None) => "uncommitted",
    };
    match request.target.as_deref().unwrap_or(implied) {
        "uncommitted" => Ok(Target::Uncommitted),
        "staged" => Ok(Target::Staged),
        "branch" => {
            let base = request.base.clone().ok_or_else(|| missing("base"))?;
            Ok(Target::Branch { base })
        }
        "commit" => {
            let commit = request.commit.clone().ok_or_else(|| missing("commit"))?;
            Ok(Target::Commit { commit })
        }
        other => Err(Failure::new(
            Code::BadParams,
            format!(
                "{other:?} is no target of a diff: uncommitted, staged, branch and commit are."
            ),
        )),
    }
}

fn told(error: GitError) -> Failure {
    let code = match &error {
        GitError::NotARepository(_) => Code::Conflict,
        GitError::BadReference(_) => Code::BadParams,
        GitError::Failed { .. } => Code::Internal,
    };
    Failure::new(code, error.to_string())
}

fn file(changed: &Changed) -> FileChange {
    let bytes = |version: &Option<Version>| {
        let version = version.as_ref();
        version.and_then(|version| version.content.clone())
    };
    let too_large = |version: &Option<Version>| {
        let version = version.as_ref();
        version.is_some_and(|version| version.content.is_none())
    };
    let (was, is) = (
        bytes(&changed.before).unwrap_or_default(),
        bytes(&changed.after).unwrap_or_default(),
    );
    let unread = too_large(&changed.before) || too_large(&changed.after);
    let found = if unread {
        diff::FileDiff::default()
    } else {
        diff::between(&was, &is)
    };
    let change = match (&changed.before, &changed.after) {
        (None, _) => ChangeKind::Created,
        (_, None) => ChangeKind::Deleted,
        (Some(before), Some(after)) if before.content == after.content && !unread => {
            match changed.renamed_from {
                Some(_) => ChangeKind::Modified,
                None => ChangeKind::Mode,
            }
        }
        _ => ChangeKind::Modified,
    };
    FileChange {
        summary: FileChangeSummary {
            path: changed.path.clone(),
            change,
            additions: found.additions as u32,
            deletions: found.deletions as u32,
            binary: found.binary,
        },
        mark: ReviewMark::Pending,
        hunks: found.hunks.into_iter().map(pending).collect(),
        too_large: found.too_large || unread,
        edited_since: false,
        undone: false,
        mode_before: changed.before.as_ref().map(|version| version.mode),
        mode_after: changed.after.as_ref().map(|version| version.mode),
        renamed_from: changed.renamed_from.clone(),
        renamed_to: None,
        before: changed.before.as_ref().map(state),
        after: changed.after.as_ref().map(state),
    }
}

fn state(version: &Version) -> FileState {
    let kind = if version.link {
        Kind::Symlink
    } else {
        Kind::File
    };
    let content = version.content.as_deref();
    FileState {
        hash: content.map(|content| Hash::of(content).to_hex()),
        ..told_state(kind, version.size, content.unwrap_or_default())
    }
}
