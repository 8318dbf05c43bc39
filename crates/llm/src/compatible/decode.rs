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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::feed;
    use crate::{Item, ToolSpec};

    fn prompt(tool_choice: ToolChoice) -> Prompt {
        let tool = |name: &str| ToolSpec {
            name: name.into(),
            description: String::new(),
            parameters: serde_json::json!({"type": "object"}),
        };
        Prompt {
            model: "m".into(),
            instructions: "".into(),
            tools: [tool("read_file"), tool("run")].into(),
            items: vec![Item::user("hi")],
            tool_choice,
            effort: None,
            max_output_tokens: Some(64),
            cache_key: String::new(),
        }
    }

    fn read_with(body: &str, choice: ToolChoice) -> (Vec<Chunk>, Option<ErrorKind>) {
        let decoder = || Decoder::new(feed::asked(), &prompt(choice), 7);
        feed::decode_every_way(body.as_bytes(), decoder)
    }

    fn chunks(body: &str) -> Vec<Chunk> {
        let (chunks, error) = read_with(body, ToolChoice::Auto);
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

    fn content(text: &str) -> String {
        serde_json::json!({"choices": [{"delta": {"content": text}}]}).to_string()
    }

    fn calls(deltas: &str) -> String {
        format!(r#"{{"choices":[{{"delta":{{"tool_calls":[{deltas}]}}}}]}}"#)
    }

    const STOP: &str = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    const LENGTH: &str = r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#;

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

    fn finished(finish: Finish) -> Chunk {
        Chunk::Finished(finish)
    }

    #[test]
    fn recorded_streams_of_real_servers() {
        let usage = |input, cached, output| {
            Chunk::Usage(Usage {
                input,
                cached,
                output,
                ..Usage::default()
            })
        };
        assert_eq!(
            chunks(include_str!("../../tests/fixtures/chat-tool-stream.sse")),
            [
                call(
                    "sgzNcSeBTskr8WWki7m4yPsZ4FAfDZtV",
                    "read_file",
                    r#"{"path": "src/main.rs"}"#
                ),
                usage(177, 5, 23),
                finished(Finish::ToolCalls)
            ]
        );
        assert_eq!(
            chunks(include_str!("../../tests/fixtures/litellm-chat-tool.sse")),
            [
                call(
                    "V8HMtdw7Qyr6gwk9mvMPewCl7d1j9lQc",
                    "read_file",
                    "{\n    \"path\": \"src/main.rs\"\n  }"
                ),
                usage(165, 0, 31),
                finished(Finish::ToolCalls)
            ]
        );
        assert_eq!(
            chunks(include_str!(
                "../../tests/fixtures/llama-cpp-python-chat.sse"
            )),
            [text("Hello! How"), finished(Finish::Length)]
        );
    }

    #[test]
    fn calls_are_told_apart_however_they_are_numbered() {
        let one = [call("a", "read_file", "{\"p\":1}"), call("b", "run", "{}")];
        for deltas in [
            // By index, arguments in pieces.
            vec![
                r#"{"index":0,"id":"a","function":{"name":"read_file","arguments":"{\"p\""}}"#,
                r#"{"index":0,"function":{"arguments":":1}"}}"#,
                r#"{"index":1,"id":"b","function":{"name":"run","arguments":"{}"}}"#,
            ],
            // All numbered 0; told apart by id.
            vec![
                r#"{"index":0,"id":"a","function":{"name":"read_file","arguments":"{\"p\":1}"}}"#,
                r#"{"index":0,"id":"b","function":{"name":"run","arguments":"{}"}}"#,
            ],
            // Not numbered; id and name repeated in each piece, arguments as an object.
            vec![
                r#"{"id":"a","function":{"name":"read_file","arguments":"{\"p\":"}}"#,
                r#"{"id":"a","function":{"name":"read_file","arguments":"1}"}}"#,
                r#"{"id":"b","function":{"name":"run","arguments":{}}}"#,
            ],
            // Both in one piece.
            vec![
                r#"{"index":0,"id":"a","function":{"name":"read_file","arguments":"{\"p\":1}"}},
                   {"index":1,"id":"b","function":{"name":"run","arguments":"{}"}}"#,
            ],
        ] {
            let mut events: Vec<String> = deltas
                .iter()
                .map(|delta| calls(delta).replace('\n', ""))
                .collect();
            events.push(STOP.into());
            let events: Vec<&str> = events.iter().map(String::as_str).collect();
            let found = chunks(&stream(&events));
            assert_eq!(
                found,
                [&one[..], &[finished(Finish::ToolCalls)]].concat(),
                "{deltas:?}"
            );
        }
        // No ids at all: they are made up, and differ.
        let found = chunks(&stream(&[
            &calls(
                r#"{"function":{"name":"run","arguments":"{}"}},{"function":{"name":"run","arguments":"{}"}}"#,
            ),
            STOP,
        ]));
        let [Chunk::Call { id: a, .. }, Chunk::Call { id: b, .. }, _] = &found[..] else {
            panic!("{found:?}")
        };
        assert!(a != b && a.starts_with("call_"));
    }

    #[test]
    fn the_first_call_is_whole_when_the_second_begins() {
        let body = stream(&[
            &calls(r#"{"index":0,"id":"a","function":{"name":"run","arguments":"{}"}}"#),
            &calls(r#"{"index":1,"id":"b","function":{"name":"run","arguments":"{\"x"}}"#),
        ]);
        let (found, error) = read_with(&body, ToolChoice::Auto);
        assert!(found.contains(&call("a", "run", "{}")));
        assert!(
            !found
                .iter()
                .any(|chunk| matches!(chunk, Chunk::Call { id, .. } if id == "b"))
        );
        assert_eq!(error, Some(ErrorKind::Broken));
    }

    #[test]
    fn how_an_answer_ends() {
        let torn = calls(r#"{"index":0,"id":"a","function":{"name":"run","arguments":"{\"x"}}"#);
        let hi = content("hi");
        let full = r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":64}}"#;
        for (events, expected) in [
            (vec![hi.as_str(), STOP], Finish::Stop),
            (vec![&hi, STOP, "[DONE]"], Finish::Stop),
            (vec![&hi, "[DONE]"], Finish::Stop),
            (vec![&hi, LENGTH], Finish::Length),
            (vec![&hi, STOP, full], Finish::Length),
            (vec![&torn, LENGTH], Finish::Length),
            // The model's own broken writing: the tool tells it so.
            (vec![&torn, STOP], Finish::ToolCalls),
        ] {
            let found = chunks(&stream(&events));
            assert_eq!(found.last(), Some(&finished(expected)), "{events:?}");
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
        for events in [vec![hi.as_str()], vec!["[DONE]"], vec![]] {
            let (_, error) = read_with(&stream(&events), ToolChoice::Auto);
            assert_eq!(error, Some(ErrorKind::Broken), "{events:?}");
        }
    }

    #[test]
    fn a_call_written_as_text_is_a_call_and_not_text() {
        let body = stream(&[
            &content("I look.\n```js"),
            &content("on\n{\"name\": \"run\", \"argum"),
            &content("ents\": {\"a\": \"ä\"}}\n``"),
            &content("`"),
            STOP,
        ]);
        let id = format!("{TEXT_CALL_PREFIX}0000000000000007_0");
        assert_eq!(
            chunks(&body),
            [
                text("I look.\n"),
                call(&id, "run", "{\"a\":\"ä\"}"),
                finished(Finish::ToolCalls)
            ]
        );
        let (asked_for_words, _) = read_with(&body, ToolChoice::None);
        let shown = "I look.\n```json\n{\"name\": \"run\", \"arguments\": {\"a\": \"ä\"}}\n```";
        assert_eq!(asked_for_words, [text(shown), finished(Finish::Stop)]);
    }

    #[test]
    fn thoughts_errors_and_nonsense() {
        let thinking = r#"{"choices":[{"delta":{"reasoning_content":"hm"}}]}"#;
        let other = r#"{"choices":[{"delta":{"reasoning":"m","content":null,"tool_calls":null}}]}"#;
        assert_eq!(
            chunks(&stream(&[
                thinking,
                other,
                "{oops",
                r#"{"choices":7}"#,
                &content("x"),
                STOP
            ])),
            [
                Chunk::Reasoning("hmm".into()),
                text("x"),
                finished(Finish::Stop)
            ]
        );
        let error = r#"{"error":{"code":500,"message":"boom","type":"server_error"}}"#;
        let server = ErrorKind::Server {
            status: Some(500),
            retry_after_ms: None,
        };
        assert_eq!(
            read_with(&stream(&[&content("x"), error]), ToolChoice::Auto),
            (vec![text("x")], Some(server))
        );
    }

    #[test]
    fn a_server_that_does_not_stream() {
        let read = |body: &str| {
            let decoder = Decoder::new(feed::asked(), &prompt(ToolChoice::Auto), 7);
            let (chunks, error) = feed::decode(&[body.as_bytes()], true, decoder);
            let calls = |chunk: &Chunk| !matches!(chunk, Chunk::CallProgress { .. });
            (chunks.into_iter().filter(calls).collect::<Vec<_>>(), error)
        };
        let body = r#"{"choices":[{"message":{"content":"x","tool_calls":[{"id":"a","function":{"name":"run","arguments":"{}"}}]},"finish_reason":"tool_calls"}],
            "usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
        let usage = Chunk::Usage(Usage {
            input: 3,
            output: 2,
            ..Usage::default()
        });
        let expected = vec![
            text("x"),
            call("a", "run", "{}"),
            usage,
            finished(Finish::ToolCalls),
        ];
        assert_eq!(read(body), (expected, None));
        assert_eq!(read("{}").1, Some(ErrorKind::WrongUrl));
    }
}
