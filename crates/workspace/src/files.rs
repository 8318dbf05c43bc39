//! Reading and writing files: whole or by pages, always atomically.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, Mode, OFlags, RawMode};

use crate::checkpoint::{Change, Entry, Kind};
use crate::guard::{Intent, Place, Resolved, open_parent};
use crate::{Hash, Refusal, Workspace};

/// The largest file that is read whole, in bytes.
pub const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;
/// The most text that one [`Page`] holds, in bytes.
pub const MAX_PAGE_BYTES: usize = 256 * 1024;
/// The longest line that a [`Page`] shows whole, in characters.
pub const MAX_LINE_CHARS: usize = 2_000;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// A whole file.
#[derive(Debug, Clone)]
pub struct FileBytes {
    pub bytes: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
    pub path: Resolved,
}

/// What writing a file did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub change: Change,
    /// Folders that had to be made for it, outermost first.
    pub made: Vec<Change>,
}

impl Written {
    /// All of it, in the order in which it happened; nothing where nothing changed.
    pub fn into_changes(self) -> Vec<Change> {
        self.made
            .into_iter()
            .chain([self.change])
            .filter(|change| !change.is_noop())
            .collect()
    }
}

/// Lines of a file.
#[derive(Debug, Clone, Default)]
pub struct Page {
    pub path: String,
    /// The lines, each ended by `\n`, without BOM and carriage returns. Empty where `binary`.
    pub text: String,
    /// 1-based.
    pub first_line: usize,
    /// Lines in `text`.
    pub lines: usize,
    pub total_lines: usize,
    /// Of the file, in bytes.
    pub size: u64,
    pub binary: bool,
    /// Bytes that are not UTF-8 were replaced in `text`.
    pub invalid_utf8: bool,
    pub crlf: bool,
    pub bom: bool,
    /// The file's last line has its line end.
    pub final_newline: bool,
    /// Lines that were too long were cut in `text`.
    pub cut_lines: bool,
    /// Where to go on; None at the end.
    pub next_line: Option<usize>,
}

/// Whether the beginning of a content says that it is not text.
pub fn is_binary(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(8192)].contains(&0)
}

/// Lines of a content, as [`Workspace::read_lines`] gives those of a file. `path` is only named.
pub fn page_of_bytes(path: &str, content: &[u8], offset: usize, limit: usize) -> Page {
    let mut page = Page {
        path: path.to_owned(),
        first_line: offset.max(1),
        size: content.len() as u64,
        final_newline: true,
        ..Page::default()
    };
    // Reading from memory cannot fail.
    let _ = page_of(content, limit, &mut page);
    page
}

