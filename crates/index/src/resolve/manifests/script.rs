//! JavaScript and TypeScript: `package.json`, `tsconfig.json`.

use serde_json::Value;

use super::{One, join};

impl One<'_> {
    pub(super) fn npm(&mut self) {
        let Ok(manifest) = serde_json::from_str::<Value>(self.text) else {
            return;
        };
        if let Some(name) = manifest.get("name").and_then(Value::as_str) {
            self.package("npm", name);
        }
        for (section, scope) in [
            ("dependencies", "normal"),
            ("devDependencies", "dev"),
            ("peerDependencies", "peer"),
            ("optionalDependencies", "optional"),
        ] {
            let entries = manifest.get(section).and_then(Value::as_object);
            for (name, requirement) in entries.into_iter().flatten() {
                self.declare("npm", name, requirement.as_str(), scope);
            }
        }
    }

    pub(super) fn tsconfig(&mut self) {
        // Comments are usual there; what is none of JSON is passed over line by line.
        let plain: String = self
            .text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        let Ok(config) = serde_json::from_str::<Value>(&plain) else {
            return;
        };
        let options = config.get("compilerOptions");
        let base = options
            .and_then(|options| options.get("baseUrl"))
            .and_then(Value::as_str);
        let place = |target: &str| join(self.folder, &join(base.unwrap_or(""), target));
        let paths = options
            .and_then(|options| options.get("paths"))
            .and_then(Value::as_object);
        let mut aliases = Vec::new();
        for (pattern, targets) in paths.into_iter().flatten() {
            for target in targets
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
            {
                aliases.push((self.folder.to_owned(), pattern.clone(), place(target)));
            }
        }
        if base.is_some() {
            aliases.push((self.folder.to_owned(), "*".into(), place("*")));
        }
        self.all.aliases.extend(aliases);
    }
}
