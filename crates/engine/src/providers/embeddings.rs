//! Texts to vectors with the model that the settings name. Every call stands in the ledger, with
//! the purpose `embedding`, a failed one with what it took.

use std::sync::Arc;
use std::time::Instant;

use mira_llm::embed::{EmbedRequest, Embedded, Embedder, OpenAiEmbedder};
use mira_protocol::operation::Usage;
use mira_protocol::provider::{EmbeddingTest, ProviderName, TestEmbeddings};
use mira_protocol::route::Purpose;
use mira_protocol::{Code, Failure, MicroUsd, OperationId, ProjectId, SessionId};
use tokio_util::sync::CancellationToken;

use super::clients::Client;
use super::{Providers, TEST_LASTS};
use crate::budget::{Ask, Ended, Verdict, no_money, price};
use crate::failure::from_model;

/// For whom vectors are made: what the ledger names.
#[derive(Debug, Clone, Default)]
pub struct EmbeddingsFor {
    pub session: Option<SessionId>,
    pub operation: Option<OperationId>,
    pub project: Option<ProjectId>,
}

/// Who makes vectors: vectors of two of these never mix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingModelChoice {
    pub provider: ProviderName,
    pub model: String,
    /// Asked for; None: as many as the model makes.
    pub dimensions: Option<u32>,
}

/// Vectors and what they cost.
#[derive(Debug, Clone)]
pub struct Vectors {
    pub made: Embedded,
    pub cost_micro_usd: Option<MicroUsd>,
}

/// What is known of a model before it is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EmbeddingFacts {
    /// Numbers of a vector; None: only a vector tells.
    pub dimensions: Option<u32>,
    pub prices: Option<mira_llm::Prices>,
    /// Nobody bills it.
    pub is_free: bool,
}

impl Providers {
    pub fn embedding_facts(
        &self,
        choice: &EmbeddingModelChoice,
    ) -> Result<EmbeddingFacts, Failure> {
        let settings = self.0.settings.current();
        let catalogue = self.catalogue(&settings)?;
        let known = catalogue.embedding(&choice.model);
        let client = Client {
            provider: choice.provider,
            base_url: settings
                .base_url(choice.provider)
                .unwrap_or_default()
                .to_owned(),
            key: None,
            stall: TEST_LASTS,
            replaceable: false,
        };
        Ok(EmbeddingFacts {
            dimensions: choice.dimensions.or(known.map(|facts| facts.dimensions)),
            prices: known.map(|facts| facts.prices()),
            is_free: client.is_free()?,
        })
    }

    /// Where the model is, if Mira is offline and it is not on this machine.
    pub fn held_back(&self, choice: &EmbeddingModelChoice) -> Option<String> {
        let settings = self.0.settings.current();
        let base_url = settings.base_url(choice.provider).unwrap_or_default();
        let is_held = settings.offline && !super::is_at_home(base_url);
        is_held.then(|| base_url.to_owned())
    }

    /// How many numbers the model makes, as one vector tells.
    pub async fn embedding_length(&self, choice: &EmbeddingModelChoice) -> Result<u32, Failure> {
        let text = vec![Arc::from("length")];
        let by = EmbeddingsFor::default();
        let made = self.embed(choice, text, &by, CancellationToken::new());
        let made = made.await?.made;
        Ok(made.vectors.first().map_or(0, |vector| vector.len() as u32))
    }

    /// The model of embeddings as configured.
    ///
    /// # Errors
    /// [`Code::KeyMissing`] where its provider cannot be asked.
    pub async fn embedding_model(&self) -> Result<EmbeddingModelChoice, Failure> {
        let settings = self.0.settings.current();
        self.choose_embedding(&settings.embedding_model, settings.embedding_dimensions)
            .await
    }

    async fn choose_embedding(
        &self,
        id: &str,
        dimensions: Option<u32>,
    ) -> Result<EmbeddingModelChoice, Failure> {
        let settings = self.0.settings.current();
        let (provider, model) = match id.split_once('/') {
            Some(("local", model)) => (ProviderName::Local, model),
            Some(("openai", model)) => (ProviderName::Openai, model),
            _ => (ProviderName::Openai, id),
        };
        let ready = match provider {
            ProviderName::Local => settings.local_base_url.is_some(),
            _ => self.on_the_net(&settings).await.contains(&provider),
        };
        if !ready {
            let label = provider.label();
            return Err(Failure::new(
                Code::KeyMissing,
                format!("{model} cannot make vectors: {label} cannot be asked."),
            )
            .hint(format!(
                "Set {}, or set EMBEDDING_MODEL to a model of a local server (local/…).",
                match provider {
                    ProviderName::Local => provider.url_setting(),
                    _ => provider.key_variable(),
                }
            )));
        }
        Ok(EmbeddingModelChoice {
            provider,
            model: model.to_owned(),
            dimensions,
        })
    }

