//! Tests that are about an element.

use async_trait::async_trait;
use mira_index::TestFor;
use schemars::JsonSchema;
use serde::Deserialize;

use super::shown::{self, List};
use super::{from_index, named};
use crate::{Effect, Output, Tool, ToolCx, ToolError};

const LIMIT: usize = 30;

pub(crate) struct FindTestsForCode;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    name: String,
    path: Option<String>,
}

#[async_trait]
impl Tool for FindTestsForCode {
    const NAME: &'static str = "find_tests_for_code";
    const DESCRIPTION: &'static str = "Tests of an element; each with how sure that is.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reads)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let known = cx.known().await?;
        let path = cx.indexed_path(input.path).await?;
        let (elements, more) = named::elements(&known, &input.name, path.as_deref()).await?;
        let mut list = List::new(cx.output_cap_bytes);
        let mut count = 0;
        for element in &elements {
            let tests = known.index.tests_for(element.id, LIMIT + 1).await;
            let mut tests = tests.map_err(from_index)?;
            tests.retain(|test| shown::is_open(&test.path));
            list.push(&format!("Tests of {}:", shown::head(element)));
            for test in tests.iter().take(LIMIT) {
                list.push(&line(test));
            }
            list.left += tests.len().saturating_sub(LIMIT);
            if tests.is_empty() {
                list.push(
                    "  none is known: no test calls it within 3 steps, imports its file or is \
                     named after it. find_callers shows who uses it.",
                );
            }
            count += tests.len();
        }
        let mut notes: Vec<String> = more.into_iter().collect();
        notes.extend(known.notes().await?);
        let summary = match count {
            0 => "no test known".to_owned(),
            count => shown::count(count, "test", "tests"),
        };
        Ok(list.output(summary, &notes, "Say which element by `path`."))
    }
}

fn line(test: &TestFor) -> String {
    let what = match &test.test {
        Some(element) => shown::named(element),
        None => "file of tests".to_owned(),
    };
    format!(
        "  {}:{} {what} ({}: {})",
        test.path,
        test.line,
        shown::percent(test.confidence),
        test.reasons.join("; ")
    )
}
