//! OpenAI's Responses API, and servers that speak it. Stateless: nothing is stored at the
//! provider, the whole conversation goes with each request, encrypted reasoning included.

mod decode;
mod encode;
mod wire;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

pub(crate) use decode::Decoder;
pub(crate) use encode::Optional;
pub(crate) use wire::lenient;

use crate::catalogue::Catalogue;
use crate::http::{self, Endpoint, Http, Outgoing, Patience};
use crate::{Chunk, ErrorKind, Model, ModelError, Prompt};

/// [`crate::ItemKind::Opaque`] items of this provider are sent back to it.
pub const OPENAI: &str = "openai";

/// A server that speaks the Responses API.
#[derive(Clone)]
pub struct OpenAi {
    http: Arc<Http>,
    endpoint: Endpoint,
    catalogue: Arc<Catalogue>,
    patience: Patience,
    /// Optional fields that this server has refused, by model: not sent again.
    refused: Arc<Mutex<HashMap<String, BTreeSet<Optional>>>>,
}

impl OpenAi {
    /// `catalogue` says which models take a reasoning effort.
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
            refused: Arc::default(),
        }
    }

    fn without(&self, model: &str) -> BTreeSet<Optional> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.get(model).cloned().unwrap_or_default()
    }

    /// Notes the field; false where it had been left out already.
    fn leave_out(&self, model: &str, field: Optional) -> bool {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.entry(model.into()).or_default().insert(field)
    }
}

impl Model for OpenAi {
    fn stream(
        &self,
        prompt: Prompt,
        cancel: CancellationToken,
    ) -> BoxStream<'static, Result<Chunk, ModelError>> {
        let this = self.clone();
        let stream = async_stream::stream! {
            'asking: loop {
                let facts = this.catalogue.get(&prompt.model);
                let body = encode::body(&prompt, facts, &this.without(&prompt.model));
                let url = this.endpoint.url("responses");
                let asked = this.endpoint.asked(&prompt.model);
                let outgoing = Outgoing {
                    client: this.http.client(&url),
                    url,
                    asked: asked.clone(),
                    body,
                    patience: this.patience,
                };
                let decoder = Decoder::new(asked, prompt.max_output_tokens);
                let mut chunks = std::pin::pin!(http::ask(outgoing, decoder, cancel.clone()));
                while let Some(chunk) = chunks.next().await {
                    match chunk {
                        Ok(chunk) => yield Ok(chunk),
                        Err(refusal) => {
                            let bad_request =
                                matches!(refusal.error.kind, ErrorKind::Refused { status: Some(400) });
                            let field = refusal.param.as_deref().and_then(Optional::named);
                            if let Some(field) = field.filter(|_| bad_request)
                                && this.leave_out(&prompt.model, field)
                            {
                                tracing::info!(model = %prompt.model, ?field, "field not taken, left out");
                                continue 'asking;
                            }
                            yield Err(refusal.error);
                            return;
                        }
                    }
                }
                return;
            }
        };
        stream.boxed()
    }
}
