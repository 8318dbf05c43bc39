//! The text of an element.

use async_trait::async_trait;
use mira_index::Element;
use schemars::JsonSchema;
use serde::Deserialize;

use super::shown::{self, List};
use super::{Known, from_index, named};
use crate::{Effect, Output, Tool, ToolCx, ToolError};

/// Lines of one element that are shown.
const MOST_LINES: u32 = 400;

pub(crate) struct GetElementDefinition;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    name: String,
    path: Option<String>,
}

#[async_trait]
impl Tool for GetElementDefinition {
    const NAME: &'static str = "get_element_definition";
    const DESCRIPTION: &'static str =
        "The text of a function, type or constant by its name, with line numbers.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reads)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let known = cx.known().await?;
        let path = cx.indexed_path(input.path).await?;
        let (elements, more) = named::elements(&known, &input.name, path.as_deref()).await?;
        let mut list = List::new(cx.output_cap_bytes);
        for element in &elements {
            let text = definition(&known, element, cx, list.room()).await?;
            list.push(&text);
        }
        let mut notes: Vec<String> = more.into_iter().collect();
        notes.extend(known.notes().await?);
        let summary = match elements.as_slice() {
            [one] => format!("{} lines", one.end_line - one.start_line + 1),
            many => format!("{} definitions", many.len()),
        };
        Ok(list.output(summary, &notes, "Say which by `path`, or read the file."))
    }
}

async fn definition(
    known: &Known,
    element: &Element,
    cx: &ToolCx,
    room: usize,
) -> Result<String, ToolError> {
    let last = element.end_line.min(element.start_line + MOST_LINES - 1);
    let excerpt = known
        .index
        .excerpt(&element.path, element.start_line, last)
        .await
        .map_err(from_index)?;
    let text = cx.masker.mask_file(&element.path, &excerpt.text);
    let mut block = format!("{}\n", shown::head(element));
    let mut shown_to = element.start_line;
    for (number, line) in (element.start_line..).zip(text.lines()) {
        let line = format!("{number}\t{line}\n");
        if block.len() + line.len() + 100 > room && number > element.start_line {
            break;
        }
        block.push_str(&line);
        shown_to = number + 1;
    }
    if shown_to <= element.end_line {
        block.push_str(&format!(
            "[it goes on to line {}; read_project_file with offset {shown_to} shows the rest]\n",
            element.end_line
        ));
    }
    Ok(block)
}
