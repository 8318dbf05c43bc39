//! Messages before and around their operation: what they mention, what they would cost, what
//! still waits, what is not sent yet, and code that goes from an answer into a file.

use serde::{Deserialize, Serialize};

use crate::operation::{Attachment, Tier};
use crate::provider::ProviderName;
use crate::{MicroUsd, OperationId, ProjectId, SessionId, UtcMs};

/// Something that a message points at. The engine reads it once, when it takes the message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Mention {
    /// A file of the project.
    File { path: String },
    /// A folder of the project: what lies in it, not what stands in its files.
    Folder { path: String },
    /// Another conversation: what was asked and answered there.
    Session { session_id: SessionId },
    /// A commit: its message and its diff. Anything that git takes for one.
    Commit { commit: String },
    /// An element of the project's code: its definition. The name is qualified or not; the path is
    /// that of its file, empty where the name is enough.
    Symbol {
        #[serde(default)]
        path: String,
        name: String,
    },
    /// What the code index has for the message. It comes by itself, where there is any.
    Related,
}

/// A mention as the model reads it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Fragment {
    pub mention: Mention,
    /// "src/lib.rs", "commit 1a2b3c4 Fix the parser"
    pub name: String,
    pub text: String,
    /// Estimated.
    pub tokens: u64,
    /// What did not fit, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<String>,
}

/// Change a message that still waits behind another operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct EditQueued {
    pub operation_id: OperationId,
    pub content: String,
    #[serde(default)]
    pub mentions: Vec<Mention>,
}

/// Let the messages of a session go that wait without anything running before them: after a
/// restart, or behind an operation that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ReleaseQueue {
    pub session_id: SessionId,
}

/// Ask again from one of the person's messages, as it was or changed, in a copy of the session
/// that ends before it. The session itself stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AskAgain {
    pub session_id: SessionId,
    /// The number of the message.
    pub seq: u64,
    /// Instead of what it said.
    #[serde(default)]
    pub content: Option<String>,
    #[serde(default)]
    pub tier: Option<Tier>,
    #[serde(default)]
    pub model: Option<String>,
}

/// What a message would be, before it is sent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct EstimateMessage {
    pub content: String,
    #[serde(default)]
    pub session_id: Option<SessionId>,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    #[serde(default)]
    pub attachments: Vec<AttachmentSize>,
    #[serde(default)]
    pub mentions: Vec<Mention>,
    #[serde(default)]
    pub tier: Option<Tier>,
    #[serde(default)]
    pub model: Option<String>,
}

/// An attachment without its content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AttachmentSize {
    pub name: String,
    pub media_type: String,
    pub size_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MessageEstimate {
    /// Who would answer now.
    pub tier: Tier,
    pub reason: String,
    pub model: String,
    pub provider: ProviderName,
    pub accepts_images: bool,
    /// Tokens of the message alone, with all that comes along.
    pub message_tokens: u64,
    /// In the order of the request: attachments, then mentions; last what the code index adds.
    pub parts: Vec<EstimatePart>,
    /// What these tokens cost as input; None for a model without prices.
    #[serde(default)]
    pub input_micro_usd: Option<MicroUsd>,
    /// Tokens of the whole request that the message would begin with: instructions, tools and the
    /// conversation so far included.
    pub prompt_tokens: u64,
    /// What that request is expected to cost, with as much output as such requests had so far.
    #[serde(default)]
    pub expected_micro_usd: Option<MicroUsd>,
    /// Why the engine would refuse it, a sentence each; empty where it can be sent.
    pub problems: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EstimatePart {
    pub name: String,
    pub tokens: u64,
    #[serde(default)]
    pub dropped: Option<String>,
    #[serde(default)]
    pub problem: Option<String>,
}

/// Where something is written that is not sent yet: a session, or a project without one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct DraftRef {
    #[serde(default)]
    pub session_id: Option<SessionId>,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
}

/// Keep what is written; all empty forgets it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SaveDraft {
    #[serde(default)]
    pub session_id: Option<SessionId>,
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    pub content: String,
    #[serde(default)]
    pub mentions: Vec<DraftMention>,
    /// None: those that are kept stay.
    #[serde(default)]
    pub attachments: Option<Vec<Attachment>>,
}

