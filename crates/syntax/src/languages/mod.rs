//! Which language a file is in, and its rules: one file a language.

mod go;
mod python;
mod rust;
mod script;

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
    pub reader: Reader,
}

pub(crate) enum Reader {
    Tree(fn() -> &'static Plan),
    Headings,
}

macro_rules! tree {
    ($rules:expr) => {{
        fn plan() -> &'static Plan {
            static PLAN: OnceLock<Plan> = OnceLock::new();
            Plan::of(&$rules, &PLAN)
        }
        Reader::Tree(plan)
    }};
}

const fn entry(
    name: &'static str,
    extensions: &'static [&'static str],
    files: &'static [&'static str],
    reader: Reader,
) -> Entry {
    Entry {
        language: Language {
            name,
            extensions,
            files,
        },
        reader,
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
    entry("Markdown", &["md", "markdown"], &[], Reader::Headings),
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
