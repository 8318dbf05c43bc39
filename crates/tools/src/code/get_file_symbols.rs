//! What a file declares.

use async_trait::async_trait;
use mira_index::Element;
use mira_syntax::Visibility;
use schemars::JsonSchema;
use serde::Deserialize;

use super::from_index;
use super::shown::{self, List};
use crate::{Effect, Output, Tool, ToolCx, ToolError, secret};

pub(crate) struct GetFileSymbols;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    path: String,
    public_only: Option<bool>,
}

#[async_trait]
impl Tool for GetFileSymbols {
    const NAME: &'static str = "get_file_symbols";
    const DESCRIPTION: &'static str =
        "All symbols of a file, nested: lines, kind, signature, complexity.";
    type Input = Input;

    fn effect(&self, input: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(secret::reading(&input.path))
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let known = cx.known().await?;
        let Some(path) = cx.indexed_path(Some(input.path)).await? else {
            return Err(ToolError::Refused("`path` must name a file.".into()));
        };
        let note = known.file(&path).await?;
        let all = known.index.elements_of(&path).await.map_err(from_index)?;
        let public_only = input.public_only.unwrap_or_default();
        let is_wanted =
            |element: &&Element| !public_only || element.visibility == Visibility::Public;
        let wanted: Vec<&Element> = all.iter().filter(is_wanted).collect();
        let mut notes: Vec<String> = known.index.state().lacks();
        notes.extend(note);
        let hidden = all.len() - wanted.len();
        if hidden > 0 {
            notes.insert(0, format!("{hidden} that are not public are left out"));
        }
        let mut list = List::new(cx.output_cap_bytes);
        for element in &wanted {
            let indent = "  ".repeat(depth(&all, element));
            let visibility = match element.visibility {
                Visibility::Local => "",
                other => other.as_str(),
            };
            let line = format!(
                "{indent}{}-{} {visibility} {}: {}{}",
                element.start_line,
                element.end_line,
                element.kind.as_str(),
                shown::signature(element, &element.name),
                shown::complexity(element)
            );
            list.push(&line);
        }
        if list.is_empty() {
            list.push(&format!(
                "{path} declares nothing that is known. read_project_file shows its text."
            ));
        }
        let summary = shown::count(wanted.len(), "symbol", "symbols");
        Ok(list.output(summary, &notes, "Use `public_only`, or read the file."))
    }
}

fn depth(all: &[Element], element: &Element) -> usize {
    let mut depth = 0;
    let mut parent = element.parent;
    while let Some(found) = parent.and_then(|id| all.iter().find(|one| one.id == id)) {
        depth += 1;
        parent = found.parent.filter(|id| *id != found.id);
        if depth > all.len() {
            break;
        }
    }
    depth
}
