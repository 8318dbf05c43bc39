//! Everything that counts as the project, entry by entry.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ignore::WalkState;
use tokio_util::sync::CancellationToken;

use crate::guard::Intent;
use crate::{Refusal, Workspace};

/// What a walk met: no folder `.git`, nothing of Mira's own, nothing that .gitignore hides.
#[derive(Debug)]
pub struct Walked {
    /// Relative to the root, with `/` between parts. Bytes of a name that are not UTF-8 are
    /// replaced; `absolute` has them.
    pub path: String,
    pub absolute: PathBuf,
    /// Of the entry itself: links are not followed.
    pub metadata: Metadata,
}

#[derive(Debug, Default)]
pub struct Walk {
    /// Sorted by path.
    pub entries: Vec<Walked>,
    /// What could not be looked at, with the reason: folders without permission, mostly.
    pub unread: Vec<(String, String)>,
}

impl Workspace {
    /// All entries below a folder, folders too; with `levels` only so far down (1: its own).
    /// Blocks; stops soon after `cancel`.
    ///
    /// A folder that is itself hidden by an ignore file tells its entries all the same: who asks
    /// about a folder below the root has met it on a walk.
    pub fn entries(
        &self,
        folder: &str,
        levels: Option<usize>,
        cancel: &CancellationToken,
    ) -> Result<Walk, Refusal> {
        let start = self.resolve(folder, Intent::Read)?.absolute;
        let found = Mutex::new(Walk::default());
        let keep = |walk: &mut dyn FnMut(&mut Walk)| {
            walk(&mut found.lock().unwrap_or_else(PoisonError::into_inner));
        };
        let mut walk = self.walk(&start, false);
        walk.max_depth(levels).build_parallel().run(|| {
            Box::new(|entry| {
                if cancel.is_cancelled() {
                    return WalkState::Quit;
                }
                match entry {
                    Ok(entry) if entry.depth() == 0 => {}
                    Ok(entry) => {
                        // Else it went between listing and looking.
                        if let Ok(metadata) = std::fs::symlink_metadata(entry.path()) {
                            let path = self.shown(entry.path());
                            let mut walked = Some(Walked {
                                path,
                                absolute: entry.into_path(),
                                metadata,
                            });
                            keep(&mut |walk| walk.entries.extend(walked.take()));
                        }
                    }
                    Err(error) => {
                        let path =
                            path_of(&error).map_or_else(String::new, |path| self.shown(path));
                        keep(&mut |walk| walk.unread.push((path.clone(), reason(&error))));
                    }
                }
                WalkState::Continue
            })
        });
        if cancel.is_cancelled() {
            return Err(Refusal::Cancelled);
        }
        let mut walk = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        walk.entries
            .sort_unstable_by(|left, right| left.path.cmp(&right.path));
        walk.unread.sort();
        Ok(walk)
    }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        _ => None,
    }
}

fn reason(error: &ignore::Error) -> String {
    match error.io_error() {
        Some(error) => error.to_string(),
        None => error.to_string(),
    }
}
