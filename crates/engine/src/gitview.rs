//! A project's repository, as people see it.

use std::path::PathBuf;

use mira_git::{GitError, Target};
use mira_protocol::git::{
    Commit, CommitList, GitDiff, GitDiffText, GitLog, GitStatus, GitStatusLine,
};
use mira_protocol::project::ProjectRef;
use mira_protocol::{Code, Failure, ProjectId};

use crate::changes::blocking;
use crate::files::existing;
use crate::projects::Projects;

/// The most text of one diff, in bytes.
const MOST_DIFF_BYTES: usize = 2 * 1024 * 1024;
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
