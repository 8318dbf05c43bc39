//! Takes changes back and brings them back again.
//!
//! First everything is checked against the disk, then everything is done; only what is exactly
//! as the change left it is touched, so that nobody's later work is lost. Folders are walked
//! without following links.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, RawMode};

use crate::checkpoint::{Change, Entry, Kind};
use crate::files::{replace, state_at, temporary_name};
use crate::guard::{Access, Intent, Place, open_parent};
use crate::{Refusal, Workspace};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From after to before.
    Undo,
    /// From before to after.
    Redo,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreReport {
    /// Paths that are now in their other state, folders left out.
    pub restored: Vec<String>,
    /// Paths that were left alone.
    pub conflicts: Vec<Conflict>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    pub path: String,
    /// A sentence for people.
    pub reason: String,
}

/// One path on its way from the state it must be in to the state it shall be in.
#[derive(Clone, Copy)]
struct Step {
    expected: Option<Entry>,
    target: Option<Entry>,
}

/// By path; parents come before what is in them.
type Steps = BTreeMap<String, Step>;

impl Workspace {
    /// Puts every path of `changes` (of `only`, if given: files, or folders with all below) into
    /// its other state: content, mode, links, folders. A path that is not in the state that the
    /// change left is a conflict; then nothing at all is touched, unless `only` names paths: then
    /// the others are restored.
    ///
    /// Fails where the disk fails; what was done until then is taken back.
    pub fn restore(
        &self,
        changes: &[Change],
        direction: Direction,
        only: Option<&[String]>,
    ) -> Result<RestoreReport, Refusal> {
        if self.access == Access::Read {
            return Err(Refusal::Denied(
                "This conversation may only read; nothing was restored.".into(),
            ));
        }
        let mut report = RestoreReport::default();
        let mut steps = steps_of(changes, direction, only, &mut report);
        let mut conflicts = Vec::new();
        for (path, step) in &steps {
            if let Some(reason) = self.conflict(path, step, &steps)? {
                conflicts.push(Conflict {
                    path: path.clone(),
                    reason,
                });
            }
        }
        let blocked = !conflicts.is_empty() && only.is_none();
        for conflict in conflicts {
            steps.remove(&conflict.path);
            report.conflicts.push(conflict);
        }
        if blocked {
            return Ok(report);
        }
        self.apply(&steps).map_err(|error| {
            let back = steps.iter().map(|(path, step)| {
                (
                    path.clone(),
                    Step {
                        expected: step.target,
                        target: step.expected,
                    },
                )
            });
            if let Err(error) = self.apply(&back.collect()) {
                tracing::error!(%error, "a failed restore could not be taken back whole");
            }
            Refusal::io("restore the files", &error)
        })?;
        let files = steps.into_iter().filter(|(_, step)| !step.is_dir());
        report.restored.extend(files.map(|(path, _)| path));
        Ok(report)
    }

    /// What `path` is now, as a change would record it. Nothing is stored. None: nothing is there.
    pub fn entry(&self, path: &str) -> Result<Option<Entry>, Refusal> {
        let failed = |error: io::Error| Refusal::io(format_args!("look at {path:?}"), &error);
        match self.place(path, false) {
            Ok(place) => Ok(state_at(&place).map_err(failed)?.map(|state| state.entry)),
            Err(error) if is_no_folder(&error) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Opens the folder of a path as changes name it, following no link.
    fn place(&self, path: &str, make: bool) -> io::Result<Place> {
        if path.starts_with('/') {
            let resolved = self
                .resolve_entry(path, Intent::Write)
                .map_err(|refusal| io::Error::new(io::ErrorKind::PermissionDenied, refusal))?;
            if resolved.absolute != Path::new(path) {
                return Err(rustix::io::Errno::LOOP.into());
            }
            return open_parent(self.base_of(&resolved), &resolved.absolute, make);
        }
        let sound = path
            .split('/')
            .all(|part| !matches!(part, "" | "." | ".." | ".git"));
        if !sound {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a path of a change",
            ));
        }
        open_parent(&self.root, &self.root.join(path), make)
    }

