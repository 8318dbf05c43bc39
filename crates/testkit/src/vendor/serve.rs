//! One connection after another request after request: read, check, choose, send.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mira_llm::Usage;
use serde_json::{Value, json};

use super::aside;
use super::check::{self, Decoded, Dialect};
use super::encode::{Encoded, Mark, Step, encode};
use super::gemini;
use super::http::{Connection, Request};
use super::refuse::{context_too_long, error_body, plain_answer};
use super::{LastInput, Seen, Shared};
use crate::script::{Fault, Place, Player, Reply, Script};
use crate::transcript::{Entry, Transcript};

const JSON: (&str, &str) = ("content-type", "application/json");

/// What became of the connection.
enum After {
    KeepAlive,
    Close,
}

pub(super) fn connection(shared: &Shared, stream: TcpStream) {
    let Ok(mut connection) = Connection::new(stream) else {
        return;
    };
    while let Ok(Some(request)) = connection.read() {
        if shared.stopping() {
            return;
        }
        let dialect = match request.path.as_str() {
            "/v1/responses" => Some(Dialect::Responses),
            "/v1/chat/completions" => Some(Dialect::Chat),
            "/v1/messages" => Some(Dialect::Anthropic),
            path => gemini::model_of(path).map(|_| Dialect::Gemini),
        };
        let after = match dialect {
            Some(dialect) if request.method == "POST" => {
                match reply(shared, &mut connection, dialect, request) {
                    Ok(Outcome::Sent(after)) => Ok(after),
                    Ok(Outcome::Reset) => return connection.reset(),
                    Err(error) => Err(error),
                }
            }
            _ => aside(shared, &mut connection, &request).map(|()| After::KeepAlive),
        };
        if !matches!(after, Ok(After::KeepAlive)) {
            return;
        }
    }
}

enum Outcome {
    Sent(After),
    Reset,
}

/// Everything that is not a question to a model.
fn aside(shared: &Shared, connection: &mut Connection, request: &Request) -> std::io::Result<()> {
    let ok = |connection: &mut Connection, value: Value| {
        connection.answer(200, &[JSON], value.to_string().as_bytes())
    };
    if let Some(refusal) = key_refusal(shared, dialect_of(&request.path), request)
        && request.path.starts_with("/v1")
    {
        return connection.answer(401, &[JSON], refusal.to_string().as_bytes());
    }
    if let Some((status, headers, body)) = aside::answer(shared, request) {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(k, v)| (*k, v.as_str())).collect();
        return connection.answer(status, &headers, body.as_bytes());
    }
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/health") => ok(connection, json!({ "status": "ok" })),
        ("GET", "/admin/requests") => {
            let seen = shared.lock().seen.clone();
            ok(connection, json!(seen))
        }
        ("GET", "/admin/violations") => ok(connection, json!(shared.violations())),
        ("GET", "/admin/waiting") => {
            let waiting = shared.lock().waiting.clone();
            ok(connection, json!(waiting))
        }
        ("POST", "/admin/script") => match Script::parse(&String::from_utf8_lossy(&request.body)) {
            Ok(script) => {
                let mut state = shared.lock();
                state.player = Player::new(script);
                state.seen.clear();
                state.released.clear();
                state.inputs.clear();
                state.asides.clear();
                state.embedding_faults = state.player.script.embedding_faults.clone().into();
                drop(state);
                ok(connection, json!({ "ok": true }))
            }
            Err(error) => connection.answer(
                400,
                &[JSON],
                json!({ "error": error }).to_string().as_bytes(),
            ),
        },
        ("POST", "/admin/replies") => match serde_json::from_slice::<Vec<Reply>>(&request.body) {
            Ok(replies) => {
                shared.lock().player.push(replies);
                ok(connection, json!({ "ok": true }))
            }
            Err(error) => connection.answer(
                400,
                &[JSON],
                json!({ "error": error.to_string() }).to_string().as_bytes(),
            ),
        },
        ("POST", path) if path.starts_with("/admin/release/") => {
            shared.release(path.trim_start_matches("/admin/release/"));
            ok(connection, json!({ "ok": true }))
        }
        _ => connection.answer(
            404,
            &[("content-type", "text/html")],
            b"<html><body><h1>404 Not Found</h1></body></html>",
        ),
    }
}

