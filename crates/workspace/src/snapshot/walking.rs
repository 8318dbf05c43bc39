//! The walk: folders are looked through side by side, each entry costs one `stat`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, RawMode};

use super::{FILE_BYTES, Met};
use crate::checkpoint::{Entry, Kind};
use crate::files::TEMPORARY_PREFIX;
use crate::ignores::{Ignores, Stack, is_ignored};
use crate::manifest::{Folder, Item, Stamp};

/// An ignored folder with more files than that is left out.
const IGNORED_FILES: usize = 2_000;
/// An ignored folder with more bytes than that is left out.
const IGNORED_BYTES: u64 = 64 * 1024 * 1024;
/// Deeper folders are left out: each level holds a descriptor while it is walked.
const DEPTH: usize = 200;
/// A project that had fewer folders is walked by one sooner than others have begun.
const FOLDERS_FOR_MANY: usize = 64;
const MOST_THREADS: usize = 8;
/// Names of a folder are asked for in pieces of so many bytes.
const NAMES_BYTES: usize = 32 * 1024;

pub(super) struct Walk<'a> {
    pub root: &'a Path,
    pub protected: HashSet<PathBuf>,
    pub known: &'a HashMap<Arc<str>, Arc<Folder>>,
    pub dropped: &'a BTreeMap<Arc<str>, String>,
    pub now: i128,
}

/// What was met.
#[derive(Default)]
pub(super) struct Seen {
    pub folders: Vec<Met>,
    pub left_out: Vec<(Arc<str>, String)>,
}

/// A folder that is still to be looked through.
struct Ahead {
    /// Open, so that nobody can put a link in its place.
    parent: Arc<OwnedFd>,
    name: CString,
    /// With `/` at the end.
    path: String,
    stack: Stack,
    depth: usize,
}

/// Folders ahead, shared by all who walk.
struct Queue {
    ahead: Mutex<Todo>,
    changed: Condvar,
}

#[derive(Default)]
struct Todo {
    folders: Vec<Ahead>,
    /// Those that are looked through now may lead to more.
    busy: usize,
}

/// What an ignored folder may still hold.
struct Budget {
    files: usize,
    bytes: u64,
}

/// The ignored folder is too large.
struct Over;

impl Walk<'_> {
    /// Everything below the root. Not sorted.
    pub fn all(&self, root: Arc<OwnedFd>, ignores: &mut Ignores) -> Seen {
        let stack = ignores.stack();
        let ignores = Mutex::new(ignores);
        let queue = Queue {
            ahead: Mutex::default(),
            changed: Condvar::new(),
        };
        let mut first = Walker::new(self, &queue, &ignores);
        first.look(&root, String::new(), stack, 0, &mut None).ok();
        let threads = std::thread::available_parallelism()
            .map_or(1, usize::from)
            .min(MOST_THREADS);
        let few = (1..FOLDERS_FOR_MANY).contains(&self.known.len());
        if threads == 1 || few {
            first.work();
            return first.seen;
        }
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads)
                .map(|_| {
                    scope.spawn(|| {
                        let mut walker = Walker::new(self, &queue, &ignores);
                        walker.work();
                        walker.seen
                    })
                })
                .collect();
            first.work();
            for other in others {
                // One that panicked has met nothing: the folders it had are missing, and undo
                // must not take them for deleted.
                let seen = other
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                first.seen.folders.extend(seen.folders);
                first.seen.left_out.extend(seen.left_out);
            }
        });
        first.seen
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Todo> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, more: &mut Vec<Ahead>) {
        if more.is_empty() {
            return;
        }
        let many = more.len() > 1;
        self.lock().folders.append(more);
        match many {
            true => self.changed.notify_all(),
            false => self.changed.notify_one(),
        }
    }

    /// The next folder, and the word that somebody is at it; None once all are done.
    fn next(&self) -> Option<(Ahead, Busy<'_>)> {
        let mut todo = self.lock();
        loop {
            if let Some(next) = todo.folders.pop() {
                todo.busy += 1;
                return Some((next, Busy(self)));
            }
            if todo.busy == 0 {
                return None;
            }
            todo = self
                .changed
                .wait(todo)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A folder is looked through while this lives.
struct Busy<'a>(&'a Queue);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut todo = self.0.lock();
        todo.busy -= 1;
        if todo.busy == 0 {
            // Nothing comes any more: who waits may go.
            self.0.changed.notify_all();
        }
    }
}

struct Walker<'a, 'b> {
    walk: &'a Walk<'a>,
    queue: &'a Queue,
    ignores: &'a Mutex<&'b mut Ignores>,
    seen: Seen,
    names: Box<[MaybeUninit<u8>]>,
}

