//! From the events of a Messages stream to [`Chunk`]s. Pure.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::wire::{Delta, Event, Message, WireUsage};
use crate::http::Decode;
use crate::refusal::Asked;
use crate::{Chunk, ErrorKind, Finish, ModelError};

/// Reads one answer.
pub(crate) struct Decoder {
    asked: Asked,
    /// Blocks being written, by index.
    open: HashMap<u64, Block>,
    usage: WireUsage,
    stop_reason: Option<String>,
    /// A call whose arguments cannot be read: cut by the limit, or the model's own writing; the
    /// reason of the end tells which.
    doubtful: Option<Chunk>,
    any_call: bool,
    any_text: bool,
}

enum Block {
    Text,
    Call {
        id: String,
        name: String,
        arguments: String,
    },
    Thinking {
        text: String,
        signature: String,
    },
    /// Goes back as it came.
    Redacted(Value),
    Other,
}

impl Decoder {
    pub fn new(asked: Asked) -> Self {
        Self {
            asked,
            open: HashMap::new(),
            usage: WireUsage::default(),
            stop_reason: None,
            doubtful: None,
            any_call: false,
            any_text: false,
        }
    }

    fn begin(&mut self, index: u64, block: &Value, out: &mut Vec<Chunk>) {
        let text = |name: &str| block[name].as_str().unwrap_or_default().to_owned();
        let begun = match block["type"].as_str().unwrap_or_default() {
            "text" => {
                if self.any_text {
                    out.push(Chunk::Text("\n\n".into()));
                }
                self.text(text("text"), out);
                Block::Text
            }
            "tool_use" => {
                let (id, name) = (text("id"), text("name"));
                // Where a server sends the input whole, it stands here.
                let arguments = match &block["input"] {
                    Value::Object(map) if !map.is_empty() => block["input"].to_string(),
                    _ => String::new(),
                };
                out.push(Chunk::CallProgress {
                    id: id.clone(),
                    name: name.clone(),
                    argument_bytes: arguments.len() as u64,
                });
                Block::Call {
                    id,
                    name,
                    arguments,
                }
            }
            "thinking" => {
                let thought = text("thinking");
                if !thought.is_empty() {
                    out.push(Chunk::Reasoning(thought.clone()));
                }
                Block::Thinking {
                    text: thought,
                    signature: text("signature"),
                }
            }
            "redacted_thinking" => Block::Redacted(block.clone()),
            _ => Block::Other,
        };
        self.open.insert(index, begun);
    }

    fn text(&mut self, text: String, out: &mut Vec<Chunk>) {
        if !text.is_empty() {
            self.any_text = true;
            out.push(Chunk::Text(text));
        }
    }

    fn delta(&mut self, index: u64, delta: Delta, out: &mut Vec<Chunk>) {
        match self.open.get_mut(&index) {
            Some(Block::Call {
                id,
                name,
                arguments,
            }) => {
                let Some(more) = delta.partial_json else {
                    return;
                };
                arguments.push_str(&more);
                out.push(Chunk::CallProgress {
                    id: id.clone(),
                    name: name.clone(),
                    argument_bytes: arguments.len() as u64,
                });
            }
            Some(Block::Thinking { text, signature }) => {
                if let Some(more) = delta.thinking.filter(|more| !more.is_empty()) {
                    text.push_str(&more);
                    out.push(Chunk::Reasoning(more));
                }
                if let Some(more) = delta.signature {
                    signature.push_str(&more);
                }
            }
            Some(Block::Redacted(_) | Block::Other) => {}
            // A server that announces no block still means text.
            Some(Block::Text) | None => self.text(delta.text.unwrap_or_default(), out),
        }
    }

