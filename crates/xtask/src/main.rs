//! Chores of the repository: `cargo run -p mira-xtask -- types` prints the protocol as TypeScript,
//! `… -- model FROM INTO` makes the local model of embeddings from its published files.

use std::path::Path;

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match std::env::args().nth(1).as_deref() {
        Some("types") => mira_xtask::write_types(&root.join("ui/src/protocol/generated"))
            .context("writing the TypeScript types"),
        Some("model") => {
            let mut folders = std::env::args().skip(2);
            let (Some(from), Some(into), None) = (folders.next(), folders.next(), folders.next())
            else {
                bail!("usage: xtask model FROM INTO");
            };
            mira_xtask::model::make(Path::new(&from), Path::new(&into))
                .with_context(|| format!("making the model of {from}"))
        }
        _ => bail!("usage: xtask types | xtask model FROM INTO"),
    }
}