/// An entry of the folder that is looked through.
struct Found {
    /// Where its name lies among the names of the folder.
    from: usize,
    to: usize,
    stamp: Stamp,
    kind: FileType,
}

struct Listing {
    /// What can be kept.
    found: Vec<Found>,
    /// Bytes of each file that is too large for it.
    large: Vec<u64>,
}

impl<'a, 'b> Walker<'a, 'b> {
    fn new(walk: &'a Walk<'a>, queue: &'a Queue, ignores: &'a Mutex<&'b mut Ignores>) -> Self {
        Self {
            walk,
            queue,
            ignores,
            seen: Seen::default(),
            names: vec![MaybeUninit::uninit(); NAMES_BYTES].into(),
        }
    }

    fn work(&mut self) {
        while let Some((ahead, _busy)) = self.queue.next() {
            self.enter(ahead, &mut None).ok();
        }
    }

    fn leave_out(&mut self, path: &str, reason: impl Into<String>) {
        self.seen.left_out.push((path.into(), reason.into()));
    }

    /// A folder whose parent was looked through.
    fn enter(&mut self, ahead: Ahead, budget: &mut Option<Budget>) -> Result<(), Over> {
        let Ahead {
            parent,
            name,
            path,
            stack,
            depth,
        } = ahead;
        if let Some(reason) = self.walk.dropped.get(path.as_str()) {
            self.leave_out(&path, reason.clone());
            return Ok(());
        }
        let bare = Path::new(path.trim_end_matches('/'));
        if self.walk.protected.contains(bare) {
            self.leave_out(&path, "Mira's own data");
            return Ok(());
        }
        if depth > DEPTH {
            self.leave_out(&path, format!("deeper than {DEPTH} folders"));
            return Ok(());
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let dir = match rustix::fs::openat(&*parent, &*name, flags, Mode::empty()) {
            Ok(dir) => Arc::new(dir),
            Err(rustix::io::Errno::NOENT) => return Ok(()),
            Err(_) => {
                self.leave_out(&path, "it cannot be opened");
                return Ok(());
            }
        };
        drop(parent);
        let starts_ignored = budget.is_none()
            && (is_build_output(&name) || is_ignored(&stack, &self.walk.root.join(bare), true));
        if !starts_ignored {
            return self.look(&dir, path, stack, depth, budget);
        }
        let (folders, left_out) = (self.seen.folders.len(), self.seen.left_out.len());
        let mut limit = Some(Budget {
            files: IGNORED_FILES,
            bytes: IGNORED_BYTES,
        });
        if self
            .look(&dir, path.clone(), stack, depth, &mut limit)
            .is_err()
        {
            self.seen.folders.truncate(folders);
            self.seen.left_out.truncate(left_out);
            let most = IGNORED_BYTES / 1024 / 1024;
            self.leave_out(
                &path,
                format!("ignored, over {IGNORED_FILES} files or {most} MiB"),
            );
        }
        Ok(())
    }

    /// Looks through an open folder. Those in it are left for whoever has time, within an ignored
    /// folder they are entered at once: they share its budget.
    fn look(
        &mut self,
        dir: &Arc<OwnedFd>,
        path: String,
        mut stack: Stack,
        depth: usize,
        budget: &mut Option<Budget>,
    ) -> Result<(), Over> {
        let mut names = Vec::new();
        let Ok(Listing { mut found, large }) = self.list(dir, &path, &mut names) else {
            self.leave_out(&path, "it cannot be listed");
            return Ok(());
        };
        if found.iter().any(|one| one.name(&names) == b".gitignore") {
            let mut ignores = self.ignores.lock().unwrap_or_else(PoisonError::into_inner);
            ignores.enter(&self.walk.root.join(&path), &mut stack);
        }
        found.sort_unstable_by(|a, b| a.name(&names).cmp(b.name(&names)));
        if let Some(budget) = budget {
            let files = found.iter().filter(|one| one.kind != FileType::Directory);
            for bytes in files.map(|one| one.stamp.size).chain(large) {
                budget.files = budget.files.checked_sub(1).ok_or(Over)?;
                budget.bytes = budget.bytes.checked_sub(bytes).ok_or(Over)?;
            }
        }
        let mut ahead: Vec<Ahead> = found
            .iter()
            .filter(|one| one.kind == FileType::Directory)
            .map(|one| Ahead {
                parent: dir.clone(),
                name: CString::new(one.name(&names)).unwrap_or_default(),
                path: format!("{path}{}/", one.text(&names)),
                stack: stack.clone(),
                depth: depth + 1,
            })
            .collect();
        self.meet(path, &found, &names);
        if budget.is_none() {
            self.queue.add(&mut ahead);
            return Ok(());
        }
        ahead
            .into_iter()
            .try_for_each(|one| self.enter(one, budget))
    }

    /// What is in the folder and can be kept, in the order of the file system.
    fn list(
        &mut self,
        dir: &OwnedFd,
        path: &str,
        names: &mut Vec<u8>,
    ) -> rustix::io::Result<Listing> {
        let (mut all, mut large) = (Vec::new(), Vec::new());
        let mut left_out = Vec::new();
        let mut listing = RawDir::new(dir, &mut self.names);
        while let Some(entry) = listing.next() {
            let entry = entry?;
            let name = entry.file_name();
            let bytes = name.to_bytes();
            if matches!(bytes, b"." | b".." | b".git")
                || bytes.starts_with(TEMPORARY_PREFIX.as_bytes())
            {
                continue;
            }
            let Ok(text) = name.to_str() else {
                let shown = format!("{path}{}", name.to_string_lossy());
                left_out.push((shown, "its name is not valid UTF-8".to_owned()));
                continue;
            };
            let Ok(stat) = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) else {
                continue; // gone meanwhile
            };
            let kind = match entry.file_type() {
                FileType::Unknown => FileType::from_raw_mode(stat.st_mode as RawMode),
                known => known,
            };
            let stamp = Stamp::of(&stat);
            match kind {
                FileType::Directory => {}
                FileType::RegularFile | FileType::Symlink if stamp.size > FILE_BYTES => {
                    large.push(stamp.size);
                    let reason = format!("{} MiB", stamp.size / 1024 / 1024);
                    left_out.push((format!("{path}{text}"), reason));
                    continue;
                }
                FileType::RegularFile | FileType::Symlink => {}
                _ => {
                    let reason = "a pipe, a socket or a device: it has no content to keep";
                    left_out.push((format!("{path}{text}"), reason.to_owned()));
                    continue;
                }
            }
            let from = names.len();
            names.extend_from_slice(bytes);
            all.push(Found {
                from,
                to: names.len(),
                stamp,
                kind,
            });
        }
        for (path, reason) in left_out {
            self.leave_out(&path, reason);
        }
        Ok(Listing { found: all, large })
    }