/// Of a path that is not for words: whose key goes along.
fn dialect_of(path: &str) -> Dialect {
    if path.starts_with("/v1beta/") {
        Dialect::Gemini
    } else if path.starts_with("/v1/messages") {
        Dialect::Anthropic
    } else {
        Dialect::Responses
    }
}

fn key_refusal(shared: &Shared, dialect: Dialect, request: &Request) -> Option<Value> {
    let key = shared.lock().player.script.api_key.clone()?;
    let given = match dialect {
        Dialect::Gemini => request.header("x-goog-api-key"),
        // Its list of models has OpenAI's path.
        _ if request.header("anthropic-version").is_some() => request.header("x-api-key"),
        _ => request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer ")),
    };
    let message = "Incorrect API key provided.";
    (given != Some(&key)).then(|| error_body(dialect, 401, "invalid_api_key", message))
}

fn reply(
    shared: &Shared,
    connection: &mut Connection,
    dialect: Dialect,
    request: Request,
) -> std::io::Result<Outcome> {
    let arrived_ms = shared.now_ms();
    if let Some(refusal) = key_refusal(shared, dialect, &request) {
        connection.answer(401, &[JSON], refusal.to_string().as_bytes())?;
        return Ok(Outcome::Sent(After::KeepAlive));
    }
    let named = gemini::model_of(&request.path).unwrap_or_default();
    let decoded = match check::decode(dialect, named, &request.body) {
        Ok(decoded) => decoded,
        Err(fault) => {
            let mut broken = Decoded::new("");
            broken.faults.push(fault.clone());
            record(shared, dialect, &request, arrived_ms, broken);
            let body = error_body(dialect, 400, "invalid_json", &fault).to_string();
            connection.answer(400, &[JSON], body.as_bytes())?;
            return Ok(Outcome::Sent(After::KeepAlive));
        }
    };
    let wants_reasoning = decoded.wants_reasoning;
    let taken = record(shared, dialect, &request, arrived_ms, decoded);
    let outcome = match taken.refusal {
        Some((status, body)) => {
            connection.answer(status, &[JSON], body.to_string().as_bytes())?;
            Outcome::Sent(After::KeepAlive)
        }
        None => {
            let encoded = encode(
                dialect,
                &taken.reply,
                &taken.model,
                taken.number,
                taken.usage,
                wants_reasoning,
            );
            remember(shared, &taken.model, &encoded);
            send(shared, connection, dialect, &taken, encoded)?
        }
    };
    answered(shared, taken.number, false);
    Ok(outcome)
}

struct Taken {
    number: u64,
    model: String,
    reply: Reply,
    usage: Usage,
    refusal: Option<(u16, Value)>,
}

