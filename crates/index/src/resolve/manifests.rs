//! What manifests say: which folders are packages, under which names, and what they depend on.

use std::collections::BTreeMap;

use serde_json::Value;

/// A package from outside that a manifest or lock file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declared {
    pub manifest: String,
    pub ecosystem: &'static str,
    pub name: String,
    /// What is asked for: `^1.2`; None where nothing is said.
    pub requirement: Option<String>,
    /// What the lock file chose.
    pub version: Option<String>,
    /// `normal`, `dev`, `build`, `peer` or `optional`.
    pub scope: &'static str,
    pub line: usize,
}

/// A folder of the project that is a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    pub ecosystem: &'static str,
    pub name: String,
    /// Relative to the root, without a slash at its end; empty: the root.
    pub folder: String,
}

/// Everything that manifests say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Manifests {
    pub packages: Vec<Package>,
    pub declared: Vec<Declared>,
    /// From `tsconfig.json`: where it lies, a pattern (`@app/*`), where it leads.
    pub aliases: Vec<(String, String, String)>,
}

/// Whether a file by this name can be a manifest.
pub(crate) fn is_manifest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(
        name,
        "Cargo.toml"
            | "Cargo.lock"
            | "package.json"
            | "package-lock.json"
            | "pyproject.toml"
            | "setup.cfg"
            | "Pipfile"
            | "poetry.lock"
            | "uv.lock"
            | "go.mod"
            | "composer.json"
            | "Gemfile"
            | "pom.xml"
            | "build.gradle"
            | "build.gradle.kts"
            | "jsconfig.json"
    ) || name.starts_with("tsconfig") && name.ends_with(".json")
        || name.starts_with("requirements") && name.ends_with(".txt")
}

impl Manifests {
    /// From the texts of all manifests, by path. What cannot be read says nothing.
    pub fn read(texts: &BTreeMap<String, String>) -> Self {
        let mut all = Self::default();
        for (path, text) in texts {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let mut one = One {
                all: &mut all,
                path,
                folder,
                text,
            };
            match name {
                "Cargo.toml" => one.cargo(),
                "package.json" => one.npm(),
                "pyproject.toml" => one.pyproject(),
                "Pipfile" => one.pipfile(),
                "go.mod" => one.go(),
                "composer.json" => one.composer(),
                "Gemfile" => one.gemfile(),
                "pom.xml" => one.maven(),
                "build.gradle" | "build.gradle.kts" => one.gradle(),
                _ if name.starts_with("requirements") => one.requirements(),
                _ if name.ends_with("config.json") || name.starts_with("tsconfig") => {
                    one.tsconfig()
                }
                _ => {}
            }
        }
        all.lock(texts);
        all
    }

    /// The version that lock files chose, for each name they have.
    fn lock(&mut self, texts: &BTreeMap<String, String>) {
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

pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
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

/// One manifest that is being read.
struct One<'a> {
    all: &'a mut Manifests,
    path: &'a str,
    folder: &'a str,
    text: &'a str,
}

impl One<'_> {
    fn package(&mut self, ecosystem: &'static str, name: &str) {
        self.all.packages.push(Package {
            ecosystem,
            name: name.to_owned(),
            folder: self.folder.to_owned(),
        });
    }

