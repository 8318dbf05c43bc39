//! Changed files with their contents, for showing them side by side.

use std::io::Read as _;
use std::path::Path;

use git2::{Delta, DiffFile, DiffOptions, FileMode, Repository};

use crate::GitError;
use crate::diff::{Target, raw};
use crate::repository::{Opened, open};

/// A file that differs, with both contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub path: String,
    /// Where it was before, if it was moved.
    pub renamed_from: Option<String>,
    /// None: it was not there.
    pub before: Option<Version>,
    pub after: Option<Version>,
}

/// One content of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Permission bits as git keeps them: 0o644 or 0o755.
    pub mode: u32,
    /// A symbolic link, whose content is its target.
    pub link: bool,
    /// Bytes.
    pub size: u64,
    /// None where it is larger than the cap.
    pub content: Option<Vec<u8>>,
}

/// The changed files of the folder `root` (of `path` in it, if given), by path: at most `most`,
/// then true. Contents over `cap_bytes` are left out.
pub fn changed(
    root: &Path,
    target: &Target,
    path: Option<&str>,
    most: usize,
    cap_bytes: u64,
) -> Result<(Vec<Changed>, bool), GitError> {
    let opened = open(root)?;
    let failed = GitError::failed("find the changed files");
    let scope = opened.inside(path.unwrap_or(""))?;
    let mut options = DiffOptions::new();
    options
        .include_untracked(true)
        .recurse_untracked_dirs(true)
        .ignore_submodules(true)
        .include_typechange(true)
        .disable_pathspec_match(true);
    if !scope.is_empty() {
        options.pathspec(&scope);
    }
    let mut found = raw(&opened, target, &mut options)?;
    let mut similar = git2::DiffFindOptions::new();
    similar.renames(true).for_untracked(true);
    found.find_similar(Some(&mut similar)).map_err(&failed)?;

    let mut files = Vec::new();
    let mut truncated = false;
    for delta in found.deltas() {
        let name = |file: &DiffFile<'_>| {
            let path = String::from_utf8_lossy(file.path_bytes()?).into_owned();
            opened.outside(&path).map(str::to_owned)
        };
        let (old, new) = (delta.old_file(), delta.new_file());
        let before = match delta.status() {
            Delta::Added | Delta::Untracked => None,
            _ => version(&opened, &old, cap_bytes),
        };
        let after = match delta.status() {
            Delta::Deleted => None,
            _ => version(&opened, &new, cap_bytes),
        };
        let (was, is) = (name(&old), name(&new));
        let Some(path) = is.or_else(|| was.clone()) else {
            continue;
        };
        if before == after && delta.status() != Delta::Renamed {
            // Touched, and the same again.
            continue;
        }
        if files.len() == most {
            truncated = true;
            break;
        }
        files.push(Changed {
            renamed_from: was.filter(|was| delta.status() == Delta::Renamed && *was != path),
            path,
            before,
            after,
        });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((files, truncated))
}

/// The content of a path in the newest commit; None where it is not in it.
pub fn at_head(root: &Path, path: &str, cap_bytes: u64) -> Result<Option<Version>, GitError> {
    let opened = open(root)?;
    let failed = GitError::failed("read the newest commit");
    let path = opened.inside(path)?;
    let Ok(head) = opened
        .repository
        .head()
        .and_then(|head| head.peel_to_tree())
    else {
        return Ok(None);
    };
    let entry = match head.get_path(Path::new(&path)) {
        Ok(entry) => entry,
        Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    Ok(stored(
        &opened.repository,
        entry.id(),
        entry.filemode() as u32,
        cap_bytes,
    ))
}

/// A side of a delta: from the object store, or from the working tree where git has no object.
fn version(opened: &Opened, file: &DiffFile<'_>, cap_bytes: u64) -> Option<Version> {
    let mode = u32::from(file.mode());
    stored(&opened.repository, file.id(), mode, cap_bytes)
        .or_else(|| on_disk(&opened.repository, file.path()?, cap_bytes))
}

fn stored(repository: &Repository, id: git2::Oid, mode: u32, cap_bytes: u64) -> Option<Version> {
    if id.is_zero() {
        return None;
    }
    let (size, _) = repository.odb().ok()?.read_header(id).ok()?;
    let content = (size as u64 <= cap_bytes)
        .then(|| repository.find_blob(id).map(|blob| blob.content().to_vec()))
        .transpose()
        .ok()?;
    Some(Version {
        mode: mode & 0o777,
        link: mode == u32::from(FileMode::Link),
        size: size as u64,
        content,
    })
}

fn on_disk(repository: &Repository, path: &Path, cap_bytes: u64) -> Option<Version> {
    let path = repository.workdir()?.join(path);
    let meta = std::fs::symlink_metadata(&path).ok()?;
    if meta.is_symlink() {
        let target = std::fs::read_link(&path).ok()?;
        let content = target.to_string_lossy().into_owned().into_bytes();
        return Some(Version {
            mode: 0,
            link: true,
            size: content.len() as u64,
            content: Some(content),
        });
    }
    if !meta.is_file() {
        return None;
    }
    let mut content = Vec::new();
    std::fs::File::open(&path)
        .ok()?
        .take(cap_bytes + 1)
        .read_to_end(&mut content)
        .ok()?;
    #[cfg(unix)]
    let executable = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o100 != 0;
    #[cfg(not(unix))]
    let executable = false;
    Some(Version {
        mode: if executable { 0o755 } else { 0o644 },
        link: false,
        size: meta.len(),
        content: (content.len() as u64 <= cap_bytes).then_some(content),
    })
}
