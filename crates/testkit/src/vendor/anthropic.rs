//! Anthropic's dialect: what it refuses in a request, and how it answers.

use mira_llm::Usage;
use serde_json::{Map, Value, json};

use super::check::{Decoded, Signed};
use super::encode::{Encoded, Mark, Step};
use crate::script::{Fault, Reply};
use crate::transcript::Entry;

const PARAMS: &[&str] = &[
    "model",
    "max_tokens",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "stream",
    "thinking",
    "output_config",
    "metadata",
    "temperature",
    "stop_sequences",
];
/// The mark of the cache, as our requests write it behind a block.
const MARK: &str = ",\"cache_control\":{\"type\":\"ephemeral\"}";

/// The conversation's bytes as the cache sees them: its marks do not count.
pub(super) fn without_marks(input: &str) -> String {
    input.replace(MARK, "")
}

pub(super) fn read(body: &Map<String, Value>, decoded: &mut Decoded, faults: &mut Vec<String>) {
    for name in body.keys().filter(|name| !PARAMS.contains(&name.as_str())) {
        faults.push(format!("{name}: Extra inputs are not permitted"));
    }
    if !body.get("max_tokens").is_some_and(Value::is_u64) {
        faults.push("max_tokens: Field required".into());
    }
    let marks = Value::Object(body.clone())
        .to_string()
        .matches("\"cache_control\"")
        .count();
    if marks > 4 {
        faults.push(format!(
            "A maximum of 4 blocks with cache_control may be provided. Found {marks}."
        ));
    }
    let model = decoded.transcript.model.clone();
    let thinking = &body.get("thinking").cloned().unwrap_or_default();
    if !thinking.is_null() && (thinking["type"] != "adaptive" || model.contains("4-5")) {
        faults.push(format!(
            "thinking.type: {} is not supported on {model}",
            thinking["type"]
        ));
    }
    decoded.wants_reasoning = !thinking.is_null();
    if let Some(effort) = body
        .get("output_config")
        .and_then(|config| config["effort"].as_str())
        && !["low", "medium", "high", "xhigh", "max"].contains(&effort)
    {
        faults.push(format!("output_config.effort: {effort} is not supported"));
    }
    let system = body.get("system").cloned().unwrap_or_default();
    decoded.transcript.instructions = system[0]["text"].as_str().unwrap_or_default().to_owned();
    for tool in body
        .get("tools")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let name = tool["name"].as_str().unwrap_or_default().to_owned();
        decoded
            .transcript
            .tools
            .push((name, tool["input_schema"].clone()));
    }
    match body.get("messages").and_then(Value::as_array) {
        Some(messages) => read_messages(messages, decoded, faults),
        None => faults.push("messages: Field required".into()),
    }
}

fn read_messages(messages: &[Value], decoded: &mut Decoded, faults: &mut Vec<String>) {
    let mut open: Vec<String> = Vec::new();
    let mut before = "assistant";
    for (at, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        if role == before {
            faults.push(format!(
                "messages.{at}: roles must alternate between user and assistant"
            ));
        }
        let blocks = message["content"].as_array().map_or(&[][..], Vec::as_slice);
        if blocks.is_empty() {
            faults.push(format!("messages.{at}: content must not be empty"));
        }
        match role {
            "user" => {
                read_user(at, blocks, &mut open, decoded, faults);
                before = "user";
            }
            "assistant" => {
                open = read_assistant(at, blocks, decoded, faults);
                before = "assistant";
            }
            other => faults.push(format!("messages.{at}.role: unexpected {other:?}")),
        }
    }
    if before == "assistant" {
        faults.push("This model does not support assistant message prefill.".into());
    }
}

fn read_user(
    at: usize,
    blocks: &[Value],
    open: &mut Vec<String>,
    decoded: &mut Decoded,
    faults: &mut Vec<String>,
) {
    let mut words = false;
    for block in blocks {
        match block["type"].as_str().unwrap_or_default() {
            "tool_result" => {
                let id = block["tool_use_id"].as_str().unwrap_or_default().to_owned();
                if words {
                    faults.push(format!("messages.{at}: tool_result blocks must come first"));
                }
                if !open.contains(&id) {
                    faults.push(format!(
                        "messages.{at}: unexpected tool_use_id {id} in tool_result"
                    ));
                }
                open.retain(|call| *call != id);
                let output = block["content"].as_str().unwrap_or_default().to_owned();
                decoded
                    .transcript
                    .entries
                    .push(Entry::Output { id, output });
            }
            "text" => {
                words = true;
                let text = block["text"].as_str().unwrap_or_default();
                if text.is_empty() {
                    faults.push(format!(
                        "messages.{at}: text content blocks must be non-empty"
                    ));
                }
                decoded
                    .transcript
                    .entries
                    .push(Entry::User(text.to_owned()));
            }
            "image" => decoded
                .transcript
                .entries
                .push(Entry::User("[image]".into())),
            other => faults.push(format!("messages.{at}: a block of type {other:?}")),
        }
    }
    if !open.is_empty() {
        faults.push(format!(
            "messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after: {}",
            open.join(", ")
        ));
        open.clear();
    }
}

