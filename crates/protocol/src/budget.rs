//! Money: the ledger of every call, caps, pauses, forecast, savings.

use serde::{Deserialize, Serialize};

use crate::operation::{Tier, Usage};
use crate::route::{Purpose, RouteDecision};
use crate::{MicroUsd, OperationId, ProjectId, SessionId, UtcMs};

/// What a cap counts over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum CapPeriod {
    Operation,
    Session,
    /// The local calendar day.
    Day,
    /// The local calendar month.
    Month,
}

/// A cap: the most that one operation, session, day or month may cost, of everything or of one
/// project.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CapKey {
    pub period: CapPeriod,
    /// None: everything that this user spends.
    #[serde(default)]
    pub project_id: Option<ProjectId>,
}

/// A cap where it stands now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CapState {
    pub cap: CapKey,
    /// The cap itself, and what was added to it for this window only.
    pub limit_micro_usd: MicroUsd,
    pub raised_micro_usd: MicroUsd,
    /// Of this window ("2026-11-26", "2026-11", a session, an operation); 0 for caps of operations
    /// and sessions where none is named.
    pub spent_micro_usd: MicroUsd,
    /// Held for calls that run now.
    pub reserved_micro_usd: MicroUsd,
    /// Where it is from: the setting's name, "project", or "--max-cost".
    pub source: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CapList {
    pub caps: Vec<CapState>,
}

/// Set or (None) remove a cap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SetCap {
    pub period: CapPeriod,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    #[serde(default)]
    pub limit_micro_usd: Option<MicroUsd>,
}

/// Add to a cap for its current window: for today, this month, this session, this operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct RaiseCap {
    pub period: CapPeriod,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    /// For the caps of operations and sessions: which.
    #[serde(default)]
    pub operation_id: Option<OperationId>,
    #[serde(default)]
    pub session_id: Option<SessionId>,
    pub by_micro_usd: MicroUsd,
}

/// An operation that waits because its next call does not fit a cap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Pause {
    pub operation_id: OperationId,
    pub session_id: SessionId,
    pub since: UtcMs,
    /// The caps that are in the way, the tightest first.
    pub caps: Vec<CapState>,
    /// The most that the next call can cost, and how much of it does not fit.
    pub needed_micro_usd: MicroUsd,
    pub missing_micro_usd: MicroUsd,
    pub tier: Tier,
    pub model: String,
    /// True: it fits as soon as calls that run now end cheaper than their worst case; it goes on
    /// by itself then.
    pub waits_for_others: bool,
    /// A tier on which the next call costs less, and its worst case there.
    #[serde(default)]
    pub cheaper: Option<CheaperTier>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CheaperTier {
    pub tier: Tier,
    pub model: String,
    pub worst_micro_usd: MicroUsd,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PauseList {
    pub pauses: Vec<Pause>,
}

/// What the person chooses for a paused operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PauseChoice {
    /// Add to the caps in the way for their current window: by `amount_micro_usd`, else by what
    /// is missing, rounded up to a cent.
    RaiseOnce,
    /// Set the caps in the way to `amount_micro_usd`, else to what this call needs, rounded up to
    /// a dime.
    RaiseForGood,
    /// Go on with the cheaper tier.
    CheaperTier,
    /// End the operation.
    Stop,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct DecidePause {
    pub operation_id: OperationId,
    pub choice: PauseChoice,
    #[serde(default)]
    pub amount_micro_usd: Option<MicroUsd>,
}

/// What a view of the ledger is grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SpendBy {
    #[default]
    Day,
    Month,
    Model,
    Tier,
    Project,
    Session,
    Purpose,
    Operation,
}

/// Which rows of the ledger.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SpendQuery {
    #[serde(default)]
    pub by: SpendBy,
    /// From this time on, and before that one.
    #[serde(default)]
    pub from: Option<UtcMs>,
    #[serde(default)]
    pub until: Option<UtcMs>,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    #[serde(default)]
    pub session_id: Option<SessionId>,
    /// The most rows; default 1,000. `total` counts all.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Days and months in order of time, everything else the most expensive first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SpendTable {
    pub by: SpendBy,
    pub rows: Vec<SpendRow>,
    /// Of all rows, also of those that `limit` left out.
    pub total: Spend,
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SpendRow {
    /// "2026-11-26", "2026-11", a model, a tier, an id; empty where a call has none.
    pub key: String,
    /// For people: a project's or session's name, the beginning of an operation's message.
    pub label: String,
    pub spend: Spend,
}

