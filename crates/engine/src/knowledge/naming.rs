//! What a model is told of a concept, a cluster or a pattern so that it can name it, and what it
//! said, beside the computed name. Who is asked and what it costs: `operations/naming.rs`.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use mira_index::{ClusterRow, ConceptRow, Element, PatternRow};
use mira_protocol::naming::{ModelWords, NamedKind};
use mira_protocol::project::ProjectRef;
use mira_protocol::system::Nothing;
use mira_protocol::{Code, Failure, ProjectId};
use mira_secrets::Masker;
use mira_store::CodeName;
use tokio_util::sync::CancellationToken;

use super::{Held, Knowledge, from_index};
use crate::clock::now_ms;
use crate::failure::from_store;

/// Of each kind, the strongest.
pub(crate) const MOST: usize = 24;
/// Elements of one, with their signatures.
const ELEMENTS: usize = 6;
/// Top elements that stand for a file of a cluster.
const ELEMENTS_OF_FILE: usize = 2;
const FILES: usize = 12;
/// Of a line, in characters.
const LINE: usize = 160;

/// Something to name.
pub(crate) struct NamedItem {
    /// Of everything that stands in `text`, before secrets are masked and lines are cut.
    pub hash: String,
    /// What a model is told of it: names, terms, signatures, first lines of documentation.
    pub text: String,
}

/// What models said in a project, by the hash of what they were told.
#[derive(Default)]
pub(super) struct Told(HashMap<String, ModelWords>);

/// The one request of a project that names; the next may begin when it is dropped.
pub(crate) struct Turn {
    knowledge: Knowledge,
    held: Arc<Held>,
    pub cancel: CancellationToken,
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.held.naming() = None;
        self.knowledge.say(&self.held);
    }
}

impl Held {
    fn naming(&self) -> std::sync::MutexGuard<'_, Option<CancellationToken>> {
        self.naming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_naming(&self) -> bool {
        self.naming().is_some()
    }
}

impl Knowledge {
    /// What can be named, the strongest first.
    pub(crate) async fn to_name(
        &self,
        held: &Held,
        kind: NamedKind,
    ) -> Result<Vec<NamedItem>, Failure> {
        let mut items = Vec::new();
        match kind {
            NamedKind::Concepts => {
                for row in held.index.concepts(MOST).await.map_err(from_index)? {
                    items.push(self.concept_item(held, &row).await?);
                }
            }
            NamedKind::Clusters => {
                let rows = held.index.clusters().await.map_err(from_index)?;
                for row in rows.iter().take(MOST) {
                    items.push(self.cluster_item(held, row).await?);
                }
            }
            NamedKind::Patterns => {
                let rows = held.index.patterns().await.map_err(from_index)?;
                items.extend(rows.iter().take(MOST).map(|row| self.pattern_item(row)));
            }
        }
        Ok(items)
    }

    /// What models said in the project; of the same content the newest counts.
    pub(super) async fn told(&self, project: &ProjectId) -> Result<Told, Failure> {
        let names = self.0.store.code_names(project).await.map_err(from_store)?;
        let words = names.into_iter().map(|one| {
            let words = ModelWords {
                name: one.name,
                says: one.says,
                model: one.model,
            };
            (one.item_hash, words)
        });
        Ok(Told(words.collect()))
    }

    pub(super) async fn told_of_concept(
        &self,
        held: &Held,
        told: &Told,
        row: &ConceptRow,
    ) -> Result<Option<ModelWords>, Failure> {
        if told.0.is_empty() {
            return Ok(None);
        }
        let item = self.concept_item(held, row).await?;
        Ok(told.0.get(&item.hash).cloned())
    }

    pub(super) async fn told_of_cluster(
        &self,
        held: &Held,
        told: &Told,
        row: &ClusterRow,
    ) -> Result<Option<ModelWords>, Failure> {
        if told.0.is_empty() {
            return Ok(None);
        }
        let item = self.cluster_item(held, row).await?;
        Ok(told.0.get(&item.hash).cloned())
    }

    pub(super) fn told_of_pattern(&self, told: &Told, row: &PatternRow) -> Option<ModelWords> {
        if told.0.is_empty() {
            return None;
        }
        told.0.get(&self.pattern_item(row).hash).cloned()
    }

    /// Keeps what a model said, and tells that there is something to read.
    pub(crate) async fn keep_names(&self, held: &Held, names: &[CodeName]) -> Result<(), Failure> {
        let kept = self
            .0
            .store
            .keep_code_names(&held.project.id, names, now_ms());
        kept.await.map_err(from_store)?;
        self.say(held);
        Ok(())
    }

