//! Takes changes back and brings them back again.
//!
//! First everything is checked against the disk ([`Workspace::plan`]), then everything is done
//! ([`Workspace::carry_out`]); only what is exactly as the change left it is touched, so that
//! nobody's later work is lost. What somebody else changed meanwhile is a conflict, which the
//! caller may answer. Folders are walked without following links.

mod apply;
mod journal;
mod look;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::{Deserialize, Serialize};

use crate::checkpoint::{Change, Entry, Kind};
use crate::diff::FileDiff;
use crate::guard::Access;
use crate::{Refusal, Workspace};

pub use journal::{Journal, Journals, RolledBack};
use look::Seen;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From after to before.
    Undo,
    /// From before to after.
    Redo,
}

/// What to do with a path that somebody else changed meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Leave it as it is.
    Keep,
    /// Put our state in its place; what is there now is stored first.
    Take,
    /// Take our own change back and leave the other one, where they do not touch.
    Merge,
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
    /// What can be answered; `Merge` only where it goes without touching lines.
    pub choices: Vec<Choice>,
    /// From what our change left to what is there now, where both are text.
    pub others: FileDiff,
}

/// One path on its way back (or forward): the states that Mira's own changes led through, from
/// the one that must be on disk to the one it shall have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    pub path: String,
    /// From → to of each change, in the order in which they are gone through; never empty. Where
    /// one does not begin as the one before ended, somebody else changed the path in between.
    pub hops: Vec<(Option<Entry>, Option<Entry>)>,
    /// Why the person must be asked even where the disk is as expected.
    pub doubt: Option<String>,
}

impl Way {
    pub fn new(path: impl Into<String>, from: Option<Entry>, to: Option<Entry>) -> Self {
        Self {
            path: path.into(),
            hops: vec![(from, to)],
            doubt: None,
        }
    }

    /// What must be on disk.
    pub fn expected(&self) -> Option<Entry> {
        self.hops.first().and_then(|hop| hop.0)
    }

    pub fn target(&self) -> Option<Entry> {
        self.hops.last().and_then(|hop| hop.1)
    }

    fn is_broken(&self) -> bool {
        self.hops.windows(2).any(|pair| pair[0].1 != pair[1].0)
    }
}

/// One path from the state it is in to the state it shall be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub expected: Option<Entry>,
    pub target: Option<Entry>,
}

impl Step {
    fn is_dir(&self) -> bool {
        [self.expected, self.target]
            .iter()
            .flatten()
            .all(|entry| entry.kind == Kind::Dir)
    }

    fn reversed(&self) -> Self {
        Self {
            expected: self.target,
            target: self.expected,
        }
    }
}

/// By path; parents come before what is in them.
pub(crate) type Steps = BTreeMap<String, Step>;

/// What a restore would do; nothing has been touched.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    steps: Steps,
    files: Vec<String>,
    /// Conflicts that nobody answered.
    pub conflicts: Vec<Conflict>,
    /// Conflicts that were answered, with the state that stays or comes.
    pub answered: Vec<(String, Choice)>,
}

impl Plan {
    /// From what is on disk to what will be, files and folders; what stays as it is left out.
    pub fn changes(&self) -> Vec<Change> {
        let changes = self.steps.iter().map(|(path, step)| Change {
            path: path.clone(),
            before: step.expected,
            after: step.target,
        });
        changes.filter(|change| !change.is_noop()).collect()
    }

    /// Files and links that will be (or are already) in the state that was wanted.
    pub fn files(&self) -> Vec<String> {
        self.files.clone()
    }

