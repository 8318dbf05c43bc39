//! The state of a whole project, quickly again and again.
//!
//! A snapshot walks the folder and asks the file system for each entry's stamp (times, size,
//! inode). Where the stamp is the one that was hashed before, nothing is read: the second
//! snapshot of a project costs one `stat` an entry.

mod reading;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::CString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawMode, Stat};

use crate::checkpoint::{Entry, Manifest};
use crate::files::TEMPORARY_PREFIX;
use crate::ignores::{Ignores, Stack, is_ignored};
use crate::{Hash, Refusal, Workspace};

/// An ignored folder with more files than that is left out.
const IGNORED_FILES: usize = 2_000;
/// An ignored folder with more bytes than that is left out.
const IGNORED_BYTES: u64 = 64 * 1024 * 1024;
/// A larger file is left out, in bytes.
const FILE_BYTES: u64 = 32 * 1024 * 1024;
/// Above these the largest folders of the project are left out.
const ALL_FILES: usize = 400_000;
const ALL_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// Deeper folders are left out: each level holds a descriptor while it is walked.
const DEPTH: usize = 200;
/// A file that changed so short a time before it was looked at may change again without a new
/// stamp; it is read again the next time. Nanoseconds.
const SETTLED_NS: i128 = 50_000_000;
/// The same where the file system counts whole seconds (or two).
const COARSE_SETTLED_NS: i128 = 2_100_000_000;

/// What is remembered of a project between snapshots.
#[derive(Default)]
pub(crate) struct Tree {
    known: HashMap<Arc<str>, Known>,
    ignores: Option<Ignores>,
    /// Folders once left out stay out, so that two snapshots always cover the same.
    dropped: BTreeMap<Arc<str>, String>,
}

impl Tree {
    /// Contents that the files are known to have.
    pub(crate) fn hashes(&self) -> impl Iterator<Item = Hash> + '_ {
        self.known.values().map(|known| known.entry.hash)
    }
}

#[derive(Clone, Copy)]
struct Known {
    stamp: Stamp,
    entry: Entry,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    mtime_ns: i128,
    ctime_ns: i128,
    size: u64,
    inode: u64,
    mode: u32,
}

impl Stamp {
    fn of(stat: &Stat) -> Self {
        let ns = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Self {
            mtime_ns: ns(stat.st_mtime, stat.st_mtime_nsec as i64),
            ctime_ns: ns(stat.st_ctime, stat.st_ctime_nsec as i64),
            size: stat.st_size.max(0) as u64,
            inode: stat.st_ino,
            mode: stat.st_mode,
        }
    }

    /// Whether a change after this moment would show.
    fn is_settled(&self, now: i128) -> bool {
        let changed = self.ctime_ns.max(self.mtime_ns);
        let coarse = changed % 1_000_000_000 == 0;
        let quiet = if coarse {
            COARSE_SETTLED_NS
        } else {
            SETTLED_NS
        };
        changed + quiet < now
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
        let protected = self
            .protected
            .iter()
            .filter_map(|path| path.strip_prefix(&self.root).ok());
        let mut ignores = tree
            .ignores
            .take()
            .unwrap_or_else(|| Ignores::new(&self.root));
        let stack = ignores.stack();
        let mut walk = Walk {
            root: &self.root,
            protected: protected
                .filter(|path| *path != Path::new(""))
                .map(Path::to_owned)
                .collect(),
            ignores: &mut ignores,
            tree,
            now,
            items: Vec::new(),
            left_out: BTreeMap::new(),
        };
        // Only a budget ends a walk early, and the root has none.
        let _ = walk.folder(&root, &mut String::new(), stack, 0, &mut None);
        let (mut items, mut left_out) = (walk.items, walk.left_out);
        tree.ignores = Some(ignores);
        drop_largest(&mut items, &mut tree.dropped, &mut left_out);
        reading::hash_unknown(&root, &mut items, &mut left_out, &self.blobs)?;

        let mut entries = Vec::with_capacity(items.len());
        let mut known = HashMap::with_capacity(items.len());
        for item in items {
            let Some(entry) = item.entry else { continue };
            if item.settled {
                known.insert(
                    item.path.clone(),
                    Known {
                        stamp: item.stamp,
                        entry,
                    },
                );
            }
            entries.push((item.path, entry));
        }
        entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        tree.known = known;
        Ok(Arc::new(Manifest { entries, left_out }))
    }
}