    /// Why a step must not be done. None: the disk is as it should be.
    fn conflict(&self, path: &str, step: &Step, steps: &Steps) -> Result<Option<String>, Refusal> {
        let disk = match self.place(path, false) {
            Ok(place) => match state_at(&place) {
                Ok(state) => state.map(|state| state.entry),
                Err(error) => return Ok(Some(format!("It cannot be read: {error}."))),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) if is_no_folder(&error) => {
                let replaced_by_us = parents(path).any(|parent| {
                    steps
                        .get(parent)
                        .and_then(|step| step.expected)
                        .is_some_and(|e| e.kind != Kind::Dir)
                });
                if !replaced_by_us {
                    return Ok(Some("A folder on its path is a link or a file now.".into()));
                }
                None
            }
            Err(error) => return Ok(Some(format!("It cannot be reached: {error}."))),
        };
        if disk == step.target {
            return Ok(None);
        }
        let is_dir = |entry: Option<Entry>| entry.is_some_and(|entry| entry.kind == Kind::Dir);
        match (disk, step.expected) {
            _ if is_dir(disk) && is_dir(step.target) => return Ok(None),
            _ if is_dir(disk) && is_dir(step.expected) => {
                let others = step.target.is_some() && !self.holds_only(path, steps);
                return Ok(others.then(|| "The folder in its place holds other files now.".into()));
            }
            (None, expected) if is_dir(expected) && step.target.is_none() => return Ok(None),
            (disk, expected) if disk == expected => {}
            (None, _) => return Ok(Some("It was deleted since.".into())),
            (Some(_), None) => return Ok(Some("It was created since.".into())),
            (Some(disk), Some(expected))
                if disk.kind == expected.kind && disk.hash == expected.hash =>
            {
                return Ok(Some(format!(
                    "Its permissions were changed since (to {:o}).",
                    disk.mode
                )));
            }
            _ => return Ok(Some("It was edited since.".into())),
        }
        let lost = step
            .target
            .is_some_and(|entry| entry.kind != Kind::Dir && !self.blobs.contains(entry.hash));
        Ok(lost.then(|| "Its content is no longer stored.".into()))
    }

    /// Whether all that is in the folder will have been removed by the steps.
    fn holds_only(&self, path: &str, steps: &Steps) -> bool {
        let Ok(entries) = std::fs::read_dir(self.absolute_of(path)) else {
            return false;
        };
        entries.flatten().all(|entry| {
            let child = format!("{path}/{}", entry.file_name().to_string_lossy());
            steps.get(&child).is_some_and(|step| step.target.is_none())
                && (!entry.file_type().is_ok_and(|kind| kind.is_dir())
                    || self.holds_only(&child, steps))
        })
    }

