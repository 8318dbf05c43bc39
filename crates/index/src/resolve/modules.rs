//! Where imports lead: to files of the project, or to packages from outside.

mod go;
mod python;
mod rust;
mod script;

use mira_syntax::{Import, ImportKind};

use super::ground::{Family, Ground, Thing};
use super::manifests::join;
use crate::symbols::SymbolFile;

/// Where an import leads; nothing in either: not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub things: Vec<Thing>,
    /// Ecosystem and name.
    pub package: Option<(&'static str, String)>,
}

impl Target {
    fn files(files: Vec<i64>) -> Self {
        Self {
            things: files.into_iter().map(Thing::File).collect(),
            package: None,
        }
    }

    fn outside(ecosystem: &'static str, name: impl Into<String>) -> Self {
        Self {
            things: Vec::new(),
            package: Some((ecosystem, name.into())),
        }
    }
}

impl Ground<'_> {
    /// Where the module of an import lies. (Rust paths are walked in `names`.)
    pub fn target(&self, file: &SymbolFile, import: &Import) -> Target {
        match Family::of(file.language.as_deref()) {
            Family::Rust => self.rust_package(file, &import.module),
            Family::Script => self.script(file, &import.module),
            Family::Python => self.python(file, &import.module),
            Family::Go => self.go(&import.module),
            Family::Jvm | Family::Net | Family::Php => self.by_package(file, import),
            Family::C => self.include(file, import),
            Family::Ruby | Family::Shell => self.required(file, import),
            Family::Swift | Family::Other => self.beside(file, &import.module),
        }
    }

    /// Java, Kotlin, Scala, C#, PHP: a package, or a type in one.
    fn by_package(&self, file: &SymbolFile, import: &Import) -> Target {
        let module = import.module.trim_start_matches('\\');
        if let Some(files) = self.packages.get(module) {
            return Target::files(files.clone());
        }
        let split = module.rsplit_once(['.', '\\']);
        if let Some((package, name)) = split {
            if let Some(files) = self.packages.get(package) {
                let things = self.top(files, name);
                if !things.is_empty() {
                    return Target {
                        things,
                        package: None,
                    };
                }
            }
            // A member of a type: `import static a.b.Type.name`.
            if let Some((package, outer)) = package.rsplit_once(['.', '\\'])
                && let Some(files) = self.packages.get(package)
            {
                let things = self.top(files, outer);
                if !things.is_empty() {
                    return Target {
                        things,
                        package: None,
                    };
                }
            }
        }
        let first: Vec<&str> = module.split(['.', '\\']).take(2).collect();
        match Family::of(file.language.as_deref()) {
            Family::Jvm if matches!(first[0], "java" | "javax" | "kotlin" | "scala") => {
                Target::outside("jdk", first.join("."))
            }
            Family::Jvm => {
                let declared = self.manifests.declared.iter().find(|one| {
                    let group = one.name.split(':').next().unwrap_or_default();
                    one.ecosystem == "maven" && module.starts_with(group)
                });
                let name = declared.map_or_else(
                    || module.split('.').take(3).collect::<Vec<_>>().join("."),
                    |one| one.name.clone(),
                );
                Target::outside("maven", name)
            }
            Family::Net => Target::outside("nuget", first[0]),
            _ => Target::outside("composer", first.join("\\")),
        }
    }

    fn include(&self, file: &SymbolFile, import: &Import) -> Target {
        let beside = self.beside(file, &import.module);
        if !beside.things.is_empty() {
            return beside;
        }
        match self.files_ending(&import.module, &file.path).first() {
            Some(found) => Target::files(vec![*found]),
            None if import.kind == ImportKind::System => {
                let first = import.module.split('/').next().unwrap_or_default();
                Target::outside("c", first.trim_end_matches(".h"))
            }
            None => Target::default(),
        }
    }

    fn required(&self, file: &SymbolFile, import: &Import) -> Target {
        let beside = self.beside(file, &import.module);
        if !beside.things.is_empty() || import.kind == ImportKind::File {
            return beside;
        }
        let found = self.files_ending(&format!("lib/{}.rb", import.module), &file.path);
        let found = found.first().copied().or_else(|| {
            self.files_ending(&format!("{}.rb", import.module), &file.path)
                .first()
                .copied()
        });
        match found {
            Some(found) => Target::files(vec![found]),
            None => Target::outside("gems", import.module.split('/').next().unwrap_or_default()),
        }
    }

    /// A path from the file's own folder.
    fn beside(&self, file: &SymbolFile, module: &str) -> Target {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = join(folder, module);
        let found = ["", ".rb", ".sh", ".scss", ".css"]
            .iter()
            .find_map(|end| self.file(&format!("{path}{end}")));
        Target::files(found.into_iter().collect())
    }
}
