//! Go: modules and their folders.

use super::Target;
use crate::resolve::ground::Ground;
use crate::resolve::manifests::join;

impl Ground<'_> {
    pub(super) fn go(&self, module: &str) -> Target {
        for package in self
            .manifests
            .packages
            .iter()
            .filter(|one| one.ecosystem == "go")
        {
            if let Some(rest) = module.strip_prefix(package.name.as_str())
                && (rest.is_empty() || rest.starts_with('/'))
            {
                return self.go_folder(&join(&package.folder, rest));
            }
        }
        let is_std = !module.split('/').next().unwrap_or(module).contains('.');
        if is_std {
            return Target::outside("go-std", module);
        }
        // Without its manifest a project is still known by the end of its path.
        let mut rest = module;
        while let Some((_, after)) = rest.split_once('/') {
            rest = after;
            if self.folders.contains_key(rest) {
                return self.go_folder(rest);
            }
        }
        // Of a package that lies in the root only the name is left: `example.org/chi/v5`.
        let last = crate::resolve::names::last_part(module);
        let is_root = |id: &i64| {
            let file = self.symbols.files.get(id);
            file.is_some_and(|file| file.package.as_deref() == Some(last))
        };
        if self
            .folders
            .get("")
            .is_some_and(|files| files.iter().any(is_root))
        {
            return self.go_folder("");
        }
        let declared = self
            .manifests
            .declared
            .iter()
            .find(|one| one.ecosystem == "go" && module.starts_with(&one.name));
        Target::outside("go", declared.map_or(module, |one| &one.name))
    }

    pub(super) fn go_folder(&self, folder: &str) -> Target {
        let files = self.folders.get(folder).into_iter().flatten();
        let is_go = |id: &&i64| {
            let file = self.symbols.files.get(id);
            file.is_some_and(|file| file.path.ends_with(".go") && !file.path.ends_with("_test.go"))
        };
        Target::files(files.filter(is_go).copied().collect())
    }
}
