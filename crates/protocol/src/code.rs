//! What is known of a project's code: search, elements, who uses whom, how it is.
//!
//! Every number says in its doc what it is computed from; an edge says how sure it is.

use serde::{Deserialize, Serialize};

use crate::ProjectId;
use crate::git::Commit;
use crate::insight::{ElementMeaning, QualityIssue};

/// A declaration somewhere in the project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeElement {
    /// Stays the same while kind and qualified name do.
    pub id: i64,
    pub path: String,
    #[serde(default)]
    pub language: Option<String>,
    /// "function", "method", "class", "struct", "trait", "field", "heading", …
    pub kind: String,
    pub name: String,
    /// With the names around it, joined as its language does: `Point::new`.
    pub qualified_name: String,
    pub signature: String,
    /// "public", "internal", "protected", "private", "local"
    pub visibility: String,
    #[serde(default)]
    pub doc: Option<String>,
    /// 1-based, inclusive.
    pub start_line: u32,
    pub end_line: u32,
    #[serde(default)]
    pub parent: Option<i64>,
    pub is_async: bool,
    pub is_test: bool,
    /// Paths through it: 1 + branches, loops, cases and short circuits. 0: it has no code.
    pub cyclomatic: u32,
    /// How hard it is to follow: breaks in the flow, weighed by how deep they are nested.
    pub cognitive: u32,
}

/// What the index is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum IndexPhase {
    #[default]
    Idle,
    /// Looking which files there are.
    Scanning,
    /// Reading files that are new or changed.
    Reading,
    /// Finding what names mean.
    Resolving,
}

/// What is known of a project, and what goes on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct IndexState {
    pub phase: IndexPhase,
    /// Of the present phase.
    pub done: u64,
    pub total: u64,
    /// Rises with each change of what can be found.
    pub generation: u64,
    /// The whole project was read once; until then answers are from what was read so far.
    pub is_complete: bool,
    /// The whole project was looked at since it was opened: what changed meanwhile is known.
    pub is_fresh: bool,
    /// Changes on disk are followed as they happen.
    pub is_watching: bool,
    /// Why changes are not followed, or only by looking every few seconds.
    #[serde(default)]
    pub watch_note: Option<String>,
    /// What went wrong last, until it goes well.
    #[serde(default)]
    pub failure: Option<String>,
    pub totals: IndexTotals,
    pub meaning: MeaningState,
    #[serde(default)]
    pub commits: CommitsState,
    /// In messages of the project's sessions instead of pieces.
    #[serde(default)]
    pub messages: MeaningState,
    #[serde(default)]
    pub insight: InsightState,
}

/// How much the index knows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct IndexTotals {
    pub files: u64,
    pub lines: u64,
    pub source_bytes: u64,
    pub elements: u64,
    /// Who uses whom.
    pub edges: u64,
    /// Pieces of files, the units that are ranked.
    pub chunks: u64,
    /// Files of which nothing but the name can be found.
    pub skipped: u64,
    /// Files with a note, skipped ones included.
    pub noted: u64,
    /// Of the index on disk.
    pub bytes: u64,
}

/// Search by meaning: pieces of code as vectors.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MeaningState {
    /// None: there is none, and `note` says why.
    #[serde(default)]
    pub model: Option<String>,
    /// Where they lie: a file or an address without secrets.
    #[serde(default)]
    pub place: Option<String>,
    /// Pieces that have a vector.
    pub done: u64,
    pub total: u64,
    /// Why there are none, or no more just now.
    #[serde(default)]
    pub note: Option<String>,
    /// More would cost money: `vectors.estimate` says how much, `vectors.agree` says yes.
    #[serde(default)]
    pub waits: bool,
}

/// Commits that can be found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CommitsState {
    pub known: u64,
    /// All that can be reached were read, up to 20,000.
    pub is_read: bool,
    /// Why they were not read.
    #[serde(default)]
    pub failure: Option<String>,
    /// In commits instead of pieces.
    pub meaning: MeaningState,
}

/// Quality, history, concepts and patterns: computed behind the index, when it is up to date.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct InsightState {
    /// What is shown fits the code and the history as they are indexed now.
    pub is_current: bool,
    pub is_running: bool,
    /// What went wrong last, until it goes well.
    #[serde(default)]
    pub failure: Option<String>,
    pub issues: u64,
    pub concepts: u64,
    pub clusters: u64,
    pub patterns: u64,
    /// Commits whose changes were counted; 0 without git.
    pub commits: u64,
}