/// A message that is not sent yet.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Draft {
    pub content: String,
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    #[serde(default)]
    pub mentions: Vec<DraftMention>,
    /// When it was kept; 0 where nothing is.
    #[serde(default)]
    pub saved_at: UtcMs,
}

/// A mention and the word that stands for it in the text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DraftMention {
    /// With the @.
    pub word: String,
    pub mention: Mention,
}

/// Write code of an answer to a file, as an operation of its own that can be reviewed and undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ApplyCode {
    pub session_id: SessionId,
    /// Relative to the project.
    pub path: String,
    /// The file's whole new content; or a unified diff of it where `patch`.
    pub content: String,
    #[serde(default)]
    pub patch: bool,
}

/// What applying would make of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ApplyPreview {
    /// As it is shown, relative to the project.
    pub path: String,
    /// None: the file is new.
    #[serde(default)]
    pub before: Option<String>,
    pub after: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SlashCommands {
    pub commands: Vec<SlashCommand>,
}

/// One of Mira's own commands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SlashCommand {
    /// Without the slash.
    pub name: String,
    /// "[NAME]"; empty where it takes none.
    pub arguments: String,
    pub about: String,
}

/// The prompt of one of Mira's own commands that is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ExpandCommand {
    /// Without the slash.
    pub name: String,
    #[serde(default)]
    pub arguments: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ExpandedCommand {
    pub prompt: String,
}

/// Mira's own slash commands, the same in the terminal and in the window: name, arguments,
/// meaning.
pub const SLASH_COMMANDS: &[(&str, &str, &str)] = &[
    (
        "access",
        "[read|project|home|system]",
        "how far tools may reach",
    ),
    (
        "apply",
        "PATH [N]",
        "write a code block of the last answer to a file",
    ),
    (
        "budget",
        "[day|month|model|tier|project|session|purpose|operation]",
        "money spent, caps, forecast; or the ledger by that",
    ),
    ("checkpoints", "[WORDS]", "what each step did to files"),
    ("code", "WORDS", "search code by names and words"),
    ("commits", "WORDS", "search commits by words and meaning"),
    (
        "comment",
        "[PATH:LINE WORDS | send [WORDS] | drop N]",
        "remarks on lines, sent as one message",
    ),
    (
        "context",
        "[pin PATH | unpin PATH | exclude N | include N]",
        "what the last request was made of; what to pin and leave out",
    ),
    ("continue", "", "go on with an interrupted turn"),
    ("diff", "", "all changes of the last turn"),
    ("fork", "[NAME]", "go on in a copy of this session"),
    ("help", "", "this list"),
    ("hooks", "", "your hooks and the project's"),
    ("index", "", "what is known of the project's code"),
    ("model", "[ID|default]", "which model answers"),
    ("new", "", "begin a new session"),
    (
        "queue",
        "[go | drop N | edit N TEXT]",
        "messages that wait for their turn",
    ),
    ("quit", "", "leave"),
    ("redo", "[PATH…]", "bring undone changes again"),
    ("rename", "NAME", "name this session"),
    ("resume", "[NAME|ID] | --last", "go on with another session"),
    (
        "retry",
        "[fast|voice|code|agentic]",
        "ask the last message again in a copy, on another tier",
    ),
    (
        "review",
        "[--branch BASE]",
        "let the model review uncommitted changes, or a branch",
    ),
    (
        "rewind",
        "[N [conversation|files]] | undo",
        "go back to before a message, or take that back",
    ),
    (
        "route",
        "MESSAGE",
        "which tier would answer, why, and its cost",
    ),
    (
        "rules",
        "[test COMMAND]",
        "permission rules, or the verdict on a command",
    ),
    ("search", "WORDS", "full text over all sessions"),
    ("sessions", "", "the newest sessions"),
    ("status", "", "what runs now"),
    (
        "symbols",
        "NAME",
        "find functions, types and other elements",
    ),
    (
        "tier",
        "[fast|voice|code|agentic|auto]",
        "which tier answers",
    ),
    (
        "trust",
        "[grant HASH|revoke]",
        "what this folder brings, and whether it may run",
    ),
    ("undo", "[PATH…]", "take the last turn's changes back"),
];
