//! Permission rules: what runs without a question, what is asked about, what never runs.

use serde::{Deserialize, Serialize};

use crate::{ProjectId, RuleId, SessionId, UtcMs};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RuleAction {
    Allow,
    Ask,
    Deny,
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// Commands, word by word: `cargo test **`. `*` stands for any part of one word, `**` for any
    /// number of words; in quotes both mean themselves.
    Command,
    /// One whole shell line, exactly as it is written.
    Line,
    /// Reading paths: `secrets/**`. Relative to the project; `~/` is the home folder.
    Read,
    /// Writing paths.
    Write,
    /// Hosts of the network: `docs.rs`, `*.example.com`.
    Host,
    /// Tools by name: `fetch_url`, `mcp__*`.
    Tool,
}

/// A rule without its place and its past: what is written, checked and tried.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct RuleDraft {
    pub action: RuleAction,
    pub kind: RuleKind,
    pub pattern: String,
    /// For commands and lines: only in this folder of the project ("" is the project itself).
    /// None: in any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// How a rule came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RuleOrigin {
    /// Written by the person.
    Person,
    /// "Always" on a question.
    Always,
    /// Read from a file that the person imported.
    Import,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Rule {
    pub id: RuleId,
    /// None: in every project.
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    #[serde(flatten)]
    pub draft: RuleDraft,
    /// The rule on one line: "allow command cargo test **".
    pub text: String,
    pub origin: RuleOrigin,
    pub created_at: UtcMs,
    #[serde(default)]
    pub last_used_at: Option<UtcMs>,
    /// How often it decided.
    pub use_count: u64,
    /// Taken away at this time; `rule.restore` brings it back.
    #[serde(default)]
    pub removed_at: Option<UtcMs>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields, default)]
pub struct ListRules {
    /// The project whose rules come with those of every project; None: only the latter.
    pub project_id: Option<ProjectId>,
    /// A part of pattern or note.
    pub search: Option<String>,
    /// Those that were removed, instead.
    pub removed: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RuleList {
    /// Newest first.
    pub rules: Vec<Rule>,
    /// The project's own file, where it has one.
    #[serde(default)]
    pub file: Option<RuleFile>,
    /// What never runs, whatever a rule says.
    pub block_list: Vec<BlockEntry>,
}

/// `.mira/rules.toml` of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RuleFile {
    /// Relative to the project.
    pub path: String,
    /// Its "allow" rules count only in a trusted folder.
    pub trusted: bool,
    pub rules: Vec<FileRule>,
    /// What in it is not understood, with its line. Such a file tightens nothing and loosens
    /// nothing: every command is asked about until it is mended.
    pub problems: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FileRule {
    #[serde(flatten)]
    pub draft: RuleDraft,
    pub text: String,
    pub in_force: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct BlockEntry {
    /// A word for tables and settings: "recursive_root_deletion".
    pub name: String,
    /// What it stops, for people.
    pub description: String,
    /// "critical" or "high".
    pub severity: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SaveRule {
    /// The rule to change; None makes a new one.
    #[serde(default)]
    pub rule_id: Option<RuleId>,
    /// None: in every project.
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    pub rule: RuleDraft,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct RuleRef {
    pub rule_id: RuleId,
}

/// What drafts would have done to what was asked for in the past.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct PreviewRule {
    /// Whose past: this project's; None: that of every project.
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    pub rules: Vec<RuleDraft>,
    /// The rule that they would replace.
    #[serde(default)]
    pub replaces: Option<RuleId>,
    /// At most so many samples (default 20).
    #[serde(default)]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RulePreview {
    /// The drafts on one line each, as they would be saved.
    pub texts: Vec<String>,
    /// Past calls that were looked at, newest first, at most 5,000.
    pub looked_at: u64,
    /// How many of them the drafts match.
    pub matched: u64,
    /// How many of them would be decided otherwise than by today's rules.
    pub decided_otherwise: u64,
    /// Different ones, those decided otherwise first, then the newest.
    pub samples: Vec<PastCall>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PastCall {
    /// The command, "write PATH", "fetch URL" or the tool.
    pub text: String,
    pub tool: String,
    /// Relative to its project.
    pub cwd: String,
    pub times: u64,
    pub last_at: UtcMs,
    pub session_id: SessionId,
    pub before: RuleAction,
    pub after: RuleAction,
}

/// What would be decided about a command (or a tool with a path or URL), and why.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields, default)]
pub struct TestRule {
    pub project_id: Option<ProjectId>,
    /// A shell line.
    pub command: Option<String>,
    /// Relative to the project.
    pub cwd: Option<String>,
    pub read: Option<String>,
    pub write: Option<String>,
    pub url: Option<String>,
    pub tool: Option<String>,
    /// Hosts that the command is to reach, each a whole name.
    pub hosts: Vec<String>,
    /// Rules to add for this test only.
    pub rules: Vec<RuleDraft>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RuleTest {
    pub action: RuleAction,
    /// One sentence.
    pub reason: String,
    pub tree: Judgement,
    /// What "always" would save; empty where nothing can be remembered.
    pub always: Vec<RuleDraft>,
}

/// One part of what was asked for, what was decided about it, and what it is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Judgement {
    pub text: String,
    pub part: Part,
    pub action: RuleAction,
    pub by: JudgedBy,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Judgement>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A whole line.
    Line,
    /// One command of it.
    Command,
    /// A command inside another: `env X`, `xargs X`, `bash -c X`, `find -exec X`.
    Inner,
    /// `$(…)` or `<(…)`.
    Substitution,
    /// `> file`, `< file`.
    Redirection,
    Path,
    Host,
    Tool,
}

/// What decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JudgedBy {
    /// A saved rule, or one that is only tried (no id).
    Rule {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule_id: Option<RuleId>,
        text: String,
    },
    /// A rule of the project's file.
    RuleFile { text: String },
    /// Only looks, by the built-in list.
    SafeList,
    /// On no list and under no rule.
    Unlisted,
    /// The last net.
    BlockList { name: String },
    /// Would gain another user's rights.
    Elevation { word: String },
    /// Not understood, so not judged.
    Unparsed,
    /// Access or approval mode.
    Mode,
    /// Inside the project, which the access allows.
    Access,
    /// The worst of its parts.
    Parts,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RuleFormat {
    #[default]
    Toml,
    Json,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields, default)]
pub struct ExportRules {
    /// The project's rules; None: those of every project.
    pub project_id: Option<ProjectId>,
    pub format: RuleFormat,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ExportedRules {
    pub text: String,
    pub rules: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ImportRules {
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    pub text: String,
    #[serde(default)]
    pub format: RuleFormat,
    /// Remove those that the text does not have.
    #[serde(default)]
    pub replace: bool,
    /// Only say what would happen.
    #[serde(default)]
    pub dry_run: bool,
}

/// What an import did, or would do. A text with a fault changes nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ImportedRules {
    /// Rules on one line each.
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub unchanged: u32,
}
