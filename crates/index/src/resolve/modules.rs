//! Where imports lead: to files of the project, or to packages from outside.

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

    /// Only whether a Rust path leaves the project.
    fn rust_package(&self, file: &SymbolFile, module: &str) -> Target {
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

    fn script(&self, file: &SymbolFile, module: &str) -> Target {
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

    fn script_file(&self, path: &str) -> Option<i64> {
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

    fn python(&self, file: &SymbolFile, module: &str) -> Target {
        let dots = module.len() - module.trim_start_matches('.').len();
        let path = module[dots..].replace('.', "/");
        if dots > 0 {
            let mut folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            for _ in 1..dots {
                folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
            }
            let at = join(folder, &path);
            return Target::files(self.python_file(&at).into_iter().collect());
        }
        let found = self
            .python_file(&path)
            .or_else(|| self.python_ending(&path, &file.path));
        let first = module.split('.').next().unwrap_or(module);
        match found {
            Some(found) => Target::files(vec![found]),
            None if PYTHON.contains(&first) => Target::outside("python", first),
            None => Target::outside("pypi", self.python_package(first)),
        }
    }

    /// A manifest may write the module's name with another dash or case.
    fn python_package(&self, module: &str) -> String {
        let plain = |name: &str| name.to_lowercase().replace(['-', '.'], "_");
        let declared = self
            .manifests
            .declared
            .iter()
            .find(|one| one.ecosystem == "pypi" && plain(&one.name) == plain(module));
        declared.map_or_else(|| module.to_owned(), |one| one.name.clone())
    }

    fn python_file(&self, path: &str) -> Option<i64> {
        [".py", "/__init__.py", ".pyi", "/__init__.pyi"]
            .iter()
            .find_map(|end| self.file(format!("{path}{end}").trim_start_matches('/')))
    }

    fn python_ending(&self, path: &str, near: &str) -> Option<i64> {
        [".py", "/__init__.py"].iter().find_map(|end| {
            self.files_ending(&format!("{path}{end}"), near)
                .first()
                .copied()
        })
    }

    fn go(&self, module: &str) -> Target {
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
        let last = super::names::last_part(module);
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

    fn go_folder(&self, folder: &str) -> Target {
        let files = self.folders.get(folder).into_iter().flatten();
        let is_go = |id: &&i64| {
            let file = self.symbols.files.get(id);
            file.is_some_and(|file| file.path.ends_with(".go") && !file.path.ends_with("_test.go"))
        };
        Target::files(files.filter(is_go).copied().collect())
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

const PYTHON: &[&str] = &[
    "__future__",
    "abc",
    "argparse",
    "array",
    "ast",
    "asyncio",
    "base64",
    "bisect",
    "builtins",
    "calendar",
    "cmath",
    "codecs",
    "collections",
    "concurrent",
    "configparser",
    "contextlib",
    "contextvars",
    "copy",
    "csv",
    "ctypes",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "dis",
    "email",
    "enum",
    "errno",
    "fcntl",
    "fnmatch",
    "fractions",
    "functools",
    "gc",
    "getpass",
    "gettext",
    "glob",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "http",
    "importlib",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "keyword",
    "linecache",
    "locale",
    "logging",
    "lzma",
    "math",
    "mimetypes",
    "mmap",
    "multiprocessing",
    "numbers",
    "operator",
    "os",
    "pathlib",
    "pickle",
    "pkgutil",
    "platform",
    "pprint",
    "profile",
    "queue",
    "random",
    "re",
    "readline",
    "reprlib",
    "sched",
    "secrets",
    "select",
    "selectors",
    "shelve",
    "shlex",
    "shutil",
    "signal",
    "site",
    "socket",
    "sqlite3",
    "ssl",
    "stat",
    "statistics",
    "string",
    "struct",
    "subprocess",
    "symtable",
    "sys",
    "sysconfig",
    "tarfile",
    "tempfile",
    "termios",
    "textwrap",
    "threading",
    "time",
    "timeit",
    "tkinter",
    "token",
    "tokenize",
    "tomllib",
    "traceback",
    "tracemalloc",
    "tty",
    "types",
    "typing",
    "unicodedata",
    "unittest",
    "urllib",
    "uuid",
    "venv",
    "warnings",
    "wave",
    "weakref",
    "webbrowser",
    "xml",
    "zipfile",
    "zipimport",
    "zlib",
    "zoneinfo",
];
