//! Does what a plan says: first everything that needs room is written beside, then it is put in
//! place by renames alone.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, RawMode};

use crate::checkpoint::{Entry, Kind};
use crate::files::{TEMPORARY_PREFIX, replace, temporary_name};
use crate::{Refusal, Workspace};

use super::{Journal, Journals, Plan, Step, Steps, is_no_folder};

impl Workspace {
    /// Does what the plan says. With `journals`, what is done is written down first: if the
    /// process is killed meanwhile, [`Journals::pending`] names it at the next start and
    /// [`Workspace::roll_back`] takes it back; the caller closes the journal once the restore is
    /// noted elsewhere.
    ///
    /// Fails where the disk fails; what was done until then is taken back.
    pub fn carry_out(
        &self,
        plan: &Plan,
        journals: Option<&Journals>,
    ) -> Result<Option<Journal>, Refusal> {
        let steps: Steps = plan
            .steps
            .iter()
            .filter(|(_, step)| step.expected != step.target || step.is_dir())
            .map(|(path, step)| (path.clone(), *step))
            .collect();
        let failed = |error: io::Error| Refusal::io("restore the files", &error);
        let journal = match journals {
            Some(journals) => Some(journals.begin(&self.root, &steps)?),
            None => None,
        };
        let Err(error) = self.apply(&steps, journal.as_ref()) else {
            return Ok(journal);
        };
        let left = self.take_back(&steps);
        if left.is_empty() {
            journal.into_iter().for_each(Journal::close);
        } else {
            // The journal stays: the next start tries again.
            tracing::error!(?left, "a failed restore could not be taken back whole");
        }
        Err(failed(error))
    }

    /// Puts everything back that a restore had begun; returns the paths where that did not work
    /// because somebody else changed them meanwhile, or the disk failed.
    pub(super) fn take_back(&self, steps: &Steps) -> Vec<String> {
        let mut left = Vec::new();
        let mut back = Steps::new();
        for (path, step) in steps {
            match self.state(path) {
                Ok(state) => {
                    let now = state.map(|state| state.entry);
                    let halfway = now.is_none() || now == step.target || now == step.expected;
                    if halfway || now.is_some_and(|now| now.kind == Kind::Dir) {
                        back.insert(path.clone(), step.reversed());
                    } else {
                        left.push(path.clone());
                    }
                }
                Err(_) => left.push(path.clone()),
            }
        }
        if let Err(error) = self.apply(&back, None) {
            tracing::error!(%error, "a restore could not be taken back");
            left.extend(back.into_keys());
        }
        left
    }

    fn apply(&self, steps: &Steps, journal: Option<&Journal>) -> io::Result<()> {
        let stage = Stage::fill(self, steps, journal)?;
        let result = self.put_in_place(steps, &stage);
        stage.remove();
        result
    }

    fn put_in_place(&self, steps: &Steps, stage: &Stage) -> io::Result<()> {
        // Folders that a command write-protected must be open while we work in them.
        for (path, _) in steps.iter().filter(|(_, step)| step.is_dir()) {
            self.set_dir_mode(path, |mode| mode | 0o700)?;
        }
        for (path, step) in steps.iter().rev() {
            self.clear(path, step)?;
        }
        for (path, step) in steps {
            if let Some(target) = step.target {
                self.put(path, &target, stage)?;
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

    fn put(&self, path: &str, target: &Entry, stage: &Stage) -> io::Result<()> {
        let place = self.place(path, true)?;
        if target.kind == Kind::Dir {
            return match rustix::fs::mkdirat(&place.dir, &place.name, Mode::RWXU) {
                Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
                Err(error) => Err(error.into()),
            };
        }
        if let Some(staged) = stage.staged(path) {
            match rustix::fs::renameat(&stage.dir, staged, &place.dir, &place.name) {
                // Another file system is mounted in the project.
                Err(rustix::io::Errno::XDEV) => {}
                other => return Ok(other?),
            }
        }
        let bytes = self.content(target)?;
        if target.kind == Kind::File {
            return replace(
                &place,
                &bytes,
                Some(target.mode),
                owner_at(&place.dir, &place.name),
            )
            .map(|_| ());
        }
        let temporary = temporary_name();
        rustix::fs::symlinkat(bytes, &place.dir, &temporary)?;
        rustix::fs::renameat(&place.dir, &temporary, &place.dir, &place.name).map_err(|error| {
            let _ = rustix::fs::unlinkat(&place.dir, &temporary, AtFlags::empty());
            error.into()
        })
    }

    fn content(&self, entry: &Entry) -> io::Result<Vec<u8>> {
        let stored = self.blobs.get(entry.hash).map_err(io::Error::other)?;
        stored.ok_or_else(|| io::Error::other("a stored content is damaged"))
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

/// A folder in the project, skipped by snapshots, in which every new file and link is written
/// before anything is touched: a full disk stops a restore while nothing has happened.
pub(super) struct Stage {
    dir: OwnedFd,
    path: PathBuf,
    names: BTreeMap<String, String>,
}

impl Stage {
    fn fill(workspace: &Workspace, steps: &Steps, journal: Option<&Journal>) -> io::Result<Self> {
        let name = journal.map_or_else(temporary_name, |journal| stage_name(&journal.name));
        let path = workspace.root.join(&name);
        let root = open_dir(&workspace.root)?;
        rustix::fs::mkdirat(&root, &name, Mode::RWXU)?;
        let mut stage = Self {
            dir: rustix::fs::openat(&root, &name, dir_flags(), Mode::empty())?,
            path,
            names: BTreeMap::new(),
        };
        let wanted = steps
            .iter()
            .filter(|(path, _)| !path.starts_with('/'))
            .filter_map(|(path, step)| {
                let target = step.target.filter(|target| target.kind != Kind::Dir)?;
                (step.expected != step.target).then_some((path, target))
            });
        for (number, (path, target)) in wanted.enumerate() {
            if let Err(error) = stage.add(workspace, path, &target, number) {
                stage.remove();
                return Err(error);
            }
        }
        Ok(stage)
    }

    fn add(
        &mut self,
        workspace: &Workspace,
        path: &str,
        target: &Entry,
        number: usize,
    ) -> io::Result<()> {
        let bytes = workspace.content(target)?;
        let name = number.to_string();
        if target.kind == Kind::Symlink {
            rustix::fs::symlinkat(bytes, &self.dir, &name)?;
        } else {
            let owner = workspace
                .place(path, false)
                .ok()
                .and_then(|place| owner_at(&place.dir, &place.name));
            let place = crate::guard::Place {
                dir: self.dir.try_clone()?,
                name: name.clone().into(),
                made: vec![],
            };
            replace(&place, &bytes, Some(target.mode), owner)?;
        }
        self.names.insert(path.to_owned(), name);
        Ok(())
    }

    fn staged(&self, path: &str) -> Option<&str> {
        self.names.get(path).map(String::as_str)
    }

    fn remove(&self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "a folder of a restore stays behind");
        }
    }
}

/// The folder in the project that belongs to a journal.
pub(super) fn stage_name(journal: &str) -> String {
    format!("{TEMPORARY_PREFIX}{journal}")
}

fn dir_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

fn open_dir(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, dir_flags(), Mode::empty())?)
}

fn owner_at(dir: &OwnedFd, name: &std::ffi::OsStr) -> Option<(u32, u32)> {
    let stat = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some((stat.st_uid, stat.st_gid))
}
