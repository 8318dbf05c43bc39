//! Moving all vectors from one place to the other: in the background, shown as it goes, and gone on
//! with after a failure, a restart or a crash. Nobody makes vectors meanwhile, so that both places
//! hold the same at the end; search goes on in the place that was in use.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use mira_protocol::settings::SetSetting;
use mira_protocol::vectors::{Migrate, Migration, MigrationPhase, VectorStore, VectorsState};
use mira_protocol::{Code, Failure, Topic};
use mira_vectors::{Error, Progress};
use tokio_util::sync::CancellationToken;

use super::record::{self, Record};
use super::{Missing, Vectors};
use crate::failure::internal;

/// How often clients are told at most how far it is.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// A place that does not answer is asked again after this, twice as long each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Folders of indexes in the data directory, with what each holds.
const INDEXES: &str = "index";
const INDEX: &str = "index.db";

pub(super) struct Move {
    state: Migration,
    cancel: CancellationToken,
}

impl Vectors {
    pub(super) fn migration(&self) -> Option<Migration> {
        self.moving().as_ref().map(|moving| moving.state.clone())
    }

    fn moving(&self) -> std::sync::MutexGuard<'_, Option<Move>> {
        self.0.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on with what the last engine did not end.
    pub fn resume(&self) {
        let Some(record) = Record::read(&self.0.data_dir) else {
            return;
        };
        match &record.failure {
            None => {
                let _ = self.begin(record.from, record.to);
            }
            Some(failure) => {
                let mut state = fresh(record.from, record.to);
                state.phase = MigrationPhase::Failed;
                state.failure = Some(failure.clone());
                *self.moving() = Some(Move {
                    state,
                    cancel: CancellationToken::new(),
                });
            }
        }
    }

    pub async fn migrate(&self, request: Migrate) -> Result<VectorsState, Failure> {
        let (from, to) = (request.to.other(), request.to);
        if self.0.settings.current().qdrant_url.is_none() {
            let text = "Vectors cannot be moved: no Qdrant server is named.";
            return Err(Failure::new(Code::BadParams, text)
                .hint("Set QDRANT_URL, such as http://localhost:6334."));
        }
        let record = Record {
            from,
            to,
            failure: None,
        };
        let running = self
            .migration()
            .filter(|one| one.phase == MigrationPhase::Running);
        if running.as_ref().is_some_and(|one| one.to == to) {
            return self.get().await;
        }
        if running.is_some() {
            let text = "Vectors are being moved already.";
            return Err(Failure::new(Code::Conflict, text)
                .hint("Wait until that is done, or cancel it: `mira index migrate --cancel`."));
        }
        record.write(&self.0.data_dir).map_err(internal)?;
        self.begin(from, to)?;
        self.get().await
    }

    pub async fn cancel_migration(&self) -> Result<VectorsState, Failure> {
        let running = match &mut *self.moving() {
            Some(moving) if moving.state.phase == MigrationPhase::Running => {
                moving.cancel.cancel();
                true
            }
            Some(moving) if moving.state.phase == MigrationPhase::Failed => {
                moving.state.phase = MigrationPhase::Cancelled;
                moving.state.failure = None;
                false
            }
            _ => {
                let text = "No vectors are being moved.";
                return Err(Failure::new(Code::Conflict, text));
            }
        };
        if !running {
            Record::forget(&self.0.data_dir);
            self.0.events.topic(Topic::Vectors);
        }
        self.get().await
    }

    /// In the background, unless one is under way.
    fn begin(&self, from: VectorStore, to: VectorStore) -> Result<(), Failure> {
        let cancel = CancellationToken::new();
        {
            let mut moving = self.moving();
            if let Some(old) = &*moving
                && old.state.phase == MigrationPhase::Running
            {
                let text = "Vectors are being moved already.";
                return Err(Failure::new(Code::Conflict, text));
            }
            *moving = Some(Move {
                state: fresh(from, to),
                cancel: cancel.clone(),
            });
        }
        self.0.still.send_replace(true);
        let on = self.clone();
        self.0.tasks.spawn(async move {
            // Those who were at work have let go.
            let alone = on.0.at_work.write().await;
            tokio::select! {
                copied = on.until_copied(from, to) => match copied {
                    Ok(()) => on.moved(from, to).await,
                    Err(why) => on.stopped(from, to, &why),
                },
                () = cancel.cancelled() => {
                    Record::forget(&on.0.data_dir);
                    on.note(|state| {
                        state.phase = MigrationPhase::Cancelled;
                        state.failure = None;
                    });
                }
                // The record says that the next start goes on.
                () = on.0.closed.cancelled() => return,
            }
            drop(alone);
            on.0.still.send_replace(false);
            on.0.events.topic(Topic::Vectors);
        });
        self.0.events.topic(Topic::Vectors);
        Ok(())
    }

