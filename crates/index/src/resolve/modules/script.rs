//! JavaScript and TypeScript: paths, packages, aliases.

use super::Target;
use crate::resolve::ground::Ground;
use crate::resolve::manifests::join;
use crate::symbols::SymbolFile;

impl Ground<'_> {
    pub(super) fn script(&self, file: &SymbolFile, module: &str) -> Target {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if module.starts_with('.') {
            return Target::files(
                self.script_file(&join(folder, module))
                    .into_iter()
                    .collect(),
            );
        }
        for (_, pattern, target) in &self.manifests.aliases {
            let filled = match pattern.split_once('*') {
                Some((start, end)) => module
                    .strip_prefix(start)
                    .and_then(|rest| rest.strip_suffix(end))
                    .map(|rest| target.replace('*', rest)),
                None => (module == pattern).then(|| target.clone()),
            };
            if let Some(found) = filled.and_then(|path| self.script_file(&path)) {
                return Target::files(vec![found]);
            }
        }
        let mut parts = module.splitn(if module.starts_with('@') { 3 } else { 2 }, '/');
        let mut name = parts.next().unwrap_or_default().to_owned();
        if module.starts_with('@') {
            name = format!("{name}/{}", parts.next().unwrap_or_default());
        }
        let inner = parts.next().unwrap_or_default();
        let own = self
            .manifests
            .packages
            .iter()
            .find(|one| one.ecosystem == "npm" && one.name == name);
        if let Some(package) = own {
            let places = [join("src", inner), inner.to_owned(), join("lib", inner)];
            let file = places
                .iter()
                .find_map(|place| self.script_file(&join(&package.folder, place)));
            return Target::files(file.into_iter().collect());
        }
        match name.strip_prefix("node:") {
            Some(name) => Target::outside("node", name),
            None if NODE.contains(&name.as_str()) => Target::outside("node", name),
            None => Target::outside("npm", name),
        }
    }

    pub(super) fn script_file(&self, path: &str) -> Option<i64> {
        const ENDS: [&str; 14] = [
            "",
            ".ts",
            ".tsx",
            ".js",
            ".jsx",
            ".mjs",
            ".cjs",
            ".mts",
            ".d.ts",
            "/index.ts",
            "/index.tsx",
            "/index.js",
            "/index.jsx",
            "/index.mjs",
        ];
        let found = ENDS
            .iter()
            .find_map(|end| self.file(&format!("{path}{end}")));
        // TypeScript names the file that will be written: `./a.js` for `a.ts`.
        found.or_else(|| {
            let stem = [".js", ".mjs", ".cjs", ".jsx"]
                .iter()
                .find_map(|end| path.strip_suffix(end))?;
            [".ts", ".tsx", ".mts", ".cts"]
                .iter()
                .find_map(|end| self.file(&format!("{stem}{end}")))
        })
    }
}

const NODE: &[&str] = &[
    "assert",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "crypto",
    "dgram",
    "dns",
    "events",
    "fs",
    "http",
    "http2",
    "https",
    "module",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "querystring",
    "readline",
    "stream",
    "string_decoder",
    "timers",
    "tls",
    "tty",
    "url",
    "util",
    "v8",
    "vm",
    "worker_threads",
    "zlib",
];