    fn declare(
        &mut self,
        ecosystem: &'static str,
        name: &str,
        requirement: Option<&str>,
        scope: &'static str,
    ) {
        let line = self
            .text
            .lines()
            .position(|line| line.contains(name))
            .map_or(1, |at| at + 1);
        self.all.declared.push(Declared {
            manifest: self.path.to_owned(),
            ecosystem,
            name: name.to_owned(),
            requirement: requirement
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned),
            version: None,
            scope,
            line,
        });
    }

    fn cargo(&mut self) {
        let Ok(table) = self.text.parse::<toml::Table>() else {
            return;
        };
        let text =
            |value: Option<&toml::Value>| value.and_then(toml::Value::as_str).map(str::to_owned);
        if let Some(name) = text(table.get("package").and_then(|package| package.get("name"))) {
            self.package("crates", &name);
        }
        let mut tables = vec![&table];
        let targets = table.get("target").and_then(toml::Value::as_table);
        tables.extend(
            targets
                .into_iter()
                .flatten()
                .filter_map(|(_, value)| value.as_table()),
        );
        tables.extend(table.get("workspace").and_then(toml::Value::as_table));
        for table in tables {
            for (section, scope) in [
                ("dependencies", "normal"),
                ("dev-dependencies", "dev"),
                ("build-dependencies", "build"),
            ] {
                let entries = table.get(section).and_then(toml::Value::as_table);
                for (name, value) in entries.into_iter().flatten() {
                    if value.get("path").is_some() {
                        continue;
                    }
                    let real = text(value.get("package")).unwrap_or_else(|| name.clone());
                    let requirement = text(Some(value)).or_else(|| text(value.get("version")));
                    self.declare("crates", &real, requirement.as_deref(), scope);
                }
            }
        }
    }

    fn npm(&mut self) {
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

    fn tsconfig(&mut self) {
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

    fn pyproject(&mut self) {
        let Ok(table) = self.text.parse::<toml::Table>() else {
            return;
        };
        let project = table.get("project");
        if let Some(name) = project
            .and_then(|one| one.get("name"))
            .and_then(toml::Value::as_str)
        {
            self.package("pypi", name);
        }
        let list = |value: Option<&toml::Value>| -> Vec<String> {
            let list = value.and_then(toml::Value::as_array);
            let words = list.into_iter().flatten().filter_map(toml::Value::as_str);
            words.map(str::to_owned).collect()
        };
        for line in list(project.and_then(|one| one.get("dependencies"))) {
            self.python_requirement(&line, "normal");
        }
        let groups = [
            project.and_then(|one| one.get("optional-dependencies")),
            table.get("dependency-groups"),
        ];
        for group in groups
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_table)
        {
            for lines in group.values() {
                for line in list(Some(lines)) {
                    self.python_requirement(&line, "optional");
                }
            }
        }
        let poetry = table.get("tool").and_then(|tool| tool.get("poetry"));
        let entries = poetry
            .and_then(|poetry| poetry.get("dependencies"))
            .and_then(toml::Value::as_table);
        for (name, value) in entries
            .into_iter()
            .flatten()
            .filter(|(name, _)| *name != "python")
        {
            let requirement = value
                .as_str()
                .or_else(|| value.get("version").and_then(toml::Value::as_str));
            self.declare("pypi", name, requirement, "normal");
        }
    }

    fn pipfile(&mut self) {
        let Ok(table) = self.text.parse::<toml::Table>() else {
            return;
        };
        for (section, scope) in [("packages", "normal"), ("dev-packages", "dev")] {
            let entries = table.get(section).and_then(toml::Value::as_table);
            for (name, value) in entries.into_iter().flatten() {
                self.declare("pypi", name, value.as_str(), scope);
            }
        }
    }

    fn requirements(&mut self) {
        let scope = if self.path.contains("dev") || self.path.contains("test") {
            "dev"
        } else {
            "normal"
        };
        for line in self.text.lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() && !line.starts_with('-') {
                self.python_requirement(line, scope);
            }
        }
    }

    fn python_requirement(&mut self, line: &str, scope: &'static str) {
        let end = line
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.')))
            .unwrap_or(line.len());
        let (name, rest) = line.split_at(end);
        let rest = rest.split(';').next().unwrap_or_default();
        let rest = rest.rsplit(']').next().unwrap_or(rest);
        if !name.is_empty() {
            self.declare("pypi", name, Some(rest), scope);
        }
    }

    fn go(&mut self) {
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

    fn composer(&mut self) {
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

    fn gemfile(&mut self) {
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

    fn maven(&mut self) {
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

    fn gradle(&mut self) {
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

/// `folder/path` with `.` and `..` worked out.
pub(crate) fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Manifests {
        let texts = files
            .iter()
            .map(|(path, text)| ((*path).into(), (*text).into()));
        Manifests::read(&texts.collect())
    }

    fn told(manifests: &Manifests) -> Vec<String> {
        let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        manifests
            .declared
            .iter()
            .map(|one| {
                format!(
                    "{} {} {} {} {}:{}",
                    one.ecosystem,
                    one.name,
                    word(&one.requirement),
                    word(&one.version),
                    one.scope,
                    one.line
                )
            })
            .collect()
    }

    #[test]
    fn cargo_names_what_it_asks_for_and_the_lock_what_was_chosen() {
        let manifests = read(&[
            (
                "a/Cargo.toml",
                "[package]\nname = \"a\"\n[dependencies]\nserde = \"1\"\nb = { path = \"../b\" }\n\
                 [dev-dependencies]\nt = { version = \"3\", package = \"tempfile\" }\n",
            ),
            (
                "Cargo.lock",
                "[[package]]\nname = \"serde\"\nversion = \"1.0.9\"\n",
            ),
        ]);
        assert_eq!(
            told(&manifests),
            ["crates serde 1 1.0.9 normal:4", "crates tempfile 3 - dev:7"]
        );
        let packages: Vec<_> = manifests
            .packages
            .iter()
            .map(|one| (&*one.name, &*one.folder))
            .collect();
        assert_eq!(packages, [("a", "a")]);
    }

    #[test]
    fn other_ecosystems_are_read_too() {
        let manifests = read(&[
            (
                "go.mod",
                "module example.org/m\nrequire (\n\tgithub.com/x/y v1.2.3 // indirect\n)\n",
            ),
            (
                "package.json",
                "{\"name\":\"m\",\"dependencies\":{\"left\":\"^1\"}}",
            ),
            (
                "requirements-dev.txt",
                "# tools\npytest>=7 ; python_version > '3'\n-r x.txt\n",
            ),
            (
                "tsconfig.json",
                "{\n// here\n\"compilerOptions\":{\"paths\":{\"@/*\":[\"./src/*\"]}}}",
            ),
            (
                "pom.xml",
                "<dependency><groupId>g</groupId><artifactId>a</artifactId></dependency>",
            ),
        ]);
        assert_eq!(
            told(&manifests),
            [
                "go github.com/x/y v1.2.3 v1.2.3 normal:3",
                "npm left ^1 - normal:1",
                "maven g:a - - normal:1",
                "pypi pytest >=7 - dev:2",
            ]
        );
        assert_eq!(
            manifests.aliases,
            [(String::new(), "@/*".into(), "src/*".into())]
        );
        assert_eq!(join("a/b", "../c/./d"), "a/c/d");
    }

    #[test]
    fn what_is_broken_says_nothing() {
        let texts = [
            "Cargo.toml",
            "package.json",
            "go.mod",
            "pyproject.toml",
            "pom.xml",
            "Gemfile",
        ];
        for name in texts {
            let manifests = read(&[(name, "{{ <dependency> [ \u{0} gem ,, require")]);
            assert!(manifests.declared.is_empty(), "{name}");
        }
    }
}
