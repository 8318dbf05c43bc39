//! The state of a whole project at a moment, folder by folder.
//!
//! A folder that is as it was is the same [`Folder`] in the next state, so that two states are
//! compared by looking only into folders that differ.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use rustix::fs::Stat;

use crate::Hash;
use crate::checkpoint::{Change, Entry, Kind};

/// What a file for a state begins with; another number is another form.
const MAGIC: &[u8] = b"mira state 2\0";

/// What the file system says of an entry: as long as it stays, so does the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    mtime: (i64, u32),
    ctime: (i64, u32),
    pub size: u64,
    inode: u64,
    pub mode: u32,
}

/// A file that changed so short a time before it was looked at may change again without a new
/// stamp; it is read again the next time. Nanoseconds.
const SETTLED_NS: i128 = 50_000_000;
/// The same where the file system counts whole seconds (or two).
const COARSE_SETTLED_NS: i128 = 2_100_000_000;

impl Stamp {
    pub fn of(stat: &Stat) -> Self {
        Self {
            mtime: (stat.st_mtime, stat.st_mtime_nsec as u32),
            ctime: (stat.st_ctime, stat.st_ctime_nsec as u32),
            size: stat.st_size.max(0) as u64,
            inode: stat.st_ino,
            mode: stat.st_mode,
        }
    }

    /// Whether a change after this moment would show.
    pub fn is_settled(&self, now: i128) -> bool {
        let (seconds, nanos) = self.ctime.max(self.mtime);
        let changed = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        let quiet = if nanos == 0 {
            COARSE_SETTLED_NS
        } else {
            SETTLED_NS
        };
        changed + quiet < now
    }
}

/// One entry of a folder.
#[derive(Debug)]
pub(crate) struct Item {
    /// From the root.
    pub path: Box<str>,
    pub stamp: Stamp,
    /// None: still to be read, or gone when it was.
    pub entry: Option<Entry>,
    /// A change since would show in the stamp.
    pub settled: bool,
}

/// A folder with what is directly in it.
#[derive(Debug)]
pub(crate) struct Folder {
    /// With `/` at the end; empty for the root.
    pub path: Arc<str>,
    /// Sorted by path.
    pub items: Vec<Item>,
    /// Of its files together, as the file system says.
    pub bytes: u64,
}

impl Folder {
    pub fn name<'a>(&self, item: &'a Item) -> &'a str {
        item.path.get(self.path.len()..).unwrap_or_default()
    }
}

/// The state of a whole project at a moment.
#[derive(Debug, Default)]
pub struct Manifest {
    /// Sorted by path.
    pub(crate) folders: Vec<Arc<Folder>>,
    /// Paths left out (files, or folders with all below them) with the reason.
    pub(crate) left_out: BTreeMap<Arc<str>, String>,
}

impl Manifest {
    /// Folder by folder, each sorted by path.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        let items = self.folders.iter().flat_map(|folder| &folder.items);
        items.filter_map(|item| Some((&*item.path, item.entry.as_ref()?)))
    }

    pub fn get(&self, path: &str) -> Option<&Entry> {
        let parent = path.rfind('/').map_or("", |at| &path[..=at]);
        let at = self
            .folders
            .binary_search_by(|folder| (*folder.path).cmp(parent))
            .ok()?;
        let items = &self.folders[at].items;
        let at = items.binary_search_by(|item| (*item.path).cmp(path)).ok()?;
        items[at].entry.as_ref()
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

    /// For a file: what [`Manifest::decode`] reads. The same state gives the same bytes.
    pub fn encode(&self) -> Vec<u8> {
        let count = self.folders.iter().map(|folder| folder.items.len());
        let mut out = Vec::with_capacity(count.sum::<usize>() * 64 + 1_024);
        out.extend_from_slice(MAGIC);
        put_count(&mut out, self.folders.len());
        for folder in &self.folders {
            put_text(&mut out, &folder.path);
            put_count(&mut out, folder.items.len());
            for item in &folder.items {
                let Some(entry) = &item.entry else {
                    out.push(NOTHING);
                    continue;
                };
                out.push(kind_byte(entry.kind));
                put_text(&mut out, folder.name(item));
                out.extend_from_slice(&entry.mode.to_le_bytes());
                out.extend_from_slice(&entry.size.to_le_bytes());
                out.extend_from_slice(entry.hash.bytes());
            }
        }
        put_count(&mut out, self.left_out.len());
        for (path, reason) in &self.left_out {
            put_text(&mut out, path);
            put_text(&mut out, reason);
        }
        out
    }

    /// None where the bytes are not of [`Manifest::encode`], whole.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = Bytes(bytes.strip_prefix(MAGIC)?);
        let mut folders = Vec::new();
        for _ in 0..rest.count()? {
            let path: Arc<str> = rest.text()?.into();
            let mut items = Vec::new();
            for _ in 0..rest.count()? {
                let kind = match rest.byte()? {
                    NOTHING => continue,
                    byte => kind_of(byte)?,
                };
                items.push(Item {
                    path: format!("{path}{}", rest.text()?).into(),
                    stamp: Stamp::default(),
                    settled: false,
                    entry: Some(Entry {
                        kind,
                        mode: u32::from_le_bytes(rest.array()?),
                        size: u64::from_le_bytes(rest.array()?),
                        hash: Hash::from_bytes(rest.array()?),
                    }),
                });
            }
            folders.push(Arc::new(Folder {
                path,
                items,
                bytes: 0,
            }));
        }
        let mut left_out = BTreeMap::new();
        for _ in 0..rest.count()? {
            left_out.insert(rest.text()?.into(), rest.text()?.to_owned());
        }
        rest.0.is_empty().then_some(Self { folders, left_out })
    }
}

const NOTHING: u8 = 0;