    fn absolute_of(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn apply(&self, steps: &Steps) -> io::Result<()> {
        // Folders that a command write-protected must be open while we work in them.
        for (path, _) in steps.iter().filter(|(_, step)| step.is_dir()) {
            self.set_dir_mode(path, |mode| mode | 0o700)?;
        }
        for (path, step) in steps.iter().rev() {
            self.clear(path, step)?;
        }
        for (path, step) in steps {
            if let Some(target) = step.target {
                self.put(path, &target)?;
            }
        }
        for (path, step) in steps.iter().rev() {
            if let Some(target) = step.target.filter(|target| target.kind == Kind::Dir) {
                self.set_dir_mode(path, |_| target.mode)?;
            }
        }
        Ok(())
    }

    /// Removes what is in the way of the target.
    fn clear(&self, path: &str, step: &Step) -> io::Result<()> {
        use rustix::io::Errno;
        let place = match self.place(path, false) {
            Ok(place) => place,
            Err(error) if is_no_folder(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        let stat = match rustix::fs::statat(&place.dir, &place.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let is_dir = rustix::fs::FileType::from_raw_mode(stat.st_mode as RawMode).is_dir();
        match step.target.map(|target| target.kind == Kind::Dir) {
            // A file is replaced by a file in one step, and a folder stays a folder.
            Some(wants_dir) if wants_dir == is_dir => Ok(()),
            _ if !is_dir => Ok(rustix::fs::unlinkat(
                &place.dir,
                &place.name,
                AtFlags::empty(),
            )?),
            target => match rustix::fs::unlinkat(&place.dir, &place.name, AtFlags::REMOVEDIR) {
                // Somebody keeps other files in it.
                Err(Errno::NOTEMPTY | Errno::EXIST) if target.is_none() => Ok(()),
                other => Ok(other?),
            },
        }
    }

    fn put(&self, path: &str, target: &Entry) -> io::Result<()> {
        let place = self.place(path, true)?;
        if target.kind == Kind::Dir {
            return match rustix::fs::mkdirat(&place.dir, &place.name, Mode::RWXU) {
                Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
                Err(error) => Err(error.into()),
            };
        }
        let stored = self.blobs.get(target.hash).map_err(io::Error::other)?;
        let bytes = stored.ok_or_else(|| io::Error::other("a stored content is damaged"))?;
        if target.kind == Kind::File {
            let owner = rustix::fs::statat(&place.dir, &place.name, AtFlags::SYMLINK_NOFOLLOW)
                .ok()
                .map(|stat| (stat.st_uid, stat.st_gid));
            return replace(&place, &bytes, Some(target.mode), owner).map(|_| ());
        }
        let temporary = temporary_name();
        rustix::fs::symlinkat(bytes, &place.dir, &temporary)?;
        rustix::fs::renameat(&place.dir, &temporary, &place.dir, &place.name).map_err(|error| {
            let _ = rustix::fs::unlinkat(&place.dir, &temporary, AtFlags::empty());
            error.into()
        })
    }

    fn set_dir_mode(&self, path: &str, mode: impl Fn(u32) -> u32) -> io::Result<()> {
        let place = match self.place(path, false) {
            Ok(place) => place,
            Err(error) if is_no_folder(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        let stat = rustix::fs::statat(&place.dir, &place.name, AtFlags::SYMLINK_NOFOLLOW);
        let Ok(stat) = stat else { return Ok(()) };
        let is_dir = rustix::fs::FileType::from_raw_mode(stat.st_mode as RawMode).is_dir();
        let now = stat.st_mode & 0o7777;
        if !is_dir || mode(now) == now {
            return Ok(());
        }
        // Its owner may change the mode of a folder that cannot be read; by name, since it cannot
        // be opened then.
        let changed = Mode::from_raw_mode(mode(now) as RawMode);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&place.dir, &place.name, flags, Mode::empty()) {
            Ok(dir) => Ok(rustix::fs::fchmod(dir, changed)?),
            Err(_) => Ok(rustix::fs::chmodat(
                &place.dir,
                &place.name,
                changed,
                AtFlags::empty(),
            )?),
        }
    }
}

impl Step {
    fn is_dir(&self) -> bool {
        [self.expected, self.target]
            .iter()
            .flatten()
            .all(|entry| entry.kind == Kind::Dir)
    }
}

/// The steps for the paths that are wanted, with the folders on their way.
fn steps_of(
    changes: &[Change],
    direction: Direction,
    only: Option<&[String]>,
    report: &mut RestoreReport,
) -> Steps {
    let mut steps = Steps::new();
    for change in crate::merge(changes.iter().cloned()) {
        let (expected, target) = match direction {
            Direction::Undo => (change.after, change.before),
            Direction::Redo => (change.before, change.after),
        };
        steps.insert(change.path, Step { expected, target });
    }
    let Some(only) = only else { return steps };
    let wanted: BTreeSet<String> = steps
        .keys()
        .filter(|path| {
            only.iter()
                .any(|name| *path == name || is_below(path, name))
        })
        .cloned()
        .collect();
    for name in only {
        if !wanted
            .iter()
            .any(|path| path == name || is_below(path, name))
        {
            report.conflicts.push(Conflict {
                path: name.clone(),
                reason: "The operation did not change it.".into(),
            });
        }
    }
    steps.retain(|path, step| {
        wanted.contains(path) || step.is_dir() && wanted.iter().any(|wanted| is_below(wanted, path))
    });
    steps
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder.trim_end_matches('/'))
        .is_some_and(|rest| rest.starts_with('/'))
}

/// The folders on the way to `path`, outermost first.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// The folder of a path is missing, or is something else than a folder.
fn is_no_folder(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    ) || error.raw_os_error() == Some(libc::ELOOP)
}
