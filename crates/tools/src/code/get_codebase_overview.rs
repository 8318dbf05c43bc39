//! A map of the project: what matters most, within a budget of tokens.

use std::collections::BTreeMap;

use async_trait::async_trait;
use mira_index::MapQuery;
use schemars::JsonSchema;
use serde::Deserialize;

use super::shown::{self, List};
use super::{Known, from_index};
use crate::{Effect, Output, Tool, ToolCx, ToolError};

const DEFAULT_TOKENS: usize = 1_500;
const BYTES_A_TOKEN: usize = 4;
const LANGUAGES: usize = 6;

pub(crate) struct GetCodebaseOverview;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    path: Option<String>,
    /// Default 1500.
    tokens: Option<usize>,
}

#[async_trait]
impl Tool for GetCodebaseOverview {
    const NAME: &'static str = "get_codebase_overview";
    const DESCRIPTION: &'static str = "A map of the project: its size, languages, and the symbols that matter most. Call it first in a project you do not know.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reads)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let known = cx.known().await?;
        let path = cx.indexed_path(input.path).await?;
        let mut list = List::new(cx.output_cap_bytes);
        list.push(&size(&known).await?);
        let most = (list.room() / BYTES_A_TOKEN).max(1);
        let query = MapQuery {
            budget_tokens: input
                .tokens
                .unwrap_or(DEFAULT_TOKENS)
                .clamp(50, most.max(50)),
            path,
            focus: Vec::new(),
        };
        let map = known.index.map(&query).await.map_err(from_index)?;
        if map.files.is_empty() {
            let text = match map.of_elements {
                0 => "No code is known here",
                _ => "The budget holds not one symbol",
            };
            let next = "list_project_files shows files; raise `tokens`, or leave out `path`.";
            return known.nothing(text.into(), next).await;
        }
        list.push(&map.text);
        let elements: usize = map.files.iter().map(|file| file.elements.len()).sum();
        let mut notes = vec![format!(
            "{elements} of {} and {} of {}, the most used first{}",
            shown::count(map.of_elements, "symbol", "symbols"),
            map.files.len(),
            shown::count(map.of_files, "file", "files"),
            if elements < map.of_elements {
                "; `path` or more `tokens` show others"
            } else {
                ""
            }
        )];
        notes.extend(known.notes().await?);
        let summary = format!("{elements} of {} symbols", map.of_elements);
        let output = list.output(summary, &notes, "Ask for fewer `tokens`.");
        Ok(Output {
            truncated: output.truncated || elements < map.of_elements,
            ..output
        })
    }
}

/// `120 files, 34567 lines: Rust 80, Markdown 20`.
async fn size(known: &Known) -> Result<String, ToolError> {
    let totals = known.index.totals().await.map_err(from_index)?;
    let mut languages: BTreeMap<String, usize> = BTreeMap::new();
    for file in known.index.files().await.map_err(from_index)? {
        if let Some(language) = file.language {
            *languages.entry(language).or_default() += 1;
        }
    }
    let mut languages: Vec<(String, usize)> = languages.into_iter().collect();
    languages.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let named: Vec<String> = languages
        .iter()
        .take(LANGUAGES)
        .map(|(language, files)| format!("{language} {files}"))
        .collect();
    Ok(format!(
        "{} files, {} lines, {} symbols; files by language: {}",
        totals.files,
        totals.lines,
        totals.elements,
        named.join(", ")
    ))
}
