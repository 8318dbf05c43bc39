//! States of files, and what lies between two of them.
//!
//! A change is a path with its state before and after; the contents are in the
//! [`Blobs`](crate::Blobs). From changes alone an operation can be shown, taken back and brought
//! back again ([`Workspace::restore`](crate::Workspace::restore)), whether a tool or a command
//! made them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Hash;
pub use crate::manifest::{Manifest, diff, diff_since};

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
