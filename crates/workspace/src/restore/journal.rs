//! What a restore is about to do, on disk before it does it: a restore that was killed half-way
//! is taken back at the next start, so that it is there whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::{Refusal, Workspace};

use super::Steps;
use super::apply::stage_name;

/// A folder of journals; outside of projects.
#[derive(Debug)]
pub struct Journals {
    dir: PathBuf,
    counter: AtomicU64,
}

/// A restore that is under way, or was when the process died.
#[derive(Debug)]
pub struct Journal {
    /// Unique; noted with the restore, so that a finished one is known from an unfinished one.
    pub name: String,
    /// The project's folder.
    pub root: PathBuf,
    steps: Steps,
    path: PathBuf,
}

/// What became of a restore that was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    /// Paths that could not be put back: somebody else changed them meanwhile.
    pub left: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    root: PathBuf,
    steps: Steps,
}

impl Journals {
    /// Opens (and makes) the folder.
    pub fn open(dir: &Path) -> Result<Self, Refusal> {
        fs::create_dir_all(dir).map_err(|error| {
            Refusal::io(
                format_args!("open the folder of journals {}", dir.display()),
                &error,
            )
        })?;
        Ok(Self {
            dir: dir.to_owned(),
            counter: AtomicU64::new(0),
        })
    }

    pub(super) fn begin(&self, root: &Path, steps: &Steps) -> Result<Journal, Refusal> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let name = format!("{:x}-{:x}-{number}", std::process::id(), now.as_micros());
        let path = self.dir.join(format!("{name}.json"));
        let written = Written {
            root: root.to_owned(),
            steps: steps.clone(),
        };
        let failed = |error: io::Error| Refusal::io("write down what is restored", &error);
        let text = serde_json::to_vec(&written).map_err(|error| failed(error.into()))?;
        let temporary = path.with_extension("tmp");
        let write = || {
            let mut file = fs::File::create(&temporary)?;
            file.write_all(&text)?;
            // It must be there before what it speaks of, after a power failure too.
            file.sync_data()?;
            fs::rename(&temporary, &path)
        };
        write().map_err(|error| {
            let _ = fs::remove_file(&temporary);
            failed(error)
        })?;
        Ok(Journal {
            name,
            root: written.root,
            steps: written.steps,
            path,
        })
    }

    /// Restores that a dead process left under way. One that cannot be read never began.
    pub fn pending(&self) -> Vec<Journal> {
        let Ok(entries) = fs::read_dir(&self.dir) else {
            return vec![];
        };
        let mut pending: Vec<Journal> = entries
            .flatten()
            .filter_map(|entry| {
                let path = entry.path();
                let read = |path: &Path| {
                    let name = path
                        .file_name()?
                        .to_str()?
                        .strip_suffix(".json")?
                        .to_owned();
                    let Written { root, steps } =
                        serde_json::from_slice(&fs::read(path).ok()?).ok()?;
                    Some((name, root, steps))
                };
                match read(&path) {
                    Some((name, root, steps)) => Some(Journal {
                        name,
                        root,
                        steps,
                        path,
                    }),
                    None => {
                        let _ = fs::remove_file(&path);
                        None
                    }
                }
            })
            .collect();
        pending.sort_by(|a, b| a.name.cmp(&b.name));
        pending
    }
}

impl Journal {
    /// The restore is noted, or taken back: nothing is to be done at the next start.
    pub fn close(self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "a journal was not removed");
        }
    }

    /// Removes what a finished restore may have left in the project.
    pub fn tidy(&self) {
        let _ = fs::remove_dir_all(self.root.join(stage_name(&self.name)));
    }
}

impl Workspace {
    /// Takes a restore back that was under way when the process died.
    pub fn roll_back(&self, journal: &Journal) -> RolledBack {
        journal.tidy();
        let left = self.take_back(&journal.steps);
        RolledBack { left }
    }
}
