//! The parts of a git repository that run programs: a command that could write them would run
//! outside the sandbox the next time somebody uses git.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders of git that belong to `root` but lie elsewhere (a linked worktree's): commits write
/// there. A pointer counts only where the other side points back, for its text may come from a
/// stranger.
pub(super) fn outside(root: &Path) -> Vec<PathBuf> {
    let Some(own) = linked(root) else {
        return Vec::new();
    };
    let mut found = vec![own.clone()];
    found.extend(common(&own));
    found
}

/// Folders that must stay where they are.
pub(super) fn pinned(root: &Path) -> Vec<PathBuf> {
    let git = root.join(".git");
    match fs::symlink_metadata(&git) {
        Ok(meta) if meta.is_dir() => vec![git],
        _ => Vec::new(),
    }
}

/// Files and folders that stay as they are.
pub(super) fn fixed(root: &Path) -> Vec<PathBuf> {
    let git = root.join(".git");
    let Ok(meta) = fs::symlink_metadata(&git) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if meta.is_dir() {
        // A folder that is not there cannot be guarded.
        let _ = fs::create_dir(git.join("hooks"));
        found.extend(in_repository(&git));
        modules(&git.join("modules"), 0, &mut found);
    } else if meta.is_file() {
        found.push(git);
        for folder in outside(root) {
            found.extend(in_repository(&folder));
        }
    }
    found.retain(|path| fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_symlink()));
    found.dedup();
    found
}

/// The folder of git that belongs to `root`, and those of its submodules.
pub(crate) fn repositories(root: &Path) -> Vec<PathBuf> {
    let git = root.join(".git");
    let mut found = match fs::symlink_metadata(&git) {
        Ok(meta) if meta.is_dir() => vec![git.clone()],
        Ok(meta) if meta.is_file() => outside(root),
        _ => vec![],
    };
    if let Some(git) = found.last().cloned() {
        submodules(&git.join("modules"), 0, &mut found);
    }
    found
}

fn submodules(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if depth > DEEPEST || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let below = match path.join("HEAD").is_file() {
            true => {
                found.push(path.clone());
                path.join("modules")
            }
            false => path,
        };
        submodules(&below, depth + 1, found);
    }
}

const DEEPEST: usize = 4;

fn in_repository(git: &Path) -> [PathBuf; 3] {
    ["hooks", "config", "config.worktree"].map(|name| git.join(name))
}

/// Repositories of submodules, which may lie in folders.
fn modules(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if depth > DEEPEST {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        if path.join("HEAD").is_file() {
            let _ = fs::create_dir(path.join("hooks"));
            found.extend(in_repository(&path));
            modules(&path.join("modules"), depth + 1, found);
        } else {
            modules(&path, depth + 1, found);
        }
    }
}

fn linked(root: &Path) -> Option<PathBuf> {
    let pointer = root.join(".git");
    let text = fs::read_to_string(&pointer).ok()?;
    let folder = root.join(text.strip_prefix("gitdir:")?.trim());
    let folder = folder.canonicalize().ok()?;
    let back = fs::read_to_string(folder.join("gitdir")).ok()?;
    let back = folder.join(back.trim()).canonicalize().ok()?;
    (back == pointer.canonicalize().ok()?).then_some(folder)
}

fn common(git: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(git.join("commondir")).ok()?;
    let folder = git.join(text.trim()).canonicalize().ok()?;
    (folder.join("HEAD").is_file() && git.starts_with(&folder)).then_some(folder)
}
