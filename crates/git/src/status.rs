//! Branch and changed files.

use std::path::Path;

use git2::{ErrorCode, StatusOptions};

use crate::GitError;
use crate::repository::open;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// False: not a repository, and all else is empty.
    pub is_repo: bool,
    /// None: detached, or not a repository.
    pub branch: Option<String>,
    /// Sorted by path; a path with staged and unstaged changes stands twice.
    pub changed: Vec<StatusLine>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusLine {
    pub path: String,
    /// "new", "modified", "deleted", "renamed" or "conflicted".
    pub state: &'static str,
    pub staged: bool,
}

/// Branch and changed files of the folder `root`. A folder without a repository is no error.
pub fn status(root: &Path) -> Result<Status, GitError> {
    let opened = match open(root) {
        Ok(opened) => opened,
        Err(GitError::NotARepository(_)) => return Ok(Status::default()),
        Err(error) => return Err(error),
    };
    let mut options = StatusOptions::new();
    options
        .include_untracked(true)
        .recurse_untracked_dirs(true)
        .renames_head_to_index(true)
        .exclude_submodules(true)
        .include_ignored(false);
    if !opened.prefix.is_empty() {
        options
            .disable_pathspec_match(true)
            .pathspec(&opened.prefix);
    }
    let mut changed = Vec::new();
    if !opened.repository.is_bare() {
        let statuses = opened
            .repository
            .statuses(Some(&mut options))
            .map_err(GitError::failed("read the status"))?;
        for entry in statuses.iter() {
            let path = String::from_utf8_lossy(entry.path_bytes()).into_owned();
            let Some(path) = opened.outside(&path) else {
                continue;
            };
            let lines = states(entry.status());
            changed.extend(lines.map(|(state, staged)| StatusLine {
                path: path.into(),
                state,
                staged,
            }));
        }
    }
    changed.sort_by(|a, b| a.path.cmp(&b.path).then(b.staged.cmp(&a.staged)));
    Ok(Status {
        is_repo: true,
        branch: head_name(&opened.repository),
        changed,
    })
}

/// The branch that `root` is on. None: detached, or not a repository.
pub fn branch(root: &Path) -> Option<String> {
    head_name(&open(root).ok()?.repository)
}

fn head_name(repository: &git2::Repository) -> Option<String> {
    match repository.head() {
        Ok(head) if head.is_branch() => head.shorthand().ok().map(str::to_owned),
        // A branch without a commit yet: its name stands in HEAD only.
        Err(error) if error.code() == ErrorCode::UnbornBranch => {
            let head = repository.find_reference("HEAD").ok()?;
            let target = head.symbolic_target().ok()??;
            target.strip_prefix("refs/heads/").map(str::to_owned)
        }
        _ => None,
    }
}

fn states(status: git2::Status) -> impl Iterator<Item = (&'static str, bool)> {
    use git2::Status as S;
    let staged = [
        (S::INDEX_NEW, "new"),
        (S::INDEX_MODIFIED | S::INDEX_TYPECHANGE, "modified"),
        (S::INDEX_DELETED, "deleted"),
        (S::INDEX_RENAMED, "renamed"),
    ];
    let unstaged = [
        (S::WT_NEW, "new"),
        (S::WT_MODIFIED | S::WT_TYPECHANGE, "modified"),
        (S::WT_DELETED, "deleted"),
        (S::WT_RENAMED, "renamed"),
        (S::CONFLICTED, "conflicted"),
    ];
    let of = move |list: &[(S, &'static str)], is_staged| {
        list.iter()
            .find(|(flags, _)| status.intersects(*flags))
            .map(|(_, state)| (*state, is_staged))
    };
    of(&staged, true).into_iter().chain(of(&unstaged, false))
}
