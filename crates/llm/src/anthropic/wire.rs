//! The Messages API as it comes over the wire. Everything is optional.

use serde::Deserialize;
use serde_json::Value;

use crate::Usage;
use crate::openai::lenient;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event {
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub kind: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub index: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    pub message: Option<Message>,
    pub content_block: Option<Value>,
    #[serde(deserialize_with = "lenient")]
    pub delta: Option<Delta>,
    #[serde(deserialize_with = "lenient")]
    pub usage: Option<WireUsage>,
    pub error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    #[serde(deserialize_with = "lenient")]
    pub content: Option<Vec<Value>>,
    #[serde(deserialize_with = "lenient")]
    pub stop_reason: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub usage: Option<WireUsage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Delta {
    #[serde(deserialize_with = "lenient")]
    pub text: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub partial_json: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub thinking: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub signature: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub stop_reason: Option<String>,
}

/// Counts are cumulative; the first event has the input, the last one the output.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct WireUsage {
    #[serde(deserialize_with = "lenient")]
    input_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    cache_read_input_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    cache_creation_input_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    output_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct OutputDetails {
    #[serde(deserialize_with = "lenient")]
    thinking_tokens: Option<u64>,
}

impl WireUsage {
    /// Newer figures over older ones.
    pub fn update(&mut self, newer: Self) {
        self.input_tokens = newer.input_tokens.or(self.input_tokens);
        self.cache_read_input_tokens = newer
            .cache_read_input_tokens
            .or(self.cache_read_input_tokens);
        self.cache_creation_input_tokens = newer
            .cache_creation_input_tokens
            .or(self.cache_creation_input_tokens);
        self.output_tokens = newer.output_tokens.or(self.output_tokens);
        self.output_tokens_details = newer.output_tokens_details.or(self.output_tokens_details);
    }

    /// `input_tokens` is only what was neither read from nor written to the cache.
    pub fn figures(&self) -> Usage {
        let cached = self.cache_read_input_tokens.unwrap_or(0);
        let cache_write = self.cache_creation_input_tokens.unwrap_or(0);
        let details = self.output_tokens_details.unwrap_or_default();
        Usage {
            input: self.input_tokens.unwrap_or(0) + cached + cache_write,
            cached,
            cache_write,
            output: self.output_tokens.unwrap_or(0),
            reasoning: details.thinking_tokens.unwrap_or(0),
        }
    }
}
