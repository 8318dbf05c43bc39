//! The local model of embeddings, made from weights as they are published.

use std::fs;
use std::path::Path;

use mira_vectors::{Embedder, LocalEmbedder, Role};
use tempfile::TempDir;

const HIDDEN: usize = 8;
const WORDS: [&str; 8] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "green", "blue", "##ish",
];

/// Names and shapes of one layer of eight numbers and two heads.
fn shapes() -> Vec<(String, Vec<usize>)> {
    let mut all = vec![
        (
            "embeddings.word_embeddings.weight".to_owned(),
            vec![WORDS.len(), HIDDEN],
        ),
        (
            "embeddings.position_embeddings.weight".to_owned(),
            vec![16, HIDDEN],
        ),
        (
            "embeddings.token_type_embeddings.weight".to_owned(),
            vec![2, HIDDEN],
        ),
    ];
    let layer = "encoder.layer.0";
    let mut dense = |name: &str, out: usize, into: usize| {
        all.push((format!("{layer}.{name}.weight"), vec![out, into]));
        all.push((format!("{layer}.{name}.bias"), vec![out]));
    };
    for part in ["query", "key", "value"] {
        dense(&format!("attention.self.{part}"), HIDDEN, HIDDEN);
    }
    dense("attention.output.dense", HIDDEN, HIDDEN);
    dense("intermediate.dense", 16, HIDDEN);
    dense("output.dense", HIDDEN, 16);
    let norms = [
        "embeddings.LayerNorm".to_owned(),
        format!("{layer}.attention.output.LayerNorm"),
        format!("{layer}.output.LayerNorm"),
    ];
    for norm in norms {
        all.push((format!("{norm}.weight"), vec![HIDDEN]));
        all.push((format!("{norm}.bias"), vec![HIDDEN]));
    }
    all
}

/// The published files of a tiny model, in a folder.
fn published(without: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut table = serde_json::Map::new();
    let mut numbers = Vec::new();
    let mut seed = 7_u32;
    for (name, shape) in shapes() {
        let from = numbers.len();
        for _ in 0..shape.iter().product::<usize>() {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = (seed >> 8) as f32 / 8_388_608.0 - 1.0;
            numbers.extend(value.to_le_bytes());
        }
        let entry = serde_json::json!({
            "dtype": "F32", "shape": shape, "data_offsets": [from, numbers.len()],
        });
        if name != without {
            table.insert(name, entry);
        }
    }
    let table = serde_json::Value::Object(table).to_string();
    let mut file = (table.len() as u64).to_le_bytes().to_vec();
    file.extend(table.as_bytes());
    file.extend(numbers);
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect(name);
    write("model.safetensors", &file);
    write("vocab.txt", WORDS.join("\n").as_bytes());
    let config = r#"{"model_type":"bert","hidden_act":"gelu","hidden_size":8,
        "max_position_embeddings":16,"num_hidden_layers":1,"num_attention_heads":2}"#;
    write("config.json", config.as_bytes());
    folder
}

fn made(from: &Path) -> anyhow::Result<TempDir> {
    let into = tempfile::tempdir()?;
    mira_xtask::model::make(from, &into.path().join("model"))?;
    Ok(into)
}

#[tokio::test]
async fn the_made_model_runs() {
    let made = made(published("").path()).expect("made");
    let model = LocalEmbedder::open(&made.path().join("model")).expect("a whole folder");
    assert_eq!(model.dimensions(), HIDDEN);
    let texts = ["red green", "red green", "blueish"].map(str::to_owned);
    let vectors = model.embed(&texts, Role::Document).await.expect("vectors");
    let length: f32 = vectors[0].iter().map(|value| value * value).sum();
    assert!((length - 1.0).abs() < 1e-5, "length {length}");
    assert_eq!(vectors[0], vectors[1]);
    assert_ne!(vectors[0], vectors[2]);
}

#[test]
fn a_missing_weight_is_named() {
    let name = "encoder.layer.0.attention.self.key.bias";
    let error = made(published(name).path()).expect_err("not made");
    assert!(format!("{error:#}").contains(name), "{error:#}");
}

#[test]
fn cut_off_weights_are_refused_and_nothing_looks_whole() {
    let published = published("");
    let file = published.path().join("model.safetensors");
    let bytes = fs::read(&file).expect("weights");
    fs::write(&file, &bytes[..bytes.len() - 9]).expect("cut");
    let into = tempfile::tempdir().expect("a folder");
    let error = mira_xtask::model::make(published.path(), into.path()).expect_err("not made");
    assert!(format!("{error:#}").contains("cut off"), "{error:#}");
    assert!(!into.path().join("manifest.json").exists());
}
