//! Go, PHP, Ruby and the JVM.

use serde_json::Value;

use super::One;

impl One<'_> {
    pub(super) fn go(&mut self) {
        let mut within = false;
        for line in self.text.lines() {
            let line = line.split("//").next().unwrap_or_default().trim();
            if let Some(name) = line.strip_prefix("module ") {
                self.package("go", name.trim().trim_matches('"'));
            }
            within = match line {
                "require (" => true,
                ")" => false,
                _ => within,
            };
            let entry = line.strip_prefix("require ").or(within.then_some(line));
            let mut words = entry.unwrap_or_default().split_whitespace();
            if let (Some(name), Some(version)) = (words.next(), words.next())
                && version.starts_with('v')
            {
                self.declare("go", name, Some(version), "normal");
                if let Some(last) = self.all.declared.last_mut() {
                    last.version = Some(version.to_owned());
                }
            }
        }
    }

    pub(super) fn composer(&mut self) {
        let Ok(manifest) = serde_json::from_str::<Value>(self.text) else {
            return;
        };
        if let Some(name) = manifest.get("name").and_then(Value::as_str) {
            self.package("composer", name);
        }
        for (section, scope) in [("require", "normal"), ("require-dev", "dev")] {
            let entries = manifest.get(section).and_then(Value::as_object);
            for (name, requirement) in entries.into_iter().flatten() {
                if name.contains('/') {
                    self.declare("composer", name, requirement.as_str(), scope);
                }
            }
        }
    }

    pub(super) fn gemfile(&mut self) {
        for line in self.text.lines() {
            let Some(rest) = line.trim_start().strip_prefix("gem ") else {
                continue;
            };
            let mut parts = rest
                .split(',')
                .map(|part| part.trim().trim_matches(['"', '\'']));
            if let Some(name) = parts.next().filter(|name| !name.is_empty()) {
                let requirement = parts.next().filter(|part| {
                    part.starts_with(|c: char| c.is_ascii_digit() || "~><=".contains(c))
                });
                self.declare("gems", name, requirement, "normal");
            }
        }
    }

    pub(super) fn maven(&mut self) {
        for block in self.text.split("<dependency>").skip(1) {
            let block = block.split("</dependency>").next().unwrap_or_default();
            let tag = |name: &str| {
                let (_, rest) = block.split_once(&format!("<{name}>"))?;
                Some(rest.split_once("</")?.0.trim())
            };
            if let (Some(group), Some(artifact)) = (tag("groupId"), tag("artifactId")) {
                let scope = if tag("scope") == Some("test") {
                    "dev"
                } else {
                    "normal"
                };
                self.declare(
                    "maven",
                    &format!("{group}:{artifact}"),
                    tag("version"),
                    scope,
                );
            }
        }
    }

    pub(super) fn gradle(&mut self) {
        for line in self.text.lines() {
            let line = line.trim_start();
            let scope = if line.starts_with("test") {
                "dev"
            } else {
                "normal"
            };
            let is_dependency = [
                "implementation",
                "api",
                "compileOnly",
                "runtimeOnly",
                "testImplementation",
            ]
            .iter()
            .any(|word| line.starts_with(word));
            let quoted = line.split(['"', '\'']).nth(1).filter(|_| is_dependency);
            let mut parts = quoted.unwrap_or_default().split(':');
            if let (Some(group), Some(artifact)) = (parts.next(), parts.next()) {
                self.declare("maven", &format!("{group}:{artifact}"), parts.next(), scope);
            }
        }
    }
}
