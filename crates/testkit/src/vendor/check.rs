//! Reading requests of all dialects, and the rules of each that the real services enforce.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::transcript::{Entry, Transcript};

/// Which API a request speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Responses,
    Chat,
    Gemini,
    Anthropic,
}

impl Dialect {
    /// Ids of calls begin with it, as the services' own do.
    pub(super) fn call_prefix(self) -> &'static str {
        match self {
            Self::Responses | Self::Chat => "call",
            Self::Gemini => "function-call",
            Self::Anthropic => "toolu",
        }
    }
}

/// A thought that a model signed, as it was sent or came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signed {
    pub signature: String,
    /// The thought itself, where the dialect sends it along.
    pub text: Option<String>,
    /// The call that it stands on.
    pub call: Option<String>,
}

/// A request body, taken apart.
pub(super) struct Decoded {
    pub transcript: Transcript,
    /// The bytes of `input` (or `messages`), without the closing bracket.
    pub input: String,
    /// Reasoning items, as they came.
    pub reasoning: Vec<Value>,
    /// Signed thoughts that came back.
    pub signed: Vec<Signed>,
    /// Contents of condensed conversations that came back.
    pub condensed: Vec<String>,
    pub wants_reasoning: bool,
    pub faults: Vec<String>,
}

const RESPONSES_PARAMS: &[&str] = &[
    "model",
    "instructions",
    "input",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "stream",
    "store",
    "include",
    "reasoning",
    "prompt_cache_key",
    "max_output_tokens",
    "text",
    "metadata",
    "temperature",
    "top_p",
    "truncation",
    "service_tier",
    "safety_identifier",
    "prompt_cache_options",
];
const CHAT_PARAMS: &[&str] = &[
    "model",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "stream",
    "stream_options",
    "max_tokens",
    "temperature",
    "top_p",
    "stop",
    "seed",
    "response_format",
    "cache_prompt",
];

/// Every fault of an input that comes without the rest of a request.
pub(super) fn input_alone(body: &[u8]) -> Result<Vec<String>, String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let items = body["input"].as_array().ok_or("'input' is no array")?;
    let mut decoded = Decoded::new("");
    let mut faults = Vec::new();
    responses_input(items, &mut decoded, &mut faults);
    Ok(faults)
}

impl Decoded {
    pub fn new(model: &str) -> Self {
        Self {
            transcript: Transcript {
                model: model.to_owned(),
                ..Transcript::default()
            },
            input: String::new(),
            reasoning: Vec::new(),
            signed: Vec::new(),
            condensed: Vec::new(),
            wants_reasoning: false,
            faults: Vec::new(),
        }
    }
}

/// `model`: where the path names it.
pub(super) fn decode(dialect: Dialect, model: &str, body: &[u8]) -> Result<Decoded, String> {
    match dialect {
        Dialect::Responses | Dialect::Chat => decode_openai(dialect, body),
        Dialect::Gemini | Dialect::Anthropic => {
            let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
            let body: Map<String, Value> =
                serde_json::from_str(text).map_err(|error| error.to_string())?;
            let raw: std::collections::HashMap<String, &RawValue> =
                serde_json::from_str(text).map_err(|error| error.to_string())?;
            let input = |name: &str| {
                let input = raw.get(name).map(|raw| raw.get()).unwrap_or_default();
                input.strip_suffix(']').unwrap_or(input).to_owned()
            };
            let named = body.get("model").and_then(Value::as_str).unwrap_or(model);
            let mut decoded = Decoded::new(named);
            let mut faults = Vec::new();
            if dialect == Dialect::Gemini {
                decoded.input = input("contents");
                super::gemini::read(&body, &mut decoded, &mut faults);
            } else {
                decoded.input = super::anthropic::without_marks(&input("messages"));
                super::anthropic::read(&body, &mut decoded, &mut faults);
            }
            decoded.faults = faults;
            Ok(decoded)
        }
    }
}

