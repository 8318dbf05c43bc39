//! What left this machine.

use serde::{Deserialize, Serialize};

use crate::{OperationId, SessionId, UtcMs};

/// A request that Mira made. Bytes are those of the bodies; headers and the transport add to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EgressEntry {
    pub id: u64,
    pub at: UtcMs,
    pub host: String,
    pub port: u16,
    pub method: String,
    /// Without query: it may hold what somebody typed.
    pub path: String,
    /// "model", "embedding", "models list", "page", "web search", "command", …
    pub purpose: String,
    /// The host is this machine: nothing left it.
    pub local: bool,
    /// Mira was offline: nothing was sent.
    pub held: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<OperationId>,
    /// None where Mira cannot see them: what a command sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_bytes: Option<u64>,
    /// HTTP status; None where no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<UtcMs>,
}

/// Which entries, newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ListEgress {
    /// From this time on.
    #[serde(default)]
    pub since: Option<UtcMs>,
    /// A part of host, path or purpose.
    #[serde(default)]
    pub search: Option<String>,
    #[serde(default)]
    pub operation_id: Option<OperationId>,
    /// Also what stayed on this machine.
    #[serde(default)]
    pub local: bool,
    /// Only entries before this one, to go on where a page ended.
    #[serde(default)]
    pub before_id: Option<u64>,
    /// At most so many, up to 1,000; 200 unless told.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// A page, with sums over all that fits the question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EgressPage {
    /// Nothing leaves now.
    pub offline: bool,
    pub entries: Vec<EgressEntry>,
    pub more: bool,
    /// Most bytes first.
    pub hosts: Vec<EgressTotal>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EgressTotal {
    pub host: String,
    pub purpose: String,
    pub requests: u64,
    /// Of the requests: held back because Mira was offline.
    pub held: u64,
    pub sent_bytes: u64,
    pub received_bytes: u64,
    pub last_at: UtcMs,
}
