//! Trust of folders: what a project brings that would run or loosen waits for the person.

use serde::{Deserialize, Serialize};

use crate::{ProjectId, UtcMs};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TrustState {
    /// The folder brings nothing that needs trust.
    NothingToTrust,
    /// Nobody decided yet.
    Undecided,
    /// What lies there now is what the person saw and trusted.
    Trusted,
    /// It was trusted, and has changed since.
    Changed,
    /// The person said no to what lies there now.
    Revoked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TrustKind {
    /// `.mira/hooks.toml`
    Hooks,
    /// A file that a hook runs.
    HookProgram,
    /// `.mira/commands/*.md`
    Command,
    /// `.mira/agents/*`, `.mira/agents.json`
    Agent,
    /// `.mira/mcp.json`, `.mira/mcp.toml`
    McpServer,
    /// `.mira/rules.toml`, where it loosens.
    Rules,
}

/// One file that counts only in a trusted folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TrustItem {
    pub kind: TrustKind,
    /// Relative to the project.
    pub path: String,
    /// What it says; cut after 64 KiB. Empty for what is not text.
    pub content: String,
    pub bytes: u64,
    /// BLAKE3 of the whole file, in hex.
    pub hash: String,
    /// Against what was trusted last.
    pub change: TrustChange,
    /// Why it is left out even of a trusted folder: a link, too large, not readable.
    #[serde(default)]
    pub problem: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TrustChange {
    Same,
    New,
    Changed,
    /// It was there when the folder was trusted.
    Gone,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Trust {
    pub project_id: ProjectId,
    /// Absolute.
    pub folder: String,
    pub state: TrustState,
    /// Stands for all that lies there now; `trust.grant` takes it.
    pub hash: String,
    pub items: Vec<TrustItem>,
    #[serde(default)]
    pub decided_at: Option<UtcMs>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct GrantTrust {
    pub project_id: ProjectId,
    /// The hash of what the person saw. Where the folder holds something else now, nothing is
    /// granted.
    pub hash: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TrustedFolder {
    pub folder: String,
    pub hash: String,
    pub trusted: bool,
    pub decided_at: UtcMs,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TrustList {
    /// Every decision that is in force, newest first.
    pub folders: Vec<TrustedFolder>,
}

/// The project's own slash commands, where the folder is trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CustomCommands {
    pub commands: Vec<CustomCommand>,
    pub trust: TrustState,
    /// How many wait for trust.
    pub waiting: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CustomCommand {
    /// `git:pr` for `git/pr.md`.
    pub name: String,
    /// `$ARGUMENTS` stands for what is written behind the command.
    pub text: String,
    /// From the project, not the person's own.
    pub from_project: bool,
}
