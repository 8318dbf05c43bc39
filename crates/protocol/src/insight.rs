//! How a project's code is, and what it is about: computed from its structure, its names and its
//! history, without a model.

use serde::{Deserialize, Serialize};

use crate::ProjectId;
use crate::code::CodeElement;
use crate::naming::ModelWords;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AskQuality {
    pub project_id: ProjectId,
    /// "complexity", "length", "duplication", "dead_export", "missing_tests", "missing_docs"; none:
    /// all.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// "info" (default), "low", "medium", "high"
    #[serde(default)]
    pub min_severity: Option<String>,
    /// Only in this file, or below this folder.
    #[serde(default)]
    pub path: Option<String>,
    /// Default 100, at most 1,000.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// What could be better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeQuality {
    /// The gravest first, then by how far they are beyond their threshold.
    pub issues: Vec<QualityIssue>,
    /// Of each kind below the path, whatever kinds were asked for.
    pub counts: Vec<QualityCount>,
    pub truncated: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct QualityCount {
    pub kind: String,
    pub issues: u64,
}

/// Something that could be better, with the measure behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct QualityIssue {
    /// As in `AskQuality`.
    pub kind: String,
    /// "info", "low", "medium", "high"
    pub severity: String,
    pub path: String,
    /// 1-based, inclusive.
    pub start_line: u32,
    pub end_line: u32,
    /// None: a file, or a part of it.
    #[serde(default)]
    pub element: Option<CodeElement>,
    /// What was measured, in `unit`.
    pub value: f64,
    /// What it passes, in `unit`.
    pub threshold: f64,
    /// "cognitive complexity", "lines", "users", …
    pub unit: String,
    /// For people, with the measure.
    pub title: String,
    /// What to do about it.
    pub advice: String,
    /// The other place of a duplicate.
    #[serde(default)]
    pub other: Option<CodePlace>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodePlace {
    pub path: String,
    /// 1-based, inclusive.
    pub start_line: u32,
    pub end_line: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AskHotspots {
    pub project_id: ProjectId,
    /// Only below this folder.
    #[serde(default)]
    pub path: Option<String>,
    /// Default 50, at most 1,000.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Files that are both hard to follow and often changed: where work on quality pays most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeHotspots {
    /// The hottest first.
    pub hotspots: Vec<CodeHotspot>,
    pub truncated: bool,
    pub window: HistoryWindow,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How far back the history was read.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct HistoryWindow {
    /// Without merges; 0: there is no history.
    pub commits: u64,
    /// Of the oldest of them, UTC, milliseconds.
    pub since: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeHotspot {
    pub path: String,
    pub lines: u32,
    pub functions: u32,
    /// Cognitive complexity of all its functions together.
    pub complexity: u32,
    /// The function that is hardest to follow, and its cognitive complexity.
    #[serde(default)]
    pub hardest: Option<String>,
    pub hardest_complexity: u32,
    pub issues: u32,
    pub commits: u32,
    /// Commits whose subject says that they mend something.
    pub fixes: u32,
    pub authors: u32,
    /// Lines added and removed.
    pub churn: u64,
    /// 0 to 1: the share of files that are no harder, times the share that changed no more; None
    /// where fewer than five files have a history, for a share of few says nothing.
    #[serde(default)]
    pub score: Option<f64>,
    /// For people.
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AskConcepts {
    pub project_id: ProjectId,
    /// The elements that are about this one; else the list of concepts.
    #[serde(default)]
    pub concept: Option<String>,
    /// Default 50, at most 1,000: of concepts, and of elements.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// The words the project thinks in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeConcepts {
    /// The strongest first.
    pub concepts: Vec<CodeConcept>,
    /// Elements that are about the one that was asked for, the strongest first.
    pub elements: Vec<ConceptElement>,
    pub truncated: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeConcept {
    pub name: String,
    /// 0 to 1, against the strongest.
    pub weight: f64,
    /// Elements that are about it.
    pub elements: u64,
    /// What a model called it, beside its computed name; none: nobody was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<ModelWords>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ConceptElement {
    pub element: CodeElement,
    /// 0 to 1: how much it is about it.
    pub weight: f64,
}

/// Files that belong together, by who uses whom, by their words and by where they stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeClusters {
    /// The largest first.
    pub clusters: Vec<CodeCluster>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeCluster {
    pub name: String,
    /// Words that set it apart, the strongest first.
    pub words: Vec<String>,
    pub files: Vec<String>,
    /// 0 to 1: how much of what ties its files stays inside.
    pub cohesion: f64,
    /// What a model called it, beside its computed name; none: nobody was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<ModelWords>,
}

/// Shapes that many programs share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodePatterns {
    /// The surest first.
    pub patterns: Vec<CodePattern>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodePattern {
    /// "strategy", "decorator", "factory", "singleton", "builder", "observer", "repository", …
    pub name: String,
    pub element: CodeElement,
    pub parts: Vec<PatternPart>,
    /// 0 to 1.
    pub confidence: f64,
    /// What speaks for it, for people.
    pub evidence: String,
    /// What a model called it, beside its computed name; none: nobody was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<ModelWords>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PatternPart {
    pub element: CodeElement,
    /// What it is in the pattern: "implementation", "product", …
    pub part: String,
}

/// What an element is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ElementMeaning {
    pub purpose: String,
    /// 0.9: in its author's words; 0.4: by its name.
    pub confidence: f64,
    pub concepts: Vec<String>,
    /// The name of its cluster.
    #[serde(default)]
    pub cluster: Option<String>,
    /// 0 to 1, against the element that the project leans on most.
    pub importance: f64,
    /// The strongest first.
    pub kin: Vec<ElementKin>,
}

/// Another element that it has to do with beyond calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ElementKin {
    pub element: CodeElement,
    /// "tests", "implements", "akin"
    pub relation: String,
    /// The relation leads from the other to this one.
    pub is_from: bool,
    /// 0 to 1.
    pub strength: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AskModules {
    pub project_id: ProjectId,
    /// Only what is below this folder, one folder finer.
    #[serde(default)]
    pub path: Option<String>,
}

/// Folders of the project, and which uses which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeModules {
    /// By layer, then by path.
    pub modules: Vec<CodeModule>,
    pub uses: Vec<ModuleUse>,
    /// The smallest are left out.
    pub truncated: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CodeModule {
    /// A folder, or a file that stands beside folders.
    pub path: String,
    pub is_folder: bool,
    pub files: u64,
    pub lines: u64,
    /// 0: it uses none of the others; else one more than the highest that it uses. Those that use
    /// each other in a circle are in one layer.
    pub layer: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ModuleUse {
    pub from: String,
    pub to: String,
    /// Pairs of files of which one imports or uses the other.
    pub files: u64,
    /// The way back is there, too, perhaps by way of others.
    pub is_cycle: bool,
}
