//! What the index is doing, and how much it knows.

use serde::Serialize;

use crate::{Index, IndexError};

/// What is going on, for a line on a screen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct State {
    pub phase: Phase,
    /// Of the present phase.
    pub done: u64,
    pub total: u64,
    /// Rises with each change of what can be found.
    pub generation: u64,
    /// At least one sync of the whole project has ended since the file was made.
    pub is_complete: bool,
    /// Changes on disk are followed; else why not.
    pub watching: Watching,
    /// What went wrong last, until a sync goes well.
    pub failure: Option<String>,
}

impl State {
    /// What answers lack now, for whoever reads them; empty where nothing does.
    pub fn lacks(&self) -> Vec<String> {
        let mut lacks = Vec::new();
        if !self.is_complete {
            let progress = match self.total {
                0 => String::new(),
                total => format!(" ({} of {total} files so far)", self.done),
            };
            lacks.push(format!(
                "not indexed yet: the project is being read{progress}"
            ));
        }
        if let Some(failure) = &self.failure {
            lacks.push(format!("the index may be out of date: {failure}"));
        }
        lacks
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    #[default]
    Idle,
    /// Looking which files there are.
    Scanning,
    /// Reading files that are new or changed.
    Reading,
    /// Finding what names mean.
    Resolving,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum Watching {
    #[default]
    Off,
    On,
    /// Some folders cannot be followed: the whole project is looked at every few seconds.
    Polling {
        why: String,
    },
}

/// How much the index knows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Totals {
    pub files: u64,
    pub lines: u64,
    pub source_bytes: u64,
    pub elements: u64,
    pub edges: u64,
    pub chunks: u64,
    /// Files of which nothing but the name can be found.
    pub skipped: u64,
    /// Files with a note, skipped ones included.
    pub noted: u64,
    /// Of the database on disk.
    pub bytes: u64,
}

impl Index {
    /// What is going on now.
    pub fn state(&self) -> State {
        self.shared.state.borrow().clone()
    }

    /// Told of each change of [`Index::state`].
    pub fn follow(&self) -> tokio::sync::watch::Receiver<State> {
        self.shared.state.subscribe()
    }

    pub async fn totals(&self) -> Result<Totals, IndexError> {
        let (files, lines, source, noted): (i64, i64, i64, i64) = sqlx::query_as(
            "SELECT count(*), coalesce(sum(lines), 0), coalesce(sum(size_bytes), 0), count(note)
             FROM files",
        )
        .fetch_one(self.reader())
        .await?;
        let (elements, edges, chunks): (i64, i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM elements), (SELECT count(*) FROM call_graph),
                    (SELECT count(*) FROM chunks)",
        )
        .fetch_one(self.reader())
        .await?;
        let skipped: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM files
             WHERE note IN ('too_large', 'binary', 'unreadable', 'link', 'odd', 'switched_off')",
        )
        .fetch_one(self.reader())
        .await?;
        let count = |value: i64| u64::try_from(value).unwrap_or(0);
        let size = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
        let mut log = self.shared.path.clone().into_os_string();
        log.push("-wal");
        Ok(Totals {
            files: count(files),
            lines: count(lines),
            source_bytes: count(source),
            elements: count(elements),
            edges: count(edges),
            chunks: count(chunks),
            skipped: count(skipped),
            noted: count(noted),
            bytes: size(&self.shared.path) + size(log.as_ref()),
        })
    }

    pub(crate) fn tell(&self, change: impl FnOnce(&mut State)) {
        self.shared.state.send_modify(change);
    }
}