fn decode_openai(dialect: Dialect, body: &[u8]) -> Result<Decoded, String> {
    let text =
        std::str::from_utf8(body).map_err(|error| format!("the body is not UTF-8: {error}"))?;
    let body: Map<String, Value> = serde_json::from_str(text)
        .map_err(|error| format!("the body is no JSON object: {error}"))?;
    let raw: std::collections::HashMap<String, &RawValue> =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    let (key, params) = match dialect {
        Dialect::Chat => ("messages", CHAT_PARAMS),
        _ => ("input", RESPONSES_PARAMS),
    };
    let mut faults: Vec<String> = body
        .keys()
        .filter(|name| !params.contains(&name.as_str()))
        .map(|name| format!("Unknown parameter: '{name}'."))
        .collect();
    let input = raw.get(key).map(|raw| raw.get()).unwrap_or_default();
    let input = input.strip_suffix(']').unwrap_or(input).to_owned();
    let string = |name: &str| {
        body.get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };

    let mut decoded = Decoded {
        transcript: Transcript {
            model: string("model"),
            instructions: string("instructions"),
            conversation: string("prompt_cache_key"),
            ..Transcript::default()
        },
        input,
        wants_reasoning: body.get("reasoning").is_some_and(|value| !value.is_null()),
        ..Decoded::new("")
    };
    if decoded.transcript.model.is_empty() {
        faults.push("Missing required parameter: 'model'.".into());
    }
    if body.get("stream") != Some(&Value::Bool(true)) {
        faults.push("the request does not ask for a stream".into());
    }
    for tool in body
        .get("tools")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let function = if dialect == Dialect::Chat {
            &tool["function"]
        } else {
            tool
        };
        if tool["type"] != "function" {
            faults.push(format!("unknown tool type {}", tool["type"]));
        }
        let name = function["name"].as_str().unwrap_or_default().to_owned();
        decoded
            .transcript
            .tools
            .push((name, function["parameters"].clone()));
    }
    match body.get(key).and_then(Value::as_array) {
        None => faults.push(format!("'{key}' is no array")),
        Some(items) => match dialect {
            Dialect::Chat => chat_messages(items, &mut decoded, &mut faults),
            _ => responses_input(items, &mut decoded, &mut faults),
        },
    }
    if dialect == Dialect::Responses {
        responses_params(&body, &decoded.transcript.model, &mut faults);
    } else if body
        .get("stream_options")
        .is_none_or(|o| o["include_usage"] != Value::Bool(true))
    {
        faults.push("usage is not asked for (stream_options.include_usage)".into());
    }
    decoded.faults = faults;
    Ok(decoded)
}

fn responses_params(body: &Map<String, Value>, model: &str, faults: &mut Vec<String>) {
    let reasons =
        model.starts_with("gpt-5") || model.starts_with("gpt-6") || model.starts_with('o');
    if body.get("store") != Some(&Value::Bool(false)) {
        faults.push("'store' is not false".into());
    }
    let included = body
        .get("include")
        .and_then(Value::as_array)
        .is_some_and(|list| {
            list.iter()
                .any(|entry| entry == "reasoning.encrypted_content")
        });
    let effort = body.get("reasoning").and_then(|r| r["effort"].as_str());
    if reasons && !included {
        faults.push("'include' lacks reasoning.encrypted_content".into());
    }
    if body.get("reasoning").is_some_and(|value| !value.is_null()) && !reasons {
        faults.push(format!(
            "Unsupported parameter: 'reasoning' is not supported with {model}."
        ));
    }
    if let Some(effort) = effort {
        let never_none = model.starts_with("gpt-6.1-sol") || model.starts_with("gpt-6.2");
        let known = ["none", "minimal", "low", "medium", "high", "xhigh", "max"].contains(&effort);
        if !known || (effort == "none" && never_none) {
            faults.push(format!(
                "Unsupported value: 'reasoning.effort' {effort:?} with {model}."
            ));
        }
    }
    if body.contains_key("temperature") && reasons && effort != Some("none") {
        faults
            .push("Unsupported parameter: 'temperature' is not supported with this model.".into());
    }
    if let Some(limit) = body.get("max_output_tokens")
        && !limit
            .as_u64()
            .is_some_and(|limit| (16..=128_000).contains(&limit))
    {
        faults.push(format!("'max_output_tokens' is {limit}"));
    }
}

