//! What files there are: by folder, as a tree, by a part of the name.

use std::fs::DirEntry;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use globset::{GlobBuilder, GlobMatcher};
use ignore::WalkState;

use crate::guard::Intent;
use crate::ignores::{Ignores, Stack, is_ignored};
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
        let start = self.resolve(path, Intent::Read)?;
        let failed = |error: io::Error| Refusal::io(format_args!("list {path:?}"), &error);
        let meta = std::fs::metadata(&start.absolute).map_err(failed)?;
        if !meta.is_dir() {
            return Err(Refusal::Unsuitable(format!(
                "{path:?} is a file, not a folder; read it instead."
            )));
        }
        let glob = glob
            .filter(|glob| !glob.is_empty())
            .map(matcher)
            .transpose()?;
        let mut ignores = Ignores::new(&self.root);
        let mut stack = ignores.stack();
        let mut hidden = false;
        if start.relative.is_some() {
            // What applies on the way down to the folder applies in it.
            let mut on_way: Vec<&Path> = start
                .absolute
                .ancestors()
                .take_while(|dir| *dir != self.root)
                .collect();
            on_way.reverse();
            ignores.enter(&self.root, &mut stack);
            for dir in on_way {
                hidden |= is_ignored(&stack, dir, true);
                ignores.enter(dir, &mut stack);
            }
        }
        let mut lister = Lister {
            workspace: self,
            start: &start.absolute,
            glob,
            max,
            ignores,
            listing: Listing::default(),
        };
        lister
            .folder(&start.absolute, stack, hidden, 1, depth.max(1))
            .map_err(failed)?;
        Ok(lister.listing)
    }

    /// Files (not ignored ones) whose path matches `query` loosely, best first, at most `limit`.
    pub fn find_files(&self, query: &str, limit: usize) -> Result<Vec<Listed>, Refusal> {
        let query: Vec<char> = query
            .chars()
            .filter(|c| !c.is_whitespace())
            .flat_map(char::to_lowercase)
            .collect();
        let scored = Mutex::new(Vec::new());
        self.walk(&self.root, false).build_parallel().run(|| {
            Box::new(|entry| {
                if let Ok(entry) = entry
                    && entry.file_type().is_some_and(|kind| !kind.is_dir())
                {
                    let path = self.shown(entry.path());
                    if let Some(score) = score(&query, &path) {
                        scored
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push((score, path));
                    }
                }
                WalkState::Continue
            })
        });
        let mut scored = scored.into_inner().unwrap_or_else(PoisonError::into_inner);
        scored.sort_unstable_by(|(a, left), (b, right)| {
            b.cmp(a)
                .then(left.len().cmp(&right.len()))
                .then(left.cmp(right))
        });
        let found = scored.into_iter().take(limit).map(|(_, path)| {
            let meta = std::fs::symlink_metadata(self.root.join(&path)).ok();
            Listed {
                is_dir: false,
                is_symlink: meta.as_ref().is_some_and(std::fs::Metadata::is_symlink),
                size: meta.map_or(0, |meta| meta.len()),
                ignored: false,
                depth: path.split('/').count(),
                path,
            }
        });
        Ok(found.collect())
    }
}

fn matcher(glob: &str) -> Result<GlobMatcher, Refusal> {
    // Without a slash a pattern is about the name, at any depth.
    let whole = if glob.contains('/') {
        glob.trim_start_matches('/').to_owned()
    } else {
        format!("**/{glob}")
    };
    GlobBuilder::new(&whole)
        .literal_separator(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| Refusal::Unsuitable(format!("{glob:?} is not a valid glob: {error}.")))
}

struct Lister<'a> {
    workspace: &'a Workspace,
    start: &'a Path,
    glob: Option<GlobMatcher>,
    max: usize,
    ignores: Ignores,
    listing: Listing,
}

impl Lister<'_> {
    fn folder(
        &mut self,
        dir: &Path,
        mut stack: Stack,
        hidden: bool,
        level: usize,
        depth: usize,
    ) -> io::Result<()> {
        // Those on the way to the start are in the stack already.
        if level > 1 {
            self.ignores.enter(dir, &mut stack);
        }
        let mut entries: Vec<_> = std::fs::read_dir(dir)?.flatten().collect();
        let is_dir = |entry: &DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
        entries.sort_by_key(|entry| (!is_dir(entry), entry.file_name()));
        for entry in entries {
            if self.listing.truncated {
                break;
            }
            let path = entry.path();
            if entry.file_name() == ".git" || self.workspace.protected.contains(&path) {
                continue;
            }
            let is_dir = is_dir(&entry);
            let below = path.strip_prefix(self.start).unwrap_or(&path);
            let wanted = is_dir || self.glob.as_ref().is_none_or(|glob| glob.is_match(below));
            if !wanted {
                continue;
            }
            let before = self.listing.entries.len();
            if before == self.max {
                self.listing.truncated = true;
                break;
            }
            let ignored = hidden || is_ignored(&stack, &path, is_dir);
            let meta = entry.metadata().ok();
            self.listing.entries.push(Listed {
                path: self.workspace.shown(&path),
                is_dir,
                is_symlink: meta.as_ref().is_some_and(std::fs::Metadata::is_symlink),
                size: meta.filter(|_| !is_dir).map_or(0, |meta| meta.len()),
                ignored,
                depth: level,
            });
            if is_dir && !ignored && level < depth {
                // A folder that cannot be listed is shown, empty.
                let _ = self.folder(&path, stack.clone(), hidden, level + 1, depth);
            }
            let empty = self.listing.entries.len() == before + 1;
            if is_dir && empty && self.glob.is_some() {
                self.listing.entries.truncate(before);
            }
        }
        Ok(())
    }
}

/// How well `path` fits `query` (lower case). None: it does not. All characters of the query
/// stand in the path in this order; it counts more where they follow each other, begin a word,
/// and stand in the file's name.
fn score(query: &[char], path: &str) -> Option<i64> {
    let path: Vec<char> = path.chars().collect();
    let name = path.iter().rposition(|c| *c == '/').map_or(0, |at| at + 1);
    // Matched from the end, so that the name counts before the folders.
    let mut places = Vec::with_capacity(query.len());
    let mut end = path.len();
    for wanted in query.iter().rev() {
        let at = path[..end]
            .iter()
            .rposition(|c| c.to_lowercase().eq([*wanted]))?;
        places.push(at);
        end = at;
    }
    let mut score = 0;
    let mut next = None;
    for at in places {
        let begins_word = at == 0
            || !path[at - 1].is_alphanumeric()
            || path[at].is_uppercase() && path[at - 1].is_lowercase();
        score += 10;
        score += if next == Some(at + 1) { 15 } else { 0 };
        score += if begins_word { 12 } else { 0 };
        score += if at >= name { 8 } else { 0 };
        next = Some(at);
    }
    let stem = path[name..]
        .iter()
        .position(|c| *c == '.')
        .map_or(path.len(), |at| name + at);
    let lower = |part: &[char]| {
        part.iter()
            .flat_map(|c| c.to_lowercase())
            .collect::<Vec<_>>()
    };
    if lower(&path[name..]) == query || lower(&path[name..stem]) == query {
        score += 100;
    } else if lower(&path[name..]).starts_with(query) {
        score += 30;
    }
    Some(score * 4 - path.len() as i64)
}