impl Workspace {
    /// Reads a whole file of at most [`MAX_FILE_BYTES`].
    pub fn read(&self, path: &str) -> Result<FileBytes, Refusal> {
        let resolved = self.resolve(path, Intent::Read)?;
        let (mut file, size, mode) = self.open_file(&resolved, path)?;
        let mut bytes = Vec::with_capacity(size.min(MAX_FILE_BYTES) as usize);
        let read = Read::by_ref(&mut file)
            .take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut bytes);
        read.map_err(|error| Refusal::io(format_args!("read {path:?}"), &error))?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(Refusal::Unsuitable(format!(
                "{path:?} is {} MiB; files over {} MiB are only read by pages.",
                size / 1024 / 1024,
                MAX_FILE_BYTES / 1024 / 1024,
            )));
        }
        Ok(FileBytes {
            bytes,
            mode,
            path: resolved,
        })
    }

    /// Reads `limit` lines from line `offset` (1-based; 0 counts as 1) of a file of any size. The
    /// page ends early where it would pass [`MAX_PAGE_BYTES`]; `next_line` tells.
    pub fn read_lines(&self, path: &str, offset: usize, limit: usize) -> Result<Page, Refusal> {
        let resolved = self.resolve(path, Intent::Read)?;
        let (file, size, _) = self.open_file(&resolved, path)?;
        let mut page = Page {
            path: resolved.shown(),
            first_line: offset.max(1),
            size,
            final_newline: true,
            ..Page::default()
        };
        page_of(BufReader::with_capacity(64 * 1024, file), limit, &mut page)
            .map_err(|error| Refusal::io(format_args!("read {path:?}"), &error))?;
        Ok(page)
    }

    /// Makes or replaces a file, with the folders on its way, atomically: a reader sees the old
    /// content or the new one. Mode and owner stay. A link inside the project is followed to its
    /// target. Old and new content are kept for undo first; on any failure the file is untouched.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<Written, Refusal> {
        let resolved = self.resolve(path, Intent::Write)?;
        let failed = |error: io::Error| Refusal::io(format_args!("write {path:?}"), &error);
        let before = self.current(&resolved, path)?;
        let (old, owner) = before.map(|state| (state.entry, state.owner)).unzip();
        if old.is_some_and(|old| old.kind == Kind::Dir) {
            return Err(Refusal::Unsuitable(format!(
                "{path:?} is a folder, not a file."
            )));
        }
        if let Some(old) = old.filter(|old| old.mode & 0o222 == 0) {
            return Err(Refusal::Denied(format!(
                "{path:?} is marked read-only (mode {:o}); make it writable first if it should change.",
                old.mode
            )));
        }
        let hash = Hash::of(bytes);
        if old.is_some_and(|old| old.hash == hash) {
            let change = Change {
                path: resolved.shown(),
                before: old,
                after: old,
            };
            return Ok(Written {
                change,
                made: Vec::new(),
            });
        }
        self.blobs.put_unsynced(hash, bytes)?;
        let place =
            open_parent(self.base_of(&resolved), &resolved.absolute, true).map_err(failed)?;
        let mode = replace(&place, bytes, old.map(|old| old.mode), owner).map_err(|error| {
            for (folder, _) in place.made.iter().rev() {
                let _ = std::fs::remove_dir(folder);
            }
            failed(error)
        })?;
        let made = place.made.iter().map(|(folder, mode)| Change {
            path: self.shown(folder),
            before: None,
            after: Some(Entry::dir(*mode)),
        });
        let after = Entry {
            hash,
            size: bytes.len() as u64,
            mode,
            kind: Kind::File,
        };
        let change = Change {
            path: resolved.shown(),
            before: old,
            after: Some(after),
        };
        Ok(Written {
            change,
            made: made.collect(),
        })
    }

    /// Deletes a file, or a link (not what it points to). Its content is kept for undo first.
    pub fn delete(&self, path: &str) -> Result<Change, Refusal> {
        let resolved = self.resolve_entry(path, Intent::Write)?;
        let failed = |error: io::Error| Refusal::io(format_args!("delete {path:?}"), &error);
        let Some(State { entry, .. }) = self.current(&resolved, path)? else {
            return Err(Refusal::Missing(format!(
                "Could not delete {path:?}: it does not exist."
            )));
        };
        if entry.kind == Kind::Dir {
            return Err(Refusal::Unsuitable(format!(
                "{path:?} is a folder; delete its files one by one."
            )));
        }
        let place =
            open_parent(self.base_of(&resolved), &resolved.absolute, false).map_err(failed)?;
        rustix::fs::unlinkat(&place.dir, &place.name, AtFlags::empty())
            .map_err(|error| failed(error.into()))?;
        Ok(Change {
            path: resolved.shown(),
            before: Some(entry),
            after: None,
        })
    }

    /// What is at a resolved path, its content stored. None: nothing is there.
    fn current(&self, resolved: &Resolved, asked: &str) -> Result<Option<State>, Refusal> {
        let failed = |error: io::Error| Refusal::io(format_args!("read {asked:?}"), &error);
        let place = match open_parent(self.base_of(resolved), &resolved.absolute, false) {
            Ok(place) => place,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let Some(state) = state_at(&place).map_err(failed)? else {
            return Ok(None);
        };
        if let Some(bytes) = &state.bytes {
            self.blobs.put_hashed(state.entry.hash, bytes)?;
        }
        Ok(Some(state))
    }

    fn open_file(&self, resolved: &Resolved, asked: &str) -> Result<(File, u64, u32), Refusal> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Refusal::Missing(format!(
                "{asked:?} does not exist in the project. List the folder or search for the name to find it."
            )),
            _ => Refusal::io(format_args!("read {asked:?}"), &error),
        };
        let folder = || {
            Refusal::Unsuitable(format!(
                "{asked:?} is a folder, not a file; list it instead."
            ))
        };
        if resolved.relative.as_deref() == Some("") || resolved.absolute.parent().is_none() {
            return Err(folder());
        }
        let place =
            open_parent(self.base_of(resolved), &resolved.absolute, false).map_err(failed)?;
        let fd = open_at(&place).map_err(|error| failed(error.into()))?;
        let stat = rustix::fs::fstat(&fd).map_err(|error| failed(error.into()))?;
        match rustix::fs::FileType::from_raw_mode(stat.st_mode as RawMode) {
            rustix::fs::FileType::RegularFile => {}
            rustix::fs::FileType::Directory => return Err(folder()),
            _ => return Err(Refusal::Denied(format!("{asked:?} is not a regular file."))),
        }
        Ok((
            File::from(fd),
            stat.st_size.max(0) as u64,
            stat.st_mode & 0o7777,
        ))
    }

    /// A canonical path as changes name it.
    pub(crate) fn shown(&self, path: &std::path::Path) -> String {
        path.strip_prefix(&self.root)
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned()
    }
}

