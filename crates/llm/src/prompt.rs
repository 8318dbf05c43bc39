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
    encoded: [OnceLock<Arc<str>>; VENDORS],
}

/// How many vendors keep an encoding.
const VENDORS: usize = 4;

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
    /// Only for whom [`ItemKind::is_for`] says; encoders of others leave it out.
    Opaque {
        provider: String,
        /// Who made it.
        model: String,
        value: serde_json::Value,
    },
    /// Older steps, condensed. `items` are the provider's own form of it, for whom
    /// [`ItemKind::is_for`] says; every other model is told `digest` as a message of the person.
    Condensed {
        provider: String,
        model: String,
        items: Vec<serde_json::Value>,
        digest: String,
    },
}

impl ItemKind {
    /// Whether this provider's model can be sent the item as it is. What only a provider
    /// understands never goes to another one. Thought signatures are void for another model too;
    /// OpenAI's encrypted items are read by all of its models.
    pub fn is_for(&self, to_provider: &str, to_model: &str) -> bool {
        match self {
            Self::Opaque {
                provider, model, ..
            }
            | Self::Condensed {
                provider, model, ..
            } => provider == to_provider && (provider == crate::OPENAI || model == to_model),
            _ => true,
        }
    }
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
            encoded: Default::default(),
        })
    }

    pub fn user(text: impl Into<String>) -> Arc<Self> {
        Self::new(ItemKind::User {
            content: vec![Content::Text { text: text.into() }],
        })
    }

    /// The vendor's encoding, made once. `slot` is the vendor's own number (0 to 3).
    pub fn encoded(&self, slot: usize, encode: impl FnOnce(&ItemKind) -> String) -> &Arc<str> {
        self.encoded[slot].get_or_init(|| encode(&self.kind).into())
    }
}