    /// Compares a folder with what is known of it. `found` is sorted.
    fn meet(&mut self, path: String, found: &[Found], names: &[u8]) {
        let known = self.walk.known.get(path.as_str());
        if let Some(known) = known
            && known.items.len() == found.len()
            && found
                .iter()
                .zip(&known.items)
                .all(|(one, item)| known.name(item).as_bytes() == one.name(names) && one.is(item))
        {
            self.seen.folders.push(Met::Known(known.clone()));
            return;
        }
        let mut old = known
            .map_or(&[][..], |known| &known.items)
            .iter()
            .peekable();
        let items = found.iter().map(|one| {
            let full = format!("{path}{}", one.text(names));
            while old.next_if(|item| *item.path < *full).is_some() {}
            let same = old.next_if(|item| *item.path == *full && one.is(item));
            let entry = match (same, one.kind) {
                (Some(item), _) => item.entry,
                (None, FileType::Directory) => Some(Entry::dir(one.stamp.mode & 0o7777)),
                (None, _) => None,
            };
            Item {
                path: full.into(),
                stamp: one.stamp,
                entry,
                settled: same.is_some() || one.stamp.is_settled(self.walk.now),
            }
        });
        let items: Vec<Item> = items.collect();
        let files = found.iter().filter(|one| one.kind != FileType::Directory);
        let folder = Folder {
            bytes: files.map(|one| one.stamp.size).sum(),
            path: path.into(),
            items,
        };
        self.seen.folders.push(Met::Fresh(folder));
    }
}

impl Found {
    fn name<'n>(&self, names: &'n [u8]) -> &'n [u8] {
        &names[self.from..self.to]
    }

    fn text<'n>(&self, names: &'n [u8]) -> &'n str {
        // It was looked at when it was found.
        std::str::from_utf8(self.name(names)).unwrap_or_default()
    }

    /// As it was when its content was read.
    fn is(&self, item: &Item) -> bool {
        match (&item.entry, self.kind) {
            (Some(entry), FileType::Directory) => {
                entry.kind == Kind::Dir && entry.mode == self.stamp.mode & 0o7777
            }
            (Some(_), _) => item.settled && item.stamp == self.stamp,
            (None, _) => false,
        }
    }
}

/// Folders that tools fill; where they are small they are covered like all others.
fn is_build_output(name: &CStr) -> bool {
    const NAMES: &[&[u8]] = &[
        b"node_modules",
        b"target",
        b".venv",
        b"venv",
        b"__pycache__",
        b".gradle",
        b".tox",
    ];
    NAMES.contains(&name.to_bytes())
}
