//! Better names for what was computed of the code, by a model, when the person asks for them.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::{MicroUsd, ProjectId};

/// What can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NamedKind {
    Concepts,
    Clusters,
    Patterns,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AskNaming {
    pub project_id: ProjectId,
    pub kind: NamedKind,
}

/// What a request to a model would be about, before it is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct NamingOffer {
    /// The strongest, at most 24.
    pub items: u32,
    /// Of them those that the model has not named as they are now, or no model, where none can be
    /// asked; 0: nobody would be asked.
    pub to_name: u32,
    /// Who would be asked.
    #[serde(default)]
    pub model: Option<String>,
    /// About what it would cost. None: no known price.
    #[serde(default)]
    pub expected_micro_usd: Option<MicroUsd>,
    /// The most it can cost: what is reserved. None: no known price.
    #[serde(default)]
    pub worst_micro_usd: Option<MicroUsd>,
    /// A request of this project runs now.
    pub is_running: bool,
    /// Why nobody can be asked now.
    #[serde(default)]
    pub obstacle: Option<Failure>,
}

/// What came of a request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Described {
    /// Empty: none could be asked, and there was nothing to name.
    pub model: String,
    /// What was asked for; 0: all was named before, and nothing was sent.
    pub asked: u32,
    pub named: u32,
    /// None: no known price.
    #[serde(default)]
    pub cost_micro_usd: Option<MicroUsd>,
}

/// A model's words for something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ModelWords {
    pub name: String,
    /// One sentence of what it is.
    pub says: String,
    /// Whose words they are.
    pub model: String,
}
