//! What is known of a project's code: files, elements, who uses whom, packages, words.
//!
//! [`Index`] is a handle on one project's `index.db`, a file that can always be made again from
//! the project itself. It answers from the first committed batch on; [`Index::sync`] brings it up
//! to date, [`Index::watch`] keeps it there.
//!
//! - `reading`, `chunks`, `tokens`: a file's bytes to what is stored of it. Pure.
//! - `sync`, `write`: which files to read, on all cores; one transaction a batch, one writer.
//! - `symbols`: all elements in memory, for look-ups by exact, begun and vague names.
//! - `resolve`: names to elements, imports to files and packages, with a confidence.
//! - `search`: one ranked search over words, meaning, names and calls; `meaning`: the vectors.
//! - `commits`: what was said of changes, searched likewise.
//! - `graph`, `tests_for`, `map`: questions about who uses whom.
//! - `insight`: what can be said of the code without a model: issues, hotspots, concepts, clusters,
//!   kin, patterns.
//! - `watch`: changes on disk as they happen.
//!
//! It knows no session, no policy, no model, and not `mira.db`. Text of files is not kept: it is
//! read from the project when it is shown, so that what is shown is what is there.

mod chunks;
mod commits;
mod deps;
mod elements;
mod error;
mod find;
mod graph;
mod insight;
mod languages;
mod lexical;
mod map;
mod meaning;
mod model;
mod open;
mod pattern;
mod reading;
mod resolve;
mod roles;
mod rows;
mod search;
mod state;
mod symbols;
mod sync;
mod tests_for;
mod tokens;
mod uses;
mod watch;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mira_workspace::Workspace;
use sqlx::SqlitePool;
use tokio::sync::Mutex;

pub use commits::{Commit, CommitAnswer, CommitHit};
pub use deps::{Declaration, Dependency, ImportRow, Usage};
pub use elements::Excerpt;
pub use error::IndexError;
pub use find::{SymbolHit, SymbolQuery};
pub use graph::{Edge, GraphQuery};
pub use insight::{
    Changes, ClusterRow, Companion, ConceptRow, ElementMeaning, Hotspot, Insights, IssueKind,
    IssueQuery, IssueRow, Kin, Load, Module, ModuleUse, Modules, PatternRow, Severity, Step,
    Window,
};
pub use languages::LanguageConfig;
pub use lexical::{LexicalHit, Weights};
pub use map::{MapElement, MapFile, MapQuery, RepositoryMap};
pub use meaning::{
    Coverage, EmbedReport, Meaning, Message, MessageRow, MessageTexts, NearMessage, Needs,
    carry_notes, forget_messages,
};
pub use model::{Chunk, Element, FileNote, FileRow, Roles};
pub use pattern::Match;
pub use search::join::{Found, Joined, join};
pub use search::{Also, Answer, Hit, Query, Sense, Stages, Why, With, known_names};
pub use state::{Phase, State, Totals, Watching};
pub use sync::{SyncReport, What};
pub use tests_for::TestFor;
pub use watch::Watch;

/// What is known of one project. Clones share everything.
#[derive(Clone)]
pub struct Index {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    workspace: Arc<Workspace>,
    writer: Mutex<write::Writer>,
    readers: SqlitePool,
    state: tokio::sync::watch::Sender<State>,
    languages: std::sync::RwLock<languages::Languages>,
    symbols: std::sync::RwLock<symbols::Symbols>,
    manifests: std::sync::RwLock<Arc<resolve::manifests::Manifests>>,
    resolving: Mutex<()>,
    ranks: map::KeptRanks,
    order: sync::Order,
}

impl Index {
    /// The database file.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    pub fn workspace(&self) -> &Arc<Workspace> {
        &self.shared.workspace
    }

    pub(crate) fn reader(&self) -> &SqlitePool {
        &self.shared.readers
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Index").field(&self.shared.path).finish()
    }
}
