//! From the events of a Responses stream to [`Chunk`]s. Pure.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::wire::{Event, Item, ItemFields, Response};
use crate::http::Decode;
use crate::refusal::Asked;
use crate::{Chunk, ErrorKind, Finish, ModelError, Usage};

/// Reads one answer.
pub(crate) struct Decoder {
    asked: Asked,
    max_output_tokens: Option<u64>,
    /// Calls being written, by item id.
    open: HashMap<String, OpenCall>,
    /// Ids of the calls that were given out whole.
    calls: HashSet<String>,
    /// Bytes of text given out for the message that is being written.
    message_bytes: usize,
    /// A message before this one had text.
    between_messages: bool,
    any_text: bool,
    any_reasoning: bool,
    any_item: bool,
}

struct OpenCall {
    id: String,
    name: String,
    bytes: u64,
}

impl Decoder {
    pub fn new(asked: Asked, max_output_tokens: Option<u64>) -> Self {
        Self {
            asked,
            max_output_tokens,
            open: HashMap::new(),
            calls: HashSet::new(),
            message_bytes: 0,
            between_messages: false,
            any_text: false,
            any_reasoning: false,
            any_item: false,
        }
    }

    fn text(&mut self, text: String, out: &mut Vec<Chunk>) {
        if text.is_empty() {
            return;
        }
        if self.message_bytes == 0 && self.between_messages {
            out.push(Chunk::Text("\n\n".into()));
        }
        self.message_bytes += text.len();
        self.any_text = true;
        out.push(Chunk::Text(text));
    }

    fn item_added(&mut self, item: Item, out: &mut Vec<Chunk>) {
        let ItemFields {
            kind,
            id,
            call_id,
            name,
            ..
        } = item.fields;
        match kind.as_deref() {
            Some("function_call") => {
                let key = id.clone().unwrap_or_default();
                let id = call_id.or(id).unwrap_or_default();
                let call = OpenCall {
                    id,
                    name: name.unwrap_or_default(),
                    bytes: 0,
                };
                out.push(progress(&call));
                self.open.insert(key, call);
            }
            Some("message") => self.message_bytes = 0,
            _ => {}
        }
    }

    fn arguments(&mut self, item_id: Option<String>, delta: &str, out: &mut Vec<Chunk>) {
        if let Some(call) = self.open.get_mut(&item_id.unwrap_or_default()) {
            call.bytes += delta.len() as u64;
            out.push(progress(call));
        }
    }

    fn item_done(&mut self, item: Item, out: &mut Vec<Chunk>) {
        self.any_item = true;
        let Item { fields, raw } = item;
        match fields.kind.as_deref() {
            Some("function_call") => self.call_done(fields, out),
            Some("message") => {
                let parts = fields.content.unwrap_or_default();
                let whole: String = parts
                    .into_iter()
                    .filter_map(|part| part.text.or(part.refusal))
                    .collect();
                // Servers that send no deltas, or not all of them.
                if let Some(rest) = whole.get(self.message_bytes..) {
                    self.text(rest.to_owned(), out);
                }
                self.between_messages |= self.message_bytes > 0;
                self.message_bytes = 0;
            }
            // Without its content, nothing could be sent back: the provider stores nothing.
            _ if fields
                .encrypted_content
                .is_some_and(|content| !content.is_empty()) =>
            {
                out.push(Chunk::Opaque(raw));
            }
            _ => {}
        }
    }

    fn call_done(&mut self, fields: ItemFields, out: &mut Vec<Chunk>) {
        if fields.status.as_deref() == Some("incomplete") {
            return;
        }
        let open = self.open.remove(fields.id.as_deref().unwrap_or_default());
        let Some(id) = fields.call_id.or(fields.id).filter(|id| !id.is_empty()) else {
            return;
        };
        let name = fields
            .name
            .or(open.map(|call| call.name))
            .unwrap_or_default();
        let arguments = match fields.arguments {
            Some(Value::String(text)) => text,
            Some(Value::Null) | None => String::new(),
            Some(value) => value.to_string(),
        };
        if self.calls.insert(id.clone()) {
            out.push(Chunk::Call {
                id,
                name,
                arguments,
            });
        }
    }

