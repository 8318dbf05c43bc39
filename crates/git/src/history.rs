//! What each commit changed, newest first: who, when, which files, how many lines.

use std::collections::HashMap;
use std::path::Path;

use git2::{Delta, Diff, DiffFindOptions, DiffOptions, Patch, Repository, Sort};

use crate::GitError;
use crate::repository::{Opened, open};

/// What one commit changed in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub author: String,
    /// UTC, milliseconds.
    pub at: i64,
    pub subject: String,
    pub files: Vec<FileStep>,
}

/// What it changed in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStep {
    /// As the file is named today.
    pub path: String,
    /// Lines; none of a file that is not text, or is too large to be compared.
    pub added: u32,
    pub removed: u32,
}

/// How many commits are looked at for one that changed the folder.
const MAX_WALK: usize = 20_000;
/// Larger files are counted as changed, without their lines.
const MAX_BYTES: i64 = 1024 * 1024;
/// A commit of more files moves or formats a whole project: it says nothing of any one of them.
const MAX_FILES: usize = 1_000;

/// The newest commit of the folder's repository; None where there is none yet.
pub fn head(root: &Path) -> Result<Option<String>, GitError> {
    let opened = open(root)?;
    let head = opened.repository.head();
    Ok(head
        .and_then(|head| head.peel_to_commit())
        .ok()
        .map(|commit| commit.id().to_string()))
}

/// What the newest `most` commits changed in the folder, against their first parent; merges change
/// nothing of their own. Ends early, with what was read so far, when `is_cancelled` says so.
pub fn history(
    root: &Path,
    most: usize,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Vec<Step>, GitError> {
    let opened = open(root)?;
    if opened
        .repository
        .head()
        .and_then(|head| head.peel_to_commit())
        .is_err()
    {
        return Ok(Vec::new());
    }
    steps(&opened, most, is_cancelled).map_err(GitError::failed("read the history"))
}

fn steps(
    opened: &Opened,
    most: usize,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Vec<Step>, git2::Error> {
    let repository = &opened.repository;
    let mut walk = repository.revwalk()?;
    walk.push_head()?;
    walk.set_sorting(Sort::TIME | Sort::TOPOLOGICAL)?;
    let mut names = Names::default();
    let mut steps = Vec::new();
    for id in walk.take(MAX_WALK) {
        if steps.len() >= most || is_cancelled() {
            break;
        }
        let commit = repository.find_commit(id?)?;
        if commit.parent_count() > 1 {
            continue;
        }
        let files = changed(opened, &commit, &mut names)?;
        if files.is_empty() {
            continue;
        }
        let author = commit.author();
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        steps.push(Step {
            author: String::from_utf8_lossy(author.name_bytes()).into_owned(),
            at: author.when().seconds().saturating_mul(1000),
            subject: message.lines().next().unwrap_or_default().trim().to_owned(),
            files,
        });
    }
    Ok(steps)
}

/// Names of files in the past, with their names of today. Read from the newest commit on.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    fn today<'a>(&'a self, path: &'a str) -> &'a str {
        self.0.get(path).map_or(path, String::as_str)
    }

    fn moved(&mut self, from: String, to: &str) {
        let to = self.today(to).to_owned();
        self.0.insert(from, to);
    }
}

fn changed(
    opened: &Opened,
    commit: &git2::Commit<'_>,
    names: &mut Names,
) -> Result<Vec<FileStep>, git2::Error> {
    let diff = against_parent(&opened.repository, commit)?;
    if diff.deltas().len() > MAX_FILES {
        return Ok(Vec::new());
    }
    let name = |file: &git2::DiffFile<'_>| {
        let bytes = file.path_bytes()?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    };
    let mut files = Vec::new();
    for (at, delta) in diff.deltas().enumerate() {
        let (Some(old), Some(new)) = (name(&delta.old_file()), name(&delta.new_file())) else {
            continue;
        };
        let is_moved = delta.status() == Delta::Renamed && old != new;
        if is_moved {
            names.moved(old, &new);
        }
        let Some(path) = opened.outside(names.today(&new)) else {
            continue;
        };
        let (added, removed) = lines(&diff, at)?;
        if is_moved && added + removed == 0 {
            continue;
        }
        files.push(FileStep {
            path: path.to_owned(),
            added,
            removed,
        });
    }
    Ok(files)
}

fn against_parent<'a>(
    repository: &'a Repository,
    commit: &git2::Commit<'_>,
) -> Result<Diff<'a>, git2::Error> {
    let before = match commit.parent_count() {
        0 => None,
        _ => Some(commit.parent(0)?.tree()?),
    };
    let mut options = DiffOptions::new();
    options
        .context_lines(0)
        .ignore_submodules(true)
        .max_size(MAX_BYTES);
    let mut diff =
        repository.diff_tree_to_tree(before.as_ref(), Some(&commit.tree()?), Some(&mut options))?;
    if diff.deltas().any(|one| one.status() == Delta::Added)
        && diff.deltas().any(|one| one.status() == Delta::Deleted)
    {
        diff.find_similar(Some(DiffFindOptions::new().renames(true).rename_limit(200)))?;
    }
    Ok(diff)
}

fn lines(diff: &Diff<'_>, at: usize) -> Result<(u32, u32), git2::Error> {
    let Some(patch) = Patch::from_diff(diff, at)? else {
        return Ok((0, 0));
    };
    let (_, added, removed) = patch.line_stats()?;
    let count = |lines: usize| u32::try_from(lines).unwrap_or(u32::MAX);
    Ok((count(added), count(removed)))
}
