//! What manifests say: which folders are packages, under which names, and what they depend on.

mod locks;
mod others;
mod python;
mod script;

use std::collections::BTreeMap;

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
}

pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
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
