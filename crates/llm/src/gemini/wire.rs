//! Gemini's `generateContent` as it comes over the wire. Everything is optional.

use serde::Deserialize;
use serde_json::Value;

use crate::Usage;
use crate::openai::lenient;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Response {
    #[serde(deserialize_with = "lenient")]
    pub candidates: Option<Vec<Candidate>>,
    #[serde(deserialize_with = "lenient")]
    pub prompt_feedback: Option<PromptFeedback>,
    #[serde(deserialize_with = "lenient")]
    pub usage_metadata: Option<UsageMetadata>,
    pub error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Candidate {
    #[serde(deserialize_with = "lenient")]
    pub content: Option<Content>,
    #[serde(deserialize_with = "lenient")]
    pub finish_reason: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub finish_message: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Content {
    #[serde(deserialize_with = "lenient")]
    pub parts: Option<Vec<Part>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Part {
    #[serde(deserialize_with = "lenient")]
    pub text: Option<String>,
    /// The text is a summary of thinking.
    #[serde(deserialize_with = "lenient")]
    pub thought: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    pub thought_signature: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub function_call: Option<FunctionCall>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FunctionCall {
    #[serde(deserialize_with = "lenient")]
    pub id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub name: Option<String>,
    pub args: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PromptFeedback {
    #[serde(deserialize_with = "lenient")]
    pub block_reason: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub block_reason_message: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UsageMetadata {
    #[serde(deserialize_with = "lenient")]
    prompt_token_count: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    tool_use_prompt_token_count: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    cached_content_token_count: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    candidates_token_count: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    thoughts_token_count: Option<u64>,
}

impl UsageMetadata {
    /// Thoughts are billed as output and counted beside it, not in it.
    pub fn figures(&self) -> Usage {
        let reasoning = self.thoughts_token_count.unwrap_or(0);
        Usage {
            input: self.prompt_token_count.unwrap_or(0)
                + self.tool_use_prompt_token_count.unwrap_or(0),
            cached: self.cached_content_token_count.unwrap_or(0),
            cache_write: 0,
            output: self.candidates_token_count.unwrap_or(0) + reasoning,
            reasoning,
        }
    }
}
