//! Functions and methods by name.

use async_trait::async_trait;
use mira_syntax::Kind;
use schemars::JsonSchema;
use serde::Deserialize;

use super::named::{self, Wanted};
use crate::{Effect, Output, Tool, ToolCx, ToolError};

pub(crate) struct FindFunction;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// Plain, qualified (`Cart::total`), or with `*`.
    name: String,
    path: Option<String>,
    include_tests: Option<bool>,
    min_complexity: Option<u32>,
    limit: Option<usize>,
}

#[async_trait]
impl Tool for FindFunction {
    const NAME: &'static str = "find_function";
    const DESCRIPTION: &'static str =
        "Functions and methods by name: place, signature, complexity, uses.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reads)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let known = cx.known().await?;
        let wanted = Wanted {
            name: &input.name,
            path: cx.indexed_path(input.path).await?,
            kinds: Kind::ALL
                .into_iter()
                .filter(|kind| kind.is_callable())
                .collect(),
            what: "function",
            limit: input.limit.unwrap_or(20).clamp(1, 200),
        };
        let tests = input.include_tests.unwrap_or_default();
        let least = input.min_complexity.unwrap_or_default();
        let hidden = match least {
            0 => "in tests; set include_tests".to_owned(),
            least => format!("in tests or below complexity {least}"),
        };
        named::find(
            cx,
            &known,
            &wanted,
            |element| (tests || !element.is_test) && element.cyclomatic >= least,
            &hidden,
        )
        .await
    }
}
