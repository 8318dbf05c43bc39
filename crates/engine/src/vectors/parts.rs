//! What the settings say, made: a model and a place, or why there is none.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mira_llm::Prices;
use mira_protocol::ProjectId;
use mira_protocol::vectors::{VectorMaker, VectorStore};
use mira_vectors::{Cached, Collection, Embedder, LocalEmbedder, Places, VectorIndex};

use super::asked::Asked;
use super::{MEMORY, Vectors};
use crate::providers::embeddings::EmbeddingModelChoice;
use crate::settings::{Secret, Settings};

/// A model that is asked how many numbers it makes answers within this.
const ASKED: Duration = Duration::from_secs(10);

/// Who makes vectors and where they lie.
pub(crate) struct Parts {
    recipe: Recipe,
    pub maker: Result<Maker, Missing>,
    pub index: Result<Arc<dyn VectorIndex>, Missing>,
}

#[derive(Clone)]
pub(crate) struct Maker {
    pub embedder: Arc<dyn Embedder>,
    memory: Cached,
    /// A model elsewhere, under `memory`.
    asked: Option<Asked>,
    /// Somebody bills it, so that each project waits for the person's word.
    pub is_paid: bool,
    pub prices: Option<Prices>,
}

/// Why meaning takes no part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    pub why: String,
    pub hint: String,
}

/// What parts are made of: the same makes the same.
#[derive(PartialEq)]
pub(super) struct Recipe {
    store: VectorStore,
    url: Option<String>,
    key: Option<Secret>,
    maker: Choice,
}

#[derive(PartialEq)]
enum Choice {
    Local,
    Provider(Known),
    /// It cannot be asked.
    Nobody(Missing),
}

/// A model elsewhere, and what is known of it.
#[derive(Clone, PartialEq)]
struct Known {
    choice: EmbeddingModelChoice,
    base_url: String,
    dimensions: usize,
    is_free: bool,
    prices: Option<Prices>,
}

impl Maker {
    /// What it asks for stands in the ledger with the project's name.
    pub fn of(&self, project: &ProjectId) -> Arc<dyn Embedder> {
        match &self.asked {
            Some(asked) => Arc::new(self.memory.before(Arc::new(asked.of(project)))),
            None => self.embedder.clone(),
        }
    }
}

impl Parts {
    /// Whether these are vectors that the model makes now.
    pub(super) fn uses(&self, collection: &Collection) -> bool {
        self.maker.as_ref().is_ok_and(|maker| {
            let embedder = &maker.embedder;
            collection.model == *embedder.model() && collection.dimensions == embedder.dimensions()
        })
    }

    pub(super) fn is_of(&self, recipe: &Recipe) -> bool {
        self.recipe == *recipe
    }
}

impl Vectors {
    pub(super) async fn recipe(&self, settings: &Settings) -> Recipe {
        let maker = match settings.vector_maker {
            VectorMaker::Local => Choice::Local,
            VectorMaker::Provider => match self.known(settings).await {
                Ok(known) => Choice::Provider(known),
                Err(missing) => Choice::Nobody(missing),
            },
        };
        Recipe {
            store: settings.vectors_in(),
            url: settings.qdrant_url.clone(),
            key: self.key(settings).await.key,
            maker,
        }
    }

    async fn known(&self, settings: &Settings) -> Result<Known, Missing> {
        let providers = &self.0.providers;
        let choice = providers.embedding_model().await?;
        let facts = providers.embedding_facts(&choice)?;
        let dimensions = match facts.dimensions {
            Some(dimensions) => dimensions,
            // It costs nothing to ask.
            None if facts.is_free => {
                let asked = providers.embedding_length(&choice);
                tokio::time::timeout(ASKED, asked)
                    .await
                    .map_err(|_| Missing {
                        why: format!("{} does not answer", choice.model),
                        hint: "Set EMBEDDING_DIMENSIONS, or start its server and try again."
                            .to_owned(),
                    })??
            }
            None => {
                return Err(Missing {
                    why: format!("it is not known how many numbers {} makes", choice.model),
                    hint: "Set EMBEDDING_DIMENSIONS.".to_owned(),
                });
            }
        };
        Ok(Known {
            base_url: settings
                .base_url(choice.provider)
                .unwrap_or_default()
                .to_owned(),
            choice,
            dimensions: dimensions as usize,
            is_free: facts.is_free,
            prices: facts.prices,
        })
    }

    pub(super) async fn make(&self, recipe: Recipe) -> Parts {
        let maker = match &recipe.maker {
            // Looks which files there are; the model itself is read when it is first used.
            Choice::Local => LocalEmbedder::find(&Places::of_this_process(Some(&self.0.data_dir)))
                .map(|model| (Arc::new(model) as Arc<dyn Embedder>, None, None))
                .map_err(Missing::from),
            Choice::Provider(known) => {
                let (choice, dimensions) = (known.choice.clone(), known.dimensions);
                let asked = Asked::new(self.0.providers.clone(), choice, dimensions);
                Ok((Arc::new(asked.clone()) as _, Some(asked), Some(known)))
            }
            Choice::Nobody(missing) => Err(missing.clone()),
        };
        let maker = match maker {
            Ok((model, asked, known)) => {
                let memory = Cached::open(model, &self.0.data_dir.join(MEMORY)).await;
                Ok(Maker {
                    embedder: Arc::new(memory.clone()),
                    memory,
                    asked,
                    is_paid: known.is_some_and(|known| !known.is_free),
                    prices: known.and_then(|known| known.prices),
                })
            }
            Err(missing) => Err(missing),
        };
        Parts {
            maker,
            index: self.store(recipe.store).await.map_err(Missing::from),
            recipe,
        }
    }
}

impl From<mira_vectors::Error> for Missing {
    fn from(error: mira_vectors::Error) -> Self {
        Self {
            why: error.to_string(),
            hint: error.hint().to_owned(),
        }
    }
}

impl From<mira_protocol::Failure> for Missing {
    fn from(failure: mira_protocol::Failure) -> Self {
        Self {
            why: failure.message.trim_end_matches('.').to_owned(),
            hint: failure.hint.unwrap_or_default(),
        }
    }
}

/// As two sentences.
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.why.split(' ').next().unwrap_or_default();
        // A name stays as it is written.
        match self.why.chars().next() {
            Some(first) if word.chars().all(char::is_alphabetic) => {
                let rest = &self.why[first.len_utf8()..];
                write!(f, "{}{rest}.", first.to_uppercase())?;
            }
            _ => write!(f, "{}.", self.why)?,
        }
        match self.hint.is_empty() {
            true => Ok(()),
            false => write!(f, " {}", self.hint),
        }
    }
}
