//! The state of a whole project, quickly again and again.
//!
//! A snapshot walks the folder and asks the file system for each entry's stamp (times, size,
//! inode). Where the stamp is the one that was hashed before, nothing is read: the second
//! snapshot of a project costs one `stat` an entry, on all processors.

mod reading;
mod walking;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{Mode, OFlags};

use crate::ignores::Ignores;
use crate::manifest::{Folder, Manifest};
use crate::{Hash, Refusal, Workspace};
use walking::{Seen, Walk};

/// A larger file is left out, in bytes.
const FILE_BYTES: u64 = 32 * 1024 * 1024;
/// Above these the largest folders of the project are left out.
const ALL_FILES: usize = 400_000;
const ALL_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// What is remembered of a project between snapshots.
#[derive(Default)]
pub(crate) struct Tree {
    folders: HashMap<Arc<str>, Arc<Folder>>,
    ignores: Option<Ignores>,
    /// Folders once left out stay out, so that two snapshots always cover the same.
    dropped: BTreeMap<Arc<str>, String>,
}

impl Tree {
    /// Contents that the files are known to have.
    pub(crate) fn hashes(&self) -> impl Iterator<Item = Hash> + '_ {
        let items = self.folders.values().flat_map(|folder| &folder.items);
        items.filter_map(|item| item.entry.map(|entry| entry.hash))
    }
}

impl Workspace {
    /// The state of every file of the project, hidden and ignored ones included, `.git` not; the
    /// content of each is stored. Large ignored folders, large files and what cannot be read are
    /// left out and named in [`Manifest::not_covered`]. Blocks; the second one is fast.
    pub fn snapshot(&self) -> Result<Arc<Manifest>, Refusal> {
        let failed = |error: io::Error| {
            Refusal::io(
                format_args!("look at the project {}", self.root.display()),
                &error,
            )
        };
        let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        let tree = &mut *tree;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_nanos() as i128;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let root = rustix::fs::open(&self.root, flags, Mode::empty())
            .map_err(|error| failed(error.into()))?;
        let root = Arc::new(root);
        let protected = self
            .protected
            .iter()
            .filter_map(|path| path.strip_prefix(&self.root).ok())
            .filter(|path| *path != Path::new(""))
            .map(Path::to_owned);
        let mut ignores = tree
            .ignores
            .take()
            .unwrap_or_else(|| Ignores::new(&self.root));
        let walk = Walk {
            root: &self.root,
            protected: protected.collect(),
            known: &tree.folders,
            dropped: &tree.dropped,
            now,
        };
        let Seen {
            mut folders,
            left_out,
        } = walk.all(root.clone(), &mut ignores);
        let mut left_out: BTreeMap<_, _> = left_out.into_iter().collect();
        tree.ignores = Some(ignores);
        folders.sort_unstable_by(|a, b| a.path().cmp(b.path()));
        drop_largest(&mut folders, &mut tree.dropped, &mut left_out);
        let fresh = folders.iter_mut().filter_map(Met::fresh);
        reading::hash_unknown(
            &root,
            fresh.flat_map(|folder| &mut folder.items),
            &mut left_out,
            &self.blobs,
        )?;
        let folders: Vec<_> = folders.into_iter().map(Met::finished).collect();
        tree.folders = folders
            .iter()
            .map(|folder| (folder.path.clone(), folder.clone()))
            .collect();
        Ok(Arc::new(Manifest { folders, left_out }))
    }
}

/// A folder as it was met.
enum Met {
    /// As it was the last time.
    Known(Arc<Folder>),
    /// Some of it may still have to be read.
    Fresh(Folder),
}

impl Met {
    fn folder(&self) -> &Folder {
        match self {
            Self::Known(folder) => folder,
            Self::Fresh(folder) => folder,
        }
    }

    fn path(&self) -> &str {
        &self.folder().path
    }

    fn fresh(&mut self) -> Option<&mut Folder> {
        match self {
            Self::Known(_) => None,
            Self::Fresh(folder) => Some(folder),
        }
    }

    fn finished(self) -> Arc<Folder> {
        match self {
            Self::Known(folder) => folder,
            Self::Fresh(mut folder) => {
                // Gone before it was read, or it could not be.
                folder.items.retain(|item| item.entry.is_some());
                Arc::new(folder)
            }
        }
    }
}

/// Leaves out the largest folders of the root until the rest is of a size that can be covered.
fn drop_largest(
    folders: &mut Vec<Met>,
    dropped: &mut BTreeMap<Arc<str>, String>,
    left_out: &mut BTreeMap<Arc<str>, String>,
) {
    // What was left out once is not looked at again, and so that it stays so:
    for (path, reason) in left_out.iter().filter(|(path, _)| path.ends_with('/')) {
        dropped
            .entry(path.clone())
            .or_insert_with(|| reason.clone());
    }
    loop {
        let all = folders.iter().map(Met::folder);
        let (entries, bytes) = all.fold((0, 0), |(entries, bytes), folder| {
            (entries + folder.items.len(), bytes + folder.bytes)
        });
        let by_entries = entries > ALL_FILES;
        if !by_entries && bytes <= ALL_BYTES {
            return;
        }
        let mut sizes = HashMap::<&str, u64>::new();
        for folder in folders.iter().map(Met::folder) {
            if let Some((first, _)) = folder.path.split_once('/') {
                *sizes.entry(first).or_default() += match by_entries {
                    true => folder.items.len() as u64,
                    false => folder.bytes,
                };
            }
        }
        let Some((largest, _)) = sizes.into_iter().max_by_key(|(name, n)| (*n, *name)) else {
            return;
        };
        let path: Arc<str> = format!("{largest}/").into();
        let reason = "too large to be kept for undo".to_owned();
        folders.retain(|folder| !folder.path().starts_with(&*path));
        dropped.insert(path.clone(), reason.clone());
        left_out.insert(path, reason);
    }
}
