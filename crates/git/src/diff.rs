//! Unified diffs.

use std::path::Path;

use git2::{DiffFormat, DiffOptions};

use crate::GitError;
use crate::repository::{Opened, open};

/// What to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// HEAD with the working tree: staged, unstaged and untracked.
    Uncommitted,
    /// HEAD with the index.
    Staged,
    /// Where the current branch left `base`, with the working tree's HEAD.
    Branch { base: String },
    /// A commit with its first parent.
    Commit { commit: String },
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// Unified; cut at a line end where `truncated`.
    pub text: String,
    pub files: usize,
    /// Lines of the whole diff, also where `text` is cut.
    pub additions: usize,
    pub deletions: usize,
    pub truncated: bool,
}

/// The diff of the folder `root`, of `path` in it if given; at most `cap_bytes` of text.
pub fn diff(
    root: &Path,
    target: &Target,
    path: Option<&str>,
    cap_bytes: usize,
) -> Result<Diff, GitError> {
    let opened = open(root)?;
    let failed = GitError::failed("make the diff");
    let scope = opened.inside(path.unwrap_or(""))?;
    let mut options = DiffOptions::new();
    options
        .include_untracked(true)
        .recurse_untracked_dirs(true)
        .show_untracked_content(true)
        .ignore_submodules(true)
        .disable_pathspec_match(true)
        .max_size(8 * 1024 * 1024);
    if !scope.is_empty() {
        options.pathspec(&scope);
    }
    let mut raw = raw(&opened, target, &mut options)?;
    raw.find_similar(None).map_err(&failed)?;
    let stats = raw.stats().map_err(&failed)?;
    let mut diff = Diff {
        files: stats.files_changed(),
        additions: stats.insertions(),
        deletions: stats.deletions(),
        ..Diff::default()
    };
    let printed = raw.print(DiffFormat::Patch, |_, _, line| {
        let mark = Some(line.origin()).filter(|origin| matches!(origin, '+' | '-' | ' '));
        let text = String::from_utf8_lossy(line.content());
        if diff.text.len() + text.len() + 1 > cap_bytes {
            diff.truncated = true;
            return false;
        }
        diff.text.extend(mark);
        diff.text.push_str(&text);
        true
    });
    match printed {
        Err(_) if diff.truncated => {}
        other => other.map_err(&failed)?,
    }
    Ok(diff)
}

pub(crate) fn raw<'a>(
    opened: &'a Opened,
    target: &Target,
    options: &mut DiffOptions,
) -> Result<git2::Diff<'a>, GitError> {
    let repository = &opened.repository;
    let failed = GitError::failed("make the diff");
    // A repository without a commit is compared with nothing.
    let head = repository
        .head()
        .and_then(|head| head.peel_to_commit())
        .ok();
    let head_tree = head
        .as_ref()
        .map(|commit| commit.tree())
        .transpose()
        .map_err(&failed)?;
    match target {
        Target::Uncommitted => {
            repository.diff_tree_to_workdir_with_index(head_tree.as_ref(), Some(options))
        }
        Target::Staged => repository.diff_tree_to_index(head_tree.as_ref(), None, Some(options)),
        Target::Branch { base } => {
            let base = opened.commit(base)?;
            let Some(head) = &head else {
                return Err(GitError::BadReference(
                    "This branch has no commit yet.".into(),
                ));
            };
            let fork = repository.merge_base(base.id(), head.id()).map_err(|_| {
                GitError::BadReference("The two branches have no commit in common.".into())
            })?;
            let from = repository
                .find_commit(fork)
                .and_then(|c| c.tree())
                .map_err(&failed)?;
            repository.diff_tree_to_tree(Some(&from), head_tree.as_ref(), Some(options))
        }
        Target::Commit { commit } => {
            let commit = opened.commit(commit)?;
            let tree = commit.tree().map_err(&failed)?;
            let parent = commit.parent(0).and_then(|parent| parent.tree()).ok();
            repository.diff_tree_to_tree(parent.as_ref(), Some(&tree), Some(options))
        }
    }
    .map_err(failed)
}