fn kind_byte(kind: Kind) -> u8 {
    match kind {
        Kind::File => 1,
        Kind::Symlink => 2,
        Kind::Dir => 3,
    }
}

fn kind_of(byte: u8) -> Option<Kind> {
    match byte {
        1 => Some(Kind::File),
        2 => Some(Kind::Symlink),
        3 => Some(Kind::Dir),
        _ => None,
    }
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&(count as u32).to_le_bytes());
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_count(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// Bytes that are still to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn count(&mut self) -> Option<usize> {
        self.array().map(|bytes| u32::from_le_bytes(bytes) as usize)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.count()?;
        std::str::from_utf8(self.take(length)?).ok()
    }
}

/// What changed from `before` to `after`, sorted by path. What either left out is left out here:
/// nothing is known of it.
pub fn diff(before: &Manifest, after: &Manifest) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut note = |path: &str, was: Option<Entry>, is: Option<Entry>| {
        if was != is && !before.leaves_out(path) && !after.leaves_out(path) {
            changes.push(Change {
                path: path.to_owned(),
                before: was,
                after: is,
            });
        }
    };
    let by_path = |a: &Arc<Folder>, b: &Arc<Folder>| a.path.cmp(&b.path);
    for (old, new) in joined(&before.folders, &after.folders, by_path) {
        if let (Some(old), Some(new)) = (old, new)
            && Arc::ptr_eq(old, new)
        {
            continue;
        }
        for (was, is) in joined(items_of(old), items_of(new), |a, b| a.path.cmp(&b.path)) {
            if let Some(path) = was.or(is).map(|item| &item.path) {
                let entry = |item: Option<&Item>| item.and_then(|item| item.entry);
                note(path, entry(was), entry(is));
            }
        }
    }
    changes.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    changes
}

fn items_of(folder: Option<&Arc<Folder>>) -> &[Item] {
    folder.map_or(&[], |folder| &folder.items)
}

/// Goes through two sorted lists side by side.
fn joined<'a, T>(
    left: &'a [T],
    right: &'a [T],
    order: impl Fn(&T, &T) -> Ordering,
) -> impl Iterator<Item = (Option<&'a T>, Option<&'a T>)> {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    std::iter::from_fn(move || {
        let next = match (left.peek(), right.peek()) {
            (None, None) => return None,
            (Some(a), Some(b)) => order(a, b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
        };
        Some(match next {
            Ordering::Less => (left.next(), None),
            Ordering::Equal => (left.next(), right.next()),
            Ordering::Greater => (None, right.next()),
        })
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(content: &str) -> Entry {
        Entry {
            hash: Hash::of(content.as_bytes()),
            size: content.len() as u64,
            mode: 0o644,
            kind: Kind::File,
        }
    }

    /// "path=content", folder by folder.
    fn state(files: &[(&str, &[&str])]) -> Manifest {
        let mut folders: Vec<_> = files
            .iter()
            .map(|(folder, items)| {
                let mut items: Vec<_> = items
                    .iter()
                    .map(|item| {
                        let (name, content) = item.split_once('=').unwrap();
                        Item {
                            path: format!("{folder}{name}").into(),
                            stamp: Stamp::default(),
                            entry: Some(entry(content)),
                            settled: true,
                        }
                    })
                    .collect();
                items.sort_unstable_by(|a, b| a.path.cmp(&b.path));
                Arc::new(Folder {
                    path: (*folder).into(),
                    items,
                    bytes: 0,
                })
            })
            .collect();
        folders.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Manifest {
            folders,
            left_out: BTreeMap::new(),
        }
    }

    #[test]
    fn what_is_written_is_read_and_a_torn_file_is_not() {
        let mut whole = state(&[("", &["a=1", "ä=2"]), ("src/", &["x=3"]), ("empty/", &[])]);
        whole.left_out.insert("big.bin".into(), "33 MiB".into());
        let bytes = whole.encode();
        let read = Manifest::decode(&bytes).unwrap();
        assert!(diff(&whole, &read).is_empty() && read.encode() == bytes);
        assert_eq!(read.not_covered(), ["big.bin (33 MiB)"]);
        for end in 0..bytes.len() {
            assert!(Manifest::decode(&bytes[..end]).is_none(), "{end}");
        }
        assert!(Manifest::decode(b"[[],{}]").is_none());
        let mut wrong = bytes.clone();
        wrong.push(0);
        assert!(Manifest::decode(&wrong).is_none());
        // A count that promises more than there is takes no memory for it.
        let mut huge = MAGIC.to_vec();
        huge.extend([0xff; 4]);
        assert!(Manifest::decode(&huge).is_none());
    }

    #[test]
    fn names_around_the_stroke_keep_their_place() {
        // "a-b" and "a.b" sort before "a/", "a0" behind it.
        let before = state(&[
            ("", &["a-b=1", "a.b=1", "a0=1"]),
            ("a/", &["b=1"]),
            ("a-b/", &["c=1"]),
        ]);
        let after = state(&[("", &["a-b=1", "a.b=2", "a1=1"]), ("a/", &["b=2"])]);
        let found: Vec<_> = diff(&before, &after)
            .into_iter()
            .map(|change| (change.path, change.before.is_some(), change.after.is_some()))
            .collect();
        let expected = [
            ("a-b/c", true, false),
            ("a.b", true, true),
            ("a/b", true, true),
            ("a0", true, false),
            ("a1", false, true),
        ];
        assert_eq!(
            found,
            expected.map(|(path, was, is)| (path.to_owned(), was, is))
        );
        for (path, entry) in after.entries() {
            assert_eq!(after.get(path), Some(entry));
        }
        assert!(after.get("a-b/c").is_none() && after.get("zz/y").is_none());
    }
}
