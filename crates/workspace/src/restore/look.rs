//! What is on disk, compared with what a restore expects there; and what to do where it differs.

use std::io;
use std::path::Path;

use crate::checkpoint::{Entry, Kind};
use crate::diff::{self, FileDiff};
use crate::files::{State, state_at};
use crate::guard::{Intent, Place, open_parent};
use crate::three_way::three_way;
use crate::{Hash, Refusal, Workspace};

use super::{Choice, Conflict, Plan, Step, Steps, Way, is_no_folder, parents};

/// A file that somebody else changed is not read to compare it where it is larger, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// How a path stands before a restore.
pub(super) enum Seen {
    /// As expected, or as it shall be already; with what is there.
    Ready(Option<Entry>),
    /// Somebody else changed it; the reason for people.
    Other(String),
    /// It cannot be restored whatever is answered.
    Lost(String),
}

/// Whether a file is there that is not worth reading to see that it changed.
fn is_huge(place: &Place) -> bool {
    rustix::fs::statat(
        &place.dir,
        &place.name,
        rustix::fs::AtFlags::SYMLINK_NOFOLLOW,
    )
    .is_ok_and(|stat| stat.st_size.max(0) as u64 > LARGEST)
}

impl Workspace {
    /// Opens the folder of a path as changes name it, following no link.
    pub(super) fn place(&self, path: &str, make: bool) -> io::Result<Place> {
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

    /// What is there; None where there is nothing, or something else than a folder on the way.
    pub(super) fn state(&self, path: &str) -> io::Result<Option<State>> {
        match self.place(path, false) {
            Ok(place) => state_at(&place),
            Err(error) if is_no_folder(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn see(&self, path: &str, step: &Step, wish: &Steps) -> Result<Seen, Refusal> {
        let disk = match self.place(path, false) {
            Ok(place) if is_huge(&place) => {
                let reason = format!("It is larger than {} MiB now.", LARGEST / 1024 / 1024);
                return Ok(Seen::Lost(reason));
            }
            Ok(place) => match state_at(&place) {
                Ok(state) => state.map(|state| state.entry),
                Err(error) => return Ok(Seen::Lost(format!("It cannot be read: {error}."))),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) if is_no_folder(&error) => {
                let replaced_by_us = parents(path).any(|parent| {
                    wish.get(parent)
                        .and_then(|step| step.expected)
                        .is_some_and(|e| e.kind != Kind::Dir)
                });
                if !replaced_by_us {
                    let reason = "A folder on its path is a link or a file now.";
                    return Ok(Seen::Lost(reason.into()));
                }
                None
            }
            Err(error) => return Ok(Seen::Lost(format!("It cannot be reached: {error}."))),
        };
        if disk == step.target {
            return Ok(Seen::Ready(disk));
        }
        let is_dir = |entry: Option<Entry>| entry.is_some_and(|entry| entry.kind == Kind::Dir);
        let lost = step
            .target
            .is_some_and(|entry| entry.kind != Kind::Dir && !self.blobs.contains(entry.hash));
        if lost {
            return Ok(Seen::Lost("Its content is no longer stored.".into()));
        }
        Ok(match (disk, step.expected) {
            _ if is_dir(disk) && is_dir(step.target) => Seen::Ready(disk),
            _ if is_dir(disk) && is_dir(step.expected) => {
                if step.target.is_some() && !self.holds_only(path, wish) {
                    Seen::Lost("The folder in its place holds other files now.".into())
                } else {
                    Seen::Ready(disk)
                }
            }
            (None, expected) if is_dir(expected) && step.target.is_none() => Seen::Ready(None),
            (disk, expected) if disk == expected => Seen::Ready(disk),
            (Some(disk), _) if disk.kind == Kind::Dir => {
                Seen::Lost("A folder is in its place now.".into())
            }
            (None, _) => Seen::Other("It was deleted since.".into()),
            (Some(_), None) => Seen::Other("It was created since.".into()),
            (Some(disk), Some(expected))
                if disk.kind == expected.kind && disk.hash == expected.hash =>
            {
                Seen::Other(format!(
                    "Its permissions were changed since (to {:o}).",
                    disk.mode
                ))
            }
            _ => Seen::Other("It was edited since.".into()),
        })
    }

    /// Whether all that is in the folder will have been removed by the steps.
    fn holds_only(&self, path: &str, wish: &Steps) -> bool {
        let Ok(entries) = std::fs::read_dir(self.root.join(path)) else {
            return false;
        };
        entries.flatten().all(|entry| {
            let child = format!("{path}/{}", entry.file_name().to_string_lossy());
            wish.get(&child).is_some_and(|step| step.target.is_none())
                && (!entry.file_type().is_ok_and(|kind| kind.is_dir())
                    || self.holds_only(&child, wish))
        })
    }

    /// Does as was answered with a path that somebody else changed; else it is a conflict.
    pub(super) fn settle(
        &self,
        way: &Way,
        reason: String,
        answer: &dyn Fn(&str) -> Option<Choice>,
        plan: &mut Plan,
    ) -> Result<(), Refusal> {
        let failed = |error: io::Error| Refusal::io(format_args!("look at {:?}", way.path), &error);
        let state = self.state(&way.path).map_err(failed)?;
        let disk = state.as_ref().map(|state| state.entry);
        let bytes = state.and_then(|state| state.bytes).unwrap_or_default();
        let merged = match disk {
            Some(disk) => self.merged(way, disk, &bytes)?,
            None => None,
        };
        let mut choices = vec![Choice::Keep, Choice::Take];
        choices.extend(merged.is_some().then_some(Choice::Merge));
        let target = match answer(&way.path).filter(|choice| choices.contains(choice)) {
            None => {
                plan.conflicts.push(Conflict {
                    path: way.path.clone(),
                    reason,
                    choices,
                    others: self.others(way, disk, &bytes)?,
                });
                return Ok(());
            }
            Some(choice) => {
                plan.answered.push((way.path.clone(), choice));
                if choice != Choice::Keep {
                    plan.files.push(way.path.clone());
                }
                match choice {
                    Choice::Keep => disk,
                    Choice::Take => way.target(),
                    Choice::Merge => match merged {
                        Some((entry, content)) => {
                            self.blobs.put_hashed(entry.hash, &content)?;
                            Some(entry)
                        }
                        None => disk,
                    },
                }
            }
        };
        if let Some(disk) = disk.filter(|disk| disk.kind != Kind::Dir) {
            self.blobs.put_hashed(disk.hash, &bytes)?;
        }
        let step = Step {
            expected: disk,
            target,
        };
        plan.steps.insert(way.path.clone(), step);
        Ok(())
    }

    /// The content of the disk with our changes taken back one by one.
    fn merged(
        &self,
        way: &Way,
        disk: Entry,
        bytes: &[u8],
    ) -> Result<Option<(Entry, Vec<u8>)>, Refusal> {
        let (mut content, mut mode) = (bytes.to_vec(), disk.mode);
        for (from, to) in &way.hops {
            let (Some(from), Some(to)) = (from, to) else {
                return Ok(None);
            };
            let files = [from.kind, to.kind, disk.kind];
            if files.iter().any(|kind| *kind != Kind::File) {
                return Ok(None);
            }
            let (Some(base), Some(ours)) = (self.blobs.get(from.hash)?, self.blobs.get(to.hash)?)
            else {
                return Ok(None);
            };
            let Some(merged) = three_way(&base, &ours, &content) else {
                return Ok(None);
            };
            content = merged;
            if mode == from.mode {
                mode = to.mode;
            }
        }
        let entry = Entry {
            hash: Hash::of(&content),
            size: content.len() as u64,
            mode,
            kind: Kind::File,
        };
        Ok(Some((entry, content)))
    }

    /// What others changed since our last change.
    fn others(&self, way: &Way, disk: Option<Entry>, bytes: &[u8]) -> Result<FileDiff, Refusal> {
        let text = |entry: Option<Entry>| entry.filter(|entry| entry.kind == Kind::File);
        let Some(expected) = text(way.expected()) else {
            return Ok(FileDiff::default());
        };
        if disk.is_some_and(|disk| disk.kind != Kind::File) {
            return Ok(FileDiff::default());
        }
        let ours = self.blobs.get(expected.hash)?;
        Ok(ours.map_or_else(FileDiff::default, |ours| diff::between(&ours, bytes)))
    }

    /// Stores what is on disk at a path, unless it is stored already.
    pub(super) fn keep_content(&self, path: &str, entry: Option<Entry>) -> Result<(), Refusal> {
        let Some(entry) = entry.filter(|entry| entry.kind != Kind::Dir) else {
            return Ok(());
        };
        if self.blobs.contains(entry.hash) {
            return Ok(());
        }
        let failed = |error: io::Error| Refusal::io(format_args!("look at {path:?}"), &error);
        if let Some(State {
            entry: found,
            bytes: Some(bytes),
            ..
        }) = self.state(path).map_err(failed)?
        {
            self.blobs.put_hashed(found.hash, &bytes)?;
        }
        Ok(())
    }
}