    /// # Errors
    /// [`Code::Conflict`] where a request of the project runs.
    pub(crate) fn begin_naming(&self, held: &Arc<Held>) -> Result<Turn, Failure> {
        let cancel = held.closed.child_token();
        {
            let mut naming = held.naming();
            if naming.is_some() {
                let text = "A model is naming parts of this project already.";
                return Err(Failure::new(Code::Conflict, text)
                    .hint("Wait until it has answered, or stop it."));
            }
            *naming = Some(cancel.clone());
        }
        self.say(held);
        Ok(Turn {
            knowledge: self.clone(),
            held: held.clone(),
            cancel,
        })
    }

    /// Ends the request that names, if one runs.
    pub async fn stop_naming(&self, request: ProjectRef) -> Result<Nothing, Failure> {
        if let Some(held) = self.opened(&request.project_id).await
            && let Some(cancel) = &*held.naming()
        {
            cancel.cancel();
        }
        Ok(Nothing {})
    }

    async fn concept_item(&self, held: &Held, row: &ConceptRow) -> Result<NamedItem, Failure> {
        let about = held.index.about(&row.name, ELEMENTS).await;
        let mut telling = Telling::of(self.0.events.masker(), "concept");
        telling.line("", &format!("concept: {}", row.name));
        for (element, _) in about.map_err(from_index)? {
            telling.element("", &element);
        }
        Ok(telling.item())
    }

    async fn cluster_item(&self, held: &Held, row: &ClusterRow) -> Result<NamedItem, Failure> {
        let mut telling = Telling::of(self.0.events.masker(), "cluster");
        telling.line("", &format!("files that belong together: {}", row.name));
        telling.line("", &format!("words: {}", row.words.join(", ")));
        for (at, path) in row.paths.iter().take(FILES).enumerate() {
            telling.line("", path);
            if at < ELEMENTS {
                let elements = held.index.elements_of(path).await.map_err(from_index)?;
                let top = elements.iter().filter(|one| one.parent.is_none());
                for element in top.take(ELEMENTS_OF_FILE) {
                    telling.element("  ", element);
                }
            }
        }
        Ok(telling.item())
    }

    fn pattern_item(&self, row: &PatternRow) -> NamedItem {
        let mut telling = Telling::of(self.0.events.masker(), "pattern");
        telling.line("", &format!("design pattern: {}", row.name));
        telling.line("", &format!("what speaks for it: {}", row.evidence));
        telling.element("", &row.element);
        for (element, part) in row.parts.iter().take(ELEMENTS) {
            telling.element(&format!("{part}: "), element);
        }
        telling.item()
    }
}

/// What is told of one item, line by line.
struct Telling<'a> {
    masker: &'a Masker,
    hasher: blake3::Hasher,
    text: String,
}

impl<'a> Telling<'a> {
    fn of(masker: &'a Masker, kind: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(kind.as_bytes());
        Self {
            masker,
            hasher,
            text: String::new(),
        }
    }

    /// `path`: the file that it stands in, which says where its secrets are. Masked before it is
    /// cut: half a secret would not be known as one.
    fn line(&mut self, path: &str, line: &str) {
        self.hasher.update(b"\n").update(line.as_bytes());
        let masked = self.masker.mask_file(path, line);
        let mut words = masked.split_whitespace();
        let mut shown = String::new();
        // One line, whatever stood in it; cut after a whole character.
        while let Some(word) = words.next()
            && shown.chars().count() < LINE
        {
            if !shown.is_empty() {
                shown.push(' ');
            }
            shown.push_str(word);
        }
        if let Some((at, _)) = shown.char_indices().nth(LINE) {
            shown.truncate(at);
            shown.push('…');
        }
        self.text.push_str(&shown);
        self.text.push('\n');
    }

    fn element(&mut self, before: &str, element: &Element) {
        let kind = element.kind.as_str();
        let name = &element.qualified_name;
        self.line(
            &element.path,
            &format!("{before}{kind} {name}: {}", element.signature),
        );
        if let Some(first) = element.doc.as_deref().and_then(|doc| doc.lines().next()) {
            self.line(&element.path, &format!("({first})"));
        }
    }

    fn item(self) -> NamedItem {
        NamedItem {
            hash: self.hasher.finalize().to_hex().to_string(),
            text: self.text,
        }
    }
}