    fn end_block(&mut self, index: u64, out: &mut Vec<Chunk>) {
        match self.open.remove(&index) {
            Some(Block::Call {
                id,
                name,
                arguments,
            }) => {
                out.extend(self.doubtful.take());
                let arguments = if arguments.trim().is_empty() {
                    "{}".to_owned()
                } else {
                    arguments
                };
                let readable = serde_json::from_str::<Value>(&arguments).is_ok();
                self.any_call = true;
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
            // Without its signature a thought cannot be sent back.
            Some(Block::Thinking { text, signature }) if !signature.is_empty() => {
                out.push(Chunk::Opaque(
                    json!({"type": "thinking", "thinking": text, "signature": signature}),
                ));
            }
            Some(Block::Redacted(block)) => out.push(Chunk::Opaque(block)),
            _ => {}
        }
    }

    fn finished(&mut self, out: &mut Vec<Chunk>) {
        let mut open: Vec<u64> = self.open.keys().copied().collect();
        open.sort_unstable();
        for index in open {
            self.end_block(index, out);
        }
        let reason = self.stop_reason.as_deref().unwrap_or_default();
        let cut = matches!(reason, "max_tokens" | "model_context_window_exceeded");
        let doubtful = self.doubtful.take();
        if cut && doubtful.is_some() {
            self.any_call = false;
        } else {
            out.extend(doubtful);
        }
        out.push(Chunk::Usage(self.usage.figures()));
        out.push(Chunk::Finished(match reason {
            "refusal" => Finish::ContentFilter,
            _ if cut && !self.any_call => Finish::Length,
            _ if self.any_call => Finish::ToolCalls,
            _ => Finish::Stop,
        }));
    }

    fn failed(&self, error: Option<&Value>) -> ModelError {
        self.asked.failed_in_stream(error.unwrap_or(&Value::Null))
    }
}

impl Decode for Decoder {
    fn event(&mut self, data: &str, out: &mut Vec<Chunk>) -> Result<(), ModelError> {
        let Ok(event) = serde_json::from_str::<Event>(data) else {
            tracing::debug!(bytes = data.len(), "an event that is not JSON was skipped");
            return Ok(());
        };
        let index = event.index.unwrap_or(0);
        match event.kind.as_deref().unwrap_or_default() {
            "message_start" => {
                if let Some(usage) = event.message.and_then(|message| message.usage) {
                    self.usage.update(usage);
                    // Told early too: what an answer that breaks off has cost.
                    out.push(Chunk::Usage(self.usage.figures()));
                }
            }
            "content_block_start" => {
                self.begin(index, &event.content_block.unwrap_or_default(), out);
            }
            "content_block_delta" => self.delta(index, event.delta.unwrap_or_default(), out),
            "content_block_stop" => self.end_block(index, out),
            "message_delta" => {
                if let Some(usage) = event.usage {
                    self.usage.update(usage);
                }
                self.stop_reason = event
                    .delta
                    .and_then(|delta| delta.stop_reason)
                    .or(self.stop_reason.take());
            }
            "message_stop" => self.finished(out),
            "error" => return Err(self.failed(event.error.as_ref())),
            _ => {}
        }
        Ok(())
    }