    /// One vector for each text, in order.
    ///
    /// # Errors
    /// As of any call of a model; what was paid before it failed is in the ledger.
    pub async fn embed(
        &self,
        choice: &EmbeddingModelChoice,
        inputs: Vec<Arc<str>>,
        by: &EmbeddingsFor,
        cancel: CancellationToken,
    ) -> Result<Vectors, Failure> {
        let settings = self.0.settings.current();
        let provider = choice.provider;
        let client = Client {
            provider,
            base_url: settings.base_url(provider).unwrap_or_default().to_owned(),
            key: self.0.keys.find(provider, &settings).await.key,
            stall: TEST_LASTS,
            replaceable: false,
        };
        let embedder = OpenAiEmbedder::new(
            self.0.clients.http().clone(),
            client.endpoint()?,
            client.patience(),
            client.retries(),
        );
        let prices = self
            .catalogue(&settings)?
            .embedding(&choice.model)
            .map(|facts| facts.prices());
        // No text has more tokens than bytes.
        let input_tokens: u64 = inputs.iter().map(|text| text.len() as u64).sum();
        let most = mira_llm::Usage {
            input: input_tokens,
            ..mira_llm::Usage::default()
        };
        let ask = Ask {
            session: by.session.clone(),
            operation: by.operation.clone(),
            project: by.project.clone(),
            provider: provider.as_str().into(),
            model: choice.model.clone(),
            price_version: price::version(prices.as_ref()),
            worst: prices.map(|prices| prices.micro_usd(&most)),
            input_tokens,
            free: client.is_free()?,
            ..Ask::of(Purpose::Embedding)
        };
        let reservation = match self.0.budget.reserve(&ask).await? {
            Verdict::Granted(reservation) => reservation,
            Verdict::Short(short) => {
                let what = format!("{} was not asked for vectors", choice.model);
                return Err(no_money(&what, &short));
            }
        };
        let begun = Instant::now();
        let request = EmbedRequest {
            model: choice.model.clone(),
            inputs,
            dimensions: choice.dimensions,
        };
        let made = embedder.embed(request, cancel).await;
        let (usage, outcome) = match &made {
            Ok(made) => (made.usage, "stop"),
            Err(failure) => (failure.usage, "error"),
        };
        let cost = prices.map(|prices| prices.micro_usd(&usage));
        let used = Usage {
            input_tokens: usage.input,
            ..Usage::default()
        };
        let mut ended = Ended::new(used, cost, outcome);
        ended.duration_ms = begun.elapsed().as_millis() as u64;
        self.0.budget.settle(reservation, ended).await?;
        match made {
            Ok(made) => Ok(Vectors {
                made,
                cost_micro_usd: cost,
            }),
            Err(failure) => Err(from_model(&failure.error, provider, &choice.model)),
        }
    }

    /// One real vector, to know that it works.
    pub async fn test_embeddings(&self, request: TestEmbeddings) -> Result<EmbeddingTest, Failure> {
        let mut choice = match &request.model {
            Some(id) => self.choose_embedding(id, None).await?,
            None => self.embedding_model().await?,
        };
        choice.dimensions = request.dimensions.or(choice.dimensions);
        let begun = Instant::now();
        let text = vec![Arc::from("fn main() { println!(\"ready\"); }")];
        let vectors = self
            .embed(
                &choice,
                text,
                &EmbeddingsFor::default(),
                CancellationToken::new(),
            )
            .await?;
        Ok(EmbeddingTest {
            provider: choice.provider,
            model: choice.model,
            dimensions: vectors.made.vectors.first().map_or(0, Vec::len) as u32,
            latency_ms: begun.elapsed().as_millis() as u64,
            input_tokens: vectors.made.usage.input,
            cost_micro_usd: vectors.cost_micro_usd,
        })
    }
}
