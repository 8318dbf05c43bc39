//! Packages from outside, or what a file or folder imports and who imports it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use mira_index::{Dependency, ImportRow, Usage};
use schemars::JsonSchema;
use serde::Deserialize;

use super::find_imports::target;
use super::shown::{self, List};
use super::{Known, from_index};
use crate::{Effect, Output, Tool, ToolCx, ToolError};

pub(crate) struct AnalyzeDependencies;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// A file or folder; default the project.
    path: Option<String>,
}

#[async_trait]
impl Tool for AnalyzeDependencies {
    const NAME: &'static str = "analyze_dependencies";
    const DESCRIPTION: &'static str = "Packages with versions and how many files use them; or imports and importers of a file or folder.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reads)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let known = cx.known().await?;
        match cx.indexed_path(input.path).await? {
            Some(path) => match known.index.file(&path).await.map_err(from_index)? {
                None => of_folder(&known, &path, cx).await,
                Some(_) => of_file(&known, &path, cx).await,
            },
            None => of_project(&known, cx).await,
        }
    }
}

async fn of_file(known: &Known, path: &str, cx: &ToolCx) -> Result<Output, ToolError> {
    let note = known.file(path).await?;
    let imports = known.index.imports_of(path).await.map_err(from_index)?;
    let by = known.index.imported_by(path).await.map_err(from_index)?;
    let mut list = List::new(cx.output_cap_bytes);
    list.push(&format!("{path} imports ({}):", imports.len()));
    for import in &imports {
        list.push(&format!("  {} {}", import.line, target(import)));
    }
    list.push(&format!("Imported by ({}):", by.len()));
    for import in &by {
        list.push(&format!(
            "  {}:{} {}",
            import.path,
            import.line,
            target(import)
        ));
    }
    if by.is_empty() {
        list.push("  no file is known to; find_callers shows uses without an import");
    }
    let mut notes: Vec<String> = note.into_iter().collect();
    notes.extend(known.notes().await?);
    let summary = format!("imports {}, imported by {}", imports.len(), by.len());
    Ok(list.output(summary, &notes, "find_imports with a name shows the rest."))
}

async fn of_folder(known: &Known, path: &str, cx: &ToolCx) -> Result<Output, ToolError> {
    let across = known.index.imports_across(path).await;
    let (out, into) = across.map_err(from_index)?;
    if out.is_empty() && into.is_empty() {
        let files = known.index.files().await.map_err(from_index)?;
        let below = format!("{path}/");
        if !files.iter().any(|file| file.path.starts_with(&below)) {
            // Neither a file nor a folder: said as of a file.
            known.file(path).await?;
        }
    }
    let (out, into) = (
        by_other(&out, led_to),
        by_other(&into, |one| one.path.clone()),
    );
    let mut list = List::new(cx.output_cap_bytes);
    list.push(&format!(
        "Files in {path} import from outside of it ({}):",
        out.len()
    ));
    for (target, files) in &out {
        list.push(&format!(
            "  {target}, {}",
            shown::count(*files, "file", "files")
        ));
    }
    list.push(&format!("Imported from outside of it by ({}):", into.len()));
    for (importer, _) in &into {
        list.push(&format!("  {importer}"));
    }
    if into.is_empty() {
        list.push("  no file is known to; find_callers shows uses without an import");
    }
    let notes = known.notes().await?;
    let summary = format!("imports {}, imported by {}", out.len(), into.len());
    Ok(list.output(summary, &notes, "Ask for one of its files or folders."))
}

/// Where an import leads: a file, a package, or what was written.
fn led_to(import: &ImportRow) -> String {
    match (&import.target, &import.package) {
        (Some(target), _) => target.clone(),
        (None, Some((ecosystem, package))) => format!("package {package} ({ecosystem})"),
        (None, None) => format!("{} (not resolved)", import.module),
    }
}

/// Imports by one of their ends, with how many files they stand in; those of most files first.
fn by_other(imports: &[ImportRow], other: impl Fn(&ImportRow) -> String) -> Vec<(String, usize)> {
    let mut files: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for import in imports {
        files.entry(other(import)).or_default().insert(&import.path);
    }
    let count = |(other, files): (String, BTreeSet<&str>)| (other, files.len());
    let mut counted: Vec<(String, usize)> = files.into_iter().map(count).collect();
    counted.sort_by_key(|(_, files)| Reverse(*files));
    counted
}

async fn of_project(known: &Known, cx: &ToolCx) -> Result<Output, ToolError> {
    let mut packages = known.index.dependencies().await.map_err(from_index)?;
    if packages.is_empty() {
        let next = "Nothing is declared in a manifest, and no import leads outside. \
                    get_codebase_overview shows what there is.";
        return known.nothing("No package is known".into(), next).await;
    }
    packages.sort_by_key(|package| Reverse(package.files));
    let mut list = List::new(cx.output_cap_bytes);
    let parts = [
        (Usage::Used, "Declared and used"),
        (Usage::Undeclared, "Used, and no manifest names it"),
        (Usage::Unused, "Declared, and no import of it is known"),
        (Usage::Standard, "Comes with the language"),
    ];
    for (usage, title) in parts {
        let some: Vec<&Dependency> = packages.iter().filter(|one| one.status == usage).collect();
        if !some.is_empty() {
            list.push(&format!("{title} ({}):", some.len()));
        }
        for package in some {
            list.push(&line(package));
        }
    }
    let notes = known.notes().await?;
    let summary = shown::count(packages.len(), "package", "packages");
    Ok(list.output(
        summary,
        &notes,
        "find_imports with a name shows who uses it.",
    ))
}

/// `  serde 1.0.219 (crates), 12 files; Cargo.toml:14 normal`.
fn line(package: &Dependency) -> String {
    let version = package.declared.iter().find_map(|one| {
        let version = one.version.as_deref().or(one.requirement.as_deref());
        version.map(|version| format!(" {version}"))
    });
    let declared: Vec<String> = package
        .declared
        .iter()
        .take(3)
        .map(|one| format!("{}:{} {}", one.manifest, one.line, one.scope))
        .collect();
    let declared = match declared.is_empty() {
        true => String::new(),
        false => format!("; {}", declared.join(", ")),
    };
    format!(
        "  {}{} ({}), {}{declared}",
        package.name,
        version.unwrap_or_default(),
        package.ecosystem,
        shown::count(
            usize::try_from(package.files).unwrap_or(usize::MAX),
            "file",
            "files"
        ),
    )
}