/// What a set of calls adds up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Spend {
    pub calls: u64,
    /// Failed, cancelled or broken off.
    pub failed_calls: u64,
    /// Answered from `llm_cache`, without a call.
    pub cache_hits: u64,
    /// Without a known price; they count as 0.
    pub unpriced_calls: u64,
    /// Of whose cost the provider told nothing; an estimate or the reservation is counted.
    pub kept_calls: u64,
    pub usage: Usage,
    pub cost_micro_usd: MicroUsd,
    /// The part of it that is estimated (`kept_calls`).
    pub kept_micro_usd: MicroUsd,
    /// What the hits of `llm_cache` would have cost.
    pub saved_micro_usd: MicroUsd,
}

/// How sure a row's cost is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// From the provider's own usage figures.
    Settled,
    /// The provider told nothing (a crash, a broken or cancelled answer): an upper bound is kept
    /// as spent until it is reconciled.
    Kept,
    /// A person or a bill said what it really was.
    Reconciled,
}

/// A row of the ledger: one call of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LedgerCall {
    pub id: i64,
    /// When it ended.
    pub at: UtcMs,
    /// The local day that it counts for.
    pub day: String,
    pub purpose: String,
    pub provider: String,
    pub model: String,
    #[serde(default)]
    pub tier: Option<Tier>,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    #[serde(default)]
    pub session_id: Option<SessionId>,
    #[serde(default)]
    pub operation_id: Option<OperationId>,
    /// The number of the call within its operation, from 1.
    #[serde(default)]
    pub call: Option<u32>,
    pub usage: Usage,
    /// None for a model without known prices.
    #[serde(default)]
    pub cost_micro_usd: Option<MicroUsd>,
    #[serde(default)]
    pub reserved_micro_usd: Option<MicroUsd>,
    /// The prices that were used, as text; empty without.
    pub price_version: String,
    pub settlement: Settlement,
    pub cache_hit: bool,
    pub saved_micro_usd: MicroUsd,
    /// Cached tokens that our own prefix promised.
    #[serde(default)]
    pub expected_cached_tokens: Option<u64>,
    /// Why the previous request was no prefix of this one.
    #[serde(default)]
    pub prefix_break: Option<String>,
    pub duration_ms: u64,
    /// "stop", "tool_calls", "length", "error", "cancelled", "broken", "unsettled".
    pub outcome: String,
}

/// Rows of the ledger, newest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ListCalls {
    #[serde(default)]
    pub from: Option<UtcMs>,
    #[serde(default)]
    pub until: Option<UtcMs>,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    #[serde(default)]
    pub session_id: Option<SessionId>,
    #[serde(default)]
    pub operation_id: Option<OperationId>,
    /// Only those whose cost is kept until it is reconciled.
    #[serde(default)]
    pub kept: bool,
    /// Default 100, at most 10,000.
    #[serde(default)]
    pub limit: Option<u32>,
    #[serde(default)]
    pub offset: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CallList {
    pub calls: Vec<LedgerCall>,
    pub total: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct CallRef {
    pub id: i64,
}

/// A call with what it was made of. Tokens of the lines add up to the request's, money to its cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CallReceipt {
    pub call: LedgerCall,
    /// Input in the order of the request, then the output.
    pub lines: Vec<ReceiptLine>,
    #[serde(default)]
    pub route: Option<RouteDecision>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ReceiptLine {
    pub name: String,
    pub detail: String,
    /// The provider's count, shared out by our estimate of each part.
    pub tokens: u64,
    /// How many of them came from the provider's cache.
    pub cached_tokens: u64,
    /// None without known prices.
    #[serde(default)]
    pub micro_usd: Option<MicroUsd>,
}

/// How much will be spent by the end of the day and of the month, if it goes on as so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Forecast {
    pub day: Projection,
    pub month: Projection,
    /// What it is computed from, in words.
    pub basis: String,
}

