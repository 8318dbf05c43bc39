//! A tool with its types forgotten: JSON in, text out.

use async_trait::async_trait;
use serde_json::Value;

use crate::{Effect, Output, Tool, ToolCx, ToolError, arguments, page, schema};

/// What a model is told of a tool.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Spec {
    pub name: &'static str,
    pub description: &'static str,
    /// JSON Schema of the arguments.
    pub parameters: Value,
}

/// Any [`Tool`]. Arguments come as the model sent them ([`arguments::parse`] makes JSON of text);
/// they are mended where the meaning is clear and refused with an explanation where not.
#[async_trait]
pub trait ErasedTool: Send + Sync {
    fn name(&self) -> &'static str;

    fn spec(&self) -> Spec;

    /// What a call would do. Looks at the disk at most.
    ///
    /// # Errors
    /// Where the arguments do not fit or the guard refuses a path.
    fn effect(&self, arguments: &Value, cx: &ToolCx) -> Result<Effect, ToolError>;

    /// Does it. Whoever calls this has decided on [`ErasedTool::effect`] before.
    ///
    /// # Errors
    /// [`ToolError::Refused`] goes to the model; the others end the operation.
    async fn run(&self, arguments: &Value, cx: &ToolCx) -> Result<Output, ToolError>;
}

pub(crate) struct Erased<T: Tool> {
    tool: T,
    parameters: Value,
}

impl<T: Tool> Erased<T> {
    pub(crate) fn new(tool: T) -> Self {
        Self {
            tool,
            parameters: schema::of::<T::Input>(),
        }
    }

    fn input(&self, arguments: &Value) -> Result<T::Input, ToolError> {
        let fitted = arguments::fit(T::NAME, arguments, &self.parameters)?;
        serde_json::from_value(fitted)
            .map_err(|error| arguments::refusal(T::NAME, &error.to_string(), &self.parameters))
    }
}

#[async_trait]
impl<T: Tool> ErasedTool for Erased<T> {
    fn name(&self) -> &'static str {
        T::NAME
    }

    fn spec(&self) -> Spec {
        Spec {
            name: T::NAME,
            description: T::DESCRIPTION,
            parameters: self.parameters.clone(),
        }
    }

    fn effect(&self, arguments: &Value, cx: &ToolCx) -> Result<Effect, ToolError> {
        self.tool.effect(&self.input(arguments)?, cx)
    }

    async fn run(&self, arguments: &Value, cx: &ToolCx) -> Result<Output, ToolError> {
        let input = self.input(arguments)?;
        if cx.cancel.is_cancelled() {
            return Err(ToolError::Cancelled);
        }
        let output = self.tool.run(input, cx).await?;
        Ok(page::capped(output, cx.output_cap_bytes))
    }
}