/// Checks the request against the conversation so far, keeps it, chooses the reply.
fn record(
    shared: &Shared,
    dialect: Dialect,
    request: &Request,
    arrived_ms: f64,
    decoded: Decoded,
) -> Taken {
    let mut state = shared.lock();
    let number = state.seen.len() as u64 + 1;
    let Decoded {
        transcript,
        input,
        reasoning,
        signed,
        condensed,
        faults,
        ..
    } = decoded;
    let mut violations = faults;
    if dialect == Dialect::Anthropic && request.header("anthropic-version").is_none() {
        violations.push("anthropic-version: header is required".into());
    }
    state
        .signatures
        .check(&transcript, &signed, &mut violations);
    for content in condensed {
        if !state.condensed.contains(&content) {
            violations.push(format!(
                "the condensed conversation {content:?} was never sent"
            ));
        }
    }
    violations
        .extend(transcript.faults(state.player.script.max_result_bytes.unwrap_or(256 * 1024)));
    check_echo(
        &state.reasoning,
        &state.reasoning_of_call,
        &state.arguments_of_call,
        &transcript,
        &reasoning,
        &mut violations,
    );

    let refused = violations.first().cloned();

    let conversation = conversation_key(&transcript);
    let estimated = transcript.estimated_tokens();
    let now = LastInput {
        input: input.clone(),
        head: head_of(&transcript),
        tokens: estimated,
    };
    let last = state.inputs.insert(conversation, now).unwrap_or_default();
    let previous = last.input;
    let kept = common_prefix(previous.as_bytes(), input.as_bytes());
    // What stands before the input must be the same too, for the same model.
    let whole = kept == previous.len() && last.head == head_of(&transcript);
    let kept_tokens = if whole { last.tokens } else { 0 };
    if kept < previous.len() && state.player.script.check_prefix != Some(false) {
        violations.push(format!(
            "the previous input is no prefix of this one: {kept} of {} bytes kept; before {:?}, now {:?}",
            previous.len(),
            excerpt(&previous, kept),
            excerpt(&input, kept),
        ));
    }

    let chosen = state.player.next(&transcript);
    if chosen.is_none() {
        violations.push(format!(
            "no reply is scripted for {:?}",
            transcript.last_user()
        ));
    }
    let strict = state.player.script.strict != Some(false);
    let refused = refused.filter(|_| strict).or_else(|| {
        chosen
            .is_none()
            .then(|| "The fake vendor has no reply scripted for this request.".to_owned())
    });
    let refusal = if let Some(fault) = refused {
        Some((400, error_body(dialect, 400, "invalid_value", &fault)))
    } else if state
        .player
        .script
        .context_tokens
        .is_some_and(|limit| estimated > limit)
    {
        Some((
            400,
            context_too_long(dialect, state.player.script.context_tokens, estimated),
        ))
    } else {
        None
    };
    let reply = chosen.unwrap_or_default();
    let usage = reply
        .usage
        .unwrap_or_else(|| estimate(&reply, estimated, kept_tokens));
    let model = transcript.model.clone();
    let seen = Seen {
        number,
        dialect,
        path: request.path.clone(),
        model: model.clone(),
        authorization: request.header("authorization").map(str::to_owned),
        last_user: transcript.last_user().to_owned(),
        last_result: transcript.last_result().map(str::to_owned),
        transcript: Arc::new(if shared.lean {
            Transcript::default()
        } else {
            transcript
        }),
        body_bytes: request.body.len(),
        input_bytes: input.len(),
        previous_input_bytes: previous.len(),
        kept_input_bytes: kept,
        estimated_tokens: estimated,
        violations,
        arrived_ms,
        answered_ms: None,
        client_gone: false,
        usage,
        billed: false,
    };
    state.write_log(&seen, &request.body);
    state.seen.push(seen);
    drop(state);
    shared.changed.notify_all();
    Taken {
        number,
        model,
        reply,
        usage,
        refusal,
    }
}

/// Requests of one session with tools are one conversation; those without (titles) another.
fn conversation_key(transcript: &Transcript) -> String {
    let tools = if transcript.tools.is_empty() {
        "aside"
    } else {
        "main"
    };
    if !transcript.conversation.is_empty() {
        return format!("{tools} {}", transcript.conversation);
    }
    let first = transcript.entries.first();
    format!("{tools} {first:?} {}", transcript.instructions)
}

fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

fn excerpt(text: &str, at: usize) -> String {
    String::from_utf8_lossy(&text.as_bytes()[at.saturating_sub(20)..(at + 60).min(text.len())])
        .into_owned()
}

/// What was sent must come back as it was: reasoning items verbatim and before their calls,
/// arguments with the same meaning unless they were broken.
fn check_echo(
    sent: &std::collections::HashMap<String, Value>,
    reasoning_of_call: &std::collections::HashMap<String, String>,
    arguments_of_call: &std::collections::HashMap<String, String>,
    transcript: &Transcript,
    reasoning: &[Value],
    violations: &mut Vec<String>,
) {
    for item in reasoning {
        let id = item["id"].as_str().unwrap_or_default();
        match sent.get(id) {
            None => violations.push(format!("the reasoning item {id:?} was never sent")),
            Some(original) => {
                for key in ["summary", "encrypted_content"] {
                    if item[key] != original[key] {
                        violations.push(format!(
                            "the reasoning item {id} came back with another {key}"
                        ));
                    }
                }
            }
        }
    }
    let mut known: Vec<&str> = Vec::new();
    for entry in &transcript.entries {
        match entry {
            Entry::Opaque(item) => known.extend(item["id"].as_str()),
            Entry::Call {
                id,
                arguments,
                name,
            } => {
                if let Some(wanted) = reasoning_of_call.get(id)
                    && !known.contains(&wanted.as_str())
                {
                    violations.push(format!(
                        "the call {id} came back without its reasoning item {wanted}"
                    ));
                }
                let changed = arguments_of_call.get(id).is_some_and(|original| {
                    serde_json::from_str::<Value>(original).is_ok_and(|sent| {
                        serde_json::from_str::<Value>(arguments).ok() != Some(sent)
                    })
                });
                if changed {
                    violations.push(format!("the arguments of {name} ({id}) came back changed"));
                }
            }
            _ => {}
        }
    }
}

