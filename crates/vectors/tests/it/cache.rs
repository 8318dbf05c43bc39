//! Texts that were seen before are not embedded again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use mira_vectors::{Cached, Embedder, Error, ModelId, Result, Role};

/// Counts what it is asked for.
struct Counting {
    model: ModelId,
    asked: AtomicUsize,
}

#[async_trait]
impl Embedder for Counting {
    fn model(&self) -> &ModelId {
        &self.model
    }
    fn dimensions(&self) -> usize {
        2
    }
    fn reads_bytes(&self) -> usize {
        100
    }
    async fn embed(&self, texts: &[String], _: Role) -> Result<Vec<Vec<f32>>> {
        self.asked.fetch_add(texts.len(), Ordering::Relaxed);
        if texts.iter().any(|text| text == "bad") {
            let why = "it does not like it".to_owned();
            return Err(Error::Model {
                model: "counting".into(),
                why,
            });
        }
        Ok(texts
            .iter()
            .map(|text| vec![text.len() as f32, 1.0])
            .collect())
    }
}

fn counting(model: &str) -> Arc<Counting> {
    Arc::new(Counting {
        model: ModelId::new(model),
        asked: AtomicUsize::new(0),
    })
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn a_text_is_embedded_once_also_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("embeddings.db");
    let model = counting("one");
    let first = Cached::open(model.clone(), &file).await;
    first
        .embed(&texts(&["a", "bb"]), Role::Document)
        .await
        .expect("vectors");
    let again = Cached::open(model.clone(), &file).await;
    let vectors = again
        .embed(&texts(&["bb", "ccc", "a"]), Role::Document)
        .await;
    assert_eq!(
        vectors.expect("vectors"),
        [[2.0, 1.0], [3.0, 1.0], [1.0, 1.0]]
    );
    assert_eq!(model.asked.load(Ordering::Relaxed), 3);

    let other = counting("two");
    let of_other = Cached::open(other.clone(), &file).await;
    of_other
        .embed(&texts(&["a"]), Role::Document)
        .await
        .expect("a vector");
    assert_eq!(other.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn what_failed_is_asked_again_and_no_file_is_no_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = counting("one");
    let cached = Cached::open(model.clone(), &folder.path().join("embeddings.db")).await;
    assert!(
        cached
            .embed(&texts(&["bad"]), Role::Document)
            .await
            .is_err()
    );
    assert!(
        cached
            .embed(&texts(&["bad"]), Role::Document)
            .await
            .is_err()
    );
    assert_eq!(model.asked.load(Ordering::Relaxed), 2);
    // A folder is no file.
    let without = Cached::open(model, folder.path()).await;
    without
        .embed(&texts(&["a"]), Role::Document)
        .await
        .expect("a vector");
}

#[tokio::test]
async fn what_was_not_used_for_longest_leaves_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = counting("one");
    let file = folder.path().join("embeddings.db");
    // Room for two vectors of eight bytes.
    let cached = Cached::open_with(model.clone(), &file, 16).await;
    for text in ["a", "b", "c"] {
        cached
            .embed(&texts(&[text]), Role::Document)
            .await
            .expect("a vector");
    }
    cached
        .embed(&texts(&["b", "c"]), Role::Document)
        .await
        .expect("vectors");
    assert_eq!(model.asked.load(Ordering::Relaxed), 3);
    cached
        .embed(&texts(&["a"]), Role::Document)
        .await
        .expect("a vector");
    assert_eq!(model.asked.load(Ordering::Relaxed), 4);
}
