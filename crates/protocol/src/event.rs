//! What a client hears: stored events, signals, topics.

use serde::{Deserialize, Serialize};

use crate::approval::{Approval, DecidedBy, Decision};
use crate::budget::{CallMoney, Pause, PauseChoice};
use crate::change::{FileChangeSummary, ReviewMark};
use crate::message::Fragment;
use crate::operation::{Attachment, Focus, OperationKind, OperationState, Tier, Usage};
use crate::receipt::Receipt;
use crate::rewind::{RewindWhat, SeqRange};
use crate::route::RouteDecision;
use crate::{
    ApprovalId, CallId, CheckpointId, Failure, JobId, MessageId, MicroUsd, OperationId, ProjectId,
    SessionId, UtcMs,
};

/// Everything that an engine tells its clients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "events are handed around behind an Arc; a box would be one more"
)]
pub enum Event {
    Stored(StoredEvent),
    Signal(Signal),
    Topic(Topic),
}

/// A step of a session, in the database before it is announced. `seq` counts from 1 within its
/// session without gaps, so "give me everything after 41" is all a client needs to catch up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct StoredEvent {
    pub session_id: SessionId,
    pub seq: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<OperationId>,
    pub at: UtcMs,
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened. On the wire: `{"event_type": "...", "data": {...}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "event_type", content = "data", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "an approval is the largest and the rarest; a box would be on the wire's types too"
)]
pub enum EventKind {
    /// The person wrote. `steering` marks a message that reached a running operation.
    UserMessage {
        message_id: MessageId,
        content: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        attachments: Vec<Attachment>,
        #[serde(default)]
        steering: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        focus: Option<Focus>,
        /// What the message points at, as it was read when the message was taken.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fragments: Vec<Fragment>,
    },
    /// The person changed a message that still waits for its turn; it says this now.
    MessageEdited {
        message_id: MessageId,
        content: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fragments: Vec<Fragment>,
    },
    /// The operation entered a state that is not its end.
    OperationState {
        state: OperationState,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<OperationKind>,
        /// Why, where it is not obvious ("queued behind op_…", "waiting for approval").
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The router chose.
    Routed {
        tier: Tier,
        model: String,
        provider: String,
        reason: String,
        /// The rule, the facts it saw, and what other tiers would have cost.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decision: Option<Box<RouteDecision>>,
    },
    /// What the next request to the model is made of.
    ContextGathered {
        receipt: Receipt,
    },
    /// A request leaves for the model.
    ModelCallStarted {
        call: u32,
        provider: String,
        model: String,
        request_bytes: u64,
        estimated_input_tokens: u64,
    },
    /// The provider answered to its end (or broke off for good).
    ModelCallFinished {
        call: u32,
        usage: Usage,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost_micro_usd: Option<MicroUsd>,
        duration_ms: u64,
        /// Milliseconds from request to first streamed token.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first_token_ms: Option<u64>,
        /// "stop", "tool_calls", "length", "error", "cancelled".
        finish: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        money: Option<CallMoney>,
    },
    /// The next call does not fit a cap: the operation waits until it fits or the person chooses.
    /// A newer one of the same operation replaces it.
    BudgetPaused {
        pause: Pause,
    },
    /// The wait for money is over. `choice`: what the person chose; none where the call fits now
    /// because others ended cheaper or a cap was raised elsewhere.
    BudgetResumed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        choice: Option<PauseChoice>,
        waited_ms: u64,
    },
    /// Something the person should know while the operation goes on: a retry and how long it
    /// waits, a retired model, a dropped reasoning item.
    Notice {
        level: NoticeLevel,
        code: String,
        text: String,
        /// When the engine goes on by itself, if it waits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<UtcMs>,
    },
    /// What the model thought, as far as the provider tells (a summary).
    Reasoning {
        message_id: MessageId,
        text: String,
    },
    /// What the model wrote, whole. `partial` marks text that a broken or cancelled stream left.
    /// `superseded`: the stream broke and the answer that came instead says something else; this
    /// piece stays on the screen and is not told to the model again.
    AssistantMessage {
        message_id: MessageId,
        content: String,
        #[serde(default)]
        partial: bool,
        #[serde(default)]
        superseded: bool,
    },
    /// Provider-opaque items (encrypted reasoning and the like), kept verbatim for the next
    /// request and never shown. `provider` says who may see them again.
    ModelItems {
        provider: String,
        model: String,
        items: serde_json::Value,
    },
    /// The model asked for a tool.
    ToolCall {
        call_id: CallId,
        tool: String,
        arguments: serde_json::Value,
    },
    /// The tool began (after any approval). `command` and `cwd` where it runs something.
    ToolStarted {
        call_id: CallId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<String>,
    },
    /// The tool answered. `output` is what the model reads; `summary` one line for people;
    /// `coloured` the same output with `ESC [ … m` in it, where a program printed in colour.
    ToolResult {
        call_id: CallId,
        tool: String,
        success: bool,
        output: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        coloured: Option<String>,
        summary: String,
        duration_ms: u64,
        #[serde(default)]
        truncated: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changes: Vec<FileChangeSummary>,
    },
    ApprovalRequested {
        approval: Approval,
    },
    ApprovalDecided {
        approval_id: ApprovalId,
        decision: Decision,
        by: DecidedBy,
    },
    /// Older turns no longer fit and were replaced by a summary. `up_to_seq`: the last event
    /// that the summary stands for.
    Compacted {
        up_to_seq: u64,
        summary: String,
        dropped_items: u32,
        dropped_tokens: u64,
        kept_tokens: u64,
        /// The same part of the conversation as the provider itself condensed it; the summary is
        /// what every other model is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        condensed: Option<CondensedItems>,
    },
    /// The only terminal event of an operation; there is exactly one.
    OperationFinished {
        state: OperationState,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
        /// The model's last words, for those who want only the answer.
        content: String,
        usage: Usage,
        cost_micro_usd: MicroUsd,
        duration_ms: u64,
        changes: Vec<FileChangeSummary>,
    },
    /// An operation's file changes were taken back (`undone`) or brought back.
    Undone {
        operation_id: OperationId,
        undone: bool,
        paths: Vec<String>,
    },
    /// The person went back to before an event, or took such a step back (`undoes_seq`: that
    /// event). Events in `hidden` are no longer part of the conversation, those in `shown` are
    /// again; see [`Visible`](crate::rewind::Visible). `paths`: files that changed with it.
    Rewound {
        what: RewindWhat,
        to_seq: u64,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        hidden: Vec<SeqRange>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        shown: Vec<SeqRange>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        paths: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undoes_seq: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        checkpoint_id: Option<CheckpointId>,
    },
    /// The person kept or rejected a file or a hunk.
    Reviewed {
        operation_id: OperationId,
        path: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hunk: Option<String>,
        mark: ReviewMark,
    },
    Renamed {
        name: String,
        by_person: bool,
    },
    /// This session began as a copy of another, up to that event.
    Forked {
        from_session_id: SessionId,
        up_to_seq: u64,
    },
    JobStarted {
        job_id: JobId,
        command: String,
    },
    JobFinished {
        job_id: JobId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NoticeLevel {
    Info,
    Warning,
}

/// Items that only this provider understands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CondensedItems {
    pub provider: String,
    pub model: String,
    pub items: Vec<serde_json::Value>,
}

/// Deltas and progress. May be lost without harm: a stored event repeats the content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "signal", rename_all = "snake_case")]
pub enum Signal {
    /// More of the message `message_id`. `offset`: characters (Unicode scalar values) of the message before this piece.
    TextDelta {
        session_id: SessionId,
        operation_id: OperationId,
        message_id: MessageId,
        offset: u64,
        text: String,
    },
    ReasoningDelta {
        session_id: SessionId,
        operation_id: OperationId,
        message_id: MessageId,
        text: String,
    },
    /// The model is writing a call; `bytes` of its arguments are here.
    ToolCallProgress {
        session_id: SessionId,
        operation_id: OperationId,
        call_id: CallId,
        tool: String,
        bytes: u64,
    },
    /// Live output of a running tool, whole lines, perhaps coloured (`ESC [ … m`).
    ToolOutput {
        session_id: SessionId,
        operation_id: OperationId,
        call_id: CallId,
        text: String,
    },
    /// What the operation does right now, in a few words.
    Activity {
        session_id: SessionId,
        operation_id: OperationId,
        text: String,
        since: UtcMs,
    },
    /// The operation ended, and its end could not be stored (the disk is full). It is tried again
    /// until it can; whoever waits for the terminal event need not.
    Unstored {
        session_id: SessionId,
        operation_id: OperationId,
        failure: Failure,
        since: UtcMs,
    },
}

impl Signal {
    /// The session that it belongs to.
    pub fn session(&self) -> &SessionId {
        match self {
            Self::TextDelta { session_id, .. }
            | Self::ReasoningDelta { session_id, .. }
            | Self::ToolCallProgress { session_id, .. }
            | Self::ToolOutput { session_id, .. }
            | Self::Activity { session_id, .. }
            | Self::Unstored { session_id, .. } => session_id,
        }
    }
}

/// "This readable thing went stale": ask again if you show it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "topic", rename_all = "snake_case")]
pub enum Topic {
    Projects,
    /// The list of sessions (names, order, running marks).
    Sessions,
    /// The changes of an operation (review, undo, outside edits).
    Changes {
        session_id: SessionId,
    },
    Approvals,
    /// Permission rules.
    Rules,
    /// What a folder brings, or whether it is trusted.
    Trust {
        project_id: ProjectId,
    },
    /// The log of hooks.
    Hooks,
    /// Permissions, block list, requests or audit of elevated commands.
    Sudo,
    Jobs,
    /// The list of checkpoints, and what they take.
    Checkpoints,
    Settings,
    Providers,
    Budget,
    Egress,
    Git {
        project_id: ProjectId,
    },
    Files {
        project_id: ProjectId,
    },
    /// What the index of a project knows, or what it does.
    Code {
        project_id: ProjectId,
    },
    /// Where vectors lie, who makes them, or a move of them.
    Vectors,
}
