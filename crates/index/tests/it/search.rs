//! One ranked search: what comes first, why, and what happens without meaning.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mira_egress::Gate;
use mira_fake_qdrant::FakeQdrant;
use mira_index::{Answer, Coverage, Index, Meaning, Query, Sense, With};
use mira_vectors::{Embedded, Embedder, Filter, ModelId, Qdrant, Role, VectorIndex};
use tokio_util::sync::CancellationToken;

use crate::{Place, sync, whole};

const WITHOUT: With<'_> = With::Words {
    why: "no model",
    hint: "npm run setup",
};

/// A model that knows a few synonyms and nothing else.
struct Synonyms(ModelId);

const MEANINGS: [&[&str]; 4] = [
    &["remove", "delete", "erase", "purge"],
    &["fetch", "download", "get"],
    &["cat", "kitten"],
    &["car", "vehicle"],
];

#[async_trait]
impl Embedder for Synonyms {
    fn model(&self) -> &ModelId {
        &self.0
    }
    fn dimensions(&self) -> usize {
        MEANINGS.len() + 1
    }
    fn reads_bytes(&self) -> usize {
        1_000
    }
    async fn embed(&self, texts: &[String], _: Role) -> mira_vectors::Result<Vec<Vec<f32>>> {
        let vector = |text: &String| {
            let text = text.to_lowercase();
            let of = |words: &&[&str]| words.iter().filter(|word| text.contains(**word)).count();
            let mut vector: Vec<f32> = MEANINGS.iter().map(|words| of(words) as f32).collect();
            vector.push(0.1);
            vector
        };
        Ok(texts.iter().map(vector).collect())
    }
}

fn with(vectors: impl VectorIndex + 'static) -> Meaning {
    Meaning::new(
        Arc::new(Synonyms(ModelId::new("synonyms"))),
        Arc::new(vectors),
        "project",
    )
}

async fn embedded(place: &Place) -> Meaning {
    let file = place.database().with_file_name("vectors.db");
    with(Embedded::open(&file).await.unwrap())
}

async fn embed(index: &Index, meaning: &Meaning) -> Coverage {
    let cancel = CancellationToken::new();
    let mut last = Coverage::default();
    index
        .embed(meaning, &cancel, |coverage| last = coverage)
        .await
        .unwrap();
    last
}

async fn ask(index: &Index, text: &str, with: With<'_>) -> Answer {
    index.search(&Query::new(text), with).await.unwrap()
}

fn names(answer: &Answer) -> Vec<&str> {
    let names = answer
        .hits
        .iter()
        .map(|hit| hit.element.as_ref().map_or("", |one| one.name.as_str()));
    names.collect()
}

fn project() -> Place {
    Place::with(&[
        (
            "src/store.rs",
            "/// Purges what is too old.\npub fn purge_rows(limit: u32) -> u32 {\n    limit\n}\n\n\
             pub fn parse_http_header(line: &str) -> usize {\n    line.len()\n}\n",
        ),
        (
            "src/main.rs",
            "fn main() {\n    parse_http_header(\"a\");\n    purge_rows(3);\n}\n",
        ),
        (
            "tests/header.rs",
            "#[test]\nfn parse_http_header_works() {\n    parse_http_header(\"a\");\n}\n",
        ),
    ])
}

#[tokio::test]
async fn a_definition_stands_before_its_uses_and_its_tests() {
    let place = project();
    let index = place.synced().await;
    for text in [
        "parse_http_header",
        "parseHttpHeader",
        "parse http header",
        "parse_htp_header",
    ] {
        let answer = ask(&index, text, WITHOUT).await;
        assert_eq!(
            names(&answer).first(),
            Some(&"parse_http_header"),
            "{text}: {answer:?}"
        );
        let first = &answer.hits[0];
        assert_eq!(
            (first.path.as_str(), first.start_line, first.end_line),
            ("src/store.rs", 6, 8)
        );
        assert!(!first.why.is_empty());
    }
}

