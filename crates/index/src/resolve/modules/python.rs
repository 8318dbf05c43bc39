//! Python: packages and modules.

use super::Target;
use crate::resolve::ground::Ground;
use crate::resolve::manifests::join;
use crate::symbols::SymbolFile;

impl Ground<'_> {
    pub(super) fn python(&self, file: &SymbolFile, module: &str) -> Target {
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
    pub(super) fn python_package(&self, module: &str) -> String {
        let plain = |name: &str| name.to_lowercase().replace(['-', '.'], "_");
        let declared = self
            .manifests
            .declared
            .iter()
            .find(|one| one.ecosystem == "pypi" && plain(&one.name) == plain(module));
        declared.map_or_else(|| module.to_owned(), |one| one.name.clone())
    }

    pub(super) fn python_file(&self, path: &str) -> Option<i64> {
        [".py", "/__init__.py", ".pyi", "/__init__.pyi"]
            .iter()
            .find_map(|end| self.file(format!("{path}{end}").trim_start_matches('/')))
    }

    pub(super) fn python_ending(&self, path: &str, near: &str) -> Option<i64> {
        [".py", "/__init__.py"].iter().find_map(|end| {
            self.files_ending(&format!("{path}{end}"), near)
                .first()
                .copied()
        })
    }
}

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
