//! Which language a file is in, and its rules: one file a language.

mod bash;
mod c;
mod csharp;
mod data;
mod go;
mod java;
mod kotlin;
mod pages;
mod php;
mod python;
mod ruby;
mod rust;
mod scala;
mod script;
mod sql;
mod swift;

use std::sync::OnceLock;

use crate::plan::Plan;

/// A language that Mira reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language {
    /// `TypeScript`.
    pub name: &'static str,
    /// In lower case, without the dot.
    pub extensions: &'static [&'static str],
    /// Names of files that have no such extension.
    pub files: &'static [&'static str],
}

pub(crate) struct Entry {
    pub language: Language,
    pub plan: fn() -> &'static Plan,
}

macro_rules! tree {
    ($rules:expr) => {{
        fn plan() -> &'static Plan {
            static PLAN: OnceLock<Plan> = OnceLock::new();
            Plan::of(&$rules, &PLAN)
        }
        plan
    }};
}

const fn entry(
    name: &'static str,
    extensions: &'static [&'static str],
    files: &'static [&'static str],
    plan: fn() -> &'static Plan,
) -> Entry {
    Entry {
        language: Language {
            name,
            extensions,
            files,
        },
        plan,
    }
}

pub(crate) static ALL: &[Entry] = &[
    entry("Rust", &["rs"], &[], tree!(rust::RUST)),
    entry(
        "TypeScript",
        &["ts", "mts", "cts"],
        &[],
        tree!(script::TYPESCRIPT),
    ),
    entry("TSX", &["tsx"], &[], tree!(script::TSX)),
    entry(
        "JavaScript",
        &["js", "mjs", "cjs", "jsx"],
        &[],
        tree!(script::JAVASCRIPT),
    ),
    entry("Python", &["py", "pyi", "pyw"], &[], tree!(python::PYTHON)),
    entry("Go", &["go"], &[], tree!(go::GO)),
    entry("Java", &["java"], &[], tree!(java::JAVA)),
    entry("C", &["c"], &[], tree!(c::C)),
    entry(
        "C++",
        &["cpp", "cc", "cxx", "h", "hh", "hpp", "hxx", "ipp", "inl"],
        &[],
        tree!(c::CPP),
    ),
    entry("C#", &["cs"], &[], tree!(csharp::CSHARP)),
    entry(
        "Ruby",
        &["rb", "rake", "gemspec"],
        &["Rakefile", "Gemfile"],
        tree!(ruby::RUBY),
    ),
    entry("PHP", &["php"], &[], tree!(php::PHP)),
    entry("Kotlin", &["kt", "kts"], &[], tree!(kotlin::KOTLIN)),
    entry("Swift", &["swift"], &[], tree!(swift::SWIFT)),
    entry("Scala", &["scala", "sc"], &[], tree!(scala::SCALA)),
    entry("Bash", &["sh", "bash", "zsh"], &[], tree!(bash::BASH)),
    entry("SQL", &["sql"], &[], tree!(sql::SQL)),
    entry("HTML", &["html", "htm"], &[], tree!(pages::HTML)),
    entry("CSS", &["css"], &[], tree!(pages::CSS)),
    entry("Markdown", &["md", "markdown"], &[], tree!(pages::MARKDOWN)),
    entry("JSON", &["json", "jsonc"], &[], tree!(data::JSON)),
    entry("YAML", &["yaml", "yml"], &[], tree!(data::YAML)),
    entry(
        "TOML",
        &["toml"],
        &["Cargo.lock", "poetry.lock"],
        tree!(data::TOML),
    ),
];

/// All languages, in a fixed order.
pub fn languages() -> impl Iterator<Item = &'static Language> {
    ALL.iter().map(|entry| &entry.language)
}

pub(crate) fn of(path: &str) -> Option<&'static Entry> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    if let Some(entry) = ALL
        .iter()
        .find(|entry| entry.language.files.contains(&name))
    {
        return Some(entry);
    }
    let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
    let extension = extension.as_str();
    ALL.iter()
        .find(|entry| entry.language.extensions.contains(&extension))
}