/// What is at a place now.
pub(crate) struct State {
    pub entry: Entry,
    /// None for folders.
    pub bytes: Option<Vec<u8>>,
    pub owner: (u32, u32),
}

impl Entry {
    /// A folder.
    pub fn dir(mode: u32) -> Self {
        Self {
            hash: Hash::of(b""),
            size: 0,
            mode,
            kind: Kind::Dir,
        }
    }
}

/// Reads what is at a place, whatever it is. None: nothing.
pub(crate) fn state_at(place: &Place) -> io::Result<Option<State>> {
    use rustix::fs::FileType;
    let stat = match rustix::fs::statat(&place.dir, &place.name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mode = stat.st_mode & 0o7777;
    let owner = (stat.st_uid, stat.st_gid);
    let of = |kind, mode, bytes: Vec<u8>| State {
        entry: Entry {
            hash: Hash::of(&bytes),
            size: bytes.len() as u64,
            mode,
            kind,
        },
        bytes: Some(bytes),
        owner,
    };
    match FileType::from_raw_mode(stat.st_mode as RawMode) {
        FileType::RegularFile => {
            let mut bytes = Vec::with_capacity(stat.st_size.max(0) as usize);
            File::from(open_at(place)?).read_to_end(&mut bytes)?;
            Ok(Some(of(Kind::File, mode, bytes)))
        }
        FileType::Symlink => {
            let target = rustix::fs::readlinkat(&place.dir, &place.name, Vec::new())?;
            Ok(Some(of(Kind::Symlink, 0o777, target.into_bytes())))
        }
        FileType::Directory => Ok(Some(State {
            entry: Entry::dir(mode),
            bytes: None,
            owner,
        })),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is neither a file, a folder nor a link",
        )),
    }
}

fn open_at(place: &Place) -> rustix::io::Result<OwnedFd> {
    // NONBLOCK: a pipe put there meanwhile must not hang us.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    rustix::fs::openat(&place.dir, &place.name, flags, Mode::empty())
}

/// Puts `bytes` at a place in one step: written beside it, then renamed over it. Without `mode`
/// the file gets what a new file gets. Returns the mode.
pub(crate) fn replace(
    place: &Place,
    bytes: &[u8],
    mode: Option<u32>,
    owner: Option<(u32, u32)>,
) -> io::Result<u32> {
    use rustix::fs::{fchmod, fchown, fstat, openat, renameat, unlinkat};
    let temporary = temporary_name();
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let first_mode = if mode.is_some() { 0o600 } else { 0o666 };
    let fd = openat(
        &place.dir,
        &temporary,
        flags,
        Mode::from_raw_mode(first_mode),
    )?;
    let mut file = File::from(fd);
    let result = (|| {
        file.write_all(bytes)?;
        if let Some((uid, gid)) = owner {
            let stat = fstat(&file)?;
            if (stat.st_uid, stat.st_gid) != (uid, gid) {
                // Only the administrator may give files away; otherwise it becomes ours.
                let _ = fchown(
                    &file,
                    Some(rustix::fs::Uid::from_raw(uid)),
                    Some(rustix::fs::Gid::from_raw(gid)),
                );
            }
        }
        if let Some(mode) = mode {
            fchmod(&file, Mode::from_raw_mode(mode as RawMode))?;
        }
        let mode = fstat(&file)?.st_mode & 0o7777;
        renameat(&place.dir, &temporary, &place.dir, &place.name)?;
        Ok(mode)
    })();
    match result {
        Ok(_) => crate::flush::soon(file),
        Err(_) => {
            let _ = unlinkat(&place.dir, &temporary, AtFlags::empty());
        }
    }
    result
}

