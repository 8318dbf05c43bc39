//! Gemini's dialect: what it refuses in a request, and how it answers.

use mira_llm::Usage;
use serde_json::{Map, Value, json};

use super::check::{Decoded, Signed};
use super::encode::{Encoded, Mark, Step};
use crate::script::{Fault, Reply};
use crate::transcript::Entry;

/// Stands for the signature of a call that another model made.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";
const PARAMS: &[&str] = &[
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "generationConfig",
    "safetySettings",
    "cachedContent",
];
const PART_FIELDS: &[&str] = &[
    "text",
    "thought",
    "thoughtSignature",
    "inlineData",
    "functionCall",
    "functionResponse",
];

/// "/v1beta/models/x:streamGenerateContent?alt=sse" → "x"
pub(super) fn model_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/v1beta/models/")?;
    rest.strip_suffix(":streamGenerateContent?alt=sse")
}

pub(super) fn read(body: &Map<String, Value>, decoded: &mut Decoded, faults: &mut Vec<String>) {
    for name in body.keys().filter(|name| !PARAMS.contains(&name.as_str())) {
        faults.push(format!(
            "Invalid JSON payload received. Unknown name \"{name}\""
        ));
    }
    let system = &body.get("systemInstruction").cloned().unwrap_or_default();
    decoded.transcript.instructions = system["parts"][0]["text"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let functions = body
        .get("tools")
        .map(|tools| &tools[0]["functionDeclarations"]);
    for function in functions.and_then(Value::as_array).into_iter().flatten() {
        let name = function["name"].as_str().unwrap_or_default().to_owned();
        if !function["parametersJsonSchema"].is_object() {
            faults.push(format!("the function {name} has no schema"));
        }
        let schema = function["parametersJsonSchema"].clone();
        decoded.transcript.tools.push((name, schema));
    }
    generation(body, &decoded.transcript.model.clone(), faults);
    match body.get("contents").and_then(Value::as_array) {
        Some(contents) => read_contents(contents, decoded, faults),
        None => faults.push("contents is not specified".into()),
    }
}

fn generation(body: &Map<String, Value>, model: &str, faults: &mut Vec<String>) {
    let Some(config) = body.get("generationConfig") else {
        return;
    };
    let thinking = &config["thinkingConfig"];
    decode_level(thinking, model, faults);
    for name in config.as_object().into_iter().flat_map(Map::keys) {
        if !["maxOutputTokens", "temperature", "topP", "thinkingConfig"].contains(&name.as_str()) {
            faults.push(format!("Unknown name \"{name}\" at 'generation_config'"));
        }
    }
}

fn decode_level(thinking: &Value, model: &str, faults: &mut Vec<String>) {
    if let Some(level) = thinking["thinkingLevel"].as_str()
        && !["low", "medium", "high"].contains(&level)
    {
        faults.push(format!(
            "Thinking level {level} is not supported for {model}."
        ));
    }
    if thinking.get("thinkingBudget").is_some() {
        faults.push("Thinking budget is not supported for this model.".into());
    }
}

fn read_contents(contents: &[Value], decoded: &mut Decoded, faults: &mut Vec<String>) {
    let signs = !decoded.transcript.model.starts_with("gemini-2");
    let mut open: Vec<(String, String)> = Vec::new();
    for (at, content) in contents.iter().enumerate() {
        let role = content["role"].as_str().unwrap_or_default();
        if at == 0 && role != "user" {
            faults.push("Please ensure that the first content is of the user.".into());
        }
        let parts = content["parts"].as_array().map_or(&[][..], Vec::as_slice);
        if parts.is_empty() {
            faults.push("a content without parts".into());
        }
        let unknown = parts
            .iter()
            .filter_map(Value::as_object)
            .flat_map(Map::keys);
        for name in unknown.filter(|name| !PART_FIELDS.contains(&name.as_str())) {
            faults.push(format!("Unknown name \"{name}\" at 'contents[{at}].parts'"));
        }
        match role {
            "user" => read_user(parts, &mut open, decoded, faults),
            "model" => {
                if !open.is_empty() {
                    faults.push("a function call turn without its responses".into());
                }
                open = read_model(parts, signs, decoded, faults);
            }
            other => faults.push(format!(
                "Please use a valid role: user, model, not {other:?}."
            )),
        }
    }
    if !open.is_empty() {
        faults.push("the contents end with function calls".into());
    }
}

fn read_user(
    parts: &[Value],
    open: &mut Vec<(String, String)>,
    decoded: &mut Decoded,
    faults: &mut Vec<String>,
) {
    let responses = parts
        .iter()
        .filter(|part| part.get("functionResponse").is_some());
    if responses.count() != open.len() {
        faults.push(
            "Please ensure that the number of function response parts is equal to the number of \
             function call parts of the function call turn."
                .into(),
        );
    }
    for part in parts {
        let response = &part["functionResponse"];
        if response.is_null() {
            let text = part["text"].as_str().unwrap_or("[inlineData]");
            decoded
                .transcript
                .entries
                .push(Entry::User(text.to_owned()));
            continue;
        }
        let id = response["id"].as_str().unwrap_or_default().to_owned();
        let name = response["name"].as_str().unwrap_or_default();
        if !open
            .iter()
            .any(|(call, called)| *call == id && called == name)
        {
            faults.push(format!("the response of {name:?} ({id}) answers no call"));
        }
        if !response["response"].is_object() {
            faults.push(format!("the response of {name} is no object"));
        }
        let output = response["response"]["output"].as_str().unwrap_or_default();
        decoded.transcript.entries.push(Entry::Output {
            id,
            output: output.to_owned(),
        });
    }
    open.clear();
}

/// The calls of the turn.
fn read_model(
    parts: &[Value],
    signs: bool,
    decoded: &mut Decoded,
    faults: &mut Vec<String>,
) -> Vec<(String, String)> {
    let mut calls = Vec::new();
    for part in parts {
        let signature = part["thoughtSignature"].as_str();
        let call = &part["functionCall"];
        let id = call["id"].as_str().map(str::to_owned);
        match signature {
            Some(NO_SIGNATURE) if id.is_some() => {}
            Some(signature) => decoded.signed.push(Signed {
                signature: signature.to_owned(),
                text: None,
                call: id.clone(),
            }),
            None => {}
        }
        if call.is_null() {
            let text = part["text"].as_str().unwrap_or_default();
            if !text.is_empty() {
                let entry = Entry::Assistant(text.to_owned());
                decoded.transcript.entries.push(entry);
            }
            continue;
        }
        let name = call["name"].as_str().unwrap_or_default().to_owned();
        if calls.is_empty() && signs && signature.is_none() {
            faults.push(format!(
                "Function call is missing a thought_signature in functionCall parts. Function call `{name}`"
            ));
        }
        let id = id.unwrap_or_default();
        decoded.transcript.entries.push(Entry::Call {
            id: id.clone(),
            name: name.clone(),
            arguments: call["args"].to_string(),
        });
        calls.push((id, name));
    }
    calls
}

pub(super) fn write(
    reply: &Reply,
    calls: &[(String, String, String)],
    model: &str,
    number: u64,
    usage: Usage,
) -> Encoded {
    let mut steps = Vec::new();
    let event = |parts: Value, finish: Option<&str>| {
        let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
        if let Some(reason) = finish {
            candidate["finishReason"] = reason.into();
        }
        let counted = json!({
            "promptTokenCount": usage.input,
            "cachedContentTokenCount": usage.cached,
            "candidatesTokenCount": usage.output - usage.reasoning,
            "thoughtsTokenCount": usage.reasoning,
            "totalTokenCount": usage.input + usage.output,
        });
        let event =
            json!({"candidates": [candidate], "usageMetadata": counted, "modelVersion": model});
        Step::Send(format!("data: {event}\r\n\r\n"))
    };
    if let Some(thought) = &reply.reasoning {
        steps.push(event(json!([{"text": thought, "thought": true}]), None));
    }
    if reply.fault == Some(Fault::UnknownEvents) {
        steps.push(Step::Send(
            ": ping\r\n\r\ndata: {\"weather\":{\"rain\":true}}\r\n\r\n".into(),
        ));
    }
    let pieces = reply.pieces();
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            steps.push(Step::Pause);
        }
        steps.push(event(json!([{"text": piece}]), None));
        if index == pieces.len() / 2 {
            if reply.fault == Some(Fault::MalformedEvent) {
                steps.push(Step::Send("data: {\"candidates\":[{\"con\r\n\r\n".into()));
            }
            steps.push(Step::Mark(Mark::HalfText));
        }
    }
    steps.push(Step::Mark(Mark::TextDone));
    let mut signed = Vec::new();
    for (index, (id, name, arguments)) in calls.iter().enumerate() {
        let args: Value = serde_json::from_str(arguments).unwrap_or_else(|_| json!({}));
        let mut part = json!({"functionCall": {"id": id, "name": name, "args": args}});
        if index == 0 {
            let signature = format!("c2lnbmF0dXJl{number:04}");
            part["thoughtSignature"] = signature.as_str().into();
            signed.push(Signed {
                signature,
                text: None,
                call: Some(id.clone()),
            });
        }
        steps.push(event(json!([part]), None));
    }
    steps.push(Step::Mark(Mark::CallsDone));
    let finish = match &reply.fault {
        Some(Fault::Failed { .. } | Fault::ErrorEvent) => {
            let error = json!({"error": {"code": 503, "message": "The model is overloaded. Please try again later.", "status": "UNAVAILABLE"}});
            steps.push(Step::Send(format!("data: {error}\r\n\r\n")));
            return Encoded::signed(steps, calls, signed);
        }
        Some(Fault::Incomplete) => "MAX_TOKENS",
        _ => "STOP",
    };
    let mut last = json!([]);
    if calls.is_empty() && reply.reasoning.is_some() {
        let signature = format!("dGV4dA{number:04}");
        last = json!([{"text": "", "thoughtSignature": signature}]);
        signed.push(Signed {
            signature,
            text: None,
            call: None,
        });
    }
    steps.push(event(last, Some(finish)));
    Encoded::signed(steps, calls, signed)
}
