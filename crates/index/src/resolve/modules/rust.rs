//! Rust: crates, and the files of their modules.

use super::Target;
use crate::resolve::ground::Ground;
use crate::resolve::manifests::join;
use crate::symbols::SymbolFile;

impl Ground<'_> {
    /// Only whether a Rust path leaves the project.
    pub(super) fn rust_package(&self, file: &SymbolFile, module: &str) -> Target {
        let first = module
            .trim_start_matches("::")
            .split("::")
            .next()
            .unwrap_or(module);
        if matches!(first, "crate" | "self" | "super" | "$crate" | "Self" | "") {
            return Target::default();
        }
        if matches!(first, "std" | "core" | "alloc" | "proc_macro" | "test") {
            return Target::outside("rust", first);
        }
        if self.crate_root(first).is_some() || self.rust_child(file, first).is_some() {
            return Target::default();
        }
        let declared = self
            .manifests
            .declared
            .iter()
            .find(|one| one.ecosystem == "crates" && one.name.replace('-', "_") == first);
        match declared {
            Some(one) => Target::outside("crates", one.name.clone()),
            // A name of this file, or a package that no manifest names.
            None if !self.top(&[file.id], first).is_empty() => Target::default(),
            None if first.starts_with(char::is_uppercase) => Target::default(),
            None => Target::outside("crates", first),
        }
    }

    /// The `src` folder of a package of the workspace, by the name that code calls it.
    pub fn crate_root(&self, name: &str) -> Option<String> {
        let package = self
            .manifests
            .packages
            .iter()
            .find(|one| one.ecosystem == "crates" && one.name.replace('-', "_") == name)?;
        let folder = join(&package.folder, "src");
        self.rust_file(&folder, &[]).map(|_| folder)
    }

    /// Where the modules of a file's crate begin, and the file's own place below it.
    pub fn rust_place<'p>(&self, path: &'p str) -> (String, Vec<&'p str>) {
        let parts: Vec<&str> = path.split('/').collect();
        let begins = parts
            .iter()
            .rposition(|part| matches!(*part, "src" | "tests" | "examples" | "benches"));
        let at = begins.unwrap_or(0);
        let mut base = at + 1;
        // `tests/it/main.rs` is the root of a program of its own.
        if begins.is_some() && parts[at] != "src" && parts.len() > at + 2 {
            base = at + 2;
        }
        if begins.is_none() {
            base = 0;
        }
        let inner = &parts[base.min(parts.len() - 1)..];
        let mut place: Vec<&str> = inner[..inner.len() - 1].to_vec();
        let stem = inner[inner.len() - 1].trim_end_matches(".rs");
        if !matches!(stem, "lib" | "main" | "mod") {
            place.push(stem);
        }
        (parts[..base.min(parts.len() - 1)].join("/"), place)
    }

    /// The file of a module: `base/a/b.rs` or `base/a/b/mod.rs`.
    pub fn rust_file(&self, base: &str, place: &[&str]) -> Option<i64> {
        if place.is_empty() {
            return ["lib.rs", "main.rs", "mod.rs"]
                .iter()
                .find_map(|name| self.file(&join(base, name)));
        }
        let stem = join(base, &place.join("/"));
        self.file(&format!("{stem}.rs"))
            .or_else(|| self.file(&format!("{stem}/mod.rs")))
    }

    /// A submodule with a file of its own.
    pub fn rust_child(&self, file: &SymbolFile, name: &str) -> Option<i64> {
        let (base, mut place) = self.rust_place(&file.path);
        place.push(name);
        self.rust_file(&base, &place)
    }
}
