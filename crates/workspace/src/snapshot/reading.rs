//! Reads what is not known yet: several files at once, and none that changes meanwhile.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{FileType, Mode, OFlags, RawMode};

use super::FILE_BYTES;
use crate::checkpoint::{Entry, Kind};
use crate::manifest::{Item, Stamp};
use crate::{Blobs, Hash, Refusal};

/// A file is read so often to find it quiet.
const READS: usize = 5;

/// Reads, hashes and stores every file that is not known, on all processors if there are many.
pub(super) fn hash_unknown<'a>(
    root: &OwnedFd,
    items: impl Iterator<Item = &'a mut Item>,
    left_out: &mut BTreeMap<Arc<str>, String>,
    blobs: &Blobs,
) -> Result<(), Refusal> {
    let mut unknown: Vec<&mut Item> = items.filter(|item| item.entry.is_none()).collect();
    let problems = Mutex::new(Vec::<(Arc<str>, Result<String, Refusal>)>::new());
    let report = |path: &str, problem| {
        problems
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((path.into(), problem));
    };
    let read = |item: &mut Item| match content(root, item) {
        Ok(Some((entry, bytes))) => match blobs.put_unsynced(entry.hash, &bytes) {
            Ok(()) => item.entry = Some(entry),
            Err(refusal) => report(&item.path, Err(refusal)),
        },
        Ok(None) => {}
        Err(error) => report(&item.path, Ok(format!("it cannot be read: {error}"))),
    };
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(unknown.len() / 32 + 1);
    if threads <= 1 {
        unknown.iter_mut().for_each(|item| read(item));
    } else {
        let next = AtomicUsize::new(0);
        let unknown: Vec<Mutex<&mut Item>> = unknown.into_iter().map(Mutex::new).collect();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(item) = unknown.get(next.fetch_add(1, Ordering::Relaxed)) {
                        read(&mut item.lock().unwrap_or_else(PoisonError::into_inner));
                    }
                });
            }
        });
    }
    for (path, problem) in problems
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
    {
        left_out.insert(path, problem?);
    }
    Ok(())
}

/// The state and content of a file or link. None: it is gone.
fn content(root: &OwnedFd, item: &mut Item) -> io::Result<Option<(Entry, Vec<u8>)>> {
    let gone = |error: rustix::io::Errno| {
        matches!(error, rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR)
    };
    if FileType::from_raw_mode(item.stamp.mode as RawMode) == FileType::Symlink {
        return match rustix::fs::readlinkat(root, &*item.path, Vec::new()) {
            Ok(target) => {
                let bytes = target.into_bytes();
                Ok(Some((entry_of(&bytes, 0o777, Kind::Symlink), bytes)))
            }
            Err(error) if gone(error) => Ok(None),
            Err(error) => Err(error.into()),
        };
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let mut file = match rustix::fs::openat(root, &*item.path, flags, Mode::empty()) {
        Ok(fd) => File::from(fd),
        Err(error) if gone(error) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut last = Vec::new();
    for attempt in 0..READS {
        let bytes = read(&mut file, item.stamp.size)?;
        let stamp = Stamp::of(&rustix::fs::fstat(&file)?);
        // A young stamp may stay the same while the content changes: then two readings must agree.
        let sure = stamp == item.stamp && (item.settled || attempt > 0 && bytes == last);
        if sure {
            return Ok(Some((
                entry_of(&bytes, stamp.mode & 0o7777, Kind::File),
                bytes,
            )));
        }
        if stamp != item.stamp {
            // Written to while it was read: known again only once it is quiet.
            item.settled = false;
            item.stamp = stamp;
        }
        last = bytes;
    }
    Err(io::Error::other("it was written to all the while"))
}

fn read(file: &mut File, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(size as usize + 1);
    file.seek(SeekFrom::Start(0))?;
    let most = FILE_BYTES + 1;
    Read::by_ref(file).take(most).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == most {
        return Err(io::Error::other("it grew too large while it was read"));
    }
    Ok(bytes)
}

fn entry_of(bytes: &[u8], mode: u32, kind: Kind) -> Entry {
    Entry {
        hash: Hash::of(bytes),
        size: bytes.len() as u64,
        mode,
        kind,
    }
}