fn responses_input(items: &[Value], decoded: &mut Decoded, faults: &mut Vec<String>) {
    for item in items {
        let kind = item["type"].as_str().unwrap_or("message");
        let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let entry = match kind {
            "message" => {
                let role = text("role");
                let words = content(&item["content"], &role, faults);
                match role.as_str() {
                    "assistant" => Entry::Assistant(words),
                    "user" | "developer" | "system" => Entry::User(words),
                    other => {
                        faults.push(format!("unknown role {other:?}"));
                        continue;
                    }
                }
            }
            "function_call" => Entry::Call {
                id: text("call_id"),
                name: text("name"),
                arguments: text("arguments"),
            },
            "function_call_output" => {
                if !item["output"].is_string() && !item["output"].is_array() {
                    faults.push(format!(
                        "the output of {} is neither text nor parts",
                        text("call_id")
                    ));
                }
                Entry::Output {
                    id: text("call_id"),
                    output: text("output"),
                }
            }
            "reasoning" => {
                decoded.reasoning.push(item.clone());
                Entry::Opaque(item.clone())
            }
            "compaction" => {
                decoded.condensed.push(text("encrypted_content"));
                continue;
            }
            other => {
                faults.push(format!("unknown input item {other:?}"));
                continue;
            }
        };
        decoded.transcript.entries.push(entry);
    }
}

fn content(value: &Value, role: &str, faults: &mut Vec<String>) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let mut words = Vec::new();
            for part in parts {
                let kind = part["type"].as_str().unwrap_or_default();
                let fits = match role {
                    "assistant" => matches!(kind, "output_text" | "refusal"),
                    _ => matches!(
                        kind,
                        "input_text" | "input_image" | "input_file" | "text" | "image_url"
                    ),
                };
                if !fits {
                    faults.push(format!("Invalid value: '{kind}' in a message of {role}."));
                }
                words.push(match part["text"].as_str() {
                    Some(text) => text.to_owned(),
                    None => format!("[{kind}]"),
                });
            }
            words.join("\n")
        }
        _ => {
            faults.push(format!("a message of {role} without content"));
            String::new()
        }
    }
}

fn chat_messages(messages: &[Value], decoded: &mut Decoded, faults: &mut Vec<String>) {
    for (at, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        match role {
            "system" if at == 0 => {
                decoded.transcript.instructions = content(&message["content"], role, faults);
            }
            "user" | "system" => {
                decoded.transcript.entries.push(Entry::User(content(
                    &message["content"],
                    role,
                    faults,
                )));
            }
            "assistant" => {
                let calls = message["tool_calls"].as_array();
                if let Some(text) = message["content"].as_str().filter(|text| !text.is_empty()) {
                    decoded
                        .transcript
                        .entries
                        .push(Entry::Assistant(text.to_owned()));
                } else if calls.is_none_or(|calls| calls.is_empty()) {
                    faults.push("an assistant message with neither content nor calls".into());
                }
                for call in calls.into_iter().flatten() {
                    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                    decoded.transcript.entries.push(Entry::Call {
                        id: text(&call["id"]),
                        name: text(&call["function"]["name"]),
                        arguments: text(&call["function"]["arguments"]),
                    });
                }
            }
            "tool" => decoded.transcript.entries.push(Entry::Output {
                id: message["tool_call_id"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                output: content(&message["content"], role, faults),
            }),
            other => faults.push(format!("unknown role {other:?}")),
        }
    }
}