/// Eight of ten days like those before end within the band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Projection {
    pub spent_micro_usd: MicroUsd,
    pub low_micro_usd: MicroUsd,
    pub likely_micro_usd: MicroUsd,
    pub high_micro_usd: MicroUsd,
    #[serde(default)]
    pub limit_micro_usd: Option<MicroUsd>,
}

/// What caches saved, and where they did not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Savings {
    /// Answers from `llm_cache`, and what the original calls had cost.
    pub hits: u64,
    pub hit_saved_micro_usd: MicroUsd,
    pub entries: u64,
    pub entry_bytes: u64,
    /// Cached tokens that our prefixes promised, and what providers reported.
    pub expected_cached_tokens: u64,
    pub cached_tokens: u64,
    pub input_tokens: u64,
    /// What the cached tokens would have cost uncached, less what they cost.
    pub prefix_saved_micro_usd: MicroUsd,
    /// Why prefixes broke, the most frequent first.
    pub breaks: Vec<PrefixBreak>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PrefixBreak {
    pub reason: String,
    pub times: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TableFormat {
    #[default]
    Csv,
    Json,
}

/// The ledger as a file: a view of it, or (`by` not given) every row.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ExportBudget {
    #[serde(default)]
    pub by: Option<SpendBy>,
    #[serde(default)]
    pub format: TableFormat,
    #[serde(default)]
    pub from: Option<UtcMs>,
    #[serde(default)]
    pub until: Option<UtcMs>,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ExportedTable {
    pub file_name: String,
    pub content: String,
}

/// Days and months summed up anew from the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RebuildReport {
    pub rows: u64,
    pub days: u64,
    pub months: u64,
    /// Days and months whose figures were other than what their rows add up to.
    pub corrected: u64,
}

/// Say what a kept call really cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    /// Rows of the ledger; empty: all kept ones.
    #[serde(default)]
    pub ids: Vec<i64>,
    /// What each cost; 0 where the provider's bill does not have it. None: the kept figure is
    /// confirmed.
    #[serde(default)]
    pub cost_micro_usd: Option<MicroUsd>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Reconciled {
    pub calls: u64,
    pub before_micro_usd: MicroUsd,
    pub after_micro_usd: MicroUsd,
}

/// What a session's next request can have from the provider's cache, and what the model has seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SessionCache {
    /// None before the first request.
    #[serde(default)]
    pub state: Option<SessionCacheState>,
    pub files: Vec<SentFile>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SessionCacheState {
    pub provider: String,
    pub model: String,
    /// The last request's whole input: the prefix of the next one.
    pub prefix_tokens: u64,
    pub last_call_at: UtcMs,
    pub requests: u64,
    pub input_tokens: u64,
    pub expected_cached_tokens: u64,
    pub cached_tokens: u64,
    pub breaks: u64,
    #[serde(default)]
    pub last_break: Option<String>,
}

/// A file whose content the model was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SentFile {
    pub path: String,
    pub tokens: u64,
    pub sent_at: UtcMs,
    /// How often it was told with the same content.
    pub times: u64,
    /// The file has other content now, or is gone.
    pub changed_since: bool,
}

/// Money of one call, in the event that ends it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CallMoney {
    /// The row of the ledger.
    pub ledger_id: i64,
    pub settlement: Settlement,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_micro_usd: Option<MicroUsd>,
    #[serde(default)]
    pub cache_hit: bool,
    #[serde(default)]
    pub saved_micro_usd: MicroUsd,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_cached_tokens: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix_break: Option<String>,
}

/// What a call is for, for those who tell it as a word.
impl Purpose {
    pub fn word(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Continuation => "continuation",
            Self::Title => "title",
            Self::Summary => "summary",
            Self::Analysis => "analysis",
            Self::Embedding => "embedding",
            Self::Agent => "agent",
            Self::Test => "test",
        }
    }
}
