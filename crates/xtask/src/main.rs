//! Chores of the repository: `cargo run -p mira-xtask -- types` prints the protocol as TypeScript.

use std::path::Path;

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match std::env::args().nth(1).as_deref() {
        Some("types") => mira_xtask::write_types(&root.join("ui/src/protocol/generated"))
            .context("writing the TypeScript types"),
        _ => bail!("usage: xtask types"),
    }
}
