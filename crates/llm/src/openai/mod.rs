//! OpenAI's Responses API, and servers that speak it. Stateless: nothing is stored at the
//! provider, the whole conversation goes with each request, encrypted reasoning included.

mod decode;
mod encode;
mod wire;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use tokio_util::sync::CancellationToken;

pub(crate) use decode::Decoder;
pub(crate) use encode::Optional;
pub(crate) use wire::lenient;

use crate::catalogue::Catalogue;
use crate::http::{self, Auth, Call, Endpoint, Http, Outgoing, Patience};
use crate::{Chunk, Condensed, ErrorKind, Model, ModelError, Prompt};

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

    fn call(
        &self,
        path: &str,
        purpose: mira_egress::Purpose,
        prompt: &Prompt,
        body: bytes::Bytes,
    ) -> Call {
        let url = self.endpoint.url(path);
        Call {
            client: self.http.client(&url),
            url,
            asked: self.endpoint.asked(&prompt.model),
            auth: Auth::Bearer,
            body: Some(body),
            patience: self.patience,
            purpose,
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
                    auth: Auth::Bearer,
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
    fn count_tokens(
        &self,
        prompt: &Prompt,
        cancel: CancellationToken,
    ) -> Option<BoxFuture<'static, Result<u64, ModelError>>> {
        let call = self.call(
            "responses/input_tokens",
            "count of tokens",
            prompt,
            encode::count_body(prompt),
        );
        Some(http::count(call, "input_tokens", cancel))
    }

    fn condense(
        &self,
        prompt: &Prompt,
        cancel: CancellationToken,
    ) -> Option<BoxFuture<'static, Result<Condensed, ModelError>>> {
        let call = self.call(
            "responses/compact",
            "summary",
            prompt,
            encode::condense_body(prompt),
        );
        let asked = call.asked.clone();
        let condensing = async move {
            let answer = http::call(call, cancel)
                .await
                .map_err(|refusal| refusal.error)?;
            let found: wire::Compaction = serde_json::from_value(answer).unwrap_or_default();
            let is_whole = found
                .output
                .iter()
                .any(|item| item["type"] == "compaction" && item["encrypted_content"].is_string());
            if !is_whole {
                let why = "the answer holds no condensed conversation";
                return Err(asked.error(ErrorKind::WrongUrl, why));
            }
            Ok(Condensed {
                items: found.output,
                usage: found.usage.unwrap_or_default().figures(),
            })
        };
        Some(condensing.boxed())
    }
}
