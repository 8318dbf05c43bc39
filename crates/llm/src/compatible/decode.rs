//! From the events of a Chat Completions stream to [`Chunk`]s. Pure: ids that a server leaves out
//! are made from the seed given.

use serde_json::Value;

use super::TEXT_CALL_PREFIX;
use super::text_calls::{Found, TextCalls};
use super::wire::{self, CallDelta, Delta};
use crate::http::Decode;
use crate::refusal::Asked;
use crate::{Chunk, ErrorKind, Finish, ModelError, Prompt, ToolChoice, Usage};

/// Reads one answer.
pub(crate) struct Decoder {
    asked: Asked,
    max_output_tokens: Option<u64>,
    seed: u64,
    text: TextCalls,
    /// The call being written; the ones before it are given out.
    open: Option<OpenCall>,
    calls: usize,
    any_output: bool,
    usage: Option<Usage>,
    finish_reason: Option<String>,
}

struct OpenCall {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

impl Decoder {
    /// `seed` tells the calls of one answer from those of another.
    pub fn new(asked: Asked, prompt: &Prompt, seed: u64) -> Self {
        let offered = match prompt.tool_choice {
            ToolChoice::Auto => prompt.tools.iter().map(|tool| tool.name.clone()).collect(),
            // Asked for words: what looks like a call is words.
            ToolChoice::None => Vec::new(),
        };
        Self {
            asked,
            max_output_tokens: prompt.max_output_tokens,
            seed,
            text: TextCalls::new(offered),
            open: None,
            calls: 0,
            any_output: false,
            usage: None,
            finish_reason: None,
        }
    }

    fn delta(&mut self, delta: Delta, out: &mut Vec<Chunk>) {
        if let Some(text) = delta
            .reasoning_content
            .or(delta.reasoning)
            .filter(|t| !t.is_empty())
        {
            self.any_output = true;
            out.push(Chunk::Reasoning(text));
        }
        if let Some(text) = delta.content.filter(|text| !text.is_empty()) {
            self.any_output = true;
            let found = self.text.push(&text);
            self.found(found, out);
        }
        for call in delta.tool_calls.unwrap_or_default() {
            self.any_output = true;
            self.call(call, out);
        }
    }

    fn found(&mut self, found: Vec<Found>, out: &mut Vec<Chunk>) {
        for piece in found {
            match piece {
                Found::Text(text) => out.push(Chunk::Text(text)),
                Found::Call { name, arguments } => {
                    let id = format!("{TEXT_CALL_PREFIX}{:016x}_{}", self.seed, self.calls);
                    self.calls += 1;
                    out.push(Chunk::Call {
                        id,
                        name,
                        arguments,
                    });
                }
            }
        }
    }

    fn call(&mut self, delta: CallDelta, out: &mut Vec<Chunk>) {
        let function = delta.function.unwrap_or_default();
        let id = delta.id.filter(|id| !id.is_empty());
        let name = function.name.filter(|name| !name.is_empty());
        if self.begins_another(delta.index, id.as_deref(), name.as_deref()) {
            self.close(out);
        }
        let made_up = || format!("call_{:016x}_{}", self.seed, self.calls);
        let call = self.open.get_or_insert_with(|| OpenCall {
            index: delta.index,
            id: id.clone().unwrap_or_else(made_up),
            name: String::new(),
            arguments: String::new(),
        });
        if call.name.is_empty() {
            call.name = name.unwrap_or_default();
        }
        match function.arguments {
            Some(Value::String(text)) => call.arguments.push_str(&text),
            Some(Value::Null) | None => {}
            Some(value) => call.arguments.push_str(&value.to_string()),
        }
        out.push(Chunk::CallProgress {
            id: call.id.clone(),
            name: call.name.clone(),
            argument_bytes: call.arguments.len() as u64,
        });
    }

    /// By index where it differs, else by id: some servers number all calls 0, some not at all.
    fn begins_another(&self, index: Option<u64>, id: Option<&str>, name: Option<&str>) -> bool {
        let Some(open) = &self.open else { return false };
        if index.is_some() && open.index.is_some() && index != open.index {
            return true;
        }
        match id {
            Some(id) => id != open.id && name.is_some(),
            None => index.is_none() && name.is_some() && !open.arguments.is_empty(),
        }
    }

    /// The open call is whole.
    fn close(&mut self, out: &mut Vec<Chunk>) {
        if let Some(OpenCall {
            id,
            name,
            arguments,
            ..
        }) = self.open.take()
        {
            self.calls += 1;
            out.push(Chunk::Call {
                id,
                name,
                arguments,
            });
        }
    }

    fn finish(&mut self, out: &mut Vec<Chunk>) {
        let reason = self.finish_reason.take().unwrap_or_default();
        let limit = self.max_output_tokens;
        let used_all = limit
            .zip(self.usage)
            .is_some_and(|(limit, usage)| usage.output >= limit);
        let cut = reason == "length" || used_all;
        // The limit cut this call in two: it is not whole.
        let torn = |call: &OpenCall| serde_json::from_str::<Value>(&call.arguments).is_err();
        if cut && self.open.as_ref().is_some_and(torn) {
            self.open = None;
        }
        self.close(out);
        let found = self.text.finish();
        self.found(found, out);
        out.extend(self.usage.map(Chunk::Usage));
        out.push(Chunk::Finished(if self.calls > 0 {
            Finish::ToolCalls
        } else if reason == "content_filter" {
            Finish::ContentFilter
        } else if cut {
            Finish::Length
        } else {
            Finish::Stop
        }));
    }
}

impl Decode for Decoder {
    fn event(&mut self, data: &str, out: &mut Vec<Chunk>) -> Result<(), ModelError> {
        if data.trim() == "[DONE]" {
            // Servers that name no reason still say that they are done.
            if self.any_output {
                self.finish_reason.get_or_insert_default();
            }
            return self.end(out);
        }
        let Ok(chunk) = serde_json::from_str::<wire::Chunk>(data) else {
            tracing::debug!(bytes = data.len(), "an event that is not JSON was skipped");
            return Ok(());
        };
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            return Err(self.asked.failed_in_stream(&error));
        }
        if let Some(usage) = chunk.usage {
            self.usage = Some(usage.figures());
        }
        for choice in chunk.choices.unwrap_or_default().into_iter().take(1) {
            if let Some(delta) = choice.delta.or(choice.message) {
                self.delta(delta, out);
            }
            if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
                self.finish_reason = Some(reason);
            }
        }
        Ok(())
    }

    fn whole(&mut self, body: &str, out: &mut Vec<Chunk>) -> Result<(), ModelError> {
        self.event(body.trim(), out)?;
        if self.any_output || self.finish_reason.is_some() {
            self.finish(out);
            return Ok(());
        }
        let why = "what came back is no answer of the Chat Completions API";
        let error = self.asked.error(ErrorKind::WrongUrl, why);
        Err(self.asked.with_detail(error, body))
    }

    fn end(&mut self, out: &mut Vec<Chunk>) -> Result<(), ModelError> {
        if self.finish_reason.is_none() {
            let why = "the answer ended before it was complete";
            return Err(self.asked.error(ErrorKind::Broken, why));
        }
        self.finish(out);
        Ok(())
    }
}
