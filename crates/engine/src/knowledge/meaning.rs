//! Search by meaning: the local model and where its vectors lie, shared by all projects.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use mira_index::{Coverage, Meaning, With};
use mira_protocol::code::MeaningState;
use mira_vectors::{Embedded, Embedder, LocalEmbedder, Places, VectorIndex};

use super::{Held, Knowledge};

/// The file under the data directory where vectors of all projects lie.
const FILE: &str = "vectors.db";

/// The parts that all projects share, or why there are none.
pub(super) type Parts = Result<(Arc<dyn Embedder>, Arc<dyn VectorIndex>), Missing>;

/// Why meaning takes no part.
#[derive(Debug, Clone)]
pub(super) struct Missing {
    why: String,
    hint: &'static str,
}

impl From<mira_vectors::Error> for Missing {
    fn from(error: mira_vectors::Error) -> Self {
        Self {
            why: error.to_string(),
            hint: error.hint(),
        }
    }
}

/// A project's part.
pub(super) struct Sense {
    meaning: Result<Meaning, Missing>,
    coverage: Mutex<Coverage>,
}

pub(super) async fn parts(data_dir: &Path) -> Parts {
    // Looks which files there are; the model itself is read when it is first used.
    let model = LocalEmbedder::find(&Places::of_this_process(Some(data_dir)))?;
    let vectors = Embedded::open(&data_dir.join(FILE)).await?;
    Ok((Arc::new(model), Arc::new(vectors)))
}

impl Sense {
    pub fn new(parts: &Parts, project: &str) -> Self {
        let meaning = match parts {
            Ok((model, vectors)) => Ok(Meaning::new(model.clone(), vectors.clone(), project)),
            Err(missing) => Err(missing.clone()),
        };
        Self {
            meaning,
            coverage: Mutex::default(),
        }
    }

    pub fn state(&self, chunks: u64) -> MeaningState {
        let coverage = *self.coverage.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.meaning {
            Ok(meaning) => MeaningState {
                model: Some(meaning.embedder().model().to_string()),
                done: coverage.done,
                total: chunks.max(coverage.total),
                note: None,
            },
            Err(missing) => MeaningState {
                model: None,
                done: 0,
                total: chunks,
                note: Some(
                    format!("{}. {}", missing.why, missing.hint)
                        .trim()
                        .to_owned(),
                ),
            },
        }
    }
}

impl Held {
    pub(super) fn with(&self) -> With<'_> {
        match &self.sense.meaning {
            Ok(meaning) => With::Meaning(meaning),
            Err(missing) => With::Words {
                why: &missing.why,
                hint: missing.hint,
            },
        }
    }
}

impl Knowledge {
    /// Makes vectors of what changed, again after each change, until the index is closed.
    pub(super) async fn embed(&self, held: Arc<Held>) {
        let Ok(meaning) = &held.sense.meaning else {
            return;
        };
        let mut states = held.index.follow();
        loop {
            // Not before the project was looked at: what is read is found by its words first.
            tokio::select! {
                () = held.until_fresh() => {}
                () = held.closed.cancelled() => return,
            }
            states.borrow_and_update();
            let told = |coverage: Coverage| {
                *held
                    .sense
                    .coverage
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = coverage;
                self.say(&held);
            };
            // Ended at any time, it goes on where it was.
            let made = tokio::select! {
                made = held.index.embed(meaning, &held.closed, told) => made,
                () = held.closed.cancelled() => return,
            };
            if let Err(error) = made {
                tracing::warn!(%error, "new code has no vectors");
            }
            tokio::select! {
                changed = states.changed() => if changed.is_err() { return },
                () = held.closed.cancelled() => return,
            }
        }
    }
}