#[tokio::test]
async fn the_very_name_comes_first_and_one_from_outside_where_it_enters() {
    let place = Place::with(&[
        ("src/lib.rs", "pub mod web;\npub mod wheel;\n"),
        (
            "src/web.rs",
            "use std::fmt;\n\npub use outside::{Answerable, Other};\n\npub struct Engine {\n    pub fuel: u32,\n}\n",
        ),
        (
            "src/wheel.rs",
            "/// The engine of an engine.\npub fn engine() -> u32 {\n    let engine = 1;\n    engine\n}\n\n\
             /// Makes a thing answerable.\npub fn answerable() -> u32 {\n    let answerable = 2;\n    answerable\n}\n",
        ),
        (
            "docs/engine.md",
            "# Engine\n\nHow the fuel of an engine is measured: by its engine.\n",
        ),
    ]);
    let index = place.synced().await;
    let answer = ask(&index, "Engine", WITHOUT).await;
    assert_eq!(answer.hits[0].path, "src/web.rs");
    let answer = ask(&index, "engine", WITHOUT).await;
    assert_eq!(answer.hits[0].path, "src/wheel.rs");
    let answer = ask(&index, "Answerable", WITHOUT).await;
    let first = &answer.hits[0];
    assert_eq!(first.path, "src/web.rs");
    assert!(first.start_line <= 3 && first.end_line >= 3);
    assert!(first.why.iter().any(|one| one.text.contains("given on")));
    let answer = ask(&index, "how is the fuel of an engine measured", WITHOUT).await;
    assert_ne!(answer.hits[0].path, "docs/engine.md");
    let answer = ask(
        &index,
        "the guide to how fuel of an engine is measured",
        WITHOUT,
    )
    .await;
    assert_eq!(answer.hits[0].path, "docs/engine.md");
}

#[tokio::test]
async fn a_sentence_is_answered_file_by_file_and_what_is_as_good_is_named_with_it() {
    let place = Place::new();
    place.put(
        "src/retry.rs",
        "/// Waits before the next try.\npub fn backoff_delay(tries: u32) -> u32 {\n    tries * 2\n}\n\n\
         /// Waits longer before the next try when the server asks for it.\n\
         pub fn backoff_server(tries: u32) -> u32 {\n    tries * 3\n}\n",
    );
    place.put(
        "src/client.rs",
        "/// Asks again, and waits before the next try.\n\
         pub fn ask_again(tries: u32) -> u32 {\n    tries + 1\n}\n",
    );
    let index = place.open().await;
    whole(&index).await;
    let answer = ask(&index, "how does it wait before the next try?", WITHOUT).await;
    let files: Vec<&str> = answer.hits.iter().map(|hit| &*hit.path).take(2).collect();
    assert_ne!(files[0], files[1], "{answer:?}");
    let retry = answer.hits.iter().find(|hit| hit.path == "src/retry.rs");
    let also: Vec<_> = retry.unwrap().also.iter().collect();
    assert_eq!(also.len(), 1, "{answer:?}");
    let of_retry = answer.hits.iter().filter(|hit| hit.path == "src/retry.rs");
    assert_eq!(of_retry.count(), 1, "named once: {answer:?}");
    assert!(also[0].element.is_some() && also[0].end_line > also[0].start_line);
    let named = ask(&index, "backoff_delay", WITHOUT).await;
    assert!(named.hits.iter().all(|hit| hit.also.is_empty()), "a name");
}

#[tokio::test]
async fn without_meaning_it_works_and_says_so() {
    let place = project();
    let index = place.synced().await;
    let answer = ask(&index, "purge", WITHOUT).await;
    assert_eq!(names(&answer).first(), Some(&"purge_rows"));
    let off = Sense::Off {
        why: "no model".into(),
        hint: "npm run setup".into(),
    };
    assert_eq!(answer.meaning, off);
    assert!(ask(&index, "erase", WITHOUT).await.hits.is_empty());
    assert!(ask(&index, "  ?! ", WITHOUT).await.hits.is_empty());
}