    fn whole(&mut self, body: &str, out: &mut Vec<Chunk>) -> Result<(), ModelError> {
        if let Ok(event) = serde_json::from_str::<Event>(body)
            && event.kind.as_deref() == Some("error")
        {
            return Err(self.failed(event.error.as_ref()));
        }
        match serde_json::from_str::<Message>(body) {
            Ok(Message {
                content: Some(blocks),
                stop_reason,
                usage,
            }) => {
                for (index, block) in blocks.iter().enumerate() {
                    self.begin(index as u64, block, out);
                    self.end_block(index as u64, out);
                }
                self.stop_reason = stop_reason;
                self.usage.update(usage.unwrap_or_default());
                self.finished(out);
                Ok(())
            }
            _ => {
                let why = "what came back is no answer of the Messages API";
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
    use crate::Usage;
    use crate::http::feed;

    fn read(body: &str) -> (Vec<Chunk>, Option<ErrorKind>) {
        feed::decode_every_way(body.as_bytes(), || Decoder::new(feed::asked()))
    }

    /// Without the progress of calls.
    fn chunks(events: &[&str]) -> Vec<Chunk> {
        let (chunks, error) = read(&stream(events));
        assert_eq!(error, None);
        chunks
            .into_iter()
            .filter(|chunk| !matches!(chunk, Chunk::CallProgress { .. }))
            .collect()
    }

    fn stream(events: &[&str]) -> String {
        events
            .iter()
            .map(|event| format!("event: x\ndata: {event}\n\n"))
            .collect()
    }

    const START: &str = r#"{"type":"message_start","message":{"content":[],"usage":{"input_tokens":10,"cache_read_input_tokens":100,"cache_creation_input_tokens":20,"output_tokens":1}}}"#;
    const THINK: &str = r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#;
    const THOUGHT: &str = r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm ö"}}"#;
    const SIGNED: &str = r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}"#;
    const STOP0: &str = r#"{"type":"content_block_stop","index":0}"#;
    const PING: &str = r#"{"type":"ping"}"#;
    const TEXT: &str =
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#;
    const HE: &str =
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Grü"}}"#;
    const LLO: &str =
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"ße 😀"}}"#;
    const STOP1: &str = r#"{"type":"content_block_stop","index":1}"#;
    const CALL: &str = r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"read","input":{}}}"#;
    const ARGS: &str = r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"p\":"}}"#;
    const ARGS2: &str = r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"1}"}}"#;
    const STOP2: &str = r#"{"type":"content_block_stop","index":2}"#;
    const END: &str = r#"{"type":"message_stop"}"#;

    fn delta(reason: &str) -> String {
        format!(
            r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}"}},"usage":{{"output_tokens":33}}}}"#
        )
    }

    fn usage(output: u64) -> Chunk {
        Chunk::Usage(Usage {
            input: 130,
            cached: 100,
            cache_write: 20,
            output,
            reasoning: 0,
        })
    }

    #[test]
    fn thoughts_text_calls_and_usage() {
        let end = delta("tool_use");
        let events = [
            START, THINK, THOUGHT, SIGNED, STOP0, PING, TEXT, HE, "{", LLO, STOP1, CALL, ARGS,
            ARGS2, STOP2, &end, END,
        ];
        assert_eq!(
            chunks(&events),
            [
                usage(1),
                Chunk::Reasoning("hm ö".into()),
                Chunk::Opaque(json!({"type": "thinking", "thinking": "hm ö", "signature": "c2ln"})),
                Chunk::Text("Grüße 😀".into()),
                Chunk::Call {
                    id: "toolu_1".into(),
                    name: "read".into(),
                    arguments: r#"{"p":1}"#.into()
                },
                usage(33),
                Chunk::Finished(Finish::ToolCalls),
            ]
        );
    }

    #[test]
    fn how_answers_end() {
        let ends = |reason: &str, with_cut_call: bool| {
            let end = delta(reason);
            let mut events = vec![START, TEXT, HE, STOP1];
            if with_cut_call {
                events.extend([CALL, ARGS, STOP2]);
            }
            events.extend([end.as_str(), END]);
            let chunks = chunks(&events);
            let calls = chunks
                .iter()
                .filter(|chunk| matches!(chunk, Chunk::Call { .. }));
            (calls.count(), chunks.last().cloned())
        };
        let finish = |finish| Some(Chunk::Finished(finish));
        assert_eq!(ends("end_turn", false), (0, finish(Finish::Stop)));
        assert_eq!(ends("max_tokens", false), (0, finish(Finish::Length)));
        assert_eq!(ends("max_tokens", true), (0, finish(Finish::Length)));
        assert_eq!(ends("tool_use", true), (1, finish(Finish::ToolCalls)));
        assert_eq!(ends("refusal", false), (0, finish(Finish::ContentFilter)));
        assert_eq!(read(&stream(&[START, TEXT, HE])).1, Some(ErrorKind::Broken));
    }

    #[test]
    fn errors_in_the_stream_and_whole_answers() {
        let error = |kind: &str| {
            let event =
                format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"No."}}}}"#);
            read(&stream(&[START, &event])).1.unwrap()
        };
        assert!(matches!(
            error("overloaded_error"),
            ErrorKind::Server { .. }
        ));
        assert!(matches!(
            error("rate_limit_error"),
            ErrorKind::RateLimited { .. }
        ));
        assert!(matches!(
            error("invalid_request_error"),
            ErrorKind::Refused { .. }
        ));
        let whole =
            |body: &str| feed::decode(&[body.as_bytes()], true, Decoder::new(feed::asked()));
        let redacted = r#"{"type":"redacted_thinking","data":"eA=="}"#;
        let body = format!(
            r#"{{"type":"message","stop_reason":"end_turn","content":[{redacted},{{"type":"text","text":"hi"}}],"usage":{{"input_tokens":1,"output_tokens":2}}}}"#
        );
        let (chunks, error) = whole(&body);
        assert_eq!(error, None);
        assert_eq!(
            chunks[..2],
            [
                Chunk::Opaque(json!({"type": "redacted_thinking", "data": "eA=="})),
                Chunk::Text("hi".into())
            ]
        );
        assert_eq!(whole(r#"{"a":1}"#).1, Some(ErrorKind::WrongUrl));
    }
}