/// Model, instructions and tools: what is cached only together with the input.
fn head_of(transcript: &Transcript) -> String {
    let tools: Vec<&str> = transcript.tools.iter().map(|(name, _)| &**name).collect();
    format!("{} {} {tools:?}", transcript.model, transcript.instructions)
}

/// Caches as the vendor does: from 1,024 tokens on, in steps of 128.
fn estimate(reply: &Reply, input: u64, kept_tokens: u64) -> Usage {
    let cached = kept_tokens / 128 * 128;
    let cached = if cached < 1_024 { 0 } else { cached.min(input) };
    let calls: usize = reply
        .calls
        .iter()
        .map(|call| call.arguments().len() + call.name.len())
        .sum();
    let reasoning = reply
        .reasoning
        .as_ref()
        .map_or(0, |text| text.len() as u64 / 4 + 32);
    Usage {
        input,
        cached,
        cache_write: 0,
        output: (reply.text.len() + calls) as u64 / 4 + 1 + reasoning,
        reasoning,
    }
}

fn remember(shared: &Shared, model: &str, encoded: &Encoded) {
    let mut state = shared.lock();
    state.signatures.remember(model, &encoded.signed);
    let id = encoded
        .reasoning
        .as_ref()
        .and_then(|item| item["id"].as_str())
        .map(str::to_owned);
    if let (Some(id), Some(item)) = (&id, &encoded.reasoning) {
        state.reasoning.insert(id.clone(), item.clone());
    }
    for (call, arguments) in &encoded.calls {
        state
            .arguments_of_call
            .insert(call.clone(), arguments.clone());
        if let Some(id) = &id {
            state.reasoning_of_call.insert(call.clone(), id.clone());
        }
    }
}

fn answered(shared: &Shared, number: u64, gone: bool) {
    let now = shared.now_ms();
    if let Some(seen) = shared.lock().seen.get_mut(number as usize - 1) {
        seen.answered_ms.get_or_insert(now);
        seen.client_gone |= gone;
    }
    shared.changed.notify_all();
}

