//! Which tier and model answers, why, and what another tier would have cost.

use serde::{Deserialize, Serialize};

use crate::operation::Tier;
use crate::{MicroUsd, OperationId, ProjectId, SessionId};

/// What a call of a model is for. Every call has one, in the ledger and for the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The first request for a person's message.
    Chat,
    /// A request with the results of tools.
    Continuation,
    Title,
    Summary,
    /// Of a message: intent, salience, topics.
    Analysis,
    Embedding,
    /// A sub-agent or a session of its own.
    Agent,
    /// "Test" of a provider.
    Test,
}

/// The rule that decided. The first one that fits, in this order, wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RouteRule {
    /// Only one model can be asked: what it condenses nobody else can read.
    OnlyModel,
    /// The money did not suffice and the person chose a cheaper tier.
    CheaperTier,
    /// Chosen with the message.
    MessageChoice,
    /// Chosen for the session.
    SessionChoice,
    /// Chosen for the project.
    ProjectChoice,
    /// `MODEL_ROUTER_ENABLED` is off: voice.
    RouterOff,
    /// Titles, summaries, analysis: fast.
    SideCall,
    /// An agent works by itself: agentic.
    Agent,
    /// The message asks for long work without supervision: agentic.
    LongWork,
    /// The prompt has more than `ROUTE_CODE_TOKEN_THRESHOLD` tokens: code.
    ManyTokens,
    /// More than `ROUTE_CODE_FILE_COUNT` files are attached, named or changed: code.
    ManyFiles,
    /// A continuation keeps the tier of its operation.
    SameOperation,
    /// The message asks for a change of code: code.
    CodeWork,
    /// A short message that lists or searches: fast.
    LookUp,
    /// Everything else is conversation: voice.
    Conversation,
}

/// Everything that the router looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RouteFacts {
    pub purpose: Purpose,
    /// Estimated tokens of the whole prompt.
    pub prompt_tokens: u64,
    /// Files attached, named in the message, or changed by the operation so far.
    pub files: u32,
    pub router_enabled: bool,
    pub code_token_threshold: u64,
    pub code_file_count: u32,
    /// Words of the message that a rule recognised.
    #[serde(default)]
    pub words: Vec<String>,
    #[serde(default)]
    pub message_choice: Option<Tier>,
    #[serde(default)]
    pub session_choice: Option<Tier>,
    #[serde(default)]
    pub project_choice: Option<Tier>,
    /// The tier of the operation so far.
    #[serde(default)]
    pub current: Option<Tier>,
}

/// A decision of the router, as it is stored and shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RouteDecision {
    pub tier: Tier,
    pub model: String,
    pub provider: String,
    pub rule: RouteRule,
    /// For people: "the message asks for a change".
    pub reason: String,
    pub facts: RouteFacts,
    /// The same request on every tier, the chosen one included.
    pub tiers: Vec<TierCost>,
}

/// What a request would cost on a tier: its input uncached, and as much output as such calls had
/// so far (`expected_output_tokens`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TierCost {
    pub tier: Tier,
    pub model: String,
    pub expected_output_tokens: u64,
    /// None: the model has no known price.
    #[serde(default)]
    pub expected_micro_usd: Option<MicroUsd>,
    /// The most it can cost: what is reserved. None: no known price.
    #[serde(default)]
    pub worst_micro_usd: Option<MicroUsd>,
}

/// Ask the router without asking a model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ExplainRoute {
    pub content: String,
    #[serde(default)]
    pub session_id: Option<SessionId>,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    #[serde(default)]
    pub tier: Option<Tier>,
    #[serde(default)]
    pub model: Option<String>,
    /// Attached files.
    #[serde(default)]
    pub files: u32,
}

/// What would happen to a message: the route, its cost, and whether the money suffices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RouteExplanation {
    pub decision: RouteDecision,
    /// Every rule in its order, and whether it fits this message.
    pub rules: Vec<RuleCheck>,
    /// A cap that this message would have to wait for.
    #[serde(default)]
    pub blocked_by: Option<crate::budget::CapState>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RuleCheck {
    pub rule: RouteRule,
    pub fits: bool,
    /// What it wants, and what it saw.
    pub detail: String,
}

/// Tier and model that count for a session or a project, until they are changed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SetRouteChoice {
    /// One of the two.
    #[serde(default)]
    pub session_id: Option<SessionId>,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    /// None, as with `model`: the router chooses.
    #[serde(default)]
    pub tier: Option<Tier>,
    #[serde(default)]
    pub model: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct RouteChoicesOf {
    #[serde(default)]
    pub session_id: Option<SessionId>,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RouteChoice {
    #[serde(default)]
    pub tier: Option<Tier>,
    #[serde(default)]
    pub model: Option<String>,
}

/// What counts for a session: its own choice before its project's.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RouteChoices {
    pub session: RouteChoice,
    pub project: RouteChoice,
}

/// The decisions of an operation's calls, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct RouteDecisionsOf {
    pub operation_id: OperationId,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RouteDecisions {
    pub decisions: Vec<CallDecision>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CallDecision {
    /// The row of the ledger.
    pub ledger_id: i64,
    pub decision: RouteDecision,
}

/// How operations ended that a rule sent to a tier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RouteOutcomes {
    pub lines: Vec<OutcomeLine>,
    pub suggestions: Vec<RouteSuggestion>,
}

/// An operation counts once: as the first of failed, reverted, edited, retried, accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OutcomeLine {
    pub tier: Tier,
    pub rule: RouteRule,
    pub operations: u64,
    /// Completed, and nothing of it was taken back or asked again.
    pub accepted: u64,
    /// A part of its changes was rejected.
    pub edited: u64,
    /// All of its changes were undone.
    pub reverted: u64,
    /// The same was asked again right after it.
    pub retried: u64,
    pub failed: u64,
    pub cost_micro_usd: MicroUsd,
}

/// A threshold that the outcomes speak against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RouteSuggestion {
    /// The setting to change.
    pub setting: String,
    pub now: String,
    pub suggested: String,
    /// In counts: what speaks for it.
    pub evidence: String,
}
