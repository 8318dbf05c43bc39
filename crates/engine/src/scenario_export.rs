//! An operation as a scenario: what the person wrote, what the model answered, and the files as
//! they were before it, in a YAML file that `mira-test run FILE --mock` plays offline.
//!
//! The files are those of the project as it is on disk, with what this and later operations of
//! the session changed taken back. Of a large project only the files that the operation read or
//! changed are written down, and the file says so. Secrets are masked. Retries are left out: a replay has no broken
//! connections.

mod files;
mod yaml;

use std::sync::Arc;

use mira_protocol::approval::Decision;
use mira_protocol::operation::{
    ApproveMode, ExportedScenario, Operation, OperationRef, OperationState, Usage,
};
use mira_protocol::{Code, EventKind, Failure, StoredEvent};
use mira_secrets::Masker;
use mira_store::{OperationRow, Store};
use mira_workspace::Blobs;
use serde_json::{Map, Value, json};

use crate::failure::from_store;

/// `operation.export`.
///
/// # Errors
/// [`Code::Conflict`] while the operation runs.
pub async fn export(
    store: &Store,
    blobs: &Arc<Blobs>,
    masker: &Masker,
    params: OperationRef,
) -> Result<ExportedScenario, Failure> {
    let row = store
        .operation(&params.operation_id)
        .await
        .map_err(from_store)?;
    if !row.operation.state.is_terminal() {
        return Err(
            Failure::new(Code::Conflict, "The operation is still running.")
                .hint("Export it when it has ended."),
        );
    }
    let events = store
        .events_of_operation(&params.operation_id)
        .await
        .map_err(from_store)?;
    let setup = files::before(store, blobs, masker, &row.operation, &events).await?;
    let mut scenario = json!({
        "name": title(&row.operation.user_message),
        "description": format!("Exported from operation {}.{}", row.operation.id, setup.note),
        "tags": ["exported"],
        "setup": { "create_dirs": setup.dirs, "create_files": setup.files },
        "steps": [step(&row, &events)],
    });
    // A file to hand on. Files were masked by their names already; marks stay marks.
    crate::masking::strings(masker, &mut scenario);
    let file_name = format!("{}.yaml", slug(&row.operation.user_message));
    Ok(ExportedScenario {
        file_name,
        yaml: yaml::write(&scenario),
    })
}

fn step(row: &OperationRow, events: &[StoredEvent]) -> Value {
    let operation = &row.operation;
    let mut step = Map::new();
    step.insert("name".into(), "the exported operation".into());
    step.insert("prompt".into(), operation.user_message.clone().into());
    step.insert("access".into(), json!(row.request.access));
    let decisions = decisions(events);
    step.insert(
        "approve".into(),
        match row.request.approve {
            ApproveMode::All => "all",
            ApproveMode::Safe => "safe",
            ApproveMode::Never => "never",
            ApproveMode::Ask => "ask",
        }
        .into(),
    );
    if !decisions.is_empty() {
        step.insert("decisions".into(), json!(decisions));
    }
    if operation.state == OperationState::Cancelled {
        step.insert("cancel_on".into(), cancelled_at(events).into());
    }
    step.insert("mock_responses".into(), replies(operation, events).into());
    step.insert("assertions".into(), assertions(operation, events).into());
    step.into()
}

/// What the person answered to approvals, in order.
fn decisions(events: &[StoredEvent]) -> Vec<Decision> {
    let decided = events.iter().filter_map(|event| match &event.kind {
        EventKind::ApprovalDecided { decision, .. } => Some(*decision),
        _ => None,
    });
    decided.collect()
}

/// The newest event before the end that a replay can wait for.
fn cancelled_at(events: &[StoredEvent]) -> &'static str {
    let started = events.iter().rev().find_map(|event| match &event.kind {
        EventKind::ToolStarted { .. } => Some("tool_started"),
        EventKind::ModelCallStarted { .. } => Some("model_call_started"),
        _ => None,
    });
    started.unwrap_or("operation_state")
}

