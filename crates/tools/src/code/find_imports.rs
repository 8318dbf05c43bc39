//! Who imports a module, a package or a name.

use async_trait::async_trait;
use mira_index::ImportRow;
use schemars::JsonSchema;
use serde::Deserialize;

use super::from_index;
use super::shown::{self, List};
use crate::{Effect, Output, Tool, ToolCx, ToolError};

const MOST: usize = 1_000;

pub(crate) struct FindImports;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// A part will do.
    name: String,
    limit: Option<usize>,
}

#[async_trait]
impl Tool for FindImports {
    const NAME: &'static str = "find_imports";
    const DESCRIPTION: &'static str =
        "Files that import a module, package or symbol, and where each import leads.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reads)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let name = input.name.trim();
        if name.is_empty() {
            return Err(ToolError::Refused(
                "`name` is empty; give a module, package or symbol. analyze_dependencies lists \
                 all packages."
                    .into(),
            ));
        }
        let known = cx.known().await?;
        let found = known.index.find_imports(name, MOST).await;
        let mut found = found.map_err(from_index)?;
        found.retain(|import| shown::is_open(&import.path));
        if found.is_empty() {
            let next = "Upper and lower case count. find_callers shows uses without an import; \
                        analyze_dependencies lists all packages.";
            return known
                .nothing(format!("Nothing imports {name:?}"), next)
                .await;
        }
        let limit = input.limit.unwrap_or(50).clamp(1, MOST);
        let mut list = List::new(cx.output_cap_bytes);
        for import in found.iter().take(limit) {
            list.push(&line(import));
        }
        list.left += found.len().saturating_sub(limit);
        let files: std::collections::BTreeSet<&str> =
            found.iter().map(|import| import.path.as_str()).collect();
        let summary = format!(
            "{} in {}",
            shown::count(found.len(), "import", "imports"),
            shown::count(files.len(), "file", "files")
        );
        let notes = known.notes().await?;
        Ok(list.output(summary, &notes, "Raise `limit`, or give more of the name."))
    }
}

fn line(import: &ImportRow) -> String {
    format!("{}:{} {}", import.path, import.line, target(import))
}

/// `crate::cart {Cart, Item} → src/cart.rs`.
pub(super) fn target(import: &ImportRow) -> String {
    let names = match (import.is_wildcard, import.names.as_slice()) {
        (true, _) => " {*}".to_owned(),
        (false, []) => String::new(),
        (false, names) => format!(" {{{}}}", names.join(", ")),
    };
    let leads = match (&import.target, &import.package) {
        (Some(target), _) => format!(" → {target}"),
        (None, Some((ecosystem, package))) => format!(" → package {package} ({ecosystem})"),
        (None, None) => " → not resolved".to_owned(),
    };
    format!("{}{names}{leads}", import.module)
}
