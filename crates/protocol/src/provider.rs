//! Model providers, their keys, their models.

use serde::{Deserialize, Serialize};

use crate::operation::Tier;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ProviderName {
    /// OpenAI Responses, or any server that speaks it.
    Openai,
    /// Chat Completions: a local or other compatible server.
    Local,
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
    pub output_usd_per_mtok: Option<f64>,
    /// Where the prices are from, and of which day.
    #[serde(default)]
    pub price_source: Option<String>,
    pub efforts: Vec<String>,
    #[serde(default)]
    pub accepts_images: bool,
    /// YYYY-MM-DD
    #[serde(default)]
    pub shut_down: Option<String>,
    #[serde(default)]
    pub successor: Option<String>,
}