    /// The terminal event. Its `output` repeats the items, for servers that sent them only here.
    fn finished(&mut self, response: Response, out: &mut Vec<Chunk>) {
        let nothing_before = !self.any_item;
        for item in response.output.unwrap_or_default() {
            let repeated = match item.fields.kind.as_deref() {
                Some("function_call") => false,
                Some("message") => self.any_text,
                _ => !nothing_before,
            };
            if !repeated {
                self.item_done(item, out);
            }
        }
        let usage = response.usage.as_ref().map(|usage| usage.figures());
        out.extend(usage.map(Chunk::Usage));
        let reason = response
            .incomplete_details
            .and_then(|details| details.reason);
        let incomplete = response.status.as_deref() == Some("incomplete");
        let finish = if !self.calls.is_empty() {
            Finish::ToolCalls
        } else if incomplete && reason.as_deref() == Some("content_filter") {
            Finish::ContentFilter
        } else if incomplete || self.used_all_output(usage) {
            Finish::Length
        } else {
            Finish::Stop
        };
        out.push(Chunk::Finished(finish));
    }

    /// Some servers say "completed" of an answer that the limit cut.
    fn used_all_output(&self, usage: Option<Usage>) -> bool {
        match (self.max_output_tokens, usage) {
            (Some(limit), Some(usage)) => usage.output >= limit,
            _ => false,
        }
    }

    fn failed(&self, error: Option<&Value>) -> ModelError {
        self.asked.failed_in_stream(error.unwrap_or(&Value::Null))
    }
}

fn progress(call: &OpenCall) -> Chunk {
    Chunk::CallProgress {
        id: call.id.clone(),
        name: call.name.clone(),
        argument_bytes: call.bytes,
    }
}

impl Decode for Decoder {
    fn event(&mut self, data: &str, out: &mut Vec<Chunk>) -> Result<(), ModelError> {
        let Ok(event) = serde_json::from_str::<Event>(data) else {
            if data.trim() != "[DONE]" {
                tracing::debug!(bytes = data.len(), "an event that is not JSON was skipped");
            }
            return Ok(());
        };
        let delta = event.delta.unwrap_or_default();
        match event.kind.as_deref().unwrap_or_default() {
            "response.output_text.delta" | "response.refusal.delta" => self.text(delta, out),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta"
                if !delta.is_empty() =>
            {
                self.any_reasoning = true;
                out.push(Chunk::Reasoning(delta));
            }
            "response.reasoning_summary_part.added" if self.any_reasoning => {
                out.push(Chunk::Reasoning("\n\n".into()));
            }
            "response.function_call_arguments.delta" => self.arguments(event.item_id, &delta, out),
            "response.output_item.added" => {
                if let Some(item) = event.item {
                    self.item_added(item, out);
                }
            }
            "response.output_item.done" => {
                if let Some(item) = event.item {
                    self.item_done(item, out);
                }
            }
            "response.completed" => self.finished(event.response.unwrap_or_default(), out),
            "response.incomplete" => {
                let mut response = event.response.unwrap_or_default();
                response.status = Some("incomplete".into());
                self.finished(response, out);
            }
            "response.failed" | "response.cancelled" => {
                let error = event
                    .response
                    .and_then(|response| response.error)
                    .or(event.error);
                return Err(self.failed(error.as_ref()));
            }
            "error" => {
                // Either the error stands in a field of its own, or the event is the error.
                let whole = serde_json::from_str(data).ok();
                let error = event.error.filter(|error| !error.is_null()).or(whole);
                return Err(self.failed(error.as_ref()));
            }
            "" if event.error.as_ref().is_some_and(|error| !error.is_null()) => {
                return Err(self.failed(event.error.as_ref()));
            }
            _ => {}
        }
        Ok(())
    }

    fn whole(&mut self, body: &str, out: &mut Vec<Chunk>) -> Result<(), ModelError> {
        match serde_json::from_str::<Response>(body) {
            Ok(Response {
                error: Some(error), ..
            }) if !error.is_null() => Err(self.failed(Some(&error))),
            Ok(response) if response.output.is_some() => {
                self.finished(response, out);
                Ok(())
            }
            _ => {
                let why = "what came back is no answer of the Responses API";
                let error = self.asked.error(ErrorKind::WrongUrl, why);
                Err(self.asked.with_detail(error, body))
            }
        }
    }

    fn end(&mut self, _: &mut Vec<Chunk>) -> Result<(), ModelError> {
        let why = "the answer ended before it was complete";
        Err(self.asked.error(ErrorKind::Broken, why))
    }
}
