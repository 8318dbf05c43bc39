//! No table is dead: each has a writer and a reader in this crate, and whatever this crate
//! offers is used by the engine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mira_store::Store;

/// What SQLite and its extensions keep for themselves.
fn is_internal(name: &str) -> bool {
    const SHADOWS: [&str; 5] = ["_data", "_idx", "_content", "_docsize", "_config"];
    let shadow = SHADOWS
        .iter()
        .any(|end| name.strip_suffix(end) == Some("session_search"));
    shadow || name.starts_with("sqlite_") || name == "_sqlx_migrations"
}

#[tokio::test]
async fn every_table_has_a_writer_and_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mira.db");
    Store::open(&path).await.unwrap();
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
            .fetch_all(&mut crate::open::raw(&path).await)
            .await
            .unwrap();
    let views: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'view'")
            .fetch_all(&mut crate::open::raw(&path).await)
            .await
            .unwrap();
    let sql = sources(&crate_dir().join("src")).concat();
    let words: Vec<&str> = sql
        .split(|sign: char| !(sign.is_alphanumeric() || sign == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    let follows = |before: &[&str], table: &str| {
        words
            .windows(before.len() + 1)
            .any(|window| window[..before.len()] == *before && window[before.len()] == table)
    };
    let mut checked = 0;
    for table in tables.iter().filter(|name| !is_internal(name)) {
        let written = follows(&["INSERT", "INTO"], table)
            || follows(&["UPDATE"], table)
            || views.contains(table);
        let read = follows(&["FROM"], table) || follows(&["JOIN"], table);
        assert!(written, "nothing writes {table}");
        assert!(read, "nothing reads {table}");
        checked += 1;
    }
    assert!(checked >= 14, "only {checked} tables were looked at");
}

#[test]
fn everything_offered_is_used_by_the_engine() {
    let engine = sources(&crate_dir().join("../engine/src")).concat();
    let mut unused = BTreeMap::new();
    for source in sources(&crate_dir().join("src")) {
        let product = source.split("#[cfg(test)]").next().unwrap_or_default();
        for rest in product.split("pub async fn ").skip(1) {
            let name: String = rest
                .chars()
                .take_while(|sign| sign.is_alphanumeric() || *sign == '_')
                .collect();
            let inside = format!("self.{name}(");
            if !engine.contains(&format!(".{name}("))
                && !engine.contains(&format!("Store::{name}("))
                && !product.contains(&inside)
                && name != "in_memory"
            {
                unused.insert(name, ());
            }
        }
    }
    assert!(unused.is_empty(), "nobody calls {:?}", unused.keys());
}

fn crate_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            texts.push(std::fs::read_to_string(&path).unwrap());
        }
    }
    texts
}
