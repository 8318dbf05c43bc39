//! Talking to models. The port is [`Model`]: one method, from a [`Prompt`] to a stream of
//! [`Chunk`]s. Vendors live in folders of their own; retry is a wrapper that is itself a `Model`.
//!
//! This crate knows prompts, not sessions: no tool loop, no database, no settings reading, no UI.
//! No vendor's name is needed above it except in settings.

mod anthropic;
mod arguments;
pub mod catalogue;
mod compatible;
pub mod embed;
mod fingerprint;
mod gemini;
mod http;
pub mod listing;
pub mod local;
mod openai;
pub mod probe;
mod prompt;
mod refusal;
mod retry;
pub mod sse;
mod tokens;

pub use anthropic::{ANTHROPIC, Anthropic};
pub use compatible::{Compatible, LoadingWait, TEXT_CALL_PREFIX};
pub use gemini::{GEMINI, Gemini};
pub use http::{Endpoint, Http, Patience};
pub use openai::{OPENAI, OpenAi};
pub use prompt::{Content, Item, ItemKind, Prompt, ToolChoice, ToolSpec};
pub use refusal::ApiKey;
pub use retry::{RetrySettings, Retrying};

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// A model that can be asked.
pub trait Model: Send + Sync {
    /// Asks. The stream ends after [`Chunk::Finished`] or an error; dropping it (or cancelling)
    /// ends the request at once.
    fn stream(
        &self,
        prompt: Prompt,
        cancel: CancellationToken,
    ) -> BoxStream<'static, Result<Chunk, ModelError>>;

    /// The provider's own count of the prompt's input tokens; None where it counts for nobody.
    fn count_tokens(
        &self,
        _prompt: &Prompt,
        _cancel: CancellationToken,
    ) -> Option<BoxFuture<'static, Result<u64, ModelError>>> {
        None
    }

    /// Lets the provider condense the prompt's conversation; None where it cannot.
    fn condense(
        &self,
        _prompt: &Prompt,
        _cancel: CancellationToken,
    ) -> Option<BoxFuture<'static, Result<Condensed, ModelError>>> {
        None
    }
}

/// A conversation in the provider's own short form, for [`ItemKind::Condensed`].
#[derive(Debug, Clone, PartialEq)]
pub struct Condensed {
    /// As the provider gave them, in order.
    pub items: Vec<serde_json::Value>,
    pub usage: Usage,
}

/// A piece of a model's answer, in the order in which it arrives.
#[derive(Debug, Clone, PartialEq)]
pub enum Chunk {
    /// More of the text that people read.
    Text(String),
    /// More of the summary of the model's thinking.
    Reasoning(String),
    /// A tool call is being written; so many bytes of its arguments are here.
    CallProgress {
        id: String,
        name: String,
        argument_bytes: u64,
    },
    /// A tool call, whole. `arguments` is what the model wrote; it may be broken JSON.
    Call {
        id: String,
        name: String,
        arguments: String,
    },
    /// An item that only the provider understands (encrypted reasoning); goes back verbatim, at
    /// this place of the answer.
    Opaque(serde_json::Value),
    /// The provider's count. May come more than once; the last one counts.
    Usage(Usage),
    /// Nothing happens until then, and why. Either the retry wrapper asks again after that time
    /// (`attempt` is the one that follows), or a request is silent and is given up after it. 0 ms:
    /// nobody knows how long.
    Waiting {
        reason: String,
        delay_ms: u64,
        attempt: u32,
        max_attempts: u32,
    },
    /// From the retry wrapper: the answer begins anew and differs from the text (or, where there
    /// was no text yet, the reasoning) shown so far. That was real but broke off; what follows is
    /// another message.
    Restarted,
    /// The answer is whole.
    Finished(Finish),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    Stop,
    ToolCalls,
    /// The output limit cut it.
    Length,
    ContentFilter,
    /// The connection broke after at least one whole call; text and calls so far are good.
    BrokenOff,
}

/// In tokens. `input` includes the cached part, `output` the reasoning part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    pub input: u64,
    pub cached: u64,
    pub cache_write: u64,
    pub output: u64,
    pub reasoning: u64,
}

/// Why a model could not answer. The message is for people: what was asked of whom, what came back.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    pub kind: ErrorKind,
    pub message: String,
    /// The body or the cause, secrets masked, at most 4 KiB.
    pub detail: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// 429, asked to slow down. Retried.
    RateLimited {
        retry_after_ms: Option<u64>,
    },
    /// 408, 409, 5xx, 503 "loading", overloaded. Retried.
    Server {
        status: Option<u16>,
        retry_after_ms: Option<u64>,
    },
    /// No connection came about: nothing was sent. Retried.
    Unreached,
    /// Reset, ended without its terminal event. Retried.
    Broken,
    /// Mira is offline, and the provider is elsewhere: nothing was sent. Not retried.
    Offline,
    /// No byte for too long. Retried.
    Stalled {
        after_ms: u64,
    },
    /// 429 insufficient_quota. Not retried.
    Quota,
    /// 401, 403. Not retried.
    Unauthorized,
    /// 404 for the model. Not retried.
    ModelNotFound,
    /// 404 for the path, or something that is not such an API: the URL is wrong. Not retried.
    WrongUrl,
    /// The prompt does not fit; the caller compacts and asks again.
    ContextTooLong {
        limit_tokens: Option<u64>,
        prompt_tokens: Option<u64>,
    },
    /// Any other 4xx. Not retried.
    Refused {
        status: Option<u16>,
    },
    Cancelled,
}

/// US dollars for a million tokens, with the rule for long prompts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prices {
    pub input: f64,
    pub cached: f64,
    pub cache_write: f64,
    pub output: f64,
    /// Over so many input tokens the whole request costs `long_input` times the input price and
    /// `long_output` times the output price.
    pub long_over_tokens: Option<u64>,
    pub long_input: f64,
    pub long_output: f64,
}

impl Prices {
    /// Cost of one call in millionths of a dollar, rounded up once, counted without fractions:
    /// the same figure as a bill that is.
    pub fn micro_usd(&self, usage: &Usage) -> i64 {
        // A dollar for a million tokens is a millionth for one; prices have six decimals at most.
        let price = |price: f64| (price * 1e6).round() as i128;
        let times = |factor: f64| (factor * 1e3).round() as i128;
        let long = self
            .long_over_tokens
            .is_some_and(|limit| usage.input > limit);
        let (input, output) = if long {
            (times(self.long_input), times(self.long_output))
        } else {
            (1_000, 1_000)
        };
        let plain = usage.input.saturating_sub(usage.cached + usage.cache_write);
        let billionths = input
            * (i128::from(plain) * price(self.input)
                + i128::from(usage.cached) * price(self.cached)
                + i128::from(usage.cache_write) * price(self.cache_write))
            + output * i128::from(usage.output) * price(self.output);
        let micro = (billionths + 999_999_999).div_euclid(1_000_000_000);
        i64::try_from(micro).unwrap_or(i64::MAX)
    }
}