#[tokio::test]
async fn meaning_finds_what_words_do_not_and_leaves_with_its_text() {
    let place = project();
    let index = place.synced().await;
    let meaning = embedded(&place).await;
    let coverage = embed(&index, &meaning).await;
    assert_eq!(coverage.done, coverage.total);
    assert!(coverage.total >= 4, "{coverage:?}");
    let answer = ask(&index, "erase old entries", With::Meaning(&meaning)).await;
    assert_eq!(names(&answer).first(), Some(&"purge_rows"), "{answer:?}");
    assert_eq!(answer.meaning, Sense::Used { coverage });
    assert!(answer.hits[0].why.iter().any(|why| why.signal == "meaning"));

    place.put(
        "src/store.rs",
        "pub fn vehicle_count() -> u32 {\n    3\n}\n",
    );
    sync(&index, &["src/store.rs"]).await;
    embed(&index, &meaning).await;
    let answer = ask(&index, "car", With::Meaning(&meaning)).await;
    assert_eq!(names(&answer).first(), Some(&"vehicle_count"), "{answer:?}");
    // As many vectors as a project that is made anew has.
    let fresh_place = Place::with(&[]);
    let kept = index.coverage(&meaning).await.unwrap();
    assert_eq!(kept.done, kept.total);
    let there = meaning
        .vectors()
        .count(meaning.collection(), &Filter::all())
        .await
        .unwrap();
    let fresh = with(
        Embedded::open(&fresh_place.database().with_file_name("v.db"))
            .await
            .unwrap(),
    );
    embed(&index, &fresh).await;
    assert_eq!(
        fresh
            .vectors()
            .count(fresh.collection(), &Filter::all())
            .await
            .unwrap(),
        there
    );
}

#[tokio::test]
async fn lost_vectors_are_made_again() {
    let place = project();
    let index = place.synced().await;
    let meaning = embedded(&place).await;
    let before = embed(&index, &meaning).await;
    meaning
        .vectors()
        .remove(meaning.collection())
        .await
        .unwrap();
    assert_eq!(embed(&index, &meaning).await, before);
    let answer = ask(&index, "erase", With::Meaning(&meaning)).await;
    assert!(names(&answer).contains(&"purge_rows"), "{answer:?}");
}

#[tokio::test]
async fn a_killed_server_is_said_words_go_on_and_it_is_found_again() {
    let place = project();
    let index = place.synced().await;
    let mut server = FakeQdrant::start().unwrap();
    let meaning = with(Qdrant::new(&server.url(), None, Gate::default()).unwrap());
    embed(&index, &meaning).await;
    let text = "erase parse_http_header";
    let used = |answer: &Answer| matches!(answer.meaning, Sense::Used { .. });
    assert!(used(&ask(&index, text, With::Meaning(&meaning)).await));

    server.stop();
    let answer = ask(&index, text, With::Meaning(&meaning)).await;
    let Sense::Off { why, hint } = &answer.meaning else {
        panic!("{answer:?}");
    };
    assert!(
        why.contains("cannot be reached") && hint.contains("QDRANT_URL"),
        "{why} {hint}"
    );
    assert_eq!(names(&answer).first(), Some(&"parse_http_header"));

    server.restart().unwrap();
    let back = tokio::time::timeout(Duration::from_secs(60), async {
        while !used(&ask(&index, text, With::Meaning(&meaning)).await) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    back.await.expect("found again");
    assert_eq!(server.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn the_texts_fit_the_budget_and_filters_hold() {
    let place = project();
    let index = place.synced().await;
    let mut query = Query::new("parse_http_header purge_rows main");
    query.budget_tokens = Some(60);
    let answer = index.search(&query, WITHOUT).await.unwrap();
    assert!(!answer.hits.is_empty() && answer.tokens <= 60, "{answer:?}");
    assert!(
        answer
            .hits
            .iter()
            .all(|hit| hit.text.as_ref().is_some_and(|text| !text.is_empty()))
    );
    query.budget_tokens = Some(1);
    let answer = index.search(&query, WITHOUT).await.unwrap();
    assert!(answer.hits.is_empty() && answer.is_cut, "{answer:?}");
    query.paths = vec!["tests".into()];
    query.budget_tokens = None;
    let answer = index.search(&query, WITHOUT).await.unwrap();
    assert!(!answer.hits.is_empty() && !answer.is_cut);
    assert!(
        answer
            .hits
            .iter()
            .all(|hit| hit.path.starts_with("tests/") && hit.text.is_none())
    );
    // Who uses a hit, or is used by it, is no reason to leave what was asked for.
    query.paths = vec!["src/store.rs".into()];
    let answer = index.search(&query, WITHOUT).await.unwrap();
    assert!(!answer.hits.is_empty());
    assert!(
        answer.hits.iter().all(|hit| hit.path == "src/store.rs"),
        "{answer:?}"
    );
    query.languages = vec!["python".into()];
    assert!(index.search(&query, WITHOUT).await.unwrap().hits.is_empty());
    whole(&index).await;
}
