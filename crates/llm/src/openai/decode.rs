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
    /// A call whose arguments cannot be read: the model's own writing, or cut by the limit and
    /// called complete; the end of the answer tells which.
    doubtful: Option<Chunk>,
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
            doubtful: None,
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
            out.extend(self.doubtful.take());
            let readable =
                arguments.is_empty() || serde_json::from_str::<Value>(&arguments).is_ok();
            let call = Chunk::Call {
                id,
                name,
                arguments,
            };
            if readable {
                out.push(call);
            } else {
                self.doubtful = Some(call);
            }
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
        let reason = response
            .incomplete_details
            .and_then(|details| details.reason);
        let incomplete = response.status.as_deref() == Some("incomplete");
        match self.doubtful.take() {
            Some(Chunk::Call { id, .. }) if incomplete || self.used_all_output(usage) => {
                self.calls.remove(&id);
            }
            call => out.extend(call),
        }
        out.extend(usage.map(Chunk::Usage));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::feed;

    fn read(body: &str) -> (Vec<Chunk>, Option<ErrorKind>) {
        feed::decode_every_way(body.as_bytes(), || Decoder::new(feed::asked(), Some(64)))
    }

    /// Without the progress of calls.
    fn chunks(body: &str) -> Vec<Chunk> {
        let (chunks, error) = read(body);
        assert_eq!(error, None);
        chunks
            .into_iter()
            .filter(|chunk| !matches!(chunk, Chunk::CallProgress { .. }))
            .collect()
    }

    fn stream(events: &[&str]) -> String {
        events
            .iter()
            .map(|event| format!("data: {event}\n\n"))
            .collect()
    }

    fn text(text: &str) -> Chunk {
        Chunk::Text(text.into())
    }

    fn call(id: &str, name: &str, arguments: &str) -> Chunk {
        Chunk::Call {
            id: id.into(),
            name: name.into(),
            arguments: arguments.into(),
        }
    }

    fn usage(input: u64, cached: u64, output: u64) -> Chunk {
        Chunk::Usage(Usage {
            input,
            cached,
            output,
            ..Usage::default()
        })
    }

    #[test]
    fn recorded_streams_of_real_servers() {
        assert_eq!(
            chunks(include_str!("../../tests/fixtures/resp-text-stream.sse")),
            [
                text("Hello"),
                usage(34, 18, 2),
                Chunk::Finished(Finish::Stop)
            ]
        );
        let cases = [
            (
                include_str!("../../tests/fixtures/resp-tool-stream.sse"),
                "call_PsS3Hl6twsiJm4WfF67tuFp7XSWdmKzi",
                r#"{"path": "src/main.rs"}"#,
                usage(177, 176, 23),
            ),
            (
                include_str!("../../tests/fixtures/litellm-bridge-q-resp-tool.sse"),
                "call_ujGBSSL7p9bZGxTdyhZnW8I7qWxAOSjw",
                "{\n    \"path\": \"src/main.rs\"\n  }",
                usage(169, 168, 31),
            ),
            (
                include_str!("../../tests/fixtures/litellm-local-q-resp-tool.sse"),
                "call_WpAy2JdulI2sDzZierK6DXCXVNn2Lh3L",
                "{\n    \"path\": \"src/main.rs\"\n  }",
                usage(169, 18, 31),
            ),
        ];
        for (recorded, id, arguments, figures) in cases {
            assert_eq!(
                chunks(recorded),
                [
                    call(id, "read_file", arguments),
                    figures,
                    Chunk::Finished(Finish::ToolCalls)
                ]
            );
        }
    }

    /// As OpenAI sends it: numbers, indices, reasoning, two calls, five figures, a new event.
    #[test]
    fn a_full_stream() {
        let events = [
            r#"{"type":"response.created","sequence_number":0,"response":{"id":"r","output":[]}}"#,
            r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs","summary":[]}}"#,
            r#"{"type":"response.reasoning_summary_part.added","item_id":"rs"}"#,
            r#"{"type":"response.reasoning_summary_text.delta","item_id":"rs","delta":"Let me"}"#,
            r#"{"type":"response.reasoning_summary_part.added","item_id":"rs"}"#,
            r#"{"type":"response.reasoning_summary_text.delta","item_id":"rs","delta":"see"}"#,
            r#"{"type":"response.output_item.done","item":{"type":"reasoning","id":"rs","summary":[],"encrypted_content":"ENC","unknown":7}}"#,
            r#"{"type":"response.output_item.added","item":{"type":"message","id":"m"}}"#,
            r#"{"type":"response.output_text.delta","item_id":"m","delta":"Gr"}"#,
            "this is not JSON",
            r#"{"type":"response.brand_new","anything":[1]}"#,
            r#"{"type":"response.output_text.delta","item_id":"m","delta":"üße 😀"}"#,
            r#"{"type":"response.output_item.done","item":{"type":"message","id":"m","content":[{"type":"output_text","text":"Grüße 😀"}]}}"#,
            r#"{"type":"response.output_item.added","item":{"type":"function_call","id":"f1","call_id":"c1","name":"run"}}"#,
            r#"{"type":"response.output_item.added","item":{"type":"function_call","id":"f2","call_id":"c2","name":"read"}}"#,
            r#"{"type":"response.function_call_arguments.delta","item_id":"f2","delta":"{\"p\""}"#,
            r#"{"type":"response.function_call_arguments.delta","item_id":"f1","delta":"{}"}"#,
            r#"{"type":"response.output_item.done","item":{"type":"function_call","id":"f1","call_id":"c1","name":"run","arguments":"{}"}}"#,
            r#"{"type":"response.output_item.done","item":{"type":"function_call","id":"f2","call_id":"c2","name":"read","arguments":"{\"p\":1}"}}"#,
            r#"{"type":"response.completed","response":{"status":"completed","output":[{"type":"function_call","call_id":"c1","name":"run","arguments":"{}"}],
                "usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":3},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":19}}}"#,
        ]
        .map(|event| event.replace('\n', ""));
        let events: Vec<&str> = events.iter().map(String::as_str).collect();
        let opaque =
            r#"{"type":"reasoning","id":"rs","summary":[],"encrypted_content":"ENC","unknown":7}"#;
        assert_eq!(
            chunks(&stream(&events)),
            [
                Chunk::Reasoning("Let me\n\nsee".into()),
                Chunk::Opaque(serde_json::from_str(opaque).unwrap()),
                text("Grüße 😀"),
                call("c1", "run", "{}"),
                call("c2", "read", "{\"p\":1}"),
                Chunk::Usage(Usage {
                    input: 10,
                    cached: 4,
                    cache_write: 3,
                    output: 9,
                    reasoning: 5
                }),
                Chunk::Finished(Finish::ToolCalls),
            ]
        );
    }

    #[test]
    fn progress_counts_bytes_of_each_call() {
        let events = [
            r#"{"type":"response.output_item.added","item":{"type":"function_call","id":"f","call_id":"c","name":"run"}}"#,
            r#"{"type":"response.function_call_arguments.delta","item_id":"f","delta":"{\"ä\""}"#,
            r#"{"type":"response.function_call_arguments.delta","item_id":"other","delta":"{"}"#,
        ];
        let progress = |argument_bytes| Chunk::CallProgress {
            id: "c".into(),
            name: "run".into(),
            argument_bytes,
        };
        assert_eq!(
            read(&stream(&events)),
            (vec![progress(0), progress(5)], Some(ErrorKind::Broken))
        );
    }

    #[test]
    fn how_an_answer_ends() {
        let done = r#"{"type":"response.output_item.done","item":{"type":"function_call","id":"f","call_id":"c","name":"run","arguments":"{}"}}"#;
        let torn = r#"{"type":"response.output_item.done","item":{"type":"function_call","id":"f","call_id":"c","name":"run","arguments":"{\"a","status":"incomplete"}}"#;
        let delta = r#"{"type":"response.output_text.delta","delta":"a"}"#;
        let incomplete = r#"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}"#;
        let filtered = r#"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"content_filter"}}}"#;
        let full = r#"{"type":"response.completed","response":{"status":"completed","usage":{"output_tokens":64}}}"#;
        let plain = r#"{"type":"response.completed"}"#;
        let broken = r#"{"type":"response.output_item.done","item":{"type":"function_call","call_id":"d","name":"run","arguments":"{\"a"}}"#;
        for (events, expected) in [
            (&[delta, plain][..], Finish::Stop),
            (&[delta, incomplete], Finish::Length),
            (&[done, incomplete], Finish::ToolCalls),
            (&[torn, incomplete], Finish::Length),
            (&[delta, filtered], Finish::ContentFilter),
            (&[delta, full], Finish::Length),
            (&[done, full], Finish::ToolCalls),
            (&[broken, full], Finish::Length),
            (&[broken, incomplete], Finish::Length),
            // The model's own writing: the tool tells it so.
            (&[broken, plain], Finish::ToolCalls),
            (&[done, broken, full], Finish::ToolCalls),
        ] {
            let found = chunks(&stream(events));
            assert_eq!(found.last(), Some(&Chunk::Finished(expected)), "{events:?}");
            let calls = found
                .iter()
                .filter(|chunk| matches!(chunk, Chunk::Call { .. }))
                .count();
            assert_eq!(
                calls,
                usize::from(expected == Finish::ToolCalls),
                "{events:?}"
            );
        }
    }

    #[test]
    fn failures_inside_the_stream() {
        let delta = r#"{"type":"response.output_text.delta","delta":"a"}"#;
        let server = ErrorKind::Server {
            status: None,
            retry_after_ms: None,
        };
        for (event, expected) in [
            (
                r#"{"type":"response.failed","response":{"error":{"code":"server_error","message":"x"}}}"#,
                server.clone(),
            ),
            (r#"{"type":"response.failed"}"#, server.clone()),
            (
                r#"{"type":"error","code":"insufficient_quota","message":"x"}"#,
                ErrorKind::Quota,
            ),
            (
                r#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#,
                server,
            ),
            (
                r#"{"error":{"code":"rate_limit_exceeded","message":"x"}}"#,
                ErrorKind::RateLimited {
                    retry_after_ms: None,
                },
            ),
            ("[DONE]", ErrorKind::Broken),
            ("{\"type\":", ErrorKind::Broken),
        ] {
            assert_eq!(
                read(&stream(&[delta, event])),
                (vec![text("a")], Some(expected)),
                "{event}"
            );
        }
    }

    #[test]
    fn servers_that_send_items_without_deltas_or_only_at_the_end() {
        let message = r#"{"type":"message","content":[{"type":"output_text","text":"ab"}]}"#;
        let function = r#"{"type":"function_call","call_id":"c","name":"run","arguments":{"a":1}}"#;
        let item = |item| format!(r#"{{"type":"response.output_item.done","item":{item}}}"#);
        let completed = format!(
            r#"{{"type":"response.completed","response":{{"output":[{message},{function}]}}}}"#
        );
        let delta = r#"{"type":"response.output_text.delta","delta":"a"}"#;
        let expected = [
            text("ab"),
            call("c", "run", "{\"a\":1}"),
            Chunk::Finished(Finish::ToolCalls),
        ];
        assert_eq!(chunks(&stream(&[&completed])), expected);
        assert_eq!(
            chunks(&stream(&[
                delta,
                &item(message),
                &item(function),
                &completed
            ])),
            expected
        );
        assert_eq!(
            chunks(&stream(&[
                &item(message),
                &item(message),
                r#"{"type":"response.completed"}"#
            ])),
            [text("ab\n\nab"), Chunk::Finished(Finish::Stop)]
        );
        let body = format!(r#"{{"status":"completed","output":[{message},{function}]}}"#);
        let (whole, error) =
            feed::decode(&[body.as_bytes()], true, Decoder::new(feed::asked(), None));
        assert_eq!((whole.as_slice(), error), (&expected[..], None));
    }

    #[test]
    fn what_is_no_such_api() {
        let read = |body: &str, json| {
            feed::decode(&[body.as_bytes()], json, Decoder::new(feed::asked(), None)).1
        };
        assert_eq!(
            read("<!doctype html><p>hi", false),
            Some(ErrorKind::WrongUrl)
        );
        assert_eq!(read(r#"{"hello":1}"#, true), Some(ErrorKind::WrongUrl));
        assert_eq!(
            read(
                r#"{"error":{"code":"insufficient_quota","message":"x"}}"#,
                true
            ),
            Some(ErrorKind::Quota)
        );
        assert_eq!(read("", false), Some(ErrorKind::Broken));
    }
}
