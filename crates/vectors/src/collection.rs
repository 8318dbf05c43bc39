//! Named sets of points, and what makes two of them different.

use serde::{Deserialize, Serialize};

use crate::ModelId;

/// A set of points of one model. Two collections are the same where name, model and dimensions
/// are; the fields say what can be filtered by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// What the points stand for, such as `mira_code`.
    pub name: String,
    pub model: ModelId,
    pub dimensions: usize,
    pub fields: Vec<Field>,
}

/// A field of the payload that filters may name. Other fields are kept and given back, no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    pub name: String,
    pub kind: FieldKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// Compared as a whole.
    Keyword,
    /// Compared by size too.
    Integer,
}

impl Collection {
    pub fn new(name: impl Into<String>, model: ModelId, dimensions: usize) -> Self {
        Self {
            name: name.into(),
            model,
            dimensions,
            fields: Vec::new(),
        }
    }

    /// Pieces of source text: `project`, `path`, `language`, `kind`.
    pub fn code(model: ModelId, dimensions: usize) -> Self {
        Self::new("mira_code", model, dimensions)
            .keyword("project")
            .keyword("path")
            .keyword("language")
            .keyword("kind")
    }

    /// What was said: `project`, `session`, `role`, `at` (Unix seconds).
    pub fn conversation(model: ModelId, dimensions: usize) -> Self {
        Self::new("mira_conversation", model, dimensions)
            .keyword("project")
            .keyword("session")
            .keyword("role")
            .integer("at")
    }

    /// Commits: `project`, `commit`, `author`, `at` (Unix seconds).
    pub fn git(model: ModelId, dimensions: usize) -> Self {
        Self::new("mira_git", model, dimensions)
            .keyword("project")
            .keyword("commit")
            .keyword("author")
            .integer("at")
    }

    #[must_use]
    pub fn keyword(self, name: &str) -> Self {
        self.field(name, FieldKind::Keyword)
    }

    #[must_use]
    pub fn integer(self, name: &str) -> Self {
        self.field(name, FieldKind::Integer)
    }

    fn field(mut self, name: &str, kind: FieldKind) -> Self {
        self.fields.push(Field {
            name: name.to_owned(),
            kind,
        });
        self
    }

    /// The name that stores use: `mira_code-all-minilm-l6-v2-int8-384`. Letters, digits, `_`,
    /// `-` and `.` only; two collections that differ have different ones.
    pub fn identity(&self) -> String {
        let mut model = String::new();
        for letter in self.model.as_str().chars() {
            match letter {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' => model.push(letter),
                other => model.push_str(&format!("_{:x}", other as u32)),
            }
        }
        format!("{}-{model}-{}", self.name, self.dimensions)
    }

    pub fn kind_of(&self, field: &str) -> Option<FieldKind> {
        let found = self.fields.iter().find(|one| one.name == field);
        found.map(|one| one.kind)
    }
}