    /// Where a place does not answer it is tried again; any other failure waits for the person.
    async fn until_copied(&self, from: VectorStore, to: VectorStore) -> Result<(), String> {
        let mut wait = FIRST_WAIT;
        loop {
            let before = self.migration().map_or(0, |state| state.done);
            match self.copy(from, to).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_passing() => {
                    let why = Missing::from(error).to_string();
                    self.note(|state| state.failure = Some(why));
                    if self.migration().map_or(0, |state| state.done) > before {
                        wait = FIRST_WAIT;
                    }
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
                Err(error) => return Err(Missing::from(error).to_string()),
            }
        }
    }

    async fn copy(&self, from: VectorStore, to: VectorStore) -> Result<(), Error> {
        let (source, target) = (self.store(from).await?, self.store(to).await?);
        let journal = record::journal(&self.0.data_dir);
        let mut told: Option<Instant> = None;
        let progress = |progress: Progress| {
            self.set(|state| {
                state.done = progress.done;
                state.total = progress.total;
                state.collection = Some(progress.collection);
                state.failure = None;
            });
            if told.is_none_or(|at| at.elapsed() >= TELL_EVERY) {
                told = Some(Instant::now());
                self.0.events.topic(Topic::Vectors);
            }
        };
        mira_vectors::migrate(&*source, &*target, &journal, progress).await?;
        self.carry_notes(&source.place(), &target.place()).await;
        Ok(())
    }

    /// What indexes noted of the one place is true of the other. One that cannot be told so makes
    /// its vectors anew.
    async fn carry_notes(&self, from: &str, to: &str) {
        let folders = std::fs::read_dir(self.0.data_dir.join(INDEXES));
        for folder in folders.into_iter().flatten().flatten() {
            let index = folder.path().join(INDEX);
            if !index.is_file() {
                continue;
            }
            if let Err(error) = mira_index::carry_notes(&index, from, to).await {
                tracing::warn!(%error, index = %index.display(), "vectors are made anew");
            }
        }
    }

    /// From now on that place is used.
    async fn moved(&self, from: VectorStore, to: VectorStore) {
        let name = "MIRA_VECTORS".to_owned();
        let value = Some(to.as_str().to_owned());
        if let Err(failure) = self.0.settings.set(SetSetting { name, value }).await {
            return self.stopped(from, to, &Missing::from(failure).to_string());
        }
        Record::forget(&self.0.data_dir);
        self.refresh().await;
        let is_used = self.0.settings.current().vectors_in() == to;
        self.note(|state| {
            state.phase = MigrationPhase::Done;
            state.done = state.total;
            state.failure = (!is_used).then(|| {
                format!(
                    "All is copied, but MIRA_VECTORS is set elsewhere: set it to {} there.",
                    to.as_str()
                )
            });
        });
    }

    fn stopped(&self, from: VectorStore, to: VectorStore, why: &str) {
        let record = Record {
            from,
            to,
            failure: Some(why.to_owned()),
        };
        if let Err(error) = record.write(&self.0.data_dir) {
            tracing::warn!(%error, "a failed move of vectors is not remembered");
        }
        self.note(|state| {
            state.phase = MigrationPhase::Failed;
            state.failure = Some(why.to_owned());
        });
    }

    fn set(&self, change: impl FnOnce(&mut Migration)) {
        if let Some(moving) = &mut *self.moving() {
            change(&mut moving.state);
        }
    }

    fn note(&self, change: impl FnOnce(&mut Migration)) {
        self.set(change);
        self.0.events.topic(Topic::Vectors);
    }
}

fn fresh(from: VectorStore, to: VectorStore) -> Migration {
    Migration {
        from,
        to,
        phase: MigrationPhase::Running,
        done: 0,
        total: 0,
        collection: None,
        failure: None,
    }
}
