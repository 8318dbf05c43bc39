//! Files and folders as people write them, and as the index names them.

use mira_protocol::Failure;
use mira_workspace::Intent;

use super::{Held, from_index};
use crate::changes::{blocking, refused};

/// Where an answer is to come from.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// From the project's folder on; None: all of it.
    pub path: Option<String>,
    /// Why nothing, or not all, can be found there.
    pub note: Option<String>,
}

impl Held {
    /// `./src/`, an absolute path, one through a link: all are `src`.
    ///
    /// # Errors
    /// Where it leads out of the project.
    pub(super) async fn place(&self, asked: Option<&str>) -> Result<Place, Failure> {
        let asked = asked.unwrap_or_default().trim();
        if asked.is_empty() {
            return Ok(Place::default());
        }
        let (workspace, written) = (self.index.workspace().clone(), asked.to_owned());
        // A link is an entry of the index of its own.
        let meant = blocking(move || {
            let entry = workspace.resolve_entry(&written, Intent::Read);
            entry.map(|found| found.relative)
        });
        let path = meant.await?.map_err(refused)?;
        let Some(path) = path.filter(|path| !path.is_empty()) else {
            return Ok(Place::default());
        };
        let note = match self.index.file(&path).await.map_err(from_index)? {
            Some(file) => file.note.map(|note| format!("{path}: {}", note.text)),
            None if self
                .index
                .has_files_below(&path)
                .await
                .map_err(from_index)? =>
            {
                None
            }
            // What is being read may still come.
            None if !self.notes().is_empty() => None,
            None => Some(format!("{path} is no file or folder of the index")),
        };
        Ok(Place {
            path: Some(path),
            note,
        })
    }
}
