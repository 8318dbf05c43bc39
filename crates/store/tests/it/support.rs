//! A store with a session and operations in it, and short forms of events.

use mira_protocol::operation::{OperationState, Usage};
use mira_protocol::session::SessionKind;
use mira_protocol::{EventKind, OperationId, ProjectId, SessionId};
use mira_store::{NewOperation, NewSession, OperationRequest, Store};

pub async fn session(store: &Store, id: &str, project: Option<&ProjectId>) -> SessionId {
    let id = SessionId::from(id);
    let new = NewSession {
        id: id.clone(),
        project_id: project.cloned(),
        name: String::new(),
        kind: SessionKind::Voice,
        created_at: 1,
    };
    store.create_session(&new).await.unwrap();
    id
}

/// Begins an operation with the person's message.
pub async fn operation(store: &Store, session: &SessionId, id: &str, at: i64) -> OperationId {
    let new = new_operation(session, id, at);
    store.begin_operation(&new, &[user("do it")]).await.unwrap();
    new.id
}

pub fn new_operation(session: &SessionId, id: &str, at: i64) -> NewOperation {
    NewOperation {
        id: OperationId::from(id),
        session_id: session.clone(),
        project_id: None,
        user_message: "do it".into(),
        request: OperationRequest::default(),
        created_at: at,
    }
}

pub fn user(content: &str) -> EventKind {
    EventKind::UserMessage {
        message_id: "msg_user".into(),
        content: content.into(),
        attachments: Vec::new(),
        steering: false,
        focus: None,
        fragments: vec![],
    }
}

pub fn assistant(content: &str) -> EventKind {
    EventKind::AssistantMessage {
        message_id: "msg_model".into(),
        content: content.into(),
        partial: false,
        superseded: false,
    }
}

pub fn call(id: &str) -> EventKind {
    EventKind::ToolCall {
        call_id: id.into(),
        tool: "run_command".into(),
        arguments: serde_json::json!({"command": "true"}),
    }
}

pub fn result(id: &str, output: &str) -> EventKind {
    EventKind::ToolResult {
        call_id: id.into(),
        tool: "run_command".into(),
        success: true,
        output: output.into(),
        coloured: None,
        summary: "ok".into(),
        duration_ms: 1,
        truncated: false,
        changes: Vec::new(),
    }
}

pub fn state(state: OperationState) -> EventKind {
    EventKind::OperationState {
        state,
        kind: None,
        reason: None,
    }
}

pub fn usage() -> Usage {
    Usage {
        input_tokens: 100,
        cached_tokens: 60,
        cache_write_tokens: 5,
        output_tokens: 20,
        reasoning_tokens: 7,
    }
}

pub fn finished(state: OperationState) -> EventKind {
    EventKind::OperationFinished {
        state,
        failure: None,
        content: "done".into(),
        usage: usage(),
        cost_micro_usd: 42,
        duration_ms: 9,
        changes: Vec::new(),
    }
}
