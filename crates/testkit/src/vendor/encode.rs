//! A scripted reply as server-sent events of its dialect.

use mira_llm::Usage;
use serde_json::{Value, json};

use super::check::{Dialect, Signed};
use super::{anthropic, gemini};
use crate::script::{Fault, Reply};

/// What is sent, piece by piece; a [`Step::Mark`] is where faults and gates take hold.
pub(super) enum Step {
    Send(String),
    /// Between two pieces of text.
    Pause,
    Mark(Mark),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Half of the text is out.
    HalfText,
    /// The text is whole.
    TextDone,
    /// The last call is whole; only the end is missing.
    CallsDone,
}

/// A reply, ready to be sent, and the items that the client must echo.
pub(super) struct Encoded {
    pub steps: Vec<Step>,
    pub reasoning: Option<Value>,
    /// Call id → arguments.
    pub calls: Vec<(String, String)>,
    pub signed: Vec<Signed>,
}

impl Encoded {
    /// Of a dialect that signs thoughts.
    pub fn signed(
        steps: Vec<Step>,
        calls: &[(String, String, String)],
        signed: Vec<Signed>,
    ) -> Self {
        let calls = calls.iter();
        Self {
            steps,
            reasoning: None,
            calls: calls
                .map(|(id, _, arguments)| (id.clone(), arguments.clone()))
                .collect(),
            signed,
        }
    }
}

pub(super) fn encode(
    dialect: Dialect,
    reply: &Reply,
    model: &str,
    number: u64,
    usage: Usage,
    reason: bool,
) -> Encoded {
    let calls: Vec<_> = match &reply.fault {
        Some(Fault::CallsAsText { .. }) => vec![],
        _ => reply
            .calls
            .iter()
            .enumerate()
            .map(|(at, call)| {
                let id = call
                    .id
                    .clone()
                    .unwrap_or_else(|| format!("{}_{number:04}_{at}", dialect.call_prefix()));
                (id, call.name.clone(), call.arguments())
            })
            .collect(),
    };
    let mut reply = reply.clone();
    if let Some(Fault::CallsAsText { style }) = &reply.fault {
        let written = style.write(&reply.calls);
        reply.text = if reply.text.is_empty() {
            written
        } else {
            format!("{}\n{written}", reply.text)
        };
    }
    let echo = calls
        .iter()
        .map(|(id, _, arguments)| (id.clone(), arguments.clone()))
        .collect();
    match dialect {
        Dialect::Responses => {
            let (steps, reasoning) = responses(&reply, &calls, model, number, usage, reason);
            Encoded {
                steps,
                reasoning,
                calls: echo,
                signed: vec![],
            }
        }
        Dialect::Chat => Encoded {
            steps: chat(&reply, &calls, model, number, usage),
            reasoning: None,
            calls: echo,
            signed: vec![],
        },
        Dialect::Gemini => gemini::write(&reply, &calls, model, number, usage),
        Dialect::Anthropic => anthropic::write(&reply, &calls, model, number, usage, reason),
    }
}

/// Numbers events and remembers what they add up to.
struct Writer {
    steps: Vec<Step>,
    sequence: u64,
    output: Vec<Value>,
}

impl Writer {
    fn event(&mut self, kind: &str, mut data: Value) {
        data["type"] = kind.into();
        data["sequence_number"] = self.sequence.into();
        self.sequence += 1;
        self.steps
            .push(Step::Send(format!("event: {kind}\ndata: {data}\n\n")));
    }
}

