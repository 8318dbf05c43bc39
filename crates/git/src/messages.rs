//! Commits as they are searched: what was said, and which files were touched.

use std::path::Path;

use git2::{DiffOptions, ErrorCode, Oid, Sort};

use crate::repository::{Opened, open};
use crate::{Commit, GitError, log};

/// Names of files of one commit; one that touches more moves or formats a whole project.
const MOST_PATHS: usize = 200;

/// A commit and the files in the folder that it touched, by their names of then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub commit: Commit,
    /// None of a merge, which changes nothing of its own, and none where the history was fetched
    /// without its folders or is damaged; not all of a commit of very many.
    pub paths: Vec<String>,
    /// It touched the folder, or the folder is the whole repository.
    pub is_here: bool,
}

/// Hashes of the newest `most` commits from HEAD on, the newest first; none where there is no
/// repository or no commit.
pub fn reachable(root: &Path, most: usize) -> Result<Vec<String>, GitError> {
    let opened = match open(root) {
        Ok(opened) => opened,
        Err(GitError::NotARepository(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let failed = GitError::failed("read the log");
    if opened
        .repository
        .head()
        .is_err_and(|error| matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound))
    {
        return Ok(Vec::new());
    }
    let mut walk = opened.repository.revwalk().map_err(&failed)?;
    walk.push_head().map_err(&failed)?;
    // By time alone it begins at once, also in a history of a million commits.
    walk.set_sorting(Sort::TIME).map_err(&failed)?;
    walk.take(most)
        .map(|id| Ok(id.map_err(&failed)?.to_string()))
        .collect()
}

/// What these commits say, in order; those that are gone are left out.
pub fn messages(root: &Path, hashes: &[String]) -> Result<Vec<Message>, GitError> {
    let opened = open(root)?;
    let failed = GitError::failed("read the log");
    let mut told = Vec::with_capacity(hashes.len());
    for hash in hashes {
        let id = Oid::from_str(hash).map_err(&failed)?;
        match opened.repository.find_commit(id) {
            Ok(commit) => told.push(message(&opened, &commit)),
            Err(error) if error.code() == ErrorCode::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(told)
}

fn message(opened: &Opened, commit: &git2::Commit<'_>) -> Message {
    let paths = touched(opened, commit).unwrap_or_default();
    Message {
        commit: log::told(commit),
        is_here: opened.prefix.is_empty() || !paths.is_empty(),
        paths,
    }
}

fn touched(opened: &Opened, commit: &git2::Commit<'_>) -> Result<Vec<String>, git2::Error> {
    let before = match commit.parent_count() {
        0 => None,
        1 => Some(commit.parent(0)?.tree()?),
        _ => return Ok(Vec::new()),
    };
    let mut options = DiffOptions::new();
    options.ignore_submodules(true).skip_binary_check(true);
    if !opened.prefix.is_empty() {
        options
            .pathspec(&opened.prefix)
            .disable_pathspec_match(true);
    }
    let (tree, repository) = (commit.tree()?, &opened.repository);
    let diff = repository.diff_tree_to_tree(before.as_ref(), Some(&tree), Some(&mut options))?;
    let named = diff.deltas().filter_map(|delta| {
        let path = String::from_utf8_lossy(delta.new_file().path_bytes()?).into_owned();
        opened.outside(&path).map(str::to_owned)
    });
    Ok(named.take(MOST_PATHS).collect())
}
