//! Functions that are hard to follow.

use async_trait::async_trait;
use mira_index::Element;
use schemars::JsonSchema;
use serde::Deserialize;

use super::shown::{self, List};
use super::{Known, from_index};
use crate::{Effect, Output, Tool, ToolCx, ToolError};

const MOST: usize = 200;
const FILES: usize = 5;

pub(crate) struct GetComplexityHotspots;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    path: Option<String>,
    /// Default 10.
    min_complexity: Option<u32>,
    limit: Option<usize>,
}

#[async_trait]
impl Tool for GetComplexityHotspots {
    const NAME: &'static str = "get_complexity_hotspots";
    const DESCRIPTION: &'static str = "The functions that are hardest to follow.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reads)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let known = cx.known().await?;
        let path = cx.indexed_path(input.path).await?.unwrap_or_default();
        let least = input.min_complexity.unwrap_or(10);
        let limit = input.limit.unwrap_or(10).clamp(1, MOST);
        let found = known.index.hardest(&path, least, limit).await;
        let (mut hardest, all) = found.map_err(from_index)?;
        hardest.retain(|element| shown::is_open(&element.path));
        if hardest.is_empty() {
            let text = format!("No function has a complexity of {least} or more");
            return known.nothing(text, "Lower `min_complexity`.").await;
        }
        let mut list = List::new(cx.output_cap_bytes);
        for element in &hardest {
            list.push(&line(element));
        }
        list.left += all.saturating_sub(hardest.len());
        let restless = restless(&known, &path).await?;
        if !restless.is_empty() {
            list.push("Files that are hard and often changed:");
            restless.iter().for_each(|line| list.push(line));
        }
        let summary = shown::count(all, "function", "functions");
        let mut notes = vec![
            "complexity counts paths (cyclomatic), effort how hard it is to follow (cognitive); \
             get_quality_issues has more kinds"
                .to_owned(),
        ];
        notes.extend(known.notes().await?);
        Ok(list.output(summary, &notes, "Raise `limit`, or narrow it by `path`."))
    }
}

/// Files that are both hard and often changed, where a history is known.
async fn restless(known: &Known, path: &str) -> Result<Vec<String>, ToolError> {
    let changes = known.index.changes().await.map_err(from_index)?;
    let found = known.index.hotspots(&changes, MOST).await;
    let is_inside = |file: &str| {
        let rest = file.strip_prefix(path);
        path.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let found = found.map_err(from_index)?.into_iter();
    Ok(found
        .filter(|one| is_inside(&one.load.path) && shown::is_open(&one.load.path))
        .take(FILES)
        .map(|one| format!("  {}: {}", one.load.path, one.why))
        .collect())
}

fn line(element: &Element) -> String {
    let level = match element.cyclomatic.max(element.cognitive) {
        0..=15 => "medium",
        16..=20 => "high",
        _ => "critical",
    };
    let lines = element.end_line - element.start_line + 1;
    format!(
        "{level} {}: complexity {}, effort {}, {lines} lines",
        shown::head(element),
        element.cyclomatic,
        element.cognitive
    )
}