/// Files that are not, or not wholly, in the index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct NotedFiles {
    pub files: Vec<NotedFile>,
    /// Further ones that are not told.
    pub more: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct NotedFile {
    pub path: String,
    /// "too_large", "binary", "link", "not_utf8", "timed_out", …
    pub kind: String,
    /// For people.
    pub text: String,
    /// Nothing of the file can be found but its name.
    pub is_skipped: bool,
    pub size_bytes: u64,
}

/// How one language is read in this project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeLanguage {
    pub language: String,
    /// Off: its files are named and nothing more.
    pub enabled: bool,
    /// Without the dot, beside the usual ones.
    pub extensions: Vec<String>,
    /// Larger files are not parsed.
    pub max_bytes: u64,
    /// For one file, in milliseconds.
    pub max_ms: u64,
    /// Files of the project in it.
    pub files: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeLanguages {
    /// By name.
    pub languages: Vec<CodeLanguage>,
}

/// What is left out stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SetCodeLanguage {
    pub project_id: ProjectId,
    pub language: String,
    #[serde(default)]
    pub enabled: Option<bool>,
    #[serde(default)]
    pub extensions: Option<Vec<String>>,
    #[serde(default)]
    pub max_bytes: Option<u64>,
    #[serde(default)]
    pub max_ms: Option<u64>,
}

/// How to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SearchMode {
    /// Words, names and meaning together, ranked.
    #[default]
    Ranked,
    /// Exactly this text, in the files as they are on disk now.
    Text,
    /// A regular expression (Rust syntax), in the files as they are on disk now.
    Regex,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SearchCode {
    pub project_id: ProjectId,
    #[serde(alias = "pattern")]
    pub query: String,
    #[serde(default)]
    pub mode: SearchMode,
    /// Default 20, at most 200.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Only files below this folder, or this file.
    #[serde(default)]
    pub path: Option<String>,
    /// Only files in this language.
    #[serde(default)]
    pub language: Option<String>,
    /// The best evidence that fits in so many tokens.
    #[serde(default)]
    pub token_budget: Option<u32>,
    /// With what each hit was ranked by.
    #[serde(default)]
    pub explain: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeHits {
    /// Best first.
    pub hits: Vec<CodeHit>,
    /// There may be more.
    pub truncated: bool,
    /// What the answer lacks and why: meaning not ready, the project not wholly read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeHit {
    pub path: String,
    #[serde(default)]
    pub language: Option<String>,
    /// 1-based, inclusive.
    pub start_line: u32,
    pub end_line: u32,
    /// As it is on disk now.
    pub text: String,
    /// The element it is, or is a part of.
    #[serde(default)]
    pub element: Option<CodeElement>,
    /// Only comparable within one answer.
    pub score: f64,
    /// Estimated, of `text`.
    pub tokens: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<RankReason>,
    /// What answers nearly as well in the same file, the best first: hits of other files stand before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<AlsoHere>,
}

/// Another place in the file of a hit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AlsoHere {
    /// 1-based, inclusive.
    pub start_line: u32,
    pub end_line: u32,
    #[serde(default)]
    pub element: Option<CodeElement>,
}

/// A signal that moved a hit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RankReason {
    /// "words", "meaning", "name", "callers", "recency", "test file", …
    pub signal: String,
    /// For people.
    pub detail: String,
    /// What it added to the score, or took from it; for a question in a sentence: to the logarithm of it.
    pub share: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct FindSymbols {
    pub project_id: ProjectId,
    /// Whole, begun or vague; empty with `path`: all of that file.
    #[serde(default)]
    pub query: String,
    /// Only these kinds.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Only in this file, or below this folder.
    #[serde(default)]
    pub path: Option<String>,
    /// Default 50, at most 1,000.
    #[serde(default)]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeSymbols {
    /// Best first; of one file, as they stand in it.
    pub elements: Vec<CodeElement>,
    pub truncated: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// An element by its id, or by its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ElementRef {
    pub project_id: ProjectId,
    #[serde(default)]
    pub id: Option<i64>,
    /// `push`, or `Stack::push` where there are several.
    #[serde(default)]
    pub name: Option<String>,
    /// In this file.
    #[serde(default)]
    pub path: Option<String>,
    /// Steps along uses, 1 (default) to 5.
    #[serde(default)]
    pub depth: Option<u32>,
    /// Default 100, at most 1,000: of each list in the answer.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// All there is to know of an element.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ElementDetail {
    pub element: CodeElement,
    /// What it stands in, outermost first.
    pub around: Vec<CodeElement>,
    /// What stands in it.
    pub members: Vec<CodeElement>,
    /// Its text as it is on disk now.
    pub text: String,
    /// The text goes on after what is told.
    pub text_cut: bool,
    pub callers: CodeEdges,
    pub callees: CodeEdges,
    pub tests: Vec<CodeTest>,
    /// Commits of its file, newest first; empty without git.
    pub history: Vec<Commit>,
    /// What could be better in it.
    #[serde(default)]
    pub quality: Vec<QualityIssue>,
    /// None: nothing is known of its sense yet, or its name says nothing.
    #[serde(default)]
    pub meaning: Option<ElementMeaning>,
}

