//! The model that needs no network: run on this machine's processor from files that came with the
//! program.

mod place;
mod run;
mod words;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use serde::Deserialize;

use crate::{Embedder, Error, ModelId, Result, Role};

pub use place::{FOLDER_VARIABLE, Places};

/// Bytes of text that a token stands for, at least, in what the model is given: so much of a text
/// is looked at, and not more.
const BYTES_A_TOKEN: usize = 4;

/// A model of the BERT family in a folder: `manifest.json`, `model.onnx`, `vocab.txt`. It is
/// read when it is first used. Clones share it.
#[derive(Clone)]
pub struct LocalEmbedder {
    folder: PathBuf,
    model: ModelId,
    manifest: Arc<Manifest>,
    loaded: Arc<OnceLock<run::Loaded>>,
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
            loaded: Arc::default(),
        })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Blocks for as long as reading or running takes.
    fn embed_now(&self, texts: &[String], role: Role) -> Result<Vec<Vec<f32>>> {
        let loaded = match self.loaded.get() {
            Some(loaded) => loaded,
            None => {
                let fresh = run::Loaded::read(&self.folder, self.manifest.reads_tokens)
                    .map_err(|why| Error::NoModel { why })?;
                self.loaded.get_or_init(|| fresh)
            }
        };
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

    fn failed(&self, why: String) -> Error {
        Error::Model {
            model: self.manifest.id.clone(),
            why,
        }
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
        work.await
            .unwrap_or_else(|error| Err(self.failed(format!("it broke off: {error}"))))
    }
}