    /// What will be at a path of the plan, whatever was wished; None: no such path.
    pub fn outcome(&self, path: &str) -> Option<Option<Entry>> {
        self.steps.get(path).map(|step| step.target)
    }
}

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
        let plan = self.plan(ways_of(changes, direction), only, &|_| None)?;
        if !plan.conflicts.is_empty() && only.is_none() {
            return Ok(RestoreReport {
                conflicts: plan.conflicts,
                ..RestoreReport::default()
            });
        }
        self.carry_out(&plan, None)?;
        Ok(RestoreReport {
            restored: plan.files(),
            conflicts: plan.conflicts,
        })
    }

    /// Compares the wish with the disk. `answer` says what to do with a path that somebody else
    /// changed; what gets no answer is a conflict of the plan. Contents that a later undo of the
    /// restore needs are stored.
    pub fn plan(
        &self,
        ways: Vec<Way>,
        only: Option<&[String]>,
        answer: &dyn Fn(&str) -> Option<Choice>,
    ) -> Result<Plan, Refusal> {
        if self.access == Access::Read {
            return Err(Refusal::Denied(
                "This conversation may only read; nothing was restored.".into(),
            ));
        }
        let mut plan = Plan::default();
        let mut ways: BTreeMap<String, Way> = ways
            .into_iter()
            .map(|way| (way.path.clone(), way))
            .collect();
        if let Some(only) = only {
            keep_only(&mut ways, only, &mut plan.conflicts);
        }
        let wish: Steps = ways
            .iter()
            .map(|(path, way)| {
                let (expected, target) = (way.expected(), way.target());
                (path.clone(), Step { expected, target })
            })
            .collect();
        for (path, way) in &ways {
            match self.see(path, &wish[path], &wish)? {
                Seen::Ready(disk)
                    if disk != way.target() && (way.is_broken() || way.doubt.is_some()) =>
                {
                    let reason = way.doubt.clone().unwrap_or_else(|| {
                        "Somebody else changed it between two of the changes.".into()
                    });
                    self.settle(way, reason, answer, &mut plan)?;
                }
                Seen::Ready(disk) => {
                    self.keep_content(path, disk)?;
                    if !wish[path].is_dir() {
                        plan.files.push(path.clone());
                    }
                    let step = Step {
                        expected: disk,
                        target: way.target(),
                    };
                    plan.steps.insert(path.clone(), step);
                }
                Seen::Lost(_) if answer(path) == Some(Choice::Keep) => {
                    plan.answered.push((path.clone(), Choice::Keep));
                }
                Seen::Lost(reason) => plan.conflicts.push(Conflict {
                    path: path.clone(),
                    reason,
                    choices: vec![Choice::Keep],
                    others: FileDiff::default(),
                }),
                Seen::Other(reason) => self.settle(way, reason, answer, &mut plan)?,
            }
        }
        Ok(plan)
    }

    /// What `path` is now, as a change would record it. Nothing is stored. None: nothing is there.
    pub fn entry(&self, path: &str) -> Result<Option<Entry>, Refusal> {
        let failed = |error: io::Error| Refusal::io(format_args!("look at {path:?}"), &error);
        self.state(path)
            .map(|state| state.map(|state| state.entry))
            .map_err(failed)
    }

    /// The same with the content stored, so that it can be brought back.
    pub fn keep(&self, path: &str) -> Result<Option<Entry>, Refusal> {
        let entry = self.entry(path)?;
        self.keep_content(path, entry)?;
        Ok(entry)
    }
}

fn ways_of(changes: &[Change], direction: Direction) -> Vec<Way> {
    crate::merge(changes.iter().cloned())
        .into_iter()
        .map(|change| match direction {
            Direction::Undo => Way::new(change.path, change.after, change.before),
            Direction::Redo => Way::new(change.path, change.before, change.after),
        })
        .collect()
}

/// Leaves the ways for the paths that are wanted, with the folders on their way.
fn keep_only(ways: &mut BTreeMap<String, Way>, only: &[String], conflicts: &mut Vec<Conflict>) {
    let fits = |path: &str, name: &str| path == name || is_below(path, name);
    let wanted: BTreeSet<String> = ways
        .keys()
        .filter(|path| only.iter().any(|name| fits(path, name)))
        .cloned()
        .collect();
    for name in only {
        if !wanted.iter().any(|path| fits(path, name)) {
            conflicts.push(Conflict {
                path: name.clone(),
                reason: "The operation did not change it.".into(),
                choices: vec![],
                others: FileDiff::default(),
            });
        }
    }
    let is_dir = |way: &Way| {
        let mut entries = [way.expected(), way.target()].into_iter().flatten();
        entries.all(|entry| entry.kind == Kind::Dir)
    };
    ways.retain(|path, way| {
        wanted.contains(path) || is_dir(way) && wanted.iter().any(|wanted| is_below(wanted, path))
    });
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
