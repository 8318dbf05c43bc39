//! From the chunks of a `streamGenerateContent` answer to [`Chunk`]s. Pure.

use serde_json::{Value, json};

use super::wire::{Candidate, Part, PromptFeedback, Response};
use crate::http::Decode;
use crate::refusal::Asked;
use crate::{Chunk, ErrorKind, Finish, ModelError};

/// Reads one answer.
pub(crate) struct Decoder {
    asked: Asked,
    /// Tells ids of this answer from those of others, where the server gives none.
    seed: u32,
    calls: u32,
    any_text: bool,
}

impl Decoder {
    pub fn new(asked: Asked, seed: u32) -> Self {
        Self {
            asked,
            seed,
            calls: 0,
            any_text: false,
        }
    }

    fn response(&mut self, response: Response, out: &mut Vec<Chunk>) -> Result<(), ModelError> {
        if let Some(error) = response.error.filter(|error| !error.is_null()) {
            return Err(self.asked.failed_in_stream(&error));
        }
        let usage = response.usage_metadata.map(|usage| usage.figures());
        let candidate = response.candidates.and_then(|list| list.into_iter().next());
        let Some(candidate) = candidate else {
            out.extend(usage.map(Chunk::Usage));
            return match response.prompt_feedback {
                Some(PromptFeedback {
                    block_reason: Some(reason),
                    block_reason_message,
                }) => Err(self.blocked(&reason, block_reason_message.as_deref())),
                _ => Ok(()),
            };
        };
        let Candidate {
            content,
            finish_reason,
            finish_message,
        } = candidate;
        for part in content
            .and_then(|content| content.parts)
            .into_iter()
            .flatten()
        {
            self.part(part, out);
        }
        out.extend(usage.map(Chunk::Usage));
        match finish_reason.as_deref() {
            None | Some("" | "FINISH_REASON_UNSPECIFIED") => Ok(()),
            Some(reason) => self.finished(reason, finish_message.as_deref(), out),
        }
    }

    fn part(&mut self, part: Part, out: &mut Vec<Chunk>) {
        let is_thought = part.thought == Some(true);
        if let Some(text) = part.text.filter(|text| !text.is_empty()) {
            out.push(if is_thought {
                Chunk::Reasoning(text)
            } else {
                self.any_text = true;
                Chunk::Text(text)
            });
        }
        let signature = part.thought_signature.filter(|text| !text.is_empty());
        let Some(call) = part.function_call else {
            out.extend(signature.map(|signature| opaque("text", signature)));
            return;
        };
        out.extend(signature.map(|signature| opaque("functionCall", signature)));
        let id = call.id.filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| format!("call_{:08x}_{}", self.seed, self.calls));
        self.calls += 1;
        let arguments = match call.args {
            None | Some(Value::Null) => "{}".to_owned(),
            Some(args) => args.to_string(),
        };
        let name = call.name.unwrap_or_default();
        out.push(Chunk::CallProgress {
            id: id.clone(),
            name: name.clone(),
            argument_bytes: arguments.len() as u64,
        });
        out.push(Chunk::Call {
            id,
            name,
            arguments,
        });
    }

    fn finished(
        &mut self,
        reason: &str,
        message: Option<&str>,
        out: &mut Vec<Chunk>,
    ) -> Result<(), ModelError> {
        let finish = match reason {
            _ if self.calls > 0 => Finish::ToolCalls,
            "MAX_TOKENS" => Finish::Length,
            "SAFETY" | "RECITATION" | "LANGUAGE" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII"
            | "IMAGE_SAFETY" => Finish::ContentFilter,
            // The model wrote something that Gemini could not read; another try often goes well.
            "MALFORMED_FUNCTION_CALL"
            | "UNEXPECTED_TOOL_CALL"
            | "MALFORMED_RESPONSE"
            | "TOO_MANY_TOOL_CALLS" => {
                let said = message.unwrap_or("it wrote a tool call that cannot be read");
                let kind = ErrorKind::Server {
                    status: None,
                    retry_after_ms: None,
                };
                let why = format!("{} ({reason})", said.trim_end_matches('.'));
                return Err(self.asked.error(kind, why));
            }
            _ => Finish::Stop,
        };
        out.push(Chunk::Finished(finish));
        Ok(())
    }

    fn blocked(&self, reason: &str, message: Option<&str>) -> ModelError {
        let why = match message {
            Some(message) => format!("the prompt was blocked ({reason}): {message}"),
            None => format!("the prompt was blocked ({reason})"),
        };
        self.asked.error(ErrorKind::Refused { status: None }, why)
    }
}

fn opaque(part: &str, signature: String) -> Chunk {
    Chunk::Opaque(json!({ "part": part, "thoughtSignature": signature }))
}

impl Decode for Decoder {
    fn event(&mut self, data: &str, out: &mut Vec<Chunk>) -> Result<(), ModelError> {
        match serde_json::from_str(data) {
            Ok(response) => self.response(response, out),
            Err(_) => {
                tracing::debug!(bytes = data.len(), "an event that is not JSON was skipped");
                Ok(())
            }
        }
    }

