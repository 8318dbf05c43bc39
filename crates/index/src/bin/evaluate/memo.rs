//! A question is asked in many ways and embedded once.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use mira_vectors::{Embedder, ModelId, Result, Role};
use tokio::sync::Mutex;

pub struct Memo {
    inner: Arc<dyn Embedder>,
    seen: Mutex<HashMap<Vec<String>, Vec<Vec<f32>>>>,
}

impl Memo {
    pub fn new(inner: Arc<dyn Embedder>) -> Self {
        Self {
            inner,
            seen: Mutex::default(),
        }
    }
}

#[async_trait]
impl Embedder for Memo {
    fn model(&self) -> &ModelId {
        self.inner.model()
    }

    fn dimensions(&self) -> usize {
        self.inner.dimensions()
    }

    fn reads_bytes(&self) -> usize {
        self.inner.reads_bytes()
    }

    fn pieces_at_once(&self) -> usize {
        self.inner.pieces_at_once()
    }

    async fn embed(&self, texts: &[String], role: Role) -> Result<Vec<Vec<f32>>> {
        if role == Role::Document {
            return self.inner.embed(texts, role).await;
        }
        let mut seen = self.seen.lock().await;
        if let Some(vectors) = seen.get(texts) {
            return Ok(vectors.clone());
        }
        let vectors = self.inner.embed(texts, role).await?;
        seen.insert(texts.to_vec(), vectors.clone());
        Ok(vectors)
    }
}
