//! What names are resolved on: all symbols, and where files lie.

use std::collections::HashMap;

use super::manifests::Manifests;
use crate::symbols::{Symbol, SymbolFile, Symbols};

/// What a name can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Thing {
    /// A file as a module.
    File(i64),
    Element(i64),
}

/// Languages that call each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Family {
    Rust,
    Script,
    Python,
    Go,
    Jvm,
    C,
    Net,
    Ruby,
    Php,
    Swift,
    Shell,
    /// Nothing is called there, or not that it could be told.
    Other,
}

impl Family {
    pub fn of(language: Option<&str>) -> Self {
        match language.unwrap_or_default() {
            "Rust" => Self::Rust,
            "TypeScript" | "TSX" | "JavaScript" | "Vue" | "Svelte" => Self::Script,
            "Python" => Self::Python,
            "Go" => Self::Go,
            "Java" | "Kotlin" | "Scala" => Self::Jvm,
            "C" | "C++" | "Objective-C" => Self::C,
            "C#" => Self::Net,
            "Ruby" => Self::Ruby,
            "PHP" => Self::Php,
            "Swift" => Self::Swift,
            "Bash" => Self::Shell,
            _ => Self::Other,
        }
    }

    /// A name alone can mean a member of the type around it.
    pub fn has_implicit_self(self) -> bool {
        matches!(
            self,
            Self::Jvm | Self::C | Self::Net | Self::Ruby | Self::Swift
        )
    }

    /// Files of one folder see each other's names.
    pub fn shares_folder(self) -> bool {
        matches!(self, Self::Go | Self::Jvm | Self::Net)
    }

    /// A name that is in no scope can still be the only one of the program.
    pub fn has_global_names(self) -> bool {
        matches!(
            self,
            Self::C | Self::Ruby | Self::Php | Self::Shell | Self::Swift
        )
    }
}

/// Symbols, manifests, and what follows from where files lie.
pub(crate) struct Ground<'s> {
    pub symbols: &'s Symbols,
    pub manifests: &'s Manifests,
    /// Files by folder.
    pub folders: HashMap<&'s str, Vec<i64>>,
    /// Files by the last part of their path.
    pub names: HashMap<&'s str, Vec<i64>>,
    /// Files by the package or namespace that they say they are in.
    pub packages: HashMap<&'s str, Vec<i64>>,
}

impl<'s> Ground<'s> {
    pub fn new(symbols: &'s Symbols, manifests: &'s Manifests) -> Self {
        let mut ground = Self {
            symbols,
            manifests,
            folders: HashMap::new(),
            names: HashMap::new(),
            packages: HashMap::new(),
        };
        // In the order of paths, so that the same project gives the same edges.
        let mut files: Vec<&SymbolFile> = symbols.files.values().collect();
        files.sort_unstable_by(|left, right| left.path.cmp(&right.path));
        for file in files {
            let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            ground.folders.entry(folder).or_default().push(file.id);
            ground.names.entry(name).or_default().push(file.id);
            if let Some(package) = &file.package {
                ground.packages.entry(package).or_default().push(file.id);
            }
        }
        ground
    }

    pub fn file(&self, path: &str) -> Option<i64> {
        self.symbols.by_path.get(path).copied()
    }

    pub fn file_of(&self, symbol: &Symbol) -> Option<&'s SymbolFile> {
        self.symbols.files.get(&symbol.file)
    }

    pub fn element(&self, id: i64) -> Option<&'s Symbol> {
        self.symbols.elements.get(&id)
    }

    pub fn family(&self, symbol: &Symbol) -> Family {
        Family::of(
            self.file_of(symbol)
                .and_then(|file| file.language.as_deref()),
        )
    }

    /// The files whose path is, or ends with, `/suffix`; those that share most of their path with
    /// `near` first.
    pub fn files_ending(&self, suffix: &str, near: &str) -> Vec<i64> {
        let name = suffix.rsplit('/').next().unwrap_or(suffix);
        let mut found: Vec<(usize, &str, i64)> = self
            .names
            .get(name)
            .into_iter()
            .flatten()
            .filter_map(|id| self.symbols.files.get(id))
            .filter(|file| ends_with(&file.path, suffix))
            .map(|file| (shared(&file.path, near), &*file.path, file.id))
            .collect();
        found.sort_unstable_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(right.1)));
        found.into_iter().map(|(_, _, id)| id).collect()
    }

    /// Top-level elements of these files by name, in the order of the files.
    pub fn top(&self, files: &[i64], name: &str) -> Vec<Thing> {
        let Some(named) = self.symbols.by_name.get(name) else {
            return Vec::new();
        };
        let is_top = |symbol: &Symbol| symbol.parent.is_none() && symbol.owner.is_none();
        if named.len() <= 64 {
            let mut found: Vec<&Symbol> = named
                .iter()
                .filter_map(|id| self.element(*id))
                .filter(|symbol| is_top(symbol) && files.contains(&symbol.file))
                .collect();
            found.sort_by_key(|symbol| (symbol.file, symbol.start_line, symbol.id));
            return found
                .into_iter()
                .map(|symbol| Thing::Element(symbol.id))
                .collect();
        }
        files
            .iter()
            .filter_map(|file| self.symbols.files.get(file))
            .flat_map(|file| file.elements.iter())
            .filter_map(|id| self.element(*id))
            .filter(|symbol| is_top(symbol) && &*symbol.name == name)
            .map(|symbol| Thing::Element(symbol.id))
            .collect()
    }

    /// Elements directly inside another.
    pub fn children(&self, id: i64, name: &str) -> Vec<Thing> {
        let members = self.symbols.members.get(&id);
        members
            .into_iter()
            .flatten()
            .filter(|member| self.element(**member).is_some_and(|one| &*one.name == name))
            .map(|member| Thing::Element(*member))
            .collect()
    }
}

fn ends_with(path: &str, suffix: &str) -> bool {
    path.strip_suffix(suffix)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// How many folders two paths have in common at their beginning.
pub(crate) fn shared(left: &str, right: &str) -> usize {
    left.split('/')
        .zip(right.split('/'))
        .take_while(|(left, right)| left == right)
        .count()
}
