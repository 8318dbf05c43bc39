//! What the code is about, and how well it keeps: computed from its structure and its names,
//! without a model.
//!
//! [`Code`] is the whole project in memory, as the index holds it. Everything else here is a pure
//! function of it: [`quality`] (issues, each with the measure behind it), [`hotspots`] (what is
//! both complex and often changed), [`concepts`] (the words the project thinks in), [`clusters`]
//! (files that belong together), [`semantics`] (what an element is for, and which are akin),
//! [`patterns`] (shapes that many programs share). `tables` keeps the results in `index.db` and
//! reads them again.

mod clusters;
mod code;
mod concepts;
mod duplicates;
mod hotspots;
mod load;
mod patterns;
mod quality;
mod rank;
mod semantics;
mod tables;
mod terms;

use clusters::Cluster;
use code::{Code, CodeEdge};
use concepts::Concept;
pub use hotspots::{Changes, Hotspot, Load};
use patterns::Pattern;
use quality::Issue;
pub use quality::{IssueKind, Severity};
use semantics::{Kinship, Meaning};
pub use tables::{
    ClusterRow, ConceptRow, ElementMeaning, Insights, IssueQuery, IssueRow, Kin, PatternRow,
};

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
    fn of(code: &Code) -> Self {
        let terms = terms::Terms::of(code);
        let concepts = concepts::find(code, &terms);
        let clusters = clusters::find(code, &terms);
        let rank = rank::of(code);
        Self {
            issues: quality::find(code),
            meanings: semantics::meanings(code, &concepts, &clusters, &rank),
            kinships: semantics::kinships(code, &terms),
            patterns: patterns::find(code),
            concepts,
            clusters,
        }
    }
}
