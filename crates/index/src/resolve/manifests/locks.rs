//! What lock files chose.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Manifests;

impl Manifests {
    /// The version that lock files chose, for each name they have.
    pub(super) fn lock(&mut self, texts: &BTreeMap<String, String>) {
        let mut chosen: BTreeMap<(&'static str, String), String> = BTreeMap::new();
        for (path, text) in texts {
            match path.rsplit('/').next().unwrap_or(path) {
                "Cargo.lock" => lock_tables(text, "crates", &mut chosen),
                "poetry.lock" | "uv.lock" => lock_tables(text, "pypi", &mut chosen),
                "package-lock.json" => lock_npm(text, &mut chosen),
                _ => {}
            }
        }
        for one in &mut self.declared {
            let key = (one.ecosystem, one.name.clone());
            if one.version.is_none() {
                one.version = chosen.get(&key).cloned();
            }
        }
    }
}

fn lock_tables(
    text: &str,
    ecosystem: &'static str,
    chosen: &mut BTreeMap<(&'static str, String), String>,
) {
    let Ok(table) = text.parse::<toml::Table>() else {
        return;
    };
    let packages = table.get("package").and_then(toml::Value::as_array);
    for package in packages.into_iter().flatten() {
        let word = |key: &str| package.get(key).and_then(toml::Value::as_str);
        if let (Some(name), Some(version)) = (word("name"), word("version")) {
            chosen.insert((ecosystem, name.to_owned()), version.to_owned());
        }
    }
}

fn lock_npm(text: &str, chosen: &mut BTreeMap<(&'static str, String), String>) {
    let Ok(lock) = serde_json::from_str::<Value>(text) else {
        return;
    };
    let packages = lock.get("packages").and_then(Value::as_object);
    for (path, package) in packages.into_iter().flatten() {
        // Only what lies at the top is what the project's own code gets.
        let Some(name) = path.strip_prefix("node_modules/") else {
            continue;
        };
        if let Some(version) = package.get("version").and_then(Value::as_str)
            && !name.contains("/node_modules/")
        {
            chosen.insert(("npm", name.to_owned()), version.to_owned());
        }
    }
}