fn responses(
    reply: &Reply,
    calls: &[(String, String, String)],
    model: &str,
    number: u64,
    usage: Usage,
    reason: bool,
) -> (Vec<Step>, Option<Value>) {
    let id = format!("resp_{number:04}");
    let response = |status: &str, output: &[Value]| {
        json!({ "id": id, "object": "response", "created_at": 1_790_000_000u64 + number, "status": status,
            "model": model, "output": output, "error": null, "incomplete_details": null, "usage": null })
    };
    let mut out = Writer {
        steps: Vec::new(),
        sequence: 0,
        output: Vec::new(),
    };
    out.event(
        "response.created",
        json!({ "response": response("in_progress", &[]) }),
    );
    out.event(
        "response.in_progress",
        json!({ "response": response("in_progress", &[]) }),
    );
    if reply.fault == Some(Fault::UnknownEvents) {
        out.event(
            "response.weather.changed",
            json!({ "weather": { "rain": true } }),
        );
        out.steps.push(Step::Send(
            ": a comment\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n".into(),
        ));
    }
    let reasoning = (reason && (reply.reasoning.is_some() || !calls.is_empty())).then(|| {
        let item = reasoning_item(number, reply.reasoning.as_deref());
        write_reasoning(&mut out, &item);
        item
    });
    if !reply.text.is_empty() {
        write_message(&mut out, reply, number);
    }
    out.steps.push(Step::Mark(Mark::TextDone));
    for (at, (call_id, name, arguments)) in calls.iter().enumerate() {
        write_call(
            &mut out,
            &format!("fc_{number:04}_{at}"),
            call_id,
            name,
            arguments,
        );
    }
    out.steps.push(Step::Mark(Mark::CallsDone));
    let output = std::mem::take(&mut out.output);
    match &reply.fault {
        Some(Fault::Failed { code }) => {
            let mut failed = response("failed", &output);
            let code = if code.is_empty() { "server_error" } else { code };
            failed["error"] = json!({ "code": code, "message": "The model is overloaded." });
            out.event("response.failed", json!({ "response": failed }));
        }
        Some(Fault::ErrorEvent) => out.event(
            "error",
            json!({ "code": "server_error", "message": "An error occurred while processing your request.", "param": null }),
        ),
        Some(Fault::Incomplete) => {
            let mut incomplete = response("incomplete", &output);
            incomplete["incomplete_details"] = json!({ "reason": "max_output_tokens" });
            incomplete["usage"] = usage_json(usage);
            out.event("response.incomplete", json!({ "response": incomplete }));
        }
        _ => {
            let mut completed = response("completed", &output);
            completed["usage"] = usage_json(usage);
            out.event("response.completed", json!({ "response": completed }));
        }
    }
    (out.steps, reasoning)
}

fn usage_json(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.input,
        "input_tokens_details": { "cached_tokens": usage.cached, "cache_write_tokens": usage.cache_write },
        "output_tokens": usage.output,
        "output_tokens_details": { "reasoning_tokens": usage.reasoning },
        "total_tokens": usage.input + usage.output,
    })
}

fn reasoning_item(number: u64, summary: Option<&str>) -> Value {
    let summary: Vec<Value> = summary
        .into_iter()
        .map(|text| json!({ "type": "summary_text", "text": text }))
        .collect();
    json!({ "id": format!("rs_{number:04}"), "type": "reasoning", "summary": summary,
        "encrypted_content": format!("gAAAAAB{number:04}{}", "Zm9yIHRoZSBtb2RlbCdzIGV5ZXMgb25seQ".repeat(6)) })
}

fn write_reasoning(out: &mut Writer, item: &Value) {
    let at = out.output.len();
    let id = item["id"].clone();
    let mut started = item.clone();
    started["summary"] = json!([]);
    out.event(
        "response.output_item.added",
        json!({ "output_index": at, "item": started }),
    );
    for (index, part) in item["summary"].as_array().into_iter().flatten().enumerate() {
        let place = |mut extra: Value| {
            extra["item_id"] = id.clone();
            extra["output_index"] = at.into();
            extra["summary_index"] = index.into();
            extra
        };
        out.event(
            "response.reasoning_summary_part.added",
            place(json!({ "part": { "type": "summary_text", "text": "" } })),
        );
        out.event(
            "response.reasoning_summary_text.delta",
            place(json!({ "delta": part["text"] })),
        );
        out.event(
            "response.reasoning_summary_text.done",
            place(json!({ "text": part["text"] })),
        );
        out.event(
            "response.reasoning_summary_part.done",
            place(json!({ "part": part })),
        );
    }
    out.event(
        "response.output_item.done",
        json!({ "output_index": at, "item": item }),
    );
    out.output.push(item.clone());
}

fn write_message(out: &mut Writer, reply: &Reply, number: u64) {
    let at = out.output.len();
    let id = format!("msg_{number:04}");
    let item = |status: &str, content: Value| json!({ "id": id, "type": "message", "role": "assistant", "status": status, "content": content });
    let part = |text: &str| json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] });
    out.event(
        "response.output_item.added",
        json!({ "output_index": at, "item": item("in_progress", json!([])) }),
    );
    out.event(
        "response.content_part.added",
        json!({ "item_id": id, "output_index": at, "content_index": 0, "part": part("") }),
    );
    let pieces = reply.pieces();
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            out.steps.push(Step::Pause);
        }
        out.event("response.output_text.delta", json!({ "item_id": id, "output_index": at, "content_index": 0, "delta": piece, "logprobs": [] }));
        if index == pieces.len() / 2 {
            if reply.fault == Some(Fault::MalformedEvent) {
                out.steps.push(Step::Send(
                    "event: response.output_text.delta\ndata: {\"type\":\"response.output_te\n\n"
                        .into(),
                ));
            }
            out.steps.push(Step::Mark(Mark::HalfText));
        }
    }
    out.event("response.output_text.done", json!({ "item_id": id, "output_index": at, "content_index": 0, "text": reply.text, "logprobs": [] }));
    out.event(
        "response.content_part.done",
        json!({ "item_id": id, "output_index": at, "content_index": 0, "part": part(&reply.text) }),
    );
    let done = item("completed", json!([part(&reply.text)]));
    out.event(
        "response.output_item.done",
        json!({ "output_index": at, "item": done }),
    );
    out.output.push(done);
}

