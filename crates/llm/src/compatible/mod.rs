//! Chat Completions, as local servers and other compatible ones speak it, and what weak models
//! behind them do: calls written as text, broken arguments, truncation called completion, a
//! server that is still loading.

mod decode;
mod encode;
mod text_calls;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(crate) use decode::Decoder;

use crate::http::{self, Auth, Endpoint, Http, Outgoing, Patience};
use crate::{Chunk, Model, ModelError, Prompt};

/// Ids of calls that were recovered from text begin with this.
pub const TEXT_CALL_PREFIX: &str = "textcall_";

/// How a server that is still loading its model is waited for.
#[derive(Debug, Clone, Copy)]
pub struct LoadingWait {
    /// Time between two questions. It is told at the first and every fifteenth one.
    pub every: Duration,
    /// Afterwards the server's answer is an error like any other.
    pub at_most: Duration,
}

impl Default for LoadingWait {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(1),
            at_most: Duration::from_secs(600),
        }
    }
}

/// A server that speaks Chat Completions.
#[derive(Clone)]
pub struct Compatible {
    http: Arc<Http>,
    endpoint: Endpoint,
    patience: Patience,
    loading: LoadingWait,
}

impl Compatible {
    pub fn new(
        http: Arc<Http>,
        endpoint: Endpoint,
        patience: Patience,
        loading: LoadingWait,
    ) -> Self {
        Self {
            http,
            endpoint,
            patience,
            loading,
        }
    }
}

impl Model for Compatible {
    fn stream(
        &self,
        prompt: Prompt,
        cancel: CancellationToken,
    ) -> BoxStream<'static, Result<Chunk, ModelError>> {
        let this = self.clone();
        let stream = async_stream::stream! {
            let body = encode::body(&prompt);
            let url = this.endpoint.url("chat/completions");
            let asked = this.endpoint.asked(&prompt.model);
            let since = Instant::now();
            let mut refusals = 0u32;
            'asking: loop {
                let outgoing = Outgoing {
                    client: this.http.client(&url),
                    url: url.clone(),
                    asked: asked.clone(),
                    auth: Auth::Bearer,
                    body: body.clone(),
                    patience: this.patience,
                };
                let decoder = Decoder::new(asked.clone(), &prompt, rand::random());
                let mut chunks = std::pin::pin!(http::ask(outgoing, decoder, cancel.clone()));
                while let Some(chunk) = chunks.next().await {
                    match chunk {
                        Ok(chunk) => yield Ok(chunk),
                        Err(refusal) if refusal.loading && since.elapsed() < this.loading.at_most => {
                            if refusals.is_multiple_of(15) {
                                // How long it takes is not known.
                                yield Ok(Chunk::Waiting {
                                    reason: format!("{} is still loading the model.", asked.url),
                                    delay_ms: 0,
                                    attempt: 0,
                                    max_attempts: 0,
                                });
                            }
                            refusals += 1;
                            tokio::select! {
                                biased;
                                () = cancel.cancelled() => {
                                    yield Err(asked.cancelled());
                                    return;
                                }
                                () = tokio::time::sleep(this.loading.every) => continue 'asking,
                            }
                        }
                        Err(refusal) => {
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
