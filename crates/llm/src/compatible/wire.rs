//! Chat Completions as it comes over the wire; everything is optional.

use serde::Deserialize;
use serde_json::Value;

use crate::Usage;
use crate::openai::lenient;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
    #[serde(deserialize_with = "lenient")]
    pub choices: Option<Vec<Choice>>,
    #[serde(deserialize_with = "lenient")]
    pub usage: Option<WireUsage>,
    pub error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    #[serde(deserialize_with = "lenient")]
    pub delta: Option<Delta>,
    /// Servers that do not stream.
    #[serde(deserialize_with = "lenient")]
    pub message: Option<Delta>,
    #[serde(deserialize_with = "lenient")]
    pub finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Delta {
    #[serde(deserialize_with = "lenient")]
    pub content: Option<String>,
    /// llama.cpp, vLLM, DeepSeek
    #[serde(deserialize_with = "lenient")]
    pub reasoning_content: Option<String>,
    /// Ollama, OpenRouter
    #[serde(deserialize_with = "lenient")]
    pub reasoning: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub tool_calls: Option<Vec<CallDelta>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CallDelta {
    #[serde(deserialize_with = "lenient")]
    pub index: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    pub id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub function: Option<FunctionDelta>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FunctionDelta {
    #[serde(deserialize_with = "lenient")]
    pub name: Option<String>,
    /// Text; some servers send the object itself.
    pub arguments: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireUsage {
    #[serde(deserialize_with = "lenient")]
    prompt_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    completion_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(deserialize_with = "lenient")]
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    #[serde(deserialize_with = "lenient")]
    cached_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    cache_write_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    #[serde(deserialize_with = "lenient")]
    reasoning_tokens: Option<u64>,
}

impl WireUsage {
    pub fn figures(&self) -> Usage {
        let prompt = self.prompt_tokens_details.as_ref();
        let completion = self.completion_tokens_details.as_ref();
        Usage {
            input: self.prompt_tokens.unwrap_or(0),
            cached: prompt
                .and_then(|details| details.cached_tokens)
                .unwrap_or(0),
            cache_write: prompt
                .and_then(|details| details.cache_write_tokens)
                .unwrap_or(0),
            output: self.completion_tokens.unwrap_or(0),
            reasoning: completion
                .and_then(|details| details.reasoning_tokens)
                .unwrap_or(0),
        }
    }
}
