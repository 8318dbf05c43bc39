//! The test of a provider: a real request with one small tool. A list of models would prove
//! nothing, since many servers give it without looking at the key.

use std::sync::Arc;
use std::time::Instant;

use futures::StreamExt;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{
    Chunk, Item, Model, ModelError, Prompt, TEXT_CALL_PREFIX, ToolChoice, ToolSpec, Usage,
};

/// How tool calls come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tools {
    /// As the protocol has them.
    Native,
    /// Written as text, and recovered from it.
    Text,
    /// None came.
    None,
}

impl Tools {
    /// "native", "text", "none"
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Text => "text",
            Self::None => "none",
        }
    }
}

/// What the request showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    pub tools: Tools,
    /// From asking to the end of the answer.
    pub latency_ms: u64,
    /// As the provider told it; all zero where it told nothing.
    pub usage: Usage,
}

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    pub error: ModelError,
    /// Something of an answer had come, so that the provider may have counted it.
    pub begun: bool,
}

impl Probe {
    /// Token figures came with the answer.
    pub fn usage_reported(&self) -> bool {
        self.usage != Usage::default()
    }
}

/// Asks `model` with [`prompt`]. Fails as any request does; wrap nothing around it that retries.
pub async fn probe(
    model: &dyn Model,
    prompt: Prompt,
    cancel: CancellationToken,
) -> Result<Probe, Failed> {
    let since = Instant::now();
    let mut answer = model.stream(prompt, cancel);
    let mut tools = Tools::None;
    let mut usage = Usage::default();
    let mut begun = false;
    while let Some(chunk) = answer.next().await {
        let chunk = chunk.map_err(|error| Failed { error, begun })?;
        begun = true;
        match chunk {
            Chunk::Call { id, .. } if id.starts_with(TEXT_CALL_PREFIX) => tools = Tools::Text,
            Chunk::Call { .. } => tools = Tools::Native,
            Chunk::Usage(figures) => usage = figures,
            _ => {}
        }
    }
    Ok(Probe {
        tools,
        latency_ms: since.elapsed().as_millis() as u64,
        usage,
    })
}

/// The request of a test: for one call, in at most `max_output_tokens`. Some tens do for a model
/// that does not think first.
pub fn prompt(model_id: &str, max_output_tokens: u64) -> Prompt {
    Prompt {
        model: model_id.to_owned(),
        instructions: "You check a connection. Answer by calling the tool `ready`.".into(),
        tools: Arc::new([ToolSpec {
            name: "ready".into(),
            description: "Reports that the connection works.".into(),
            parameters: json!({
                "type": "object",
                "properties": {"ok": {"type": "boolean"}},
                "required": ["ok"],
                "additionalProperties": false,
            }),
        }]),
        items: vec![Item::user("Call ready with ok = true.")],
        tool_choice: ToolChoice::Auto,
        effort: None,
        max_output_tokens: Some(max_output_tokens),
        cache_key: String::new(),
    }
}
