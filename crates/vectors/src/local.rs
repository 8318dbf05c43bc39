//! The model that needs no network: run on this machine's processor from files that came with the
//! program.

mod place;
mod run;
mod words;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use crate::{Embedder, Error, ModelId, Result, Role};

pub use place::{FOLDER_VARIABLE, Places};

/// Bytes of text that a token stands for, at least, in what the model is given: so much of a text
/// is looked at, and not more.
const BYTES_A_TOKEN: usize = 4;

/// After so long without work the model leaves the memory: its weights are most of what an idle
/// program would hold, and reading them again takes a fraction of a second.
const RESTS_AFTER: Duration = Duration::from_secs(30);

/// A model of the BERT family in a folder: `manifest.json`, `model.onnx`, `vocab.txt`. It is
/// read when it is used, and let go of when nobody used it for a while. Clones share it.
#[derive(Clone)]
pub struct LocalEmbedder {
    folder: PathBuf,
    model: ModelId,
    manifest: Arc<Manifest>,
    held: Arc<Mutex<Held>>,
    rests_after: Duration,
}

/// The model while it is in memory.
#[derive(Default)]
struct Held {
    loaded: Option<Arc<run::Loaded>>,
    uses: u64,
    /// Somebody waits for it to rest.
    watched: bool,
}

/// What the folder says of itself.
#[derive(Debug, Deserialize)]
struct Manifest {
    id: String,
    dimensions: usize,
    reads_tokens: usize,
    files: std::collections::BTreeMap<String, FileFacts>,
}

#[derive(Debug, Deserialize)]
struct FileFacts {
    bytes: u64,
}

impl LocalEmbedder {
    /// The model in the first of the places that has one.
    ///
    /// # Errors
    /// [`Error::NoModel`] where none has, or where a folder that was named on purpose is unfit.
    pub fn find(places: &Places) -> Result<Self> {
        let mut damaged = None;
        for (folder, named) in places.folders() {
            if !named && !folder.join("manifest.json").exists() {
                continue;
            }
            match Self::open(&folder) {
                Ok(found) => return Ok(found),
                Err(error) if named => return Err(error),
                Err(error) => damaged = damaged.or(Some(error)),
            }
        }
        Err(damaged.unwrap_or_else(|| Error::NoModel {
            why: "its files did not come with this program".to_owned(),
        }))
    }

    /// The model in a folder. Its files are looked at and not read yet.
    ///
    /// # Errors
    /// [`Error::NoModel`] where a file is missing or is not as long as the manifest says.
    pub fn open(folder: &Path) -> Result<Self> {
        let no = |what: String| Error::NoModel {
            why: format!("{what} in {}", folder.display()),
        };
        let text = std::fs::read_to_string(folder.join("manifest.json"))
            .map_err(|error| no(format!("no manifest.json ({error})")))?;
        let manifest: Manifest = serde_json::from_str(&text)
            .map_err(|error| no(format!("manifest.json is damaged ({error})")))?;
        for name in ["model.onnx", "vocab.txt"] {
            let wanted = manifest.files.get(name).map(|facts| facts.bytes);
            let found = std::fs::metadata(folder.join(name)).ok();
            if wanted.is_none() || found.map(|found| found.len()) != wanted {
                return Err(no(format!("{name} is missing or cut off")));
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            model: ModelId::new(manifest.id.clone()),
            manifest: Arc::new(manifest),
            held: Arc::default(),
            rests_after: RESTS_AFTER,
        })
    }

    /// The same model, let go of after another time without work.
    #[must_use]
    pub fn resting_after(self, rests_after: Duration) -> Self {
        Self {
            rests_after,
            ..self
        }
    }

    /// Whether its weights are in memory now.
    pub fn is_in_memory(&self) -> bool {
        self.held().loaded.is_some()
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Blocks for as long as reading or running takes.
    fn embed_now(&self, texts: &[String], role: Role) -> Result<Vec<Vec<f32>>> {
        let loaded = self.load()?;
        let mut vectors = Vec::with_capacity(texts.len());
        for text in texts {
            let text = &text[..text.floor_char_boundary(self.reads_bytes())];
            let vector = loaded.embed(text, role).map_err(|why| self.failed(why))?;
            if vector.len() != self.manifest.dimensions {
                return Err(self.failed(format!("{} numbers came out", vector.len())));
            }
            vectors.push(vector);
        }
        Ok(vectors)
    }

    /// Read once, also where several ask at a time.
    fn load(&self) -> Result<Arc<run::Loaded>> {
        let mut held = self.held();
        held.uses += 1;
        if let Some(loaded) = &held.loaded {
            return Ok(loaded.clone());
        }
        let fresh = run::Loaded::read(&self.folder, self.manifest.reads_tokens)
            .map_err(|why| Error::NoModel { why })?;
        let fresh = Arc::new(fresh);
        held.loaded = Some(fresh.clone());
        Ok(fresh)
    }

    /// One task at a time looks whether it was used, and lets go of it where it was not.
    fn let_go_when_idle(&self) {
        if std::mem::replace(&mut self.held().watched, true) {
            return;
        }
        let (held, rests_after) = (Arc::downgrade(&self.held), self.rests_after);
        let mut seen = self.held().uses;
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(rests_after).await;
                let Some(held) = held.upgrade() else { return };
                let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
                if held.uses == seen {
                    held.loaded = None;
                    held.watched = false;
                    break;
                }
                seen = held.uses;
            }
            give_back();
        });
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, why: String) -> Error {
        Error::Model {
            model: self.manifest.id.clone(),
            why,
        }
    }
}

/// The allocator keeps what was freed unless it is told that nobody will want it soon.
fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it only hands pages that are free to the system, and may be called at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[async_trait]
impl Embedder for LocalEmbedder {
    fn model(&self) -> &ModelId {
        &self.model
    }

    fn dimensions(&self) -> usize {
        self.manifest.dimensions
    }

    fn reads_bytes(&self) -> usize {
        self.manifest.reads_tokens * BYTES_A_TOKEN
    }

    async fn embed(&self, texts: &[String], role: Role) -> Result<Vec<Vec<f32>>> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let (this, texts) = (self.clone(), texts.to_vec());
        let work = tokio::task::spawn_blocking(move || this.embed_now(&texts, role));
        let done = work.await;
        self.let_go_when_idle();
        done.unwrap_or_else(|error| Err(self.failed(format!("it broke off: {error}"))))
    }
}