fn write_call(out: &mut Writer, id: &str, call_id: &str, name: &str, arguments: &str) {
    let at = out.output.len();
    let item = |status: &str, arguments: &str| json!({ "id": id, "type": "function_call", "status": status, "call_id": call_id, "name": name, "arguments": arguments });
    out.event(
        "response.output_item.added",
        json!({ "output_index": at, "item": item("in_progress", "") }),
    );
    for piece in split(arguments, 24) {
        out.event(
            "response.function_call_arguments.delta",
            json!({ "item_id": id, "output_index": at, "delta": piece }),
        );
    }
    out.event(
        "response.function_call_arguments.done",
        json!({ "item_id": id, "output_index": at, "name": name, "arguments": arguments }),
    );
    let done = item("completed", arguments);
    out.event(
        "response.output_item.done",
        json!({ "output_index": at, "item": done }),
    );
    out.output.push(done);
}

fn split(text: &str, characters: usize) -> Vec<String> {
    let all: Vec<char> = text.chars().collect();
    all.chunks(characters)
        .map(|piece| piece.iter().collect())
        .collect()
}

fn chat(
    reply: &Reply,
    calls: &[(String, String, String)],
    model: &str,
    number: u64,
    usage: Usage,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let base = json!({ "id": format!("chatcmpl-{number:04}"), "object": "chat.completion.chunk",
        "created": 1_790_000_000u64 + number, "model": model });
    let chunk = |delta: Value, finish: Value| {
        let mut chunk = base.clone();
        chunk["choices"] = json!([{ "index": 0, "delta": delta, "finish_reason": finish }]);
        Step::Send(format!("data: {chunk}\n\n"))
    };
    steps.push(chunk(
        json!({ "role": "assistant", "content": null }),
        Value::Null,
    ));
    if reply.fault == Some(Fault::UnknownEvents) {
        steps.push(Step::Send(
            ": keep-alive\n\ndata: {\"object\":\"weather\",\"rain\":true}\n\n".into(),
        ));
    }
    if let Some(reasoning) = &reply.reasoning {
        steps.push(chunk(
            json!({ "reasoning_content": reasoning }),
            Value::Null,
        ));
    }
    let pieces = reply.pieces();
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            steps.push(Step::Pause);
        }
        steps.push(chunk(json!({ "content": piece }), Value::Null));
        if index == pieces.len() / 2 {
            if reply.fault == Some(Fault::MalformedEvent) {
                steps.push(Step::Send("data: {\"choices\":[{\"del\n\n".into()));
            }
            steps.push(Step::Mark(Mark::HalfText));
        }
    }
    steps.push(Step::Mark(Mark::TextDone));
    for (index, (id, name, arguments)) in calls.iter().enumerate() {
        let call = |extra: Value| json!({ "tool_calls": [extra] });
        steps.push(chunk(
            call(json!({ "index": index, "id": id, "type": "function", "function": { "name": name, "arguments": "" } })),
            Value::Null,
        ));
        for piece in split(arguments, 24) {
            steps.push(chunk(
                call(json!({ "index": index, "function": { "arguments": piece } })),
                Value::Null,
            ));
        }
    }
    steps.push(Step::Mark(Mark::CallsDone));
    match &reply.fault {
        Some(Fault::Failed { .. } | Fault::ErrorEvent) => {
            steps.push(Step::Send("data: {\"error\":{\"code\":500,\"message\":\"The model broke.\",\"type\":\"server_error\"}}\n\n".into()));
        }
        _ => {
            let finish = match (&reply.fault, calls.is_empty()) {
                (Some(Fault::Incomplete), _) => "length",
                (_, true) => "stop",
                (_, false) => "tool_calls",
            };
            steps.push(chunk(json!({}), finish.into()));
            let mut last = base.clone();
            last["choices"] = json!([]);
            last["usage"] = json!({ "prompt_tokens": usage.input, "completion_tokens": usage.output,
                "total_tokens": usage.input + usage.output,
                "prompt_tokens_details": { "cached_tokens": usage.cached } });
            steps.push(Step::Send(format!("data: {last}\n\ndata: [DONE]\n\n")));
        }
    }
    steps
}
