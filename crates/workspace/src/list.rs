//! What files there are: by folder, as a tree, by a part of the name.

use crate::{Refusal, Workspace};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Relative to the root.
    pub path: String,
    pub is_dir: bool,
    pub is_symlink: bool,
    /// Bytes; 0 for folders.
    pub size: u64,
    /// Hidden by a .gitignore.
    pub ignored: bool,
    /// Below the folder asked for: 1 for its own entries.
    pub depth: usize,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Folders before files, then by name; each folder's entries follow it.
    pub entries: Vec<Listed>,
    /// There was more than `max` allowed.
    pub truncated: bool,
}

impl Workspace {
    /// The entries of a folder down to `depth` levels, at most `max`. Ignored entries are listed
    /// and marked, but ignored folders are not entered. `glob`: only files that match it, and the
    /// folders on the way to them.
    pub fn list(
        &self,
        path: &str,
        depth: usize,
        glob: Option<&str>,
        max: usize,
    ) -> Result<Listing, Refusal> {
        let _ = (path, depth, glob, max);
        Ok(Listing::default())
    }

    /// Files (not ignored ones) whose path matches `query` loosely, best first, at most `limit`.
    pub fn find_files(&self, query: &str, limit: usize) -> Result<Vec<Listed>, Refusal> {
        let _ = (query, limit);
        Ok(Vec::new())
    }
}
