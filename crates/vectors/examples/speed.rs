//! How fast the local model is on this machine: `cargo run --release -p mira-vectors --example speed FILES…`.

use std::time::Instant;

use mira_vectors::{Embedder, LocalEmbedder, Places, Role};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = LocalEmbedder::find(&Places::of_this_process(None))?;
    let mut texts = Vec::new();
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(path)?;
        let lines: Vec<&str> = text.lines().collect();
        texts.extend(lines.chunks(25).map(|lines| lines.join("\n")));
    }
    model.embed(&["warm".to_owned()], Role::Query).await?;
    let start = Instant::now();
    for batch in texts.chunks(64) {
        model.embed(batch, Role::Document).await?;
    }
    let took = start.elapsed().as_secs_f64();
    println!(
        "{} texts in {took:.2} s: {:.1} a second",
        texts.len(),
        texts.len() as f64 / took
    );
    let start = Instant::now();
    for _ in 0..20 {
        model
            .embed(
                &["where is the retry logic for failed requests".to_owned()],
                Role::Query,
            )
            .await?;
    }
    println!("a question: {:.1} ms", start.elapsed().as_secs_f64() * 50.0);
    Ok(())
}
