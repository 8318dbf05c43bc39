//! Types by name.

use async_trait::async_trait;
use mira_syntax::{Kind, Visibility};
use schemars::JsonSchema;
use serde::Deserialize;

use super::named::{self, Wanted};
use crate::{Effect, Output, Tool, ToolCx, ToolError};

pub(crate) struct FindClassOrStruct;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    name: String,
    path: Option<String>,
    public_only: Option<bool>,
    limit: Option<usize>,
}

#[async_trait]
impl Tool for FindClassOrStruct {
    const NAME: &'static str = "find_class_or_struct";
    const DESCRIPTION: &'static str =
        "Types by name: classes, structs, enums, traits, interfaces, aliases.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reads)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let known = cx.known().await?;
        let is_type = |kind: &Kind| kind.is_type() || matches!(kind, Kind::Table | Kind::View);
        let wanted = Wanted {
            name: &input.name,
            path: cx.indexed_path(input.path).await?,
            kinds: Kind::ALL.into_iter().filter(is_type).collect(),
            what: "type",
            limit: input.limit.unwrap_or(20).clamp(1, 200),
        };
        let public_only = input.public_only.unwrap_or_default();
        named::find(
            cx,
            &known,
            &wanted,
            |element| !public_only || element.visibility == Visibility::Public,
            "not public",
        )
        .await
    }
}
