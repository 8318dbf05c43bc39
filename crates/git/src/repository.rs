//! Opening a repository, and how that fails.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, Repository};

/// Why git could not answer, as a sentence with the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    #[error("{0} is not in a git repository.")]
    NotARepository(String),
    /// A branch, commit or path that does not exist or is not allowed as one.
    #[error("{0}")]
    BadReference(String),
    #[error("git could not {attempted}: {reason}.")]
    Failed { attempted: String, reason: String },
}

impl GitError {
    pub(crate) fn failed(attempted: &str) -> impl Fn(git2::Error) -> Self {
        move |error| Self::Failed {
            attempted: attempted.to_owned(),
            reason: error.message().trim_end_matches('.').to_owned(),
        }
    }
}

/// Whether `root` is in a git repository.
pub fn is_repo(root: &Path) -> bool {
    Repository::discover_path(root, std::iter::empty::<&Path>()).is_ok()
}

/// A repository and where in it the folder lies that was asked about.
pub(crate) struct Opened {
    pub repository: Repository,
    /// The folder, relative to the working tree, `/` between parts; empty for its root.
    pub prefix: String,
}

pub(crate) fn open(root: &Path) -> Result<Opened, GitError> {
    let repository = Repository::discover(root).map_err(|error| match error.code() {
        ErrorCode::NotFound => GitError::NotARepository(root.display().to_string()),
        ErrorCode::Owner => GitError::Failed {
            attempted: format!("open the repository of {}", root.display()),
            reason: "it belongs to another user; \
                     `git config --global --add safe.directory` with its path allows it"
                .into(),
        },
        _ => GitError::failed("open the repository")(error),
    })?;
    let tree: PathBuf = repository.workdir().unwrap_or(repository.path()).to_owned();
    let tree = tree.canonicalize().unwrap_or(tree);
    let folder = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let prefix = folder
        .strip_prefix(&tree)
        .ok()
        .and_then(Path::to_str)
        .unwrap_or("")
        .to_owned();
    Ok(Opened { repository, prefix })
}

impl Opened {
    /// A path of the folder as a path of the repository. Refuses what leaves the folder.
    pub fn inside(&self, path: &str) -> Result<String, GitError> {
        let bad = || {
            GitError::BadReference(format!(
                "{path:?} is not a path below the project folder; use one relative to it."
            ))
        };
        let mut parts: Vec<&str> = self
            .prefix
            .split('/')
            .filter(|part| !part.is_empty())
            .collect();
        let floor = parts.len();
        if path.starts_with('/') || path.contains('\0') {
            return Err(bad());
        }
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.len() == floor => return Err(bad()),
                ".." => {
                    parts.pop();
                }
                name => parts.push(name),
            }
        }
        Ok(parts.join("/"))
    }

    /// A path of the repository as a path of the folder. None: outside it.
    pub fn outside<'a>(&self, path: &'a str) -> Option<&'a str> {
        if self.prefix.is_empty() {
            return Some(path);
        }
        path.strip_prefix(self.prefix.as_str())?.strip_prefix('/')
    }

    /// The commit that a name means. Only plain names and hashes: no reflog, no search syntax.
    pub fn commit(&self, name: &str) -> Result<git2::Commit<'_>, GitError> {
        let plain = |c: char| c.is_alphanumeric() || "-_./~^+#".contains(c);
        if name.is_empty() || name.starts_with('-') || name.len() > 250 || !name.chars().all(plain)
        {
            return Err(GitError::BadReference(format!(
                "{name:?} is not a name of a branch, a tag or a commit."
            )));
        }
        self.repository
            .revparse_single(name)
            .and_then(|object| object.peel_to_commit())
            .map_err(|error| match error.code() {
                ErrorCode::Ambiguous => GitError::BadReference(format!(
                    "{name:?} fits more than one commit; give more of its digits."
                )),
                _ => GitError::BadReference(format!(
                    "There is no branch, tag or commit {name:?} in this repository."
                )),
            })
    }
}
