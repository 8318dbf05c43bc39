//! Makes the local model of embeddings from the published weights: smaller (8-bit numbers of which
//! 7 bits are used, so that processors without VNNI do not overflow) and in one file that the
//! program's runtime reads, with pooling and scaling inside.

mod bert;
mod onnx;
mod safetensors;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;

/// Which numbers come out; a change here makes old vectors unfit for comparison.
pub const MODEL_ID: &str = "all-minilm-l6-v2-q7";
/// The files of the model's folder.
pub const FILES: [&str; 3] = ["model.onnx", "vocab.txt", "NOTICE"];

const NOTICE: &str = "\
all-MiniLM-L6-v2, a model of sentence embeddings by the sentence-transformers project,
licensed under the Apache License 2.0 (https://www.apache.org/licenses/LICENSE-2.0).
Changed: weights rounded to 8-bit integers, pooling and scaling made part of the graph.
";

/// Reads `config.json`, `model.safetensors` and `vocab.txt` in `from`; writes the model's
/// folder `into`, its manifest last, so that a folder with a manifest is whole.
///
/// # Errors
/// Where a file is missing or is not such a model.
pub fn make(from: &Path, into: &Path) -> Result<()> {
    let config = fs::read_to_string(from.join("config.json")).context("reading config.json")?;
    let config: bert::Config = bert::Config::read(&config)?;
    let weights = fs::read(from.join("model.safetensors")).context("reading the weights")?;
    let weights = safetensors::Weights::read(&weights)?;
    let graph = bert::graph(&config, &weights)?;
    let words = fs::read_to_string(from.join("vocab.txt")).context("reading vocab.txt")?;
    ensure!(
        words.lines().any(|word| word == "[CLS]"),
        "vocab.txt is not a list of word pieces"
    );

    fs::create_dir_all(into).with_context(|| format!("making {}", into.display()))?;
    let contents: [&[u8]; 3] = [&graph, words.as_bytes(), NOTICE.as_bytes()];
    let mut listed = serde_json::Map::new();
    for (name, bytes) in FILES.into_iter().zip(contents) {
        put(into, name, bytes)?;
        listed.insert(name.to_owned(), json!({ "bytes": bytes.len() }));
    }
    let manifest = json!({
        "id": MODEL_ID,
        "dimensions": config.hidden,
        "reads_tokens": 256.min(config.positions),
        "files": listed,
    });
    put(into, "manifest.json", format!("{manifest:#}\n").as_bytes())
}

/// Whole or not at all.
fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let unfinished = folder.join(format!("{name}.part"));
    fs::write(&unfinished, bytes).with_context(|| format!("writing {}", unfinished.display()))?;
    fs::rename(&unfinished, folder.join(name)).with_context(|| format!("naming {name}"))
}
