//! A model elsewhere as a maker of vectors: every call is reserved, settled and in the ledger.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use mira_protocol::{Code, Failure, ProjectId};
use mira_vectors::{Embedder, Error, ModelId, Result, Role};
use tokio_util::sync::CancellationToken;

use crate::providers::Providers;
use crate::providers::embeddings::{EmbeddingModelChoice, EmbeddingsFor};

/// No text has more tokens than bytes, so this is within what any model reads (8,192 tokens).
const READS_BYTES: usize = 6_000;
/// About 100,000 tokens: what is held back in the budget at once, and lost at most.
const PIECES_AT_ONCE: usize = 128;
/// Somebody waits for what is found; words are quicker.
const QUESTION: Duration = Duration::from_secs(5);

/// Questions that are remembered: people ask again while they look.
const REMEMBERED: usize = 64;

/// Questions and their vectors, the newest last.
type Questions = VecDeque<(String, Vec<f32>)>;

#[derive(Clone)]
pub(super) struct Asked {
    providers: Providers,
    choice: EmbeddingModelChoice,
    /// For whom: what the ledger names.
    by: EmbeddingsFor,
    model: ModelId,
    dimensions: usize,
    /// Shared by all projects.
    questions: Arc<Mutex<Questions>>,
}

impl Asked {
    pub fn new(providers: Providers, choice: EmbeddingModelChoice, dimensions: usize) -> Self {
        let model = ModelId::new(format!("{}/{}", choice.provider.as_str(), choice.model));
        Self {
            providers,
            choice,
            by: EmbeddingsFor::default(),
            model,
            dimensions,
            questions: Arc::default(),
        }
    }

    /// The same model, asked for a project.
    pub fn of(&self, project: &ProjectId) -> Self {
        let project = Some(project.clone());
        Self {
            by: EmbeddingsFor {
                project,
                ..self.by.clone()
            },
            ..self.clone()
        }
    }

    fn remembered(&self, texts: &[String]) -> Option<Vec<f32>> {
        let [text] = texts else { return None };
        let questions = self.questions.lock();
        let questions = questions.unwrap_or_else(PoisonError::into_inner);
        let found = questions.iter().find(|(asked, _)| asked == text);
        found.map(|(_, vector)| vector.clone())
    }

    fn remember(&self, texts: &[String], vectors: &[Vec<f32>]) {
        let ([text], [vector]) = (texts, vectors) else {
            return;
        };
        let questions = self.questions.lock();
        let mut questions = questions.unwrap_or_else(PoisonError::into_inner);
        if questions.len() == REMEMBERED {
            questions.pop_front();
        }
        questions.push_back((text.clone(), vector.clone()));
    }

    /// Goes on in a task of its own, so that what was paid is settled also where nobody waits any
    /// more; then it is ended as soon as that is possible.
    async fn ask(&self, inputs: Vec<Arc<str>>) -> Result<Vec<Vec<f32>>, Failure> {
        let cancel = CancellationToken::new();
        let until_dropped = cancel.clone().drop_guard();
        let (providers, choice) = (self.providers.clone(), self.choice.clone());
        let by = self.by.clone();
        let asking =
            tokio::spawn(async move { providers.embed(&choice, inputs, &by, cancel).await });
        let vectors = asking.await.map_err(crate::failure::internal)??;
        drop(until_dropped);
        Ok(vectors.made.vectors)
    }

    fn failed(&self, failure: Failure) -> Error {
        let passing = matches!(
            failure.code,
            Code::RateLimited
                | Code::ProviderUnreachable
                | Code::QuotaExceeded
                | Code::BudgetExceeded
                | Code::Cancelled
        );
        Error::Asked {
            model: self.choice.model.clone(),
            why: failure.message.trim_end_matches('.').to_owned(),
            hint: failure.hint.unwrap_or_default(),
            passing,
        }
    }
}

#[async_trait]
impl Embedder for Asked {
    fn model(&self) -> &ModelId {
        &self.model
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn reads_bytes(&self) -> usize {
        READS_BYTES
    }

    fn pieces_at_once(&self) -> usize {
        PIECES_AT_ONCE
    }

    async fn embed(&self, texts: &[String], role: Role) -> Result<Vec<Vec<f32>>> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        if role == Role::Query
            && let Some(vector) = self.remembered(texts)
        {
            return Ok(vec![vector]);
        }
        // Before it is reserved and written down as a call.
        if let Some(host) = self.providers.held_back(&self.choice) {
            return Err(Error::Offline { host });
        }
        let inputs = texts.iter().map(|text| Arc::from(text.as_str())).collect();
        let asked = self.ask(inputs);
        let made = match role {
            Role::Document => asked.await,
            Role::Query => tokio::time::timeout(QUESTION, asked)
                .await
                .unwrap_or_else(|_| {
                    let text = format!("no answer in {} s", QUESTION.as_secs());
                    Err(Failure::new(Code::ProviderUnreachable, text))
                }),
        };
        let mut vectors = made.map_err(|failure| self.failed(failure))?;
        for vector in &mut vectors {
            if vector.len() != self.dimensions {
                return Err(Error::Dimensions {
                    collection: self.model.to_string(),
                    wanted: self.dimensions,
                    found: vector.len(),
                });
            }
            let length = vector.iter().map(|n| n * n).sum::<f32>().sqrt();
            if length > 0.0 {
                vector.iter_mut().for_each(|n| *n /= length);
            }
        }
        if role == Role::Query {
            self.remember(texts, &vectors);
        }
        Ok(vectors)
    }
}
