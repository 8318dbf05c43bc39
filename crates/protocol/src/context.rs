//! What the person wants to stand in a session's requests, or not.

use serde::{Deserialize, Serialize};

use crate::receipt::Receipt;
use crate::{OperationId, SessionId};

/// A part of the context that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ContextTarget {
    /// A file of the project; pinned, its content stands in every request.
    File { path: String },
    /// A guideline file, as the receipt names it.
    Guideline { path: String },
    /// All that was said and done in one operation.
    Turn { operation_id: OperationId },
    /// What the code index has for each message.
    Related,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Inclusion {
    /// Always in: files only.
    Pin,
    /// Never in: guidelines, turns, what the code index has.
    Exclude,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ContextChoice {
    pub target: ContextTarget,
    pub choice: Inclusion,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct GetContext {
    pub session_id: SessionId,
}

/// Choose; without `choice` the target goes back to what happens by itself. It counts from the
/// session's next operation on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ChooseContext {
    pub session_id: SessionId,
    pub target: ContextTarget,
    #[serde(default)]
    pub choice: Option<Inclusion>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SessionContext {
    /// Oldest first.
    pub choices: Vec<ContextChoice>,
    /// What the newest request was made of.
    #[serde(default)]
    pub receipt: Option<Receipt>,
}
