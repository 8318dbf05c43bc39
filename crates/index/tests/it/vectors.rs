//! In which order vectors are made, that content is given to the model once, and what a move of them
//! leaves noted.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mira_index::{Coverage, Index, Meaning, Needs, carry_notes};
use mira_vectors::{Cached, Embedded, Embedder, ModelId, Role, VectorIndex};
use tokio_util::sync::CancellationToken;

use crate::{Place, whole};

/// One piece at a time; remembers what it was given.
#[derive(Clone)]
struct Heard(Arc<(ModelId, Mutex<Vec<String>>)>);

impl Heard {
    fn new() -> Self {
        Self(Arc::new((ModelId::new("heard"), Mutex::default())))
    }

    /// The names of what was given, in order.
    fn names(&self) -> Vec<String> {
        let texts = self.0.1.lock().unwrap();
        let name = |text: &String| text.split(':').next().unwrap_or_default().to_owned();
        texts.iter().map(name).collect()
    }
}

#[async_trait]
impl Embedder for Heard {
    fn model(&self) -> &ModelId {
        &self.0.0
    }
    fn dimensions(&self) -> usize {
        2
    }
    fn reads_bytes(&self) -> usize {
        1_000
    }
    fn pieces_at_once(&self) -> usize {
        1
    }
    async fn embed(&self, texts: &[String], _: Role) -> mira_vectors::Result<Vec<Vec<f32>>> {
        self.0.1.lock().unwrap().extend(texts.iter().cloned());
        Ok(texts
            .iter()
            .map(|text| vec![1.0, text.len() as f32])
            .collect())
    }
}

fn project() -> Place {
    Place::with(&[
        ("a_test.rs", "#[test]\nfn checks() {\n    busy();\n}\n"),
        (
            "lib.rs",
            "pub fn quiet() {\n    busy();\n}\n\npub fn busy() {}\n",
        ),
    ])
}

async fn meaning(place: &Place, model: &Heard, file: &str) -> (Meaning, Arc<Embedded>) {
    let folder = place.database();
    let vectors = Arc::new(Embedded::open(&folder.with_file_name(file)).await.unwrap());
    let model = Cached::open(Arc::new(model.clone()), &folder.with_file_name("cache.db")).await;
    let meaning = Meaning::new(Arc::new(model), vectors.clone(), "project");
    (meaning, vectors)
}

async fn embed(index: &Index, meaning: &Meaning) -> Coverage {
    let mut last = Coverage::default();
    let told = |coverage| last = coverage;
    index
        .embed(meaning, &CancellationToken::new(), told)
        .await
        .unwrap();
    last
}

#[tokio::test]
async fn what_is_called_often_comes_first_and_tests_last_and_nothing_twice() {
    let place = project();
    let index = place.synced().await;
    let model = Heard::new();
    let (meaning, _) = meaning(&place, &model, "vectors.db").await;
    let needs = index.needs(&meaning).await.unwrap();
    assert!(
        needs.pieces >= 3 && needs.tokens > needs.pieces,
        "{needs:?}"
    );
    let made = embed(&index, &meaning).await;
    assert_eq!((made.done, made.total), (needs.pieces, needs.pieces));
    assert_eq!(index.needs(&meaning).await.unwrap(), Needs::default());
    let names = model.names();
    let at = |name: &str| names.iter().position(|one| one == name);
    assert!(
        at("busy") < at("quiet") && at("quiet") < at("checks"),
        "{names:?}"
    );

    // A file that goes and comes back is not given to the model again.
    let text = std::fs::read_to_string(place.root().join("lib.rs")).unwrap();
    std::fs::remove_file(place.root().join("lib.rs")).unwrap();
    whole(&index).await;
    assert!(embed(&index, &meaning).await.done < made.done);
    place.put("lib.rs", &text);
    whole(&index).await;
    assert_eq!(embed(&index, &meaning).await.done, made.done);
    assert_eq!(model.names().len(), names.len());
}

#[tokio::test]
async fn notes_go_along_with_vectors_that_were_moved() {
    let place = project();
    let index = place.synced().await;
    let model = Heard::new();
    let (old, from) = meaning(&place, &model, "old.db").await;
    let made = embed(&index, &old).await;
    let (new, to) = meaning(&place, &model, "new.db").await;
    let journal = place.database().with_file_name("journal.json");
    mira_vectors::migrate(&*from, &*to, &journal, |_| ())
        .await
        .unwrap();
    carry_notes(&place.database(), &from.place(), &to.place())
        .await
        .unwrap();
    assert_eq!(index.coverage(&new).await.unwrap(), made);
    assert_eq!(index.needs(&new).await.unwrap(), Needs::default());
    assert_eq!(embed(&index, &new).await, made);
    // Nothing is noted of a file that is no index.
    let odd = place.database().with_file_name("odd.db");
    assert!(carry_notes(&odd, "a", "b").await.is_err());
}
