//! Python: `pyproject.toml`, `Pipfile`, `requirements.txt`.

use super::One;

impl One<'_> {
    pub(super) fn pyproject(&mut self) {
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

    pub(super) fn pipfile(&mut self) {
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

    pub(super) fn requirements(&mut self) {
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

    pub(super) fn python_requirement(&mut self, line: &str, scope: &'static str) {
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
}