/// One entry met on the walk. Without `entry`: to be read (or gone when it was to be read).
struct Item {
    path: Arc<str>,
    stamp: Stamp,
    entry: Option<Entry>,
    settled: bool,
}

struct Walk<'a> {
    root: &'a Path,
    protected: HashSet<PathBuf>,
    ignores: &'a mut Ignores,
    tree: &'a Tree,
    now: i128,
    items: Vec<Item>,
    left_out: BTreeMap<Arc<str>, String>,
}

/// What an ignored folder may still hold.
struct Budget {
    files: usize,
    bytes: u64,
}

/// The ignored folder is too large.
struct Over;

impl Walk<'_> {
    /// Walks the open folder whose path is `path` (with a `/` at its end, but for the root).
    fn folder(
        &mut self,
        dir: &OwnedFd,
        path: &mut String,
        mut stack: Stack,
        depth: usize,
        budget: &mut Option<Budget>,
    ) -> Result<(), Over> {
        let Ok(entries) = names(dir) else {
            self.left_out
                .insert(path.as_str().into(), "it cannot be listed".into());
            return Ok(());
        };
        if entries
            .iter()
            .any(|(name, _)| name.as_bytes() == b".gitignore")
        {
            self.ignores.enter(&self.root.join(&*path), &mut stack);
        }
        let length = path.len();
        for (name, kind) in entries {
            path.truncate(length);
            let Ok(text) = name.to_str() else {
                path.push_str(&name.to_string_lossy());
                self.left_out
                    .insert(path.as_str().into(), "its name is not valid UTF-8".into());
                continue;
            };
            if text == ".git" || text.starts_with(TEMPORARY_PREFIX) {
                continue;
            }
            path.push_str(text);
            self.entry(dir, &name, kind, path, &stack, depth, budget)?;
        }
        path.truncate(length);
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    fn entry(
        &mut self,
        dir: &OwnedFd,
        name: &CString,
        kind: FileType,
        path: &mut String,
        stack: &Stack,
        depth: usize,
        budget: &mut Option<Budget>,
    ) -> Result<(), Over> {
        let Ok(stat) = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) else {
            return Ok(()); // gone meanwhile
        };
        let kind = match kind {
            FileType::Unknown => FileType::from_raw_mode(stat.st_mode as RawMode),
            known => known,
        };
        let stamp = Stamp::of(&stat);
        match kind {
            FileType::Directory => {
                let entry = Entry::dir(stat.st_mode & 0o7777);
                self.items.push(Item {
                    path: path.as_str().into(),
                    stamp,
                    entry: Some(entry),
                    settled: false,
                });
                path.push('/');
                self.subfolder(dir, name, path, stack, depth, budget)
            }
            FileType::RegularFile | FileType::Symlink => {
                if let Some(budget) = budget {
                    let bytes = budget.bytes.checked_sub(stamp.size);
                    let files = budget.files.checked_sub(1);
                    *budget = Budget {
                        files: files.ok_or(Over)?,
                        bytes: bytes.ok_or(Over)?,
                    };
                }
                self.file(path, stamp);
                Ok(())
            }
            _ => {
                let reason = "a pipe, a socket or a device: it has no content to keep";
                self.left_out.insert(path.as_str().into(), reason.into());
                Ok(())
            }
        }
    }

    fn file(&mut self, path: &str, stamp: Stamp) {
        if stamp.size > FILE_BYTES {
            let reason = format!("{} MiB", stamp.size / 1024 / 1024);
            self.left_out.insert(path.into(), reason);
            return;
        }
        let settled = stamp.is_settled(self.now);
        let item = match self.tree.known.get_key_value(path) {
            Some((path, known)) if known.stamp == stamp => Item {
                path: path.clone(),
                stamp,
                entry: Some(known.entry),
                settled: true,
            },
            Some((path, _)) => Item {
                path: path.clone(),
                stamp,
                entry: None,
                settled,
            },
            None => Item {
                path: path.into(),
                stamp,
                entry: None,
                settled,
            },
        };
        self.items.push(item);
    }

    fn subfolder(
        &mut self,
        dir: &OwnedFd,
        name: &CString,
        path: &mut String,
        stack: &Stack,
        depth: usize,
        budget: &mut Option<Budget>,
    ) -> Result<(), Over> {
        if let Some(reason) = self.tree.dropped.get(path.as_str()) {
            self.left_out.insert(path.as_str().into(), reason.clone());
            return Ok(());
        }
        let bare = Path::new(path.trim_end_matches('/'));
        if self.protected.contains(bare) {
            self.left_out
                .insert(path.as_str().into(), "Mira's own data".into());
            return Ok(());
        }
        if depth >= DEPTH {
            self.left_out
                .insert(path.as_str().into(), format!("deeper than {DEPTH} folders"));
            return Ok(());
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let below = match rustix::fs::openat(dir, name, flags, Mode::empty()) {
            Ok(below) => below,
            Err(rustix::io::Errno::NOENT) => return Ok(()),
            Err(_) => {
                self.left_out
                    .insert(path.as_str().into(), "it cannot be opened".into());
                return Ok(());
            }
        };
        let starts_ignored = budget.is_none()
            && (is_build_output(name) || is_ignored(stack, &self.root.join(bare), true));
        if !starts_ignored {
            return self.folder(&below, path, stack.clone(), depth + 1, budget);
        }
        let (items, left_out) = (self.items.len(), self.left_out.clone());
        let mut limit = Some(Budget {
            files: IGNORED_FILES,
            bytes: IGNORED_BYTES,
        });
        let length = path.len();
        if self
            .folder(&below, path, stack.clone(), depth + 1, &mut limit)
            .is_err()
        {
            path.truncate(length);
            self.items.truncate(items);
            self.left_out = left_out;
            self.left_out.insert(
                path.as_str().into(),
                format!(
                    "ignored, over {IGNORED_FILES} files or {} MiB",
                    IGNORED_BYTES / 1024 / 1024
                ),
            );
        }
        Ok(())
    }
}

