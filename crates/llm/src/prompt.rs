//! What a model is asked: vendor-neutral, cheap to clone, append-only.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

/// One request. Instructions, tools and items stand in the request in this order and an earlier
/// part never changes while a session goes on, so that provider caches hit.
#[derive(Debug, Clone)]
pub struct Prompt {
    pub model: String,
    pub instructions: Arc<str>,
    pub tools: Arc<[ToolSpec]>,
    pub items: Vec<Arc<Item>>,
    pub tool_choice: ToolChoice,
    /// As the provider names it ("low", "high"); None leaves it to the provider.
    pub effort: Option<String>,
    pub max_output_tokens: Option<u64>,
    /// Requests with the same key are likely to share a prefix: the session's id.
    pub cache_key: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    #[default]
    Auto,
    /// Answer in words.
    None,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    pub name: String,
    pub description: String,
    /// JSON Schema of the arguments.
    pub parameters: serde_json::Value,
}

/// One entry of the conversation. Vendors keep their encoding of it beside it ([`Item::encoded`]),
/// so that a request of a thousand turns costs a copy, not a thousand encodings.
#[derive(Debug)]
pub struct Item {
    pub kind: ItemKind,
    encoded: [OnceLock<Arc<str>>; 2],
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "item", rename_all = "snake_case")]
pub enum ItemKind {
    User {
        content: Vec<Content>,
    },
    Assistant {
        text: String,
    },
    /// `arguments` as the model wrote them; encoders repair what a provider would refuse.
    Call {
        id: String,
        name: String,
        arguments: String,
    },
    CallResult {
        id: String,
        output: String,
    },
    /// Only for that provider; encoders of others leave it out.
    Opaque {
        provider: String,
        value: serde_json::Value,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "content", rename_all = "snake_case")]
pub enum Content {
    Text {
        text: String,
    },
    /// base64 of the bytes.
    Image {
        media_type: String,
        data_base64: String,
    },
}

impl Item {
    pub fn new(kind: ItemKind) -> Arc<Self> {
        Arc::new(Self {
            kind,
            encoded: [OnceLock::new(), OnceLock::new()],
        })
    }

    pub fn user(text: impl Into<String>) -> Arc<Self> {
        Self::new(ItemKind::User {
            content: vec![Content::Text { text: text.into() }],
        })
    }

    /// The vendor's encoding, made once. `slot` is the vendor's own number (0 or 1).
    pub fn encoded(&self, slot: usize, encode: impl FnOnce(&ItemKind) -> String) -> &Arc<str> {
        self.encoded[slot].get_or_init(|| encode(&self.kind).into())
    }

    /// A rough count of tokens: a quarter of the bytes, at least 1, 1,000 for an image.
    pub fn estimated_tokens(&self) -> u64 {
        let bytes = match &self.kind {
            ItemKind::User { content } => content
                .iter()
                .map(|part| match part {
                    Content::Text { text } => text.len(),
                    Content::Image { .. } => 4_000,
                })
                .sum(),
            ItemKind::Assistant { text } => text.len(),
            ItemKind::Call {
                name, arguments, ..
            } => name.len() + arguments.len() + 24,
            ItemKind::CallResult { output, .. } => output.len() + 24,
            ItemKind::Opaque { value, .. } => match value {
                // Encrypted reasoning is counted by the provider at about its plain size.
                serde_json::Value::Object(map) => map
                    .get("encrypted_content")
                    .and_then(|v| v.as_str())
                    .map_or(64, |text| text.len() * 3 / 8),
                _ => 64,
            },
        };
        (bytes as u64).div_ceil(4).max(1)
    }
}
