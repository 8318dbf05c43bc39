//! Functions that are hard to follow.

use async_trait::async_trait;
use mira_index::Element;
use schemars::JsonSchema;
use serde::Deserialize;

use super::from_index;
use super::shown::{self, List};
use crate::{Effect, Output, Tool, ToolCx, ToolError};

const MOST: usize = 200;

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
