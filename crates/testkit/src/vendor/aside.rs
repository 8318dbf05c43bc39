//! What vendors answer beside a model's words: vectors, lists of models, counts of tokens, a
//! condensed conversation.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::Shared;
use super::check::{self, Dialect};
use super::http::Request;
use super::refuse::{error_body, plain_answer};

/// Most inputs, and tokens, of a request for vectors.
const MAX_INPUTS: usize = 2_048;
const MAX_TOKENS: usize = 300_000;
const MAX_INPUT_TOKENS: usize = 8_192;

/// A request that was not for a model's words, as it was seen.
#[derive(Debug, Clone)]
pub struct Aside {
    pub path: String,
    pub body: Value,
    pub status: u16,
}

/// Status, headers and body.
pub(super) type Answer = (u16, Vec<(&'static str, String)>, String);

/// None for a path that is none of these.
pub(super) fn answer(shared: &Shared, request: &Request) -> Option<Answer> {
    let (path, _) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let (status, value) = match (request.method.as_str(), path) {
        ("GET", "/v1/models") => (
            200,
            listed(shared, request.header("anthropic-version").is_some()),
        ),
        ("GET", "/v1beta/models") => (200, listed_gemini(shared)),
        ("POST", "/v1/embeddings") => {
            let fault = shared.lock().embedding_faults.pop_front();
            if let Some(answer) = fault.and_then(|fault| plain_answer(Dialect::Responses, &fault)) {
                note(shared, path, body, answer.0);
                return Some(answer);
            }
            embeddings(&body)
        }
        ("POST", "/v1/responses/compact") => condense(shared, &request.body, &body),
        ("POST", "/v1/responses/input_tokens") => (
            200,
            json!({"object": "response.input_tokens", "input_tokens": request.body.len() / 4}),
        ),
        ("POST", "/v1/messages/count_tokens") => {
            (200, json!({"input_tokens": request.body.len() / 4}))
        }
        ("POST", path) if path.starts_with("/v1beta/models/") && path.ends_with(":countTokens") => {
            (200, json!({"totalTokens": request.body.len() / 4}))
        }
        _ => return None,
    };
    note(shared, path, body, status);
    let headers = vec![("content-type", "application/json".to_owned())];
    Some((status, headers, value.to_string()))
}

fn note(shared: &Shared, path: &str, body: Value, status: u16) {
    shared.lock().asides.push(Aside {
        path: path.to_owned(),
        body,
        status,
    });
    shared.changed.notify_all();
}

fn listed(shared: &Shared, anthropic: bool) -> Value {
    let state = shared.lock();
    let script = &state.player.script;
    let mine = |id: &&String| anthropic == id.starts_with("claude-") && !id.starts_with("gemini-");
    let data: Vec<Value> = script
        .models
        .iter()
        .filter(mine)
        .map(|id| json!({"id": id, "object": "model", "created": 1_790_000_000, "owned_by": "vendor", "shutdown_date": script.shut_down.get(id)}))
        .collect();
    json!({"object": "list", "data": data})
}

fn listed_gemini(shared: &Shared) -> Value {
    let models = shared.lock().player.script.models.clone();
    let mine = models.iter().filter(|id| id.starts_with("gemini-"));
    let models: Vec<Value> = mine
        .map(|id| json!({"name": format!("models/{id}"), "inputTokenLimit": 1_048_576}))
        .collect();
    json!({"models": models})
}

fn refused(message: &str) -> (u16, Value) {
    (
        400,
        error_body(Dialect::Responses, 400, "invalid_value", message),
    )
}

fn embeddings(body: &Value) -> (u16, Value) {
    const PARAMS: &[&str] = &["model", "input", "encoding_format", "dimensions", "user"];
    let fields = body.as_object().into_iter().flat_map(|map| map.keys());
    if let Some(name) = fields
        .into_iter()
        .find(|name| !PARAMS.contains(&name.as_str()))
    {
        return refused(&format!("Unknown parameter: '{name}'."));
    }
    let texts: Option<Vec<&str>> = body["input"]
        .as_array()
        .and_then(|list| list.iter().map(Value::as_str).collect());
    let Some(texts) = texts.filter(|texts| !texts.is_empty() && texts.len() <= MAX_INPUTS) else {
        return refused("'input' must be 1 to 2048 texts.");
    };
    let tokens: Vec<usize> = texts.iter().map(|text| text.len().div_ceil(4)).collect();
    let sum: usize = tokens.iter().sum();
    if texts.contains(&"") {
        return refused("'input' cannot be an empty string.");
    }
    if let Some(long) = tokens.iter().find(|tokens| **tokens > MAX_INPUT_TOKENS) {
        return refused(&format!(
            "This model's maximum context length is {MAX_INPUT_TOKENS} tokens, however you requested {long} tokens ({long} in your prompt; 0 for the completion). Please reduce your prompt; or completion length."
        ));
    }
    if sum > MAX_TOKENS {
        return refused(&format!(
            "Requested {sum} tokens, max 300000 tokens per request"
        ));
    }
    let dimensions = body["dimensions"].as_u64().unwrap_or(3_072) as usize;
    let data: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let vector = vector(text, dimensions);
            let coded = match body["encoding_format"].as_str() {
                Some("base64") => {
                    let bytes: Vec<u8> = vector.iter().flat_map(|n| n.to_le_bytes()).collect();
                    Value::from(BASE64_STANDARD.encode(bytes))
                }
                _ => json!(vector),
            };
            json!({"object": "embedding", "index": index, "embedding": coded})
        })
        // As the real one may: not in the order of the inputs.
        .rev()
        .collect();
    (
        200,
        json!({"object": "list", "data": data, "model": body["model"], "usage": {"prompt_tokens": sum, "total_tokens": sum}}),
    )
}

/// The same for the same text; its first number is the text's length.
fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut seed = text
        .bytes()
        .fold(17u32, |hash, byte| hash.wrapping_mul(31) ^ u32::from(byte));
    let mut numbers: Vec<f32> = (0..dimensions)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 24) as f32 - 0.5
        })
        .collect();
    if let Some(first) = numbers.first_mut() {
        *first = text.len() as f32;
    }
    numbers
}

fn condense(shared: &Shared, bytes: &[u8], body: &Value) -> (u16, Value) {
    if !body["model"].is_string() {
        return refused("Missing required parameter: 'model'.");
    }
    let faults = match check::input_alone(bytes) {
        Ok(faults) => faults,
        Err(fault) => vec![fault],
    };
    if let Some(fault) = faults.first() {
        return refused(fault);
    }
    let mut state = shared.lock();
    if let Some((status, value)) = state
        .player
        .script
        .condense_fault
        .as_ref()
        .and_then(|fault| {
            let (status, _, body) = plain_answer(Dialect::Responses, fault)?;
            Some((status, serde_json::from_str(&body).unwrap_or_default()))
        })
    {
        return (status, value);
    }
    let number = state.asides.len();
    let content = format!("Y29uZGVuc2Vk{number:04}");
    state.condensed.insert(content.clone());
    let input = bytes.len() as u64 / 4;
    let output = json!([
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "go on"}]},
        {"type": "compaction", "id": format!("cmp_{number:04}"), "encrypted_content": content},
    ]);
    (
        200,
        json!({"id": format!("resp_c{number:04}"), "object": "response.compaction", "output": output,
        "usage": {"input_tokens": input, "output_tokens": 50, "total_tokens": input + 50}}),
    )
}
