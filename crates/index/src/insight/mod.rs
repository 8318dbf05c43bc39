//! What the code is about, and how well it keeps: computed from its structure and its names,
//! without a model.
//!
//! [`Code`] is the whole project in memory, as the index holds it. Everything else here is a pure
//! function of it: [`quality`] (issues, each with the measure behind it), [`hotspots`] (what is
//! both complex and often changed), [`concepts`] (the words the project thinks in), [`clusters`]
//! (files that belong together), [`semantics`] (what an element is for, and which are akin),
//! [`patterns`] (shapes that many programs share). `look` keeps the results in `index.db`, `tables`
//! reads them again; `history` keeps what the repository says of each file;
//! `modules` draws folders together.

mod clusters;
mod code;
mod concepts;
mod duplicates;
mod history;
mod hotspots;
mod load;
mod look;
mod modules;
mod patterns;
mod quality;
mod rank;
mod semantics;
mod tables;
mod terms;

use clusters::Cluster;
use code::{Code, CodeEdge};
use concepts::Concept;
pub use history::{Companion, Step, Window};
pub use hotspots::{Changes, Hotspot, Load};
pub use look::Insights;
pub use modules::{Module, ModuleUse, Modules};
use patterns::Pattern;
use quality::Issue;
pub use quality::{IssueKind, Severity};
use semantics::{Kinship, Meaning};
pub use tables::{ClusterRow, ConceptRow, ElementMeaning, IssueQuery, IssueRow, Kin, PatternRow};
use tokio_util::sync::CancellationToken;

/// All that can be said of a project's code without a model.
#[derive(Debug, Clone, Default, PartialEq)]
struct Insight {
    issues: Vec<Issue>,
    concepts: Vec<Concept>,
    clusters: Vec<Cluster>,
    /// For each element that means something, in the order of the elements.
    meanings: Vec<Meaning>,
    kinships: Vec<Kinship>,
    patterns: Vec<Pattern>,
}

impl Insight {
    /// Looks at all of it. Takes time in proportion to the code: run it off the async threads.
    /// None: it was cancelled.
    fn of(code: &Code, cancel: &CancellationToken) -> Option<Self> {
        let go_on = || (!cancel.is_cancelled()).then_some(());
        let terms = terms::Terms::of(code);
        go_on()?;
        let concepts = concepts::find(code, &terms);
        go_on()?;
        let clusters = clusters::find(code, &terms);
        go_on()?;
        let rank = rank::of(code);
        let meanings = semantics::meanings(code, &concepts, &clusters, &rank);
        go_on()?;
        let kinships = semantics::kinships(code, &terms);
        go_on()?;
        let issues = quality::find(code);
        go_on()?;
        Some(Self {
            patterns: patterns::find(code),
            issues,
            meanings,
            kinships,
            concepts,
            clusters,
        })
    }
}