/// Who uses an element, or what it uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeEdges {
    /// The element that was asked about.
    #[serde(default)]
    pub of: Option<CodeElement>,
    /// Surest first.
    pub edges: Vec<CodeEdge>,
    pub truncated: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeEdge {
    /// The element at the other end; none: the top level of the file.
    #[serde(default)]
    pub element: Option<CodeElement>,
    /// Where it is used, first: this file and line (1-based).
    pub path: String,
    pub line: u32,
    /// "call", "construct", "type", "extends", "read", "macro", "decorator"
    pub kind: String,
    /// How often it stands there.
    pub times: u32,
    /// 0 to 1: how sure it is that the name means this element.
    pub confidence: f64,
    /// How the name was resolved, for people.
    pub reason: String,
    /// Steps from the element that was asked about; 1: directly.
    pub distance: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AskGraph {
    pub project_id: ProjectId,
    pub id: i64,
    /// Steps from it in each direction, 1 (default) to 4.
    #[serde(default)]
    pub depth: Option<u32>,
    /// Default 40, at most 200 elements.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// An element with those around it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeGraph {
    pub nodes: Vec<GraphNode>,
    pub edges: Vec<GraphEdge>,
    /// More elements are as near.
    pub truncated: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct GraphNode {
    pub element: CodeElement,
    /// Steps from the middle: callers below zero, callees above.
    pub step: i32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct GraphEdge {
    pub from: i64,
    pub to: i64,
    pub kind: String,
    pub confidence: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AskDependencies {
    pub project_id: ProjectId,
    /// Of this file: what it imports, and who imports it. Else of the project.
    #[serde(default)]
    pub path: Option<String>,
}

/// What the project, or a file, brings in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeDependencies {
    /// Packages from outside, most used first; of a file: none.
    pub packages: Vec<CodePackage>,
    /// What the file imports, in its order.
    pub imports: Vec<FileImport>,
    /// Files of the project that import it.
    pub imported_by: Vec<FileImport>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodePackage {
    /// "crates", "npm", "pypi", "go", …
    pub ecosystem: String,
    pub name: String,
    /// Where manifests name it.
    pub declared: Vec<PackageDeclaration>,
    /// Files that import it.
    pub files: u64,
    /// "used", "unused" (declared, and no file that was read imports it), "undeclared"
    /// (imported, and no manifest names it), "standard" (it comes with the language)
    pub status: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PackageDeclaration {
    pub manifest: String,
    /// 1-based.
    pub line: u32,
    #[serde(default)]
    pub requirement: Option<String>,
    /// What the lock file chose.
    #[serde(default)]
    pub version: Option<String>,
    /// "normal", "dev", "build", "peer", "optional"
    pub scope: String,
}

/// An import of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FileImport {
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// As written.
    pub module: String,
    /// The file of the project that it leads to.
    #[serde(default)]
    pub target: Option<String>,
    /// The package from outside that it leads to.
    #[serde(default)]
    pub package: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeTests {
    /// What was asked about: an element, or a file.
    #[serde(default)]
    pub of: Option<CodeElement>,
    /// Surest first.
    pub tests: Vec<CodeTest>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeTest {
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// The test itself; none: the file.
    #[serde(default)]
    pub element: Option<CodeElement>,
    pub confidence: f64,
    /// What speaks for it: it calls it, its name, imports, changes together.
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AskMap {
    pub project_id: ProjectId,
    /// Only the files below this folder.
    #[serde(default)]
    pub path: Option<String>,
    /// Default 2,000, at most 50,000.
    #[serde(default)]
    pub token_budget: Option<u32>,
}

/// The project in few words: its files by importance, each with what matters most in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeMap {
    pub text: String,
    /// Estimated.
    pub tokens: u32,
    pub files_shown: u64,
    pub files: u64,
    /// Elements that could have been on it.
    pub elements: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
