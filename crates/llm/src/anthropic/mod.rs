//! Anthropic's Messages API, streamed. Stateless: the whole conversation goes with each request,
//! thinking blocks with their signatures included.

mod decode;
mod encode;
mod wire;

use std::collections::HashMap;
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
pub const ANTHROPIC: &str = "anthropic";

pub(crate) const AUTH: Auth = Auth::Anthropic;

/// A server that speaks the Messages API; its base URL ends in `/v1`.
#[derive(Clone)]
pub struct Anthropic {
    http: Arc<Http>,
    endpoint: Endpoint,
    catalogue: Arc<Catalogue>,
    patience: Patience,
    /// What models have refused: not sent again.
    refused: Arc<Mutex<HashMap<String, Left>>>,
}

/// Fields that a request does without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Left {
    thinking: bool,
    /// How thoughts are shown.
    display: bool,
    effort: bool,
}

impl Left {
    /// The same and the field that the refusal names; None where it names none of ours.
    fn and(mut self, message: &str) -> Option<Self> {
        let before = self;
        let message = message.to_lowercase();
        if message.contains("display") {
            self.display = true;
        } else if message.contains("effort") || message.contains("output_config") {
            self.effort = true;
        } else if message.contains("thinking") {
            self.thinking = true;
        }
        (self != before).then_some(self)
    }
}

impl Anthropic {
    /// `catalogue` says which models think and how much each may write.
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

    fn left(&self, model: &str) -> Left {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.get(model).copied().unwrap_or_default()
    }

    /// Notes what the refusal names; false where there is nothing to leave out.
    fn leave_out(&self, model: &str, message: &str) -> bool {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let known = refused.entry(model.to_owned()).or_default();
        match known.and(message) {
            Some(more) => {
                *known = more;
                true
            }
            None => false,
        }
    }

    fn body(&self, prompt: &Prompt) -> Bytes {
        let facts = self.catalogue.get(&prompt.model);
        encode::body(prompt, facts, self.left(&prompt.model))
    }
}

impl Model for Anthropic {
    fn stream(
        &self,
        prompt: Prompt,
        cancel: CancellationToken,
    ) -> BoxStream<'static, Result<Chunk, ModelError>> {
        let this = self.clone();
        let stream = async_stream::stream! {
            'asking: loop {
                let url = this.endpoint.url("messages");
                let asked = this.endpoint.asked(&prompt.model);
                let outgoing = Outgoing {
                    client: this.http.client(&url),
                    url,
                    asked: asked.clone(),
                    auth: AUTH,
                    body: this.body(&prompt),
                    patience: this.patience,
                };
                let decoder = Decoder::new(asked);
                let mut chunks = std::pin::pin!(http::ask(outgoing, decoder, cancel.clone()));
                while let Some(chunk) = chunks.next().await {
                    match chunk {
                        Ok(chunk) => yield Ok(chunk),
                        Err(refusal) => {
                            let error = refusal.error;
                            if error.kind == (ErrorKind::Refused { status: Some(400) })
                                && this.leave_out(&prompt.model, &error.message)
                            {
                                tracing::info!(model = %prompt.model, %error, "field not taken, left out");
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
        let url = self.endpoint.url("messages/count_tokens");
        let call = Call {
            client: self.http.client(&url),
            url,
            asked: self.endpoint.asked(&prompt.model),
            auth: AUTH,
            body: Some(encode::count_body(prompt)),
            patience: self.patience,
            purpose: "count of tokens",
        };
        Some(http::count(call, "input_tokens", cancel))
    }
}
