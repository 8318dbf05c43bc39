//! A page of the web as text.

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::web::{MAX_BYTES, Web, to_markdown};
use crate::{Effect, Output, Tool, ToolCx, ToolError, page};

const NOTE_BYTES: usize = 400;

pub(crate) struct FetchUrl {
    pub web: Arc<Web>,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// http or https.
    url: String,
    /// Go on from this character.
    offset: Option<usize>,
}

#[async_trait]
impl Tool for FetchUrl {
    const NAME: &'static str = "fetch_url";
    const DESCRIPTION: &'static str = "Get a public web page as Markdown, or any text file.";
    type Input = Input;

    fn effect(&self, input: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reaches {
            url: input.url.trim().to_owned(),
        })
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let document = self.web.get(&input.url, "page", cx).await?;
        let is_html = matches!(
            document.media_type.as_str(),
            "text/html" | "application/xhtml+xml"
        );
        let (url, cut, raw) = (document.url, document.cut, document.text);
        let converting = move |_: &_, _: &_| -> Result<String, ToolError> {
            Ok(if is_html { to_markdown(&raw) } else { raw })
        };
        let content = cx.blocking(converting).await?;
        let offset = input.offset.unwrap_or_default();
        let cap = cx.output_cap_bytes.saturating_sub(NOTE_BYTES + url.len());
        let (part, next) = page::from_char(&content, offset, cap.max(NOTE_BYTES));
        let total = content.chars().count();
        let mut text = format!("{url}\n\n");
        text.push_str(if part.is_empty() {
            "[nothing from there on]"
        } else {
            part
        });
        if let Some(next) = next {
            text.push_str(&format!(
                "\n[characters {offset}-{next} of {total}; go on with offset {next}]"
            ));
        }
        if cut {
            text.push_str(&format!(
                "\n[only the first {} MB were read]",
                MAX_BYTES / 1_048_576
            ));
        }
        let summary = format!("{total} characters");
        Ok(Output {
            truncated: next.is_some() || cut,
            ..Output::new(text, summary)
        })
    }
}
