//! The project's code as one value.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use mira_syntax::{Kind, ReferenceKind, Visibility};

use super::duplicates::Prints;
use crate::model::Roles;

/// A project's files, elements and uses. Places in its lists stand for the things themselves.
#[derive(Debug, Clone, Default)]
pub struct Code {
    pub files: Vec<CodeFile>,
    pub elements: Vec<CodeElement>,
    /// How many more there are that nothing uses and that name nothing: keys of data, headings.
    pub silent: usize,
    pub edges: Vec<CodeEdge>,
    /// Which file brings in which.
    pub imports: Vec<(usize, usize)>,
}

#[derive(Debug, Clone, Default)]
pub struct CodeFile {
    pub id: i64,
    pub path: String,
    pub language: Option<String>,
    pub lines: u32,
    pub roles: Roles,
    /// What is needed to find its text elsewhere.
    pub prints: Prints,
}

#[derive(Debug, Clone)]
pub struct CodeElement {
    pub id: i64,
    pub file: usize,
    pub parent: Option<usize>,
    pub kind: Kind,
    pub visibility: Visibility,
    pub name: Arc<str>,
    /// The names around it with what joins them: `Point::`.
    pub around: Arc<str>,
    /// Where its name may be that of the one there is.
    pub signature: Option<Box<str>>,
    /// Where it is read: of what has a name that says something, outside of tests.
    pub doc: Option<Box<str>>,
    /// Of fields and, outside of tests, of functions.
    pub type_text: Option<Arc<str>>,
    pub start_line: u32,
    pub end_line: u32,
    pub is_test: bool,
    /// Something from outside may call it by its decorator: a route, a fixture.
    pub is_decorated: bool,
    pub cyclomatic: u32,
    pub cognitive: u32,
}

impl CodeElement {
    pub fn lines(&self) -> u32 {
        (self.end_line + 1).saturating_sub(self.start_line)
    }

    /// Of Go's methods, which stand beside their type: its name.
    pub fn owner(&self) -> &str {
        let first = self.around.split(['.', ':']).next();
        first
            .filter(|_| !self.around.is_empty())
            .unwrap_or(&self.name)
    }
}

#[derive(Debug, Clone)]
pub struct CodeEdge {
    /// None: the top level of the file.
    pub from: Option<usize>,
    pub from_file: usize,
    pub to: usize,
    pub kind: ReferenceKind,
    pub times: u32,
    /// 0 to 1.
    pub confidence: f64,
}

/// Uses less sure than this count for nothing here.
pub(super) const SURE: f64 = 0.4;

impl Code {
    /// Written by people, and not a test.
    pub(super) fn is_product(&self, element: usize) -> bool {
        let element = &self.elements[element];
        !element.is_test && !self.files[element.file].roles.is_apart()
    }

    pub(super) fn is_test(&self, element: usize) -> bool {
        let element = &self.elements[element];
        element.is_test || self.files[element.file].roles.is_test
    }

    /// For each element the edges that lead to it from outside of it.
    pub(super) fn users(&self) -> Vec<Vec<usize>> {
        let mut users = vec![Vec::new(); self.elements.len()];
        for (index, edge) in self.edges.iter().enumerate() {
            let is_own = edge.from.is_some_and(|from| self.is_inside(from, edge.to));
            if edge.confidence >= SURE && !is_own {
                users[edge.to].push(index);
            }
        }
        users
    }

    /// The element is `around`, or stands inside it.
    pub(super) fn is_inside(&self, mut element: usize, around: usize) -> bool {
        loop {
            if element == around {
                return true;
            }
            match self.elements[element].parent {
                Some(parent) => element = parent,
                None => return false,
            }
        }
    }

    /// For each type the types that extend or implement it. An implementation stands for its
    /// type, where that is in the same file.
    pub(super) fn implementers(&self) -> HashMap<usize, Vec<usize>> {
        let mut types: HashMap<(usize, &str), usize> = HashMap::new();
        for (index, element) in self.elements.iter().enumerate() {
            if element.kind.is_type() {
                types.entry((element.file, &*element.name)).or_insert(index);
            }
        }
        let mut found: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut seen = HashSet::new();
        for edge in &self.edges {
            let (Some(from), ReferenceKind::Extends) = (edge.from, edge.kind) else {
                continue;
            };
            let element = &self.elements[from];
            let by = match element.kind {
                Kind::Implementation => types.get(&(element.file, &*element.name)).copied(),
                _ => Some(from),
            };
            let by = by.unwrap_or(from);
            let list = found.entry(edge.to).or_default();
            if edge.confidence >= SURE && by != edge.to && seen.insert((by, edge.to)) {
                list.push(by);
            }
        }
        found
    }
}