/// One reply for each request that was answered.
fn replies(operation: &Operation, events: &[StoredEvent]) -> Vec<Value> {
    let mut replies = Vec::new();
    let mut reply = Map::new();
    for event in events {
        match &event.kind {
            EventKind::ModelCallStarted { .. } => reply = Map::new(),
            EventKind::Reasoning { text, .. } => {
                reply.insert("reasoning".into(), text.clone().into());
            }
            EventKind::ModelItems { .. } => {
                reply.entry("reasoning").or_insert_with(|| "".into());
            }
            EventKind::AssistantMessage {
                content,
                superseded: false,
                ..
            } => {
                let text = reply
                    .get("text")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let text = format!("{text}{content}");
                reply.insert("text".into(), text.into());
            }
            EventKind::ToolCall {
                call_id,
                tool,
                arguments,
            } => {
                let arguments = match arguments {
                    Value::String(raw) => ("raw_args", Value::String(raw.clone())),
                    other => ("args", other.clone()),
                };
                let call = json!({ "name": tool, "id": call_id, arguments.0: arguments.1 });
                if let Value::Array(calls) = reply.entry("tool_calls").or_insert_with(|| json!([]))
                {
                    calls.push(call);
                }
            }
            EventKind::ModelCallFinished { usage, finish, .. } => {
                if let Some(error) = error_word(operation, finish) {
                    reply.insert("error".into(), error.into());
                }
                if finish == "cancelled" {
                    // Long enough that the cancellation comes first.
                    reply.insert("delay_ms".into(), 30_000.into());
                }
                if *usage != Usage::default() {
                    reply.insert("usage".into(), usage_of(usage));
                }
                replies.push(std::mem::take(&mut reply).into());
            }
            _ => {}
        }
    }
    replies
}

fn error_word(operation: &Operation, finish: &str) -> Option<&'static str> {
    match finish {
        "length" => return Some("incomplete"),
        "broken_off" => return Some("reset_calls"),
        "error" => {}
        _ => return None,
    }
    match operation.failure.as_ref().map(|failure| failure.code) {
        Some(Code::QuotaExceeded) => Some("quota"),
        Some(Code::KeyRejected) => Some("unauthorized"),
        Some(Code::ModelNotFound) => Some("model_not_found"),
        Some(Code::ProviderRefused) => Some("wrong_url"),
        // The request overflowed and was asked again, compacted.
        _ => Some("context_too_long"),
    }
}

fn usage_of(usage: &Usage) -> Value {
    json!({
        "input": usage.input_tokens,
        "cached": usage.cached_tokens,
        "cache_write": usage.cache_write_tokens,
        "output": usage.output_tokens,
        "reasoning": usage.reasoning_tokens,
    })
}

fn assertions(operation: &Operation, events: &[StoredEvent]) -> Vec<Value> {
    let mut assertions = vec![match operation.state {
        OperationState::Completed => json!({ "type": "completed_successfully" }),
        OperationState::Failed => json!({ "type": "operation_failed" }),
        OperationState::Cancelled => {
            json!({ "type": "event_received", "event_type": "operation.cancelled" })
        }
        _ => json!({ "type": "event_received", "event_type": "operation_finished" }),
    }];
    let tools: Vec<&str> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::ToolCall { tool, .. } => Some(tool.as_str()),
            _ => None,
        })
        .collect();
    for (at, tool) in tools.iter().enumerate() {
        if !tools[..at].contains(tool) {
            let count = tools.iter().filter(|other| *other == tool).count();
            assertions.push(json!({ "type": "tool_count", "tool_name": tool, "count": count }));
        }
    }
    assertions
}

fn title(message: &str) -> String {
    let line = message
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("An operation");
    line.trim().chars().take(80).collect()
}

/// A file name of a message's first words.
fn slug(message: &str) -> String {
    let words = message
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(6)
        .map(str::to_ascii_lowercase);
    let slug = words.collect::<Vec<_>>().join("-");
    if slug.is_empty() {
        "operation".into()
    } else {
        slug.chars().take(60).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_made_of_the_first_words() {
        assert_eq!(
            slug("Mend the parser, please — now!\nThen more"),
            "mend-the-parser-please-now-then"
        );
        assert_eq!(slug("…"), "operation");
        assert_eq!(title("\n\n  Mend it \nnow"), "Mend it");
    }
}
