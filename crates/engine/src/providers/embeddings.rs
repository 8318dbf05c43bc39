//! Texts to vectors with the model that the settings name. Every call stands in the ledger, with
//! the purpose `embedding`, a failed one with what it took.

use std::sync::Arc;
use std::time::Instant;

use mira_llm::embed::{EmbedRequest, Embedded, Embedder, OpenAiEmbedder};
use mira_protocol::operation::Usage;
use mira_protocol::provider::{EmbeddingTest, ProviderName, TestEmbeddings};
use mira_protocol::{Code, Failure, MicroUsd, OperationId, SessionId};
use mira_store::LedgerRow;
use tokio_util::sync::CancellationToken;

use super::clients::Client;
use super::{Providers, TEST_LASTS};
use crate::clock::now_ms;
use crate::failure::{from_model, from_store};

/// For whom vectors are made: what the ledger names.
#[derive(Debug, Clone, Default)]
pub struct EmbeddingsFor {
    pub session: Option<SessionId>,
    pub operation: Option<OperationId>,
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

impl Providers {
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
        self.0
            .store
            .record_call(&LedgerRow {
                session_id: by.session.clone(),
                operation_id: by.operation.clone(),
                at: now_ms(),
                purpose: "embedding".into(),
                provider: provider.as_str().into(),
                model: choice.model.clone(),
                usage: Usage {
                    input_tokens: usage.input,
                    ..Usage::default()
                },
                cost_micro_usd: cost,
                duration_ms: begun.elapsed().as_millis() as u64,
                outcome: outcome.into(),
            })
            .await
            .map_err(from_store)?;
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
