//! Model providers, their keys, their models.

use serde::{Deserialize, Serialize};

use crate::operation::Tier;
use crate::{MicroUsd, UtcMs};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ProviderName {
    /// OpenAI Responses, or any server that speaks it.
    Openai,
    /// Google's Gemini API.
    Gemini,
    /// Anthropic's Messages API.
    Anthropic,
    /// Chat Completions: a local or other compatible server.
    Local,
}

impl ProviderName {
    /// In the order in which they are taken where nothing else decides.
    pub const ALL: [Self; 4] = [Self::Openai, Self::Gemini, Self::Anthropic, Self::Local];

    /// As in settings, events and the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Gemini => "gemini",
            Self::Anthropic => "anthropic",
            Self::Local => "local",
        }
    }

    /// For people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Openai => "OpenAI",
            Self::Gemini => "Gemini",
            Self::Anthropic => "Anthropic",
            Self::Local => "the local server",
        }
    }

    /// The environment's name of its key.
    pub fn key_variable(self) -> &'static str {
        match self {
            Self::Openai => "OPENAI_API_KEY",
            Self::Gemini => "GEMINI_API_KEY",
            Self::Anthropic => "ANTHROPIC_API_KEY",
            Self::Local => "LOCAL_API_KEY",
        }
    }

    /// The setting that says where it is.
    pub fn url_setting(self) -> &'static str {
        match self {
            Self::Openai => "OPENAI_BASE_URL",
            Self::Gemini => "GEMINI_BASE_URL",
            Self::Anthropic => "ANTHROPIC_BASE_URL",
            Self::Local => "LOCAL_BASE_URL",
        }
    }
}

impl std::str::FromStr for ProviderName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|name| name.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no provider"))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ProviderList {
    pub providers: Vec<Provider>,
    /// The keychain's state in words; empty when it works.
    pub keychain_problem: String,
    /// A model can be asked now: some provider has what it needs.
    pub ready: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Provider {
    pub name: ProviderName,
    pub base_url: String,
    pub has_key: bool,
    /// "environment", "keychain", "none"; never the key itself.
    pub key_source: String,
    /// Usable now: a key, or a base URL that needs none.
    pub ready: bool,
    /// The model asked for where no tier says otherwise.
    #[serde(default)]
    pub default_model: Option<String>,
}

/// Ask the known local servers on their default loopback ports, 500 ms each, in parallel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DetectedServers {
    pub servers: Vec<DetectedServer>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DetectedServer {
    /// "Ollama", "LM Studio", "llama.cpp"
    pub product: String,
    /// With `/v1`, as `LOCAL_BASE_URL` wants it.
    pub base_url: String,
    #[serde(default)]
    pub version: Option<String>,
    pub models: Vec<LocalModel>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LocalModel {
    pub id: String,
    /// What the server really serves, in tokens.
    #[serde(default)]
    pub context_tokens: Option<u64>,
    #[serde(default)]
    pub supports_tools: Option<bool>,
    #[serde(default)]
    pub supports_embeddings: Option<bool>,
    #[serde(default)]
    pub loaded: Option<bool>,
}

/// Make a real request with one tool and one token of answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct TestProvider {
    pub provider: ProviderName,
    /// Instead of the configured one.
    #[serde(default)]
    pub base_url: Option<String>,
    #[serde(default)]
    pub model: Option<String>,
    /// Try this key without saving it.
    #[serde(default)]
    pub key: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ProviderTest {
    pub model: String,
    pub latency_ms: u64,
    /// "native": a real tool call came back; "text": written as text; "none": no call at all.
    pub tools: String,
    #[serde(default)]
    pub context_tokens: Option<u64>,
    pub usage_reported: bool,
    /// What it cost; None for a model without prices.
    #[serde(default)]
    pub cost_micro_usd: Option<MicroUsd>,
}

/// Ask for one vector, with a real request that stands in the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct TestEmbeddings {
    /// Instead of the configured one; may begin with `openai/` or `local/`.
    #[serde(default)]
    pub model: Option<String>,
    /// Numbers of the vector, where the model can make fewer than its own.
    #[serde(default)]
    pub dimensions: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EmbeddingTest {
    pub provider: ProviderName,
    pub model: String,
    pub dimensions: u32,
    pub latency_ms: u64,
    pub input_tokens: u64,
    /// Nothing where the model has no known price.
    #[serde(default)]
    pub cost_micro_usd: Option<MicroUsd>,
}

/// Save a key in the OS keychain (an empty key removes it).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SetKey {
    pub provider: ProviderName,
    pub key: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ModelList {
    pub models: Vec<ModelInfo>,
    /// The model of each tier as configured now.
    pub tiers: Vec<TierModel>,
    #[serde(default)]
    pub embeddings: Vec<EmbeddingModel>,
    /// What each provider said when it was asked for its list.
    #[serde(default)]
    pub lists: Vec<ProviderModels>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EmbeddingModel {
    pub id: String,
    pub provider: ProviderName,
    /// Numbers of a vector, unless fewer are asked for.
    pub dimensions: u32,
    /// Of one text.
    pub max_input_tokens: u64,
    pub usd_per_mtok: f64,
    pub price_source: String,
    /// What of the price its maker's own page does not confirm, in words.
    #[serde(default)]
    pub price_unconfirmed: Option<String>,
}

/// A provider's own list of models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ProviderModels {
    pub provider: ProviderName,
    /// When it was asked.
    pub at: UtcMs,
    pub models: u32,
    /// Why it could not be asked again just now.
    #[serde(default)]
    pub problem: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TierModel {
    pub tier: Tier,
    pub model: String,
    pub provider: ProviderName,
    #[serde(default)]
    pub effort: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ModelInfo {
    pub id: String,
    pub provider: ProviderName,
    #[serde(default)]
    pub context_tokens: Option<u64>,
    #[serde(default)]
    pub max_output_tokens: Option<u64>,
    /// US dollars for a million tokens.
    #[serde(default)]
    pub input_usd_per_mtok: Option<f64>,
    #[serde(default)]
    pub cached_usd_per_mtok: Option<f64>,
    #[serde(default)]
    pub cache_write_usd_per_mtok: Option<f64>,
    #[serde(default)]
    pub output_usd_per_mtok: Option<f64>,
    /// Over so many input tokens the whole request costs `long_input` times the input's prices and
    /// `long_output` times the output's.
    #[serde(default)]
    pub long_over_tokens: Option<u64>,
    #[serde(default)]
    pub long_input: Option<f64>,
    #[serde(default)]
    pub long_output: Option<f64>,
    /// Where the prices are from, and of which day.
    #[serde(default)]
    pub price_source: Option<String>,
    /// What of the prices their maker's own page does not confirm, in words.
    #[serde(default)]
    pub price_unconfirmed: Option<String>,
    pub efforts: Vec<String>,
    #[serde(default)]
    pub accepts_images: bool,
    /// YYYY-MM-DD
    #[serde(default)]
    pub shut_down: Option<String>,
    #[serde(default)]
    pub successor: Option<String>,
    /// Gone, or will be within 30 days: in words.
    #[serde(default)]
    pub notice: Option<String>,
    /// Whether the provider's own list has it; nothing where it was not asked.
    #[serde(default)]
    pub listed: Option<bool>,
}
