//! States of files, and what lies between two of them.
//!
//! A change is a path with its state before and after; the contents are in the
//! [`Blobs`](crate::Blobs). From changes alone an operation can be shown, taken back and brought
//! back again ([`Workspace::restore`](crate::Workspace::restore)), whether a tool or a command
//! made them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Hash;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    File,
    /// The content is the target.
    Symlink,
    /// Kept so that folders made or removed are undone too; not shown to people.
    Dir,
}

/// The state of one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub hash: Hash,
    /// Bytes.
    pub size: u64,
    /// Permission bits; for a symbolic link always 0o777.
    pub mode: u32,
    pub kind: Kind,
}

/// What happened to one path. None: it did not exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Relative to the root with `/` between parts; absolute where it lies outside.
    pub path: String,
    #[serde(default)]
    pub before: Option<Entry>,
    #[serde(default)]
    pub after: Option<Entry>,
}

impl Change {
    /// Before and after are the same.
    pub fn is_noop(&self) -> bool {
        self.before == self.after
    }

    /// Only about a folder: restored like all others, not shown to people.
    pub fn is_dir(&self) -> bool {
        [self.before, self.after]
            .iter()
            .flatten()
            .all(|entry| entry.kind == Kind::Dir)
    }

    /// The same content and kind with other permission bits.
    pub fn is_mode_only(&self) -> bool {
        matches!((self.before, self.after), (Some(before), Some(after))
            if before.hash == after.hash && before.kind == after.kind && before.mode != after.mode)
    }
}

/// The state of a whole project at a moment.
#[derive(Debug, Default)]
pub struct Manifest {
    /// Sorted by path.
    pub(crate) entries: Vec<(Arc<str>, Entry)>,
    /// Paths left out (files, or folders with all below them) with the reason.
    pub(crate) left_out: BTreeMap<Arc<str>, String>,
}

impl Manifest {
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(path, entry)| (&**path, entry))
    }

    /// For a file: what [`Manifest::decode`] reads. The same state gives the same bytes.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(&(&self.entries, &self.left_out)).unwrap_or_default()
    }

    /// None where the bytes are not of [`Manifest::encode`].
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (entries, left_out) = serde_json::from_slice(bytes).ok()?;
        Some(Self { entries, left_out })
    }

    pub fn get(&self, path: &str) -> Option<&Entry> {
        let at = self
            .entries
            .binary_search_by(|(other, _)| (**other).cmp(path))
            .ok()?;
        Some(&self.entries[at].1)
    }

    /// What undo cannot cover, in words ("target/ (ignored, over 2,000 files)").
    pub fn not_covered(&self) -> Vec<String> {
        self.left_out
            .iter()
            .map(|(path, reason)| format!("{path} ({reason})"))
            .collect()
    }

    fn leaves_out(&self, path: &str) -> bool {
        if self.left_out.is_empty() {
            return false;
        }
        path.match_indices('/')
            .map(|(at, _)| &path[..=at])
            .chain([path])
            .any(|part| self.left_out.contains_key(part))
            || self.left_out.contains_key(&*format!("{path}/"))
    }
}

/// What changed from `before` to `after`, sorted by path. What either left out is left out here:
/// nothing is known of it.
pub fn diff(before: &Manifest, after: &Manifest) -> Vec<Change> {
    let mut changes = Vec::new();
    let (mut old, mut new) = (
        before.entries.iter().peekable(),
        after.entries.iter().peekable(),
    );
    loop {
        let (path, was, is) = match (old.peek(), new.peek()) {
            (None, None) => break,
            (Some((path, _)), Some((other, _))) if path == other => (
                path,
                old.next().map(|(_, e)| *e),
                new.next().map(|(_, e)| *e),
            ),
            (Some((path, _)), Some((other, _))) if path > other => {
                (other, None, new.next().map(|(_, e)| *e))
            }
            (None, Some((other, _))) => (other, None, new.next().map(|(_, e)| *e)),
            (Some((path, _)), _) => (path, old.next().map(|(_, e)| *e), None),
        };
        if was != is && !before.leaves_out(path) && !after.leaves_out(path) {
            changes.push(Change {
                path: path.to_string(),
                before: was,
                after: is,
            });
        }
    }
    changes
}

/// What changed from `before` to `after` and is none of the `known` changes, which were made in
/// between in that order.
pub fn diff_since(
    before: &Manifest,
    known: impl IntoIterator<Item = Change>,
    after: &Manifest,
) -> Vec<Change> {
    let mut changes: BTreeMap<String, Change> = diff(before, after)
        .into_iter()
        .map(|change| (change.path.clone(), change))
        .collect();
    let mut last = BTreeMap::new();
    for change in known {
        last.insert(change.path, change.after);
    }
    for (path, left) in last {
        if before.leaves_out(&path) || after.leaves_out(&path) || path.starts_with('/') {
            continue;
        }
        let now = after.get(&path).copied();
        if now == left {
            changes.remove(&path);
        } else {
            let change = Change {
                path: path.clone(),
                before: left,
                after: now,
            };
            changes.insert(path, change);
        }
    }
    changes.into_values().collect()
}

/// Changes made one after the other as one change a path: the first before, the last after.
/// What cancels out is dropped. Sorted by path.
pub fn merge(changes: impl IntoIterator<Item = Change>) -> Vec<Change> {
    let mut merged = BTreeMap::<String, Change>::new();
    for change in changes {
        match merged.get_mut(&change.path) {
            Some(earlier) => earlier.after = change.after,
            None => {
                merged.insert(change.path.clone(), change);
            }
        }
    }
    merged
        .into_values()
        .filter(|change| !change.is_noop())
        .collect()
}
