//! What the chores do, callable from their tests.

pub mod model;

use std::path::Path;

use anyhow::Result;
use mira_protocol::wire::ServerMessage;
use mira_protocol::{StoredEvent, Topic, event, table};
use ts_rs::TS;

/// Writes every protocol type, one file each, and `Requests.ts`, the map from method to params and
/// reply. The folder is made anew, so that a type that left the protocol leaves TypeScript too.
pub fn write_types(dir: &Path) -> Result<()> {
    if dir.exists() {
        std::fs::remove_dir_all(dir)?;
    }
    std::fs::create_dir_all(dir)?;
    let config = ts_rs::Config::new()
        .with_large_int("number")
        .with_out_dir(dir);
    table::export_types(&config)?;
    ServerMessage::export_all(&config)?;
    StoredEvent::export_all(&config)?;
    event::EventKind::export_all(&config)?;
    Topic::export_all(&config)?;

    let map = table::typescript_map(&config);
    let mut names: Vec<&str> = map
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| dir.join(format!("{word}.ts")).exists())
        .collect();
    names.sort_unstable();
    names.dedup();
    let imports: String = names
        .iter()
        .map(|name| format!("import type {{ {name} }} from \"./{name}\";\n"))
        .collect();
    std::fs::write(
        dir.join("Requests.ts"),
        format!("// Printed from crates/protocol/src/table.rs. Do not edit.\n{imports}\n{map}"),
    )?;
    Ok(())
}
