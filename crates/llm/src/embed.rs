//! Texts to vectors. The port is [`Embedder`]: texts in, one vector for each out, in order, with
//! what it took in tokens. [`OpenAiEmbedder`] speaks `/embeddings`, which compatible servers
//! speak too.

mod batch;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::http::{self, Auth, Call, Endpoint, Http, Patience};
use crate::{ErrorKind, ModelError, RetrySettings, Usage};

/// Asks for vectors.
pub trait Embedder: Send + Sync {
    fn embed(
        &self,
        request: EmbedRequest,
        cancel: CancellationToken,
    ) -> BoxFuture<'static, Result<Embedded, EmbedFailure>>;
}

#[derive(Debug, Clone)]
pub struct EmbedRequest {
    pub model: String,
    pub inputs: Vec<Arc<str>>,
    /// Shorter vectors than the model's own, where it can; None: its own.
    pub dimensions: Option<u32>,
}

/// One vector for each input, in order, all of one length.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    pub vectors: Vec<Vec<f32>>,
    /// Of all requests together.
    pub usage: Usage,
    pub requests: u32,
    /// Inputs that were longer than the model reads: their vectors stand for their beginnings.
    pub cut: Vec<usize>,
}

/// Why there are no vectors, and what was paid for all the same.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{error}")]
pub struct EmbedFailure {
    pub error: ModelError,
    /// Of the requests that were answered before.
    pub usage: Usage,
}

/// A server that speaks `/embeddings`.
#[derive(Clone)]
pub struct OpenAiEmbedder {
    http: Arc<Http>,
    endpoint: Endpoint,
    patience: Patience,
    retries: RetrySettings,
}

impl OpenAiEmbedder {
    pub fn new(
        http: Arc<Http>,
        endpoint: Endpoint,
        patience: Patience,
        retries: RetrySettings,
    ) -> Self {
        Self {
            http,
            endpoint,
            patience,
            retries,
        }
    }

    /// One request, asked again where that may help.
    async fn ask(
        &self,
        request: &EmbedRequest,
        inputs: &[Arc<str>],
        cancel: &CancellationToken,
    ) -> Result<wire::Answer, ModelError> {
        let url = self.endpoint.url("embeddings");
        let asked = self.endpoint.asked(&request.model);
        let body = wire::body(&request.model, inputs, request.dimensions);
        for attempt in 1.. {
            let call = Call {
                client: self.http.client(&url),
                url: url.clone(),
                asked: asked.clone(),
                auth: Auth::Bearer,
                body: Some(body.clone()),
                patience: self.patience,
                purpose: "embedding",
            };
            let failure = match http::call(call, cancel.clone()).await {
                Ok(answer) => return wire::read(&answer, inputs.len(), &asked),
                Err(refusal) => refusal.error,
            };
            let random = rand::random();
            let Some(delay) = self.retries.delay_ms(&failure.kind, attempt, random) else {
                return Err(failure);
            };
            tracing::info!(attempt, delay, error = %failure, "asking for vectors again");
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(asked.cancelled()),
                () = tokio::time::sleep(Duration::from_millis(delay)) => {}
            }
        }
        Err(asked.error(ErrorKind::Broken, "no attempt is left"))
    }

    async fn run(
        &self,
        request: &EmbedRequest,
        cancel: &CancellationToken,
        done: &mut Embedded,
    ) -> Result<(), ModelError> {
        let asked = self.endpoint.asked(&request.model);
        done.vectors = vec![Vec::new(); request.inputs.len()];
        // Last first, so that a batch that is split is gone on with in order.
        let mut left = batch::batches(&request.inputs);
        left.reverse();
        while let Some(batch) = left.pop() {
            let inputs = batch.texts(&request.inputs);
            let answer = match self.ask(request, &inputs, cancel).await {
                Ok(answer) => answer,
                Err(error) => {
                    let smaller = batch.smaller(&request.inputs, &error.kind);
                    let Some(smaller) = smaller else {
                        return Err(error);
                    };
                    left.extend(smaller.into_iter().rev());
                    continue;
                }
            };
            done.requests += 1;
            done.usage.input += answer.tokens;
            if batch.is_cut() {
                done.cut.extend(batch.places.clone());
            }
            for (place, vector) in batch.places.zip(answer.vectors) {
                done.vectors[place] = vector;
            }
        }
        let first = done.vectors.first().map_or(0, Vec::len);
        let wanted = request.dimensions.map_or(first, |n| n as usize);
        match done.vectors.iter().find(|vector| vector.len() != wanted) {
            Some(odd) => {
                let why = format!(
                    "a vector of {} numbers came back where {wanted} were wanted",
                    odd.len()
                );
                Err(asked.error(ErrorKind::Refused { status: None }, why))
            }
            None => Ok(()),
        }
    }
}

impl Embedder for OpenAiEmbedder {
    fn embed(
        &self,
        request: EmbedRequest,
        cancel: CancellationToken,
    ) -> BoxFuture<'static, Result<Embedded, EmbedFailure>> {
        let this = self.clone();
        async move {
            let mut done = Embedded {
                vectors: Vec::new(),
                usage: Usage::default(),
                requests: 0,
                cut: Vec::new(),
            };
            match this.run(&request, &cancel, &mut done).await {
                Ok(()) => Ok(done),
                Err(error) => Err(EmbedFailure {
                    error,
                    usage: done.usage,
                }),
            }
        }
        .boxed()
    }
}
