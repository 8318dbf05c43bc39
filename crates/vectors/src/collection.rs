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
    /// A keyword that keeps points apart: nearly every question names one value of it, such as a
    /// project. At most one field of a collection is of this kind.
    Partition,
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
            .partition("project")
            .keyword("path")
            .keyword("language")
            .keyword("kind")
    }

    /// What was said: `project`, `session`, `role`, `at` (Unix seconds), `part` (0: its beginning).
    pub fn conversation(model: ModelId, dimensions: usize) -> Self {
        Self::new("mira_conversation", model, dimensions)
            .partition("project")
            .keyword("session")
            .keyword("role")
            .integer("at")
            .integer("part")
    }

    /// Commits: `project`, `commit`, `author`, `at` (Unix seconds).
    pub fn git(model: ModelId, dimensions: usize) -> Self {
        Self::new("mira_git", model, dimensions)
            .partition("project")
            .keyword("commit")
            .keyword("author")
            .integer("at")
    }

    #[must_use]
    pub fn partition(self, name: &str) -> Self {
        self.field(name, FieldKind::Partition)
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

    /// The name that stores use: `mira_code-all-minilm-l6-v2-q7-384`. Letters, digits, `_`, `-` and
    /// `.` only, where the collection's own name has no others and no `-`; two collections that
    /// differ have different ones.
    pub fn identity(&self) -> String {
        let mut model = String::new();
        for letter in self.model.as_str().chars() {
            match letter {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' => model.push(letter),
                other => model.push_str(&format!("_{:06x}", other as u32)),
            }
        }
        format!("{}-{model}-{}", self.name, self.dimensions)
    }

    /// The collection that [`Collection::identity`] named, without its fields.
    pub fn of_identity(identity: &str) -> Option<Self> {
        let (name, rest) = identity.split_once('-')?;
        let (model, dimensions) = rest.rsplit_once('-')?;
        let mut plain = String::new();
        let mut parts = model.split('_');
        plain.push_str(parts.next()?);
        for part in parts {
            let (code, rest) = part.split_at_checked(6)?;
            plain.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
            plain.push_str(rest);
        }
        let dimensions = dimensions.parse().ok()?;
        Some(Self::new(name, ModelId::new(plain), dimensions))
    }

    /// The field by which points are kept apart, where there is one.
    pub fn partition_field(&self) -> Option<&str> {
        let mut fields = self.fields.iter();
        let found = fields.find(|field| field.kind == FieldKind::Partition);
        found.map(|field| field.name.as_str())
    }

    pub fn kind_of(&self, field: &str) -> Option<FieldKind> {
        let found = self.fields.iter().find(|one| one.name == field);
        found.map(|one| one.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_tells_name_model_and_length_apart() {
        for model in [
            "all-minilm-l6-v2-q7",
            "openai/text_embedding:3 large",
            "ü_-",
        ] {
            let made = Collection::new("mira_code", ModelId::new(model), 384);
            let identity = made.identity();
            let letters = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
            assert!(identity.chars().all(letters), "{identity}");
            assert_eq!(Collection::of_identity(&identity), Some(made));
        }
        assert_eq!(Collection::of_identity("somebody's own"), None);
        assert_eq!(Collection::of_identity("mira_code-m_zz-3"), None);
    }
}
