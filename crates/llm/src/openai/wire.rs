//! The Responses API as it comes over the wire. Everything is optional: servers that speak it
//! leave out indices, numbers and ids, and add what we do not know.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::Usage;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event {
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub kind: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub item_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub delta: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub item: Option<Item>,
    #[serde(deserialize_with = "lenient")]
    pub response: Option<Response>,
    pub error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Response {
    #[serde(deserialize_with = "lenient")]
    pub status: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub output: Option<Vec<Item>>,
    #[serde(deserialize_with = "lenient")]
    pub usage: Option<WireUsage>,
    pub error: Option<Value>,
    #[serde(deserialize_with = "lenient")]
    pub incomplete_details: Option<IncompleteDetails>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct IncompleteDetails {
    #[serde(deserialize_with = "lenient")]
    pub reason: Option<String>,
}

/// An output item, and the whole of it, since some kinds go back verbatim.
#[derive(Debug, Default)]
pub(super) struct Item {
    pub fields: ItemFields,
    pub raw: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ItemFields {
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub kind: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub call_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub name: Option<String>,
    pub arguments: Option<Value>,
    #[serde(deserialize_with = "lenient")]
    pub status: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub content: Option<Vec<ContentPart>>,
    #[serde(deserialize_with = "lenient")]
    pub encrypted_content: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContentPart {
    #[serde(deserialize_with = "lenient")]
    pub text: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub refusal: Option<String>,
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Value::deserialize(deserializer)?;
        let fields = ItemFields::deserialize(&raw).map_err(serde::de::Error::custom)?;
        Ok(Self { fields, raw })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireUsage {
    #[serde(deserialize_with = "lenient")]
    input_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    input_tokens_details: Option<InputDetails>,
    #[serde(deserialize_with = "lenient")]
    output_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InputDetails {
    #[serde(deserialize_with = "lenient")]
    cached_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    cache_write_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    #[serde(deserialize_with = "lenient")]
    reasoning_tokens: Option<u64>,
}

impl WireUsage {
    pub fn figures(&self) -> Usage {
        let input = self.input_tokens_details.as_ref();
        let output = self.output_tokens_details.as_ref();
        Usage {
            input: self.input_tokens.unwrap_or(0),
            cached: input.and_then(|details| details.cached_tokens).unwrap_or(0),
            cache_write: input
                .and_then(|details| details.cache_write_tokens)
                .unwrap_or(0),
            output: self.output_tokens.unwrap_or(0),
            reasoning: output
                .and_then(|details| details.reasoning_tokens)
                .unwrap_or(0),
        }
    }
}

/// The answer of `/responses/compact`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Compaction {
    /// What stands for the conversation from now on.
    pub output: Vec<Value>,
    #[serde(deserialize_with = "lenient")]
    pub usage: Option<WireUsage>,
}

/// What does not fit counts as absent.
pub(crate) fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// The fields of a request before `input`, in the order in which they are sent: what changes
/// least comes first.
#[derive(Serialize)]
pub(super) struct Head<'a> {
    pub model: &'a str,
    pub stream: bool,
    pub store: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include: Option<[&'static str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_cache_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Reasoning<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub instructions: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<&'static str>,
}

#[derive(Serialize)]
pub(super) struct Reasoning<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<&'static str>,
}

#[derive(Serialize)]
pub(super) struct Tool<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub name: &'a str,
    pub description: &'a str,
    pub parameters: &'a Value,
    pub strict: bool,
}