    /// One response, or a list of what would have been events.
    fn whole(&mut self, body: &str, out: &mut Vec<Chunk>) -> Result<(), ModelError> {
        let responses: Vec<Response> = match serde_json::from_str::<Value>(body) {
            Ok(list @ Value::Array(_)) => serde_json::from_value(list).unwrap_or_default(),
            Ok(one) => serde_json::from_value(one).into_iter().collect(),
            Err(_) => Vec::new(),
        };
        let known = |response: &Response| {
            response.candidates.is_some()
                || response.prompt_feedback.is_some()
                || response.error.is_some()
        };
        if !responses.iter().any(known) {
            let why = "what came back is no answer of the Gemini API";
            let error = self.asked.error(ErrorKind::WrongUrl, why);
            return Err(self.asked.with_detail(error, body));
        }
        for response in responses {
            self.response(response, out)?;
        }
        match out.last() {
            Some(Chunk::Finished(_)) => Ok(()),
            _ => self.end(out),
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
        feed::decode_every_way(body.as_bytes(), || Decoder::new(feed::asked(), 7))
    }

    fn stream(events: &[&str]) -> String {
        events
            .iter()
            .map(|event| format!("data: {event}\r\n\r\n"))
            .collect()
    }

    const THOUGHT: &str =
        r#"{"candidates":[{"content":{"parts":[{"text":"hm ö","thought":true}],"role":"model"}}]}"#;
    const TEXT: &str = r#"{"candidates":[{"content":{"parts":[{"text":"Grü"}]}}]}"#;
    const MORE: &str = r#"{"candidates":[{"content":{"parts":[{"text":"ße 😀"}]}}],"weather":{}}"#;
    const CALLS: &str = r#"{"candidates":[{"content":{"parts":[
        {"functionCall":{"name":"read","args":{"p":"ä"},"id":"g1"},"thoughtSignature":"c2ln"},
        {"functionCall":{"name":"list"}}]},"finishReason":"STOP"}],
        "usageMetadata":{"promptTokenCount":90,"cachedContentTokenCount":40,"candidatesTokenCount":5,"thoughtsTokenCount":7}}"#;
    const END: &str = r#"{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"ZW5k"}]},"finishReason":"STOP"}]}"#;

    #[test]
    fn text_thoughts_calls_signatures_and_usage() {
        let calls = CALLS.replace('\n', " ");
        let (chunks, error) = read(&stream(&[THOUGHT, TEXT, "not json", MORE, &calls]));
        let call = |id: &str, name: &str, arguments: &str| Chunk::Call {
            id: id.into(),
            name: name.into(),
            arguments: arguments.into(),
        };
        let progress = |id: &str, name: &str, argument_bytes| Chunk::CallProgress {
            id: id.into(),
            name: name.into(),
            argument_bytes,
        };
        assert_eq!(error, None);
        assert_eq!(
            chunks,
            [
                Chunk::Reasoning("hm ö".into()),
                Chunk::Text("Grüße 😀".into()),
                opaque("functionCall", "c2ln".into()),
                progress("g1", "read", 10),
                call("g1", "read", r#"{"p":"ä"}"#),
                progress("call_00000007_1", "list", 2),
                call("call_00000007_1", "list", "{}"),
                Chunk::Usage(Usage {
                    input: 90,
                    cached: 40,
                    cache_write: 0,
                    output: 12,
                    reasoning: 7
                }),
                Chunk::Finished(Finish::ToolCalls),
            ]
        );
    }

    #[test]
    fn how_answers_end() {
        let (chunks, _) = read(&stream(&[TEXT, END]));
        assert_eq!(
            chunks,
            [
                Chunk::Text("Grü".into()),
                opaque("text", "ZW5k".into()),
                Chunk::Finished(Finish::Stop)
            ]
        );
        let ends = |reason: &str| {
            let event = format!(r#"{{"candidates":[{{"finishReason":"{reason}"}}]}}"#);
            let (chunks, error) = read(&stream(&[TEXT, &event]));
            let finish = chunks.iter().find_map(|chunk| match chunk {
                Chunk::Finished(finish) => Some(*finish),
                _ => None,
            });
            (finish, error)
        };
        assert_eq!(ends("MAX_TOKENS"), (Some(Finish::Length), None));
        assert_eq!(ends("SAFETY"), (Some(Finish::ContentFilter), None));
        assert_eq!(
            ends("PROHIBITED_CONTENT"),
            (Some(Finish::ContentFilter), None)
        );
        assert_eq!(ends("NEW_REASON"), (Some(Finish::Stop), None));
        assert!(matches!(
            ends("MALFORMED_FUNCTION_CALL"),
            (None, Some(ErrorKind::Server { .. }))
        ));
        assert_eq!(read(&stream(&[TEXT])).1, Some(ErrorKind::Broken));
    }

    #[test]
    fn blocked_prompts_and_errors() {
        let blocked =
            r#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":3}}"#;
        let (chunks, error) = read(&stream(&[blocked]));
        assert_eq!(error, Some(ErrorKind::Refused { status: None }));
        assert!(matches!(chunks[..], [Chunk::Usage(Usage { input: 3, .. })]));
        let overloaded =
            r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#;
        assert!(matches!(
            read(&stream(&[TEXT, overloaded])).1,
            Some(ErrorKind::Server {
                status: Some(503),
                ..
            })
        ));
        let whole =
            |body: &str| feed::decode(&[body.as_bytes()], true, Decoder::new(feed::asked(), 7));
        assert_eq!(whole(r#"{"hello":1}"#).1, Some(ErrorKind::WrongUrl));
        let list = format!("[{TEXT},{MORE},{END}]");
        assert_eq!(whole(&list).0.last(), Some(&Chunk::Finished(Finish::Stop)));
    }
}