/// A name beside a file for its next content; told from others by process and number.
pub(crate) fn temporary_name() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{TEMPORARY_PREFIX}{}-{number}", std::process::id())
}

impl Workspace {
    /// Removes temporary files of dead processes beside `path` (as changes name it).
    pub fn tidy_beside(&self, path: &str) {
        let folder = self.root.join(path);
        let Some(folder) = folder.parent() else {
            return;
        };
        let ours = format!("{TEMPORARY_PREFIX}{}-", std::process::id());
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(TEMPORARY_PREFIX) && !name.starts_with(&ours) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Left behind only where Mira was killed between writing and renaming; snapshots skip it.
pub(crate) const TEMPORARY_PREFIX: &str = ".mira-writing-";

fn page_of(mut reader: impl BufRead, limit: usize, page: &mut Page) -> io::Result<()> {
    let beginning = reader.fill_buf()?;
    if is_binary(beginning) {
        page.binary = true;
        return Ok(());
    }
    if beginning.starts_with(BOM) {
        page.bom = true;
        reader.consume(BOM.len());
    }
    let mut line = Vec::new();
    let (mut crlf, mut lf) = (0_usize, 0_usize);
    while page.total_lines + 1 < page.first_line {
        match skip_line(&mut reader)? {
            None => break,
            Some((_, ended)) => page.final_newline = ended,
        }
        page.total_lines += 1;
    }
    while page.lines < limit && page.text.len() < MAX_PAGE_BYTES {
        line.clear();
        // A line of gigabytes must not fill the memory: its rest is only counted.
        if Read::by_ref(&mut reader)
            .take(READ_OF_LINE)
            .read_until(b'\n', &mut line)?
            == 0
        {
            break;
        }
        let mut rest = 0;
        let mut ended = line.last() == Some(&b'\n');
        if !ended && line.len() as u64 == READ_OF_LINE {
            (rest, ended) = skip_line(&mut reader)?.unwrap_or((0, false));
        }
        page.final_newline = ended;
        page.total_lines += 1;
        page.lines += 1;
        if line.last() == Some(&b'\n') {
            line.pop();
            match line.last() {
                Some(b'\r') => {
                    line.pop();
                    crlf += 1;
                }
                _ => lf += 1,
            }
        }
        page.push_line(&line, rest);
    }
    page.crlf = crlf > lf;
    let shown_to = page.total_lines;
    while let Some((_, ended)) = skip_line(&mut reader)? {
        page.final_newline = ended;
        page.total_lines += 1;
    }
    page.next_line = (page.total_lines > shown_to).then_some(shown_to + 1);
    Ok(())
}

impl Page {
    /// Adds a line of which `rest` more bytes were not read.
    fn push_line(&mut self, line: &[u8], rest: usize) {
        let text = String::from_utf8_lossy(line);
        if let Err(error) = std::str::from_utf8(line) {
            // Where reading stopped inside a character nothing is invalid.
            self.invalid_utf8 |= error.error_len().is_some() || rest == 0;
        }
        match text.char_indices().nth(MAX_LINE_CHARS) {
            None => self.text.push_str(&text),
            Some((at, _)) => {
                self.cut_lines = true;
                self.text.push_str(&text[..at]);
                self.text.push_str(&format!(
                    "… [{} more bytes]",
                    line.len().saturating_sub(at) + rest
                ));
            }
        }
        self.text.push('\n');
    }
}

/// What of a line is read at most, in bytes: [`MAX_LINE_CHARS`] of the longest characters.
const READ_OF_LINE: u64 = MAX_LINE_CHARS as u64 * 4 + 4;

/// Passes one line. None: the file is at its end; else the bytes passed, without the line end,
/// and whether there was one.
fn skip_line(reader: &mut impl BufRead) -> io::Result<Option<(usize, bool)>> {
    let mut passed = 0;
    let mut any = false;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(any.then_some((passed, false)));
        }
        any = true;
        if let Some(at) = memchr::memchr(b'\n', buffer) {
            reader.consume(at + 1);
            return Ok(Some((passed + at, true)));
        }
        let length = buffer.len();
        passed += length;
        reader.consume(length);
    }
}
