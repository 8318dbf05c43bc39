//! The port to models of embeddings.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::Result;

/// Turns texts into vectors. Cheap to share; calls may run beside each other.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// Which model, in which numerical variant: what may be compared with what.
    fn model(&self) -> &ModelId;

    /// Numbers in each vector.
    fn dimensions(&self) -> usize;

    /// Bytes of a text beyond which the model hardly reads on, so that callers cut where it makes
    /// sense to them. A longer text is no error: its vector stands for its beginning.
    fn reads_bytes(&self) -> usize;

    /// Pieces of code that are best given at once: what is lost where it is ended midway, and what
    /// one request holds.
    fn pieces_at_once(&self) -> usize {
        32
    }

    /// One vector of length 1 for each text, in order.
    ///
    /// # Errors
    /// Where the model cannot be run or asked. All or none: no part of a batch is lost silently.
    async fn embed(&self, texts: &[String], role: Role) -> Result<Vec<Vec<f32>>>;
}

/// What a text is for. Some models read a question otherwise than what is to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Document,
    Query,
}

/// Name and variant of a model. Vectors are compared only where this is the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelId(String);

impl ModelId {
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
