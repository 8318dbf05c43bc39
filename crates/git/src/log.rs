//! Commits, newest first.

use std::path::Path;

use git2::{Commit as RawCommit, ErrorCode, Sort};

use crate::GitError;
use crate::repository::open;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// 40 hexadecimal digits.
    pub hash: String,
    pub author: String,
    pub email: String,
    /// UTC, milliseconds.
    pub at: i64,
    pub subject: String,
    /// The message after its subject, without blank lines around it.
    pub body: String,
}

/// How many commits a search by path looks at before it gives up.
const MAX_WALK: usize = 20_000;

/// The newest `limit` commits from HEAD on; with `path` only those that touched it. An empty
/// repository has none.
pub fn log(root: &Path, limit: usize, path: Option<&str>) -> Result<Vec<Commit>, GitError> {
    let opened = open(root)?;
    let path = match path.filter(|path| !path.is_empty()) {
        Some(path) => Some(opened.inside(path)?),
        None if !opened.prefix.is_empty() => Some(opened.prefix.clone()),
        None => None,
    };
    let path = path.filter(|path| !path.is_empty());
    let failed = GitError::failed("read the log");
    if opened
        .repository
        .head()
        .is_err_and(|error| error.code() == ErrorCode::UnbornBranch)
    {
        return Ok(Vec::new());
    }
    let mut walk = opened.repository.revwalk().map_err(&failed)?;
    walk.push_head().map_err(&failed)?;
    walk.set_sorting(Sort::TIME | Sort::TOPOLOGICAL)
        .map_err(&failed)?;
    let mut commits = Vec::new();
    for id in walk.take(MAX_WALK) {
        if commits.len() >= limit {
            break;
        }
        let id = id.map_err(&failed)?;
        let commit = opened.repository.find_commit(id).map_err(&failed)?;
        if match &path {
            Some(path) => touches(&commit, path).map_err(&failed)?,
            None => true,
        } {
            commits.push(told(&commit));
        }
    }
    Ok(commits)
}

/// The commit that a name or the beginning of a hash means.
pub fn commit(root: &Path, name: &str) -> Result<Commit, GitError> {
    Ok(told(&open(root)?.commit(name)?))
}

pub(crate) fn told(commit: &RawCommit<'_>) -> Commit {
    let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
    let (subject, body) = message.split_once('\n').unwrap_or((&message, ""));
    let author = commit.author();
    Commit {
        hash: commit.id().to_string(),
        author: String::from_utf8_lossy(author.name_bytes()).into_owned(),
        email: String::from_utf8_lossy(author.email_bytes()).into_owned(),
        at: author.when().seconds().saturating_mul(1000),
        subject: subject.trim().to_owned(),
        body: body.trim().to_owned(),
    }
}

/// Whether the commit differs from all its parents at `path`.
fn touches(commit: &RawCommit<'_>, path: &str) -> Result<bool, git2::Error> {
    let tree = commit.tree()?;
    let entry = |tree: &git2::Tree<'_>| {
        tree.get_path(Path::new(path))
            .ok()
            .map(|entry| (entry.id(), entry.filemode()))
    };
    if commit.parent_count() == 0 {
        return Ok(entry(&tree).is_some());
    }
    let now = entry(&tree);
    for parent in commit.parents() {
        if entry(&parent.tree()?) == now {
            return Ok(false);
        }
    }
    Ok(true)
}