fn send(
    shared: &Shared,
    connection: &mut Connection,
    dialect: Dialect,
    taken: &Taken,
    encoded: Encoded,
) -> std::io::Result<Outcome> {
    let (number, reply) = (taken.number, &taken.reply);
    let wait = |connection: &Connection, how| pause(shared, connection, number, how);
    if reply.delay_ms > 0 && !wait(connection, Until::Passed(reply.delay_ms)) {
        return Ok(Outcome::Sent(After::Close));
    }
    if let Some(gate) = &reply.gate
        && !wait(connection, Until::Released(gate))
    {
        return Ok(Outcome::Sent(After::Close));
    }
    match &reply.fault {
        Some(Fault::Stall {
            at: Place::Start,
            ms,
        }) if !wait(connection, Until::Passed(*ms)) => {
            return Ok(Outcome::Sent(After::Close));
        }
        Some(Fault::Reset { at: Place::Start }) => return Ok(Outcome::Reset),
        Some(Fault::Eof { at: Place::Start }) => return Ok(Outcome::Sent(After::Close)),
        Some(fault) => {
            if let Some((status, headers, body)) = plain_answer(dialect, fault) {
                let headers: Vec<(&str, &str)> =
                    headers.iter().map(|(k, v)| (*k, v.as_str())).collect();
                connection.answer(status, &headers, body.as_bytes())?;
                return Ok(Outcome::Sent(After::KeepAlive));
            }
        }
        None => {}
    }
    connection.start_stream("text/event-stream; charset=utf-8")?;
    let mut pending = String::new();
    for step in encoded.steps {
        match step {
            Step::Send(text) => {
                pending += &text;
                if reply.pace_ms > 0 {
                    flush(connection, &mut pending, reply)?;
                }
            }
            Step::Pause => {
                if reply.pace_ms > 0 && !wait(connection, Until::Passed(reply.pace_ms)) {
                    return Ok(Outcome::Sent(After::Close));
                }
            }
            Step::Mark(mark) => {
                let place = match mark {
                    Mark::HalfText => Place::Text,
                    Mark::TextDone => {
                        if let Some(gate) = &reply.gate_after_text {
                            flush(connection, &mut pending, reply)?;
                            if !wait(connection, Until::Released(gate)) {
                                return Ok(Outcome::Sent(After::Close));
                            }
                        }
                        continue;
                    }
                    Mark::CallsDone => Place::Calls,
                };
                match &reply.fault {
                    Some(Fault::Reset { at }) if *at == place => {
                        flush(connection, &mut pending, reply)?;
                        // Lets the client read what was sent: a reset discards what is unread.
                        std::thread::sleep(Duration::from_millis(60));
                        return Ok(Outcome::Reset);
                    }
                    Some(Fault::Eof { at }) if *at == place => {
                        flush(connection, &mut pending, reply)?;
                        connection.end_stream()?;
                        return Ok(Outcome::Sent(After::KeepAlive));
                    }
                    Some(Fault::Stall { at, ms }) if *at == place => {
                        flush(connection, &mut pending, reply)?;
                        if !wait(connection, Until::Passed(*ms)) {
                            return Ok(Outcome::Sent(After::Close));
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    flush(connection, &mut pending, reply)?;
    let told = !matches!(reply.fault, Some(Fault::Failed { .. } | Fault::ErrorEvent));
    if let Some(seen) = shared.lock().seen.get_mut(number as usize - 1) {
        seen.billed = told;
    }
    // Before the last byte: a client that is quick must not be seen to answer the past.
    answered(shared, number, false);
    connection.end_stream()?;
    Ok(Outcome::Sent(After::KeepAlive))
}

fn flush(connection: &mut Connection, pending: &mut String, reply: &Reply) -> std::io::Result<()> {
    let bytes = std::mem::take(pending).into_bytes();
    if reply.fault == Some(Fault::SplitBytes) {
        for piece in bytes.chunks(3) {
            connection.chunk(piece)?;
        }
        return Ok(());
    }
    connection.chunk(&bytes)
}

enum Until<'a> {
    Passed(u64),
    Released(&'a str),
}

/// False where the client hung up (or the fake stops) first.
fn pause(shared: &Shared, connection: &Connection, number: u64, until: Until<'_>) -> bool {
    let deadline = match until {
        Until::Passed(ms) => Some(Instant::now() + Duration::from_millis(ms)),
        Until::Released(gate) => {
            shared.lock().waiting.push(gate.to_owned());
            shared.changed.notify_all();
            None
        }
    };
    let here = loop {
        let state = shared.lock();
        let done = match until {
            Until::Passed(_) => deadline.is_some_and(|deadline| Instant::now() >= deadline),
            Until::Released(gate) => state.released.contains(gate),
        };
        if done || shared.stopping() {
            break !shared.stopping();
        }
        let left = deadline.map_or(Duration::from_millis(20), |d| {
            d.saturating_duration_since(Instant::now())
        });
        drop(
            shared
                .changed
                .wait_timeout(state, left.min(Duration::from_millis(20))),
        );
        if connection.client_is_gone() {
            break false;
        }
    };
    if let Until::Released(gate) = until {
        let mut state = shared.lock();
        if let Some(at) = state.waiting.iter().position(|waiting| waiting == gate) {
            state.waiting.remove(at);
        }
    }
    if !here {
        answered(shared, number, true);
    }
    here
}
