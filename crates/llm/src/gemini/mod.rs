//! Google's Gemini API (`generateContent`), streamed. Stateless: the whole conversation goes with
//! each request, thought signatures on the parts they came with.

mod decode;
mod encode;
mod wire;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

use crate::catalogue::Catalogue;
use crate::http::{self, Auth, Call, Endpoint, Http, Outgoing, Patience};
use crate::{Chunk, ErrorKind, Model, ModelError, Prompt};
use decode::Decoder;

/// [`crate::ItemKind::Opaque`] items of this provider are sent back to it.
pub const GEMINI: &str = "gemini";

pub(crate) const AUTH: Auth = Auth::Header("x-goog-api-key");

/// A server that speaks the Gemini API; its base URL ends in the API's version (`/v1beta`).
#[derive(Clone)]
pub struct Gemini {
    http: Arc<Http>,
    endpoint: Endpoint,
    catalogue: Arc<Catalogue>,
    patience: Patience,
    /// Models that refuse a thinking configuration.
    unthinking: Arc<Mutex<HashSet<String>>>,
}

impl Gemini {
    /// `catalogue` says which models take a thinking level.
    pub fn new(
        http: Arc<Http>,
        endpoint: Endpoint,
        catalogue: Arc<Catalogue>,
        patience: Patience,
    ) -> Self {
        Self {
            http,
            endpoint,
            catalogue,
            patience,
            unthinking: Arc::default(),
        }
    }

    fn thinks(&self, model: &str) -> bool {
        let unthinking = self.unthinking.lock();
        !unthinking
            .unwrap_or_else(PoisonError::into_inner)
            .contains(model)
    }

    /// Notes that the model takes no thinking configuration; false where that was known.
    fn leave_out_thinking(&self, model: &str) -> bool {
        let unthinking = self.unthinking.lock();
        unthinking
            .unwrap_or_else(PoisonError::into_inner)
            .insert(model.to_owned())
    }

    fn body(&self, prompt: &Prompt) -> Bytes {
        let facts = self.catalogue.get(&prompt.model);
        encode::body(prompt, facts, self.thinks(&prompt.model))
    }
}

impl Model for Gemini {
    fn stream(
        &self,
        prompt: Prompt,
        cancel: CancellationToken,
    ) -> BoxStream<'static, Result<Chunk, ModelError>> {
        let this = self.clone();
        let stream = async_stream::stream! {
            'asking: loop {
                let mut url =
                    this.endpoint.url(&format!("models/{}:streamGenerateContent", prompt.model));
                url.set_query(Some("alt=sse"));
                let asked = this.endpoint.asked(&prompt.model);
                let outgoing = Outgoing {
                    client: this.http.client(&url),
                    url,
                    asked: asked.clone(),
                    auth: AUTH,
                    body: this.body(&prompt),
                    patience: this.patience,
                };
                let decoder = Decoder::new(asked, rand::random());
                let mut chunks = std::pin::pin!(http::ask(outgoing, decoder, cancel.clone()));
                while let Some(chunk) = chunks.next().await {
                    match chunk {
                        Ok(chunk) => yield Ok(chunk),
                        Err(refusal) => {
                            let error = refusal.error;
                            if error.kind == (ErrorKind::Refused { status: Some(400) })
                                && error.message.to_lowercase().contains("thinking")
                                && this.leave_out_thinking(&prompt.model)
                            {
                                tracing::info!(model = %prompt.model, "thinking not taken, left out");
                                continue 'asking;
                            }
                            yield Err(error);
                            return;
                        }
                    }
                }
                return;
            }
        };
        stream.boxed()
    }

    fn count_tokens(
        &self,
        prompt: &Prompt,
        cancel: CancellationToken,
    ) -> Option<BoxFuture<'static, Result<u64, ModelError>>> {
        let url = self
            .endpoint
            .url(&format!("models/{}:countTokens", prompt.model));
        let call = Call {
            client: self.http.client(&url),
            url,
            asked: self.endpoint.asked(&prompt.model),
            auth: AUTH,
            body: Some(encode::count_body(prompt)),
            patience: self.patience,
            purpose: "count of tokens",
        };
        Some(http::count(call, "totalTokens", cancel))
    }
}
