//! Where vectors lie and who makes them, as the settings say; shared by all projects. When the
//! settings change, whoever follows [`Vectors::follow`] hears of the new parts.

mod asked;
mod moving;
mod old;
mod parts;
mod record;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use mira_egress::Gate;
use mira_protocol::vectors::{
    SetVectorsKey, TestVectors, VectorCollection, VectorStore, VectorsState, VectorsTest,
};
use mira_protocol::{Code, Failure, Topic};
use mira_vectors::{Embedded, Filter, Qdrant, Reach, VectorIndex};
use tokio::sync::{OnceCell, RwLock, RwLockReadGuard, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::events::EventLog;
use crate::failure::internal;
use crate::ports::SecretStore;
use crate::providers::Providers;
use crate::settings::{Secret, Settings, SettingsHandle};

pub(crate) use parts::{Missing, Parts};

/// Files in the data directory: vectors of all projects, and vectors by content.
const FILE: &str = "vectors.db";
const MEMORY: &str = "vectors-cache.db";
/// The name of the server's key in the keychain.
const KEY: &str = "qdrant";

/// Cheap to clone.
#[derive(Clone)]
pub struct Vectors(Arc<Inner>);

struct Inner {
    settings: SettingsHandle,
    providers: Providers,
    events: EventLog,
    secrets: Arc<dyn SecretStore>,
    gate: Gate,
    data_dir: PathBuf,
    /// What the keychain said; failures are not kept.
    saved_key: Mutex<Option<Option<Secret>>>,
    /// One connection for all that use the file.
    file: OnceCell<Arc<Embedded>>,
    /// None until somebody needs them.
    parts: watch::Sender<Option<Arc<Parts>>>,
    building: tokio::sync::Mutex<()>,
    /// Nobody is to make vectors now.
    still: watch::Sender<bool>,
    /// Held by those who make vectors, and alone by a move.
    at_work: RwLock<()>,
    moving: Mutex<Option<moving::Move>>,
    closed: CancellationToken,
    tasks: TaskTracker,
}

/// The server's key and where it is from.
struct Key {
    key: Option<Secret>,
    source: &'static str,
    problem: String,
}

impl Vectors {
    pub fn new(
        settings: SettingsHandle,
        providers: Providers,
        events: EventLog,
        secrets: Arc<dyn SecretStore>,
        gate: Gate,
    ) -> Self {
        let data_dir = settings.current().data_dir.clone();
        Self(Arc::new(Inner {
            settings,
            providers,
            events,
            secrets,
            gate,
            data_dir,
            saved_key: Mutex::default(),
            file: OnceCell::new(),
            parts: watch::Sender::new(None),
            building: tokio::sync::Mutex::default(),
            still: watch::Sender::new(false),
            at_work: RwLock::default(),
            moving: Mutex::default(),
            closed: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }))
    }

    /// What the settings say now, made when it is first needed.
    pub(crate) async fn parts(&self) -> Arc<Parts> {
        let made = self.0.parts.borrow().clone();
        match made {
            Some(parts) => parts,
            None => self.build().await,
        }
    }

    /// Hears of new parts.
    pub(crate) fn follow(&self) -> watch::Receiver<Option<Arc<Parts>>> {
        self.0.parts.subscribe()
    }

    /// True while nobody is to make vectors.
    pub(crate) fn still(&self) -> watch::Receiver<bool> {
        self.0.still.subscribe()
    }

    /// Held while vectors are made.
    pub(crate) async fn at_work(&self) -> RwLockReadGuard<'_, ()> {
        self.0.at_work.read().await
    }

    /// The settings, or a key, may have changed.
    pub async fn refresh(&self) {
        let is_used = self.0.parts.borrow().is_some();
        if is_used {
            self.build().await;
        }
        self.0.events.topic(Topic::Vectors);
    }

    async fn build(&self) -> Arc<Parts> {
        let _alone = self.0.building.lock().await;
        let settings = self.0.settings.current();
        let recipe = self.recipe(&settings).await;
        let made = self.0.parts.borrow().clone();
        if let Some(parts) = made.filter(|parts| parts.is_of(&recipe)) {
            return parts;
        }
        let parts = Arc::new(self.make(recipe).await);
        self.0.parts.send_replace(Some(parts.clone()));
        parts
    }

    pub async fn get(&self) -> Result<VectorsState, Failure> {
        let settings = self.0.settings.current();
        let parts = self.parts().await;
        let key = self.key(&settings).await;
        let mut state = VectorsState {
            store: settings.vectors_in(),
            place: None,
            away: None,
            qdrant_url: settings.qdrant_url.clone(),
            key_source: key.source.to_owned(),
            keychain_problem: key.problem,
            maker: settings.vector_maker,
            model: None,
            dimensions: None,
            is_paid: false,
            note: None,
            collections: Vec::new(),
            migration: self.migration(),
        };
        match &parts.maker {
            Ok(maker) => {
                state.model = Some(maker.embedder.model().to_string());
                state.dimensions = u32::try_from(maker.embedder.dimensions()).ok();
                state.is_paid = maker.is_paid;
            }
            Err(missing) => state.note = Some(missing.to_string()),
        }
        match &parts.index {
            Ok(index) => {
                state.place = Some(index.place());
                match counted(&**index, &parts).await {
                    Ok(collections) => state.collections = collections,
                    Err(error) => state.away = Some(Missing::from(error).to_string()),
                }
            }
            Err(missing) => state.away = Some(missing.to_string()),
        }
        Ok(state)
    }

    /// Asks a server now, also one that was left alone.
    pub async fn test(&self, request: TestVectors) -> Result<VectorsTest, Failure> {
        let settings = self.0.settings.current();
        let url = request.url.as_ref().or(settings.qdrant_url.as_ref());
        let Some(url) = url else {
            return Err(
                Failure::new(Code::BadParams, "There is no Qdrant server to ask.")
                    .hint("Set QDRANT_URL, such as http://localhost:6334."),
            );
        };
        let key = match request.key {
            Some(key) => Some(Secret::new(key)),
            None => self.key(&settings).await.key,
        };
        let key = key.as_ref().map(Secret::expose);
        let server = Qdrant::new(url, key, self.0.gate.clone()).map_err(failed)?;
        let begun = Instant::now();
        let collections = server.collections().await.map_err(failed)?;
        Ok(VectorsTest {
            place: server.place(),
            latency_ms: begun.elapsed().as_millis() as u64,
            collections: collections.len() as u64,
        })
    }

    /// Saves the key, or removes it where it is empty.
    pub async fn set_key(&self, request: SetVectorsKey) -> Result<VectorsState, Failure> {
        let key = request.key.trim().to_owned();
        let kept = (!key.is_empty()).then(|| Secret::new(key.clone()));
        let secrets = Arc::clone(&self.0.secrets);
        let removes = key.is_empty();
        let saved = tokio::task::spawn_blocking(move || match key.is_empty() {
            true => secrets.delete(KEY),
            false => secrets.set(KEY, &key),
        });
        saved.await.map_err(internal)?.map_err(|why| {
            Failure::new(
                Code::KeychainUnavailable,
                match removes {
                    true => format!("The key was not removed: {why}"),
                    false => format!("The key was not saved: {why}"),
                },
            )
            .hint(
                "Set QDRANT_API_KEY in the environment instead; Mira never writes a key to a file.",
            )
        })?;
        *self
            .0
            .saved_key
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(kept);
        self.refresh().await;
        self.get().await
    }

    /// From the environment, else from the keychain, which is opened only where a server is named.
    async fn key(&self, settings: &Settings) -> Key {
        let found = |key: Option<Secret>, source| Key {
            source: if key.is_some() { source } else { "none" },
            key,
            problem: String::new(),
        };
        if settings.qdrant_api_key.is_some() || settings.qdrant_url.is_none() {
            return found(settings.qdrant_api_key.clone(), "environment");
        }
        let known = self.0.saved_key.lock();
        let known = known.unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(key) = known {
            return found(key, "keychain");
        }
        let secrets = Arc::clone(&self.0.secrets);
        let read = tokio::task::spawn_blocking(move || secrets.get(KEY)).await;
        match read.map_err(|error| error.to_string()).flatten() {
            Ok(text) => {
                let key = text.filter(|text| !text.is_empty()).map(Secret::new);
                let mut kept = self
                    .0
                    .saved_key
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                *kept = Some(key.clone());
                found(key, "keychain")
            }
            Err(problem) => Key {
                problem,
                ..found(None, "none")
            },
        }
    }

    /// One of the two places, in use or not.
    async fn store(&self, store: VectorStore) -> Result<Arc<dyn VectorIndex>, mira_vectors::Error> {
        match store {
            VectorStore::Embedded => {
                let open = || async {
                    let file = Embedded::open(&self.0.data_dir.join(FILE)).await?;
                    Ok(Arc::new(file))
                };
                let file = self.0.file.get_or_try_init(open).await?;
                Ok(file.clone())
            }
            VectorStore::Qdrant => {
                let settings = self.0.settings.current();
                let Some(url) = &settings.qdrant_url else {
                    return Err(mira_vectors::Error::Refused {
                        place: "QDRANT_URL".to_owned(),
                        why: "no server is named; an example is http://localhost:6334".to_owned(),
                    });
                };
                let key = self.key(&settings).await.key;
                let key = key.as_ref().map(Secret::expose);
                Ok(Arc::new(Qdrant::new(url, key, self.0.gate.clone())?))
            }
        }
    }

    /// Removes what lies in the place in use and has this in this field.
    ///
    /// # Errors
    /// Those of the place.
    pub(crate) async fn forget(&self, field: &str, value: &str) -> Result<(), mira_vectors::Error> {
        let Ok(index) = &self.parts().await.index else {
            return Ok(());
        };
        for collection in index.collections().await? {
            if collection.kind_of(field).is_some() {
                let meant = Filter::is(field, value);
                index.delete(&collection, &meant).await?;
            }
        }
        Ok(())
    }

    /// A move goes on at the next start.
    pub async fn shutdown(&self) {
        self.0.closed.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

/// What is there.
async fn counted(
    index: &dyn VectorIndex,
    parts: &Parts,
) -> Result<Vec<VectorCollection>, mira_vectors::Error> {
    if let Reach::Away { why, .. } = index.reach() {
        let place = index.place();
        return Err(mira_vectors::Error::Unreachable { place, why });
    }
    let mut all = Vec::new();
    for collection in index.collections().await? {
        all.push(VectorCollection {
            points: index.count(&collection, &Filter::all()).await?,
            is_used: parts.uses(&collection),
            name: collection.name,
            model: collection.model.to_string(),
            dimensions: u32::try_from(collection.dimensions).unwrap_or(u32::MAX),
        });
    }
    Ok(all)
}

/// Errors of places as what a client is told.
pub(crate) fn failed(error: mira_vectors::Error) -> Failure {
    let code = match &error {
        mira_vectors::Error::Unreachable { .. } => Code::ProviderUnreachable,
        mira_vectors::Error::Offline { .. } => Code::Refused,
        mira_vectors::Error::Refused { .. } => Code::ProviderRefused,
        _ => Code::Internal,
    };
    let hint = error.hint().to_owned();
    Failure::new(code, format!("{error}.")).hint(hint)
}
