//! Tests that are about an element.

use async_trait::async_trait;
use mira_index::TestFor;
use schemars::JsonSchema;
use serde::Deserialize;

use super::about::About;
use super::{from_index, shown};
use crate::{Effect, Output, Tool, ToolCx, ToolError};

const LIMIT: usize = 30;
const NONE: &str = "  none is known: no test calls it within 3 steps, imports its file or is named \
                    after it. find_callers shows who uses it.";

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
        let mut about = About::of(cx, &input.name, input.path).await?;
        for element in std::mem::take(&mut about.elements) {
            let tests = about.known.index.tests_for(element.id, LIMIT + 1).await;
            let mut tests = tests.map_err(from_index)?;
            tests.retain(|test| shown::is_open(&test.path));
            about.say("Tests", &element, tests.iter().map(line), LIMIT, NONE);
        }
        let narrow = "Say which element by `path`.";
        about.output("test", "tests", narrow).await
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
