//! What is known of a move after a crash: a small file beside the journal of what was copied.

use std::path::{Path, PathBuf};

use mira_protocol::vectors::VectorStore;
use serde::{Deserialize, Serialize};

const RECORD: &str = "vectors-move.json";
const JOURNAL: &str = "vectors-move-journal.json";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub from: VectorStore,
    pub to: VectorStore,
    /// Why it waits for the person; none: it goes on by itself.
    pub failure: Option<String>,
}

/// Where the journal of copied points is.
pub(super) fn journal(data_dir: &Path) -> PathBuf {
    data_dir.join(JOURNAL)
}

impl Record {
    /// None where nothing was under way, or the file says nothing.
    pub fn read(data_dir: &Path) -> Option<Self> {
        let bytes = std::fs::read(data_dir.join(RECORD)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    pub fn write(&self, data_dir: &Path) -> std::io::Result<()> {
        let unfinished = data_dir.join(RECORD).with_extension("part");
        std::fs::write(&unfinished, serde_json::to_vec(self)?)?;
        std::fs::rename(&unfinished, data_dir.join(RECORD))
    }

    pub fn forget(data_dir: &Path) {
        for file in [data_dir.join(RECORD), journal(data_dir)] {
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    tracing::warn!(%error, file = %file.display(), "it stays");
                }
                _ => {}
            }
        }
    }
}
