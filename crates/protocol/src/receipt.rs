//! The context receipt: what a request to the model is made of, in tokens and money.

use serde::{Deserialize, Serialize};

use crate::MicroUsd;
use crate::context::ContextTarget;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Receipt {
    pub model: String,
    /// The model's context window, where known.
    #[serde(default)]
    pub context_limit_tokens: Option<u64>,
    /// In the order in which they stand in the request.
    pub fragments: Vec<FragmentLine>,
    /// Sum of the fragments, estimated.
    pub total_tokens: u64,
    /// What the input costs if nothing is cached; None for a model without prices.
    #[serde(default)]
    pub estimated_input_micro_usd: Option<MicroUsd>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FragmentLine {
    /// "instructions", "tools", "guidelines", "history", "message", …
    pub name: String,
    /// What exactly: file names, counts.
    pub detail: String,
    pub tokens: u64,
    pub bytes: u64,
    /// The cap that applied, in tokens.
    #[serde(default)]
    pub cap_tokens: Option<u64>,
    /// What the cap cut away.
    #[serde(default)]
    pub dropped: Option<String>,
    /// What it is made of, where its parts can be chosen. Told with an operation's first request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<FragmentPart>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FragmentPart {
    pub target: ContextTarget,
    /// For people: a path, or how a turn's message begins.
    pub label: String,
    /// What it takes; for an excluded part, what it would take.
    pub tokens: u64,
    /// The person left it out.
    #[serde(default)]
    pub excluded: bool,
}