/// The ids of the calls.
fn read_assistant(
    at: usize,
    blocks: &[Value],
    decoded: &mut Decoded,
    faults: &mut Vec<String>,
) -> Vec<String> {
    let mut calls = Vec::new();
    for block in blocks {
        let text = |name: &str| block[name].as_str().unwrap_or_default().to_owned();
        match block["type"].as_str().unwrap_or_default() {
            "text" if text("text").trim().is_empty() => {
                faults.push(format!(
                    "messages.{at}: text content blocks must be non-empty"
                ));
            }
            "text" => {
                let entry = Entry::Assistant(text("text"));
                decoded.transcript.entries.push(entry);
            }
            "thinking" => decoded.signed.push(Signed {
                signature: text("signature"),
                text: Some(text("thinking")),
                call: None,
            }),
            "tool_use" => {
                let id = text("id");
                let legal = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
                if id.is_empty() || !id.chars().all(legal) {
                    faults.push(format!(
                        "tool_use.id: String should match pattern, not {id:?}"
                    ));
                }
                if !block["input"].is_object() {
                    faults.push(format!("messages.{at}: tool_use.input is no object"));
                }
                calls.push(id.clone());
                decoded.transcript.entries.push(Entry::Call {
                    id,
                    name: text("name"),
                    arguments: block["input"].to_string(),
                });
            }
            other => faults.push(format!("messages.{at}: a block of type {other:?}")),
        }
    }
    calls
}

pub(super) fn write(
    reply: &Reply,
    calls: &[(String, String, String)],
    model: &str,
    number: u64,
    usage: Usage,
    thinks: bool,
) -> Encoded {
    let mut steps = Vec::new();
    let event = |data: Value| {
        let kind = data["type"].as_str().unwrap_or_default().to_owned();
        Step::Send(format!("event: {kind}\ndata: {data}\n\n"))
    };
    let plain = usage.input - usage.cached - usage.cache_write;
    steps.push(event(json!({"type": "message_start", "message": {
        "id": format!("msg_{number:04}"), "type": "message", "role": "assistant", "model": model,
        "content": [], "stop_reason": null, "usage": {"input_tokens": plain,
        "cache_read_input_tokens": usage.cached, "cache_creation_input_tokens": usage.cache_write,
        "output_tokens": 1}}})));
    steps.push(event(json!({"type": "ping"})));
    if reply.fault == Some(Fault::UnknownEvents) {
        steps.push(event(json!({"type": "weather", "rain": true})));
    }
    let mut index = 0;
    let mut signed = Vec::new();
    let begins = |index: u32, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let delta = |index: u32, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let ends = |index: u32| json!({"type": "content_block_stop", "index": index});
    if thinks && (reply.reasoning.is_some() || !calls.is_empty()) {
        let thought = reply.reasoning.clone().unwrap_or_default();
        let signature = format!("EqoBCkgIARAB{number:04}");
        steps.push(event(begins(
            0,
            json!({"type": "thinking", "thinking": "", "signature": ""}),
        )));
        steps.push(event(delta(
            0,
            json!({"type": "thinking_delta", "thinking": thought}),
        )));
        steps.push(event(delta(
            0,
            json!({"type": "signature_delta", "signature": signature}),
        )));
        steps.push(event(ends(0)));
        signed.push(Signed {
            signature,
            text: Some(thought),
            call: None,
        });
        index += 1;
    }
    let pieces = reply.pieces();
    if !pieces.is_empty() {
        steps.push(event(begins(index, json!({"type": "text", "text": ""}))));
    }
    for (place, piece) in pieces.iter().enumerate() {
        if place > 0 {
            steps.push(Step::Pause);
        }
        steps.push(event(delta(
            index,
            json!({"type": "text_delta", "text": piece}),
        )));
        if place == pieces.len() / 2 {
            if reply.fault == Some(Fault::MalformedEvent) {
                steps.push(Step::Send(
                    "event: content_block_delta\ndata: {\"type\":\"con\n\n".into(),
                ));
            }
            steps.push(Step::Mark(Mark::HalfText));
        }
    }
    if !pieces.is_empty() {
        steps.push(event(ends(index)));
        index += 1;
    }
    steps.push(Step::Mark(Mark::TextDone));
    for (id, name, arguments) in calls {
        steps.push(event(begins(
            index,
            json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
        )));
        let middle = (0..=arguments.len() / 2)
            .rev()
            .find(|at| arguments.is_char_boundary(*at));
        let (first, second) = arguments.split_at(middle.unwrap_or(0));
        for part in [first, second] {
            steps.push(event(delta(
                index,
                json!({"type": "input_json_delta", "partial_json": part}),
            )));
        }
        steps.push(event(ends(index)));
        index += 1;
    }
    steps.push(Step::Mark(Mark::CallsDone));
    if let Some(Fault::Failed { .. } | Fault::ErrorEvent) = reply.fault {
        steps.push(event(json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})));
        return Encoded::signed(steps, calls, signed);
    }
    let reason = match (&reply.fault, calls.is_empty()) {
        (Some(Fault::Incomplete), _) => "max_tokens",
        (_, true) => "end_turn",
        (_, false) => "tool_use",
    };
    steps.push(event(json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": usage.output}})));
    steps.push(event(json!({"type": "message_stop"})));
    Encoded::signed(steps, calls, signed)
}
