//! The local model, where it is there, and what is said where it is not.

use std::fs;
use std::time::{Duration, Instant};

use mira_vectors::{Embedder, Error, LocalEmbedder, Places, Role};

/// The model that set-up made. Set-up may not have reached the package; then only what needs no
/// model is tested, unless MIRA_EMBEDDING_MODEL_DIR says that there must be one.
fn model() -> Option<LocalEmbedder> {
    match LocalEmbedder::find(&Places::of_this_process(None)) {
        Ok(model) => Some(model),
        Err(error) if std::env::var_os("MIRA_EMBEDDING_MODEL_DIR").is_some() => panic!("{error}"),
        Err(error) => {
            eprintln!("not tested: {error}");
            None
        }
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[tokio::test]
async fn near_in_meaning_is_near_in_numbers() {
    let Some(model) = model() else { return };
    let texts = [
        "How do I read a file line by line?",
        "Iterating over the lines of a text file",
        "The weather will be sunny tomorrow.",
    ];
    let vectors = model.embed(&texts.map(str::to_owned), Role::Document).await;
    let vectors = vectors.expect("vectors");
    for vector in &vectors {
        assert_eq!(vector.len(), model.dimensions());
        assert!((cosine(vector, vector) - 1.0).abs() < 1e-4);
    }
    let near = cosine(&vectors[0], &vectors[1]);
    let far = cosine(&vectors[0], &vectors[2]);
    assert!(near > 0.5 && far < 0.3, "near {near}, far {far}");
}

#[tokio::test]
async fn it_leaves_the_memory_when_idle_and_comes_back_the_same() {
    let Some(model) = model() else { return };
    let model = model.resting_after(Duration::from_millis(20));
    assert!(!model.is_in_memory(), "opening reads nothing");
    let text = ["lines of a file".to_owned()];
    let first = model.embed(&text, Role::Query).await.expect("a vector");
    let end = Instant::now() + Duration::from_secs(20);
    while model.is_in_memory() && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!model.is_in_memory());
    let again = model.clone().embed(&text, Role::Query).await;
    assert_eq!(again.expect("a vector"), first);
}

/// The figures that the authors of the model show with it.
#[tokio::test]
async fn rounding_the_weights_changed_little() {
    let Some(model) = model() else { return };
    let texts = [
        "That is a happy person",
        "That is a happy dog",
        "That is a very happy person",
        "Today is a sunny day",
    ];
    let vectors = model.embed(&texts.map(str::to_owned), Role::Document).await;
    let vectors = vectors.expect("vectors");
    for (vector, published) in vectors[1..].iter().zip([0.695, 0.943, 0.257]) {
        let found = cosine(&vectors[0], vector);
        assert!((found - published).abs() < 0.04, "{found}, not {published}");
    }
}

#[tokio::test]
async fn a_text_has_the_same_vector_in_any_company() {
    let Some(model) = model() else { return };
    let texts: Vec<String> = (0..12)
        .map(|n| format!("number {n} {}", "fn read(path) ".repeat(n * n)))
        .collect();
    let together = model.embed(&texts, Role::Document).await.expect("vectors");
    for place in [0, 5, 11] {
        let alone = model.embed(&texts[place..=place], Role::Query).await;
        assert_eq!(alone.expect("a vector")[0], together[place], "text {place}");
    }
}

#[tokio::test]
async fn empty_and_odd_texts_have_vectors() {
    let Some(model) = model() else { return };
    let texts = ["", "\0\0", "中文 🎉 \u{301}", &"x".repeat(100_000)].map(str::to_owned);
    let vectors = model.embed(&texts, Role::Document).await.expect("vectors");
    assert!(vectors.iter().flatten().all(|number| number.is_finite()));
    assert!(
        model
            .embed(&[], Role::Query)
            .await
            .expect("nothing")
            .is_empty()
    );
}

#[test]
fn without_files_it_is_said_what_to_do() {
    let empty = tempfile::tempdir().expect("a folder");
    let places = Places {
        data: Some(empty.path().to_owned()),
        ..Places::default()
    };
    let error = LocalEmbedder::find(&places).err().expect("no model");
    assert!(matches!(error, Error::NoModel { .. }));
    assert!(error.hint().contains("npm run setup"), "{}", error.hint());
}

#[test]
fn a_cut_off_model_is_not_taken() {
    let data = tempfile::tempdir().expect("a folder");
    let folder = data.path().join("models/minilm");
    fs::create_dir_all(&folder).expect("a folder");
    let manifest = r#"{"id":"m","dimensions":4,"reads_tokens":8,
        "files":{"model.onnx":{"bytes":10},"vocab.txt":{"bytes":3}}}"#;
    fs::write(folder.join("manifest.json"), manifest).expect("written");
    fs::write(folder.join("vocab.txt"), "abc").expect("written");
    fs::write(folder.join("model.onnx"), "short").expect("written");
    let places = Places {
        data: Some(data.path().to_owned()),
        ..Places::default()
    };
    let error = LocalEmbedder::find(&places).err().expect("no model");
    assert!(
        error
            .to_string()
            .contains("model.onnx is missing or cut off"),
        "{error}"
    );
    fs::write(folder.join("model.onnx"), "ten bytes!").expect("written");
    assert!(LocalEmbedder::find(&places).is_ok());
}

#[tokio::test]
async fn a_model_that_is_no_model_fails_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = r#"{"id":"m","dimensions":4,"reads_tokens":8,
        "files":{"model.onnx":{"bytes":3},"vocab.txt":{"bytes":15}}}"#;
    fs::write(folder.path().join("manifest.json"), manifest).expect("written");
    fs::write(
        folder.path().join("vocab.txt"),
        "[CLS]\n[SEP]\n[UNK]".get(..15).unwrap(),
    )
    .expect("written");
    fs::write(folder.path().join("model.onnx"), "abc").expect("written");
    let model = LocalEmbedder::open(folder.path()).expect("looked at only");
    let error = model.embed(&["a".to_owned()], Role::Query).await;
    assert!(matches!(error, Err(Error::NoModel { .. })), "{error:?}");
}