/// Folders that tools fill; where they are small they are covered like all others.
fn is_build_output(name: &CString) -> bool {
    const NAMES: &[&[u8]] = &[
        b"node_modules",
        b"target",
        b".venv",
        b"venv",
        b"__pycache__",
        b".gradle",
        b".tox",
    ];
    NAMES.contains(&name.as_bytes())
}

fn names(dir: &OwnedFd) -> io::Result<Vec<(CString, FileType)>> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(dir)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push((entry.file_name().to_owned(), entry.file_type()));
        }
    }
    Ok(names)
}

/// Leaves out the largest folders of the root until the rest is of a size that can be covered.
fn drop_largest(
    items: &mut Vec<Item>,
    dropped: &mut BTreeMap<Arc<str>, String>,
    left_out: &mut BTreeMap<Arc<str>, String>,
) {
    // What was left out once is not looked at again, and so that it stays so:
    for (path, reason) in left_out.iter().filter(|(path, _)| path.ends_with('/')) {
        dropped
            .entry(path.clone())
            .or_insert_with(|| reason.clone());
    }
    let size = |items: &[Item]| items.iter().map(|item| item.stamp.size).sum::<u64>();
    while items.len() > ALL_FILES || size(items) > ALL_BYTES {
        let by_files = items.len() > ALL_FILES;
        let mut folders = HashMap::<&str, u64>::new();
        for item in items.iter() {
            if let Some((folder, _)) = item.path.split_once('/') {
                *folders.entry(folder).or_default() += if by_files { 1 } else { item.stamp.size };
            }
        }
        let Some((largest, _)) = folders.into_iter().max_by_key(|(name, n)| (*n, *name)) else {
            break;
        };
        let path: Arc<str> = format!("{largest}/").into();
        let reason = "too large to be kept for undo".to_owned();
        items.retain(|item| !item.path.starts_with(&*path));
        dropped.insert(path.clone(), reason.clone());
        left_out.insert(path, reason);
    }
}
