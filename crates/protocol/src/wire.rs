//! How requests and events look on the socket (and, the same JSON, on the window's channel).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::approval::Decision;
use crate::event::{EventKind, Signal, StoredEvent, Topic};
use crate::operation::OperationState;
use crate::{ApprovalId, Code, Event, Failure, OperationId, SessionId, UtcMs};

/// What a server sends: one JSON object a frame. `seq` stands on stored steps only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// First message after authentication.
    Welcome { protocol: u32, version: String },
    /// The answer to the request with that `id`.
    Reply {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Value>,
        method: String,
        result: Value,
    },
    /// A request failed (`id` repeats it where it had one), or an operation ended without
    /// completing (`operation_id` and `seq` stand; `data` holds the terminal event).
    Error {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Value>,
        #[serde(flatten)]
        failure: Failure,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operation_id: Option<OperationId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session_id: Option<SessionId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<UtcMs>,
        /// The terminal stored event's data, where an operation ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data: Option<Value>,
    },
    /// More text of the model.
    StreamToken {
        operation_id: OperationId,
        session_id: SessionId,
        message_id: String,
        offset: u64,
        token: String,
    },
    /// Any other signal.
    Signal {
        #[serde(flatten)]
        signal: Signal,
    },
    /// A stored step of an operation that is neither an approval request nor its end.
    OperationEvent {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operation_id: Option<OperationId>,
        session_id: SessionId,
        seq: u64,
        at: UtcMs,
        event_type: String,
        data: Value,
    },
    /// A tool call waits for the person (any approval, elevated or not). `request_id` is the
    /// approval's id; `data` is the stored event's data.
    SudoApprovalRequest {
        request_id: ApprovalId,
        command: String,
        reason: String,
        cwd: String,
        expires_at: UtcMs,
        operation_id: OperationId,
        session_id: SessionId,
        seq: u64,
        at: UtcMs,
        data: Value,
    },
    /// The operation completed: its only terminal message. `data` is the stored event's data.
    ChatComplete {
        operation_id: OperationId,
        session_id: SessionId,
        seq: u64,
        at: UtcMs,
        content: String,
        tokens_used: u64,
        cost_usd: f64,
        cache_hit: bool,
        data: Value,
    },
    /// Something readable went stale.
    Topic {
        #[serde(flatten)]
        topic: Topic,
    },
}

impl From<&Event> for ServerMessage {
    fn from(event: &Event) -> Self {
        match event {
            Event::Stored(stored) => Self::from(stored),
            Event::Signal(Signal::TextDelta {
                session_id,
                operation_id,
                message_id,
                offset,
                text,
            }) => Self::StreamToken {
                operation_id: operation_id.clone(),
                session_id: session_id.clone(),
                message_id: message_id.0.clone(),
                offset: *offset,
                token: text.clone(),
            },
            Event::Signal(signal) => Self::Signal {
                signal: signal.clone(),
            },
            Event::Topic(topic) => Self::Topic {
                topic: topic.clone(),
            },
        }
    }
}

impl From<&StoredEvent> for ServerMessage {
    fn from(stored: &StoredEvent) -> Self {
        let StoredEvent {
            session_id,
            seq,
            operation_id,
            at,
            kind,
        } = stored;
        let (event_type, data) = split(kind);
        match (kind, operation_id) {
            (EventKind::ApprovalRequested { approval }, Some(operation_id)) => {
                Self::SudoApprovalRequest {
                    request_id: approval.id.clone(),
                    command: approval.command.clone(),
                    reason: approval.reason.clone(),
                    cwd: approval.cwd.clone(),
                    expires_at: approval.expires_at,
                    operation_id: operation_id.clone(),
                    session_id: session_id.clone(),
                    seq: *seq,
                    at: *at,
                    data,
                }
            }
            (
                EventKind::OperationFinished {
                    state: OperationState::Completed,
                    content,
                    usage,
                    cost_micro_usd,
                    ..
                },
                Some(operation_id),
            ) => Self::ChatComplete {
                operation_id: operation_id.clone(),
                session_id: session_id.clone(),
                seq: *seq,
                at: *at,
                content: content.clone(),
                tokens_used: usage.input_tokens + usage.output_tokens,
                cost_usd: *cost_micro_usd as f64 / 1_000_000.0,
                cache_hit: false,
                data,
            },
            (EventKind::OperationFinished { state, failure, .. }, Some(operation_id)) => {
                Self::Error {
                    id: None,
                    failure: failure.clone().unwrap_or_else(|| {
                        Failure::new(Code::Internal, format!("The operation ended as {state:?}."))
                    }),
                    operation_id: Some(operation_id.clone()),
                    session_id: Some(session_id.clone()),
                    seq: Some(*seq),
                    at: Some(*at),
                    data: Some(data),
                }
            }
            _ => Self::OperationEvent {
                operation_id: operation_id.clone(),
                session_id: session_id.clone(),
                seq: *seq,
                at: *at,
                event_type,
                data,
            },
        }
    }
}

impl ServerMessage {
    /// The event that this message was made from; None for welcomes, replies and the errors of
    /// requests, and for an event type that this version does not know.
    pub fn into_event(self) -> Option<Event> {
        let stored = |session_id, seq, operation_id, at, event_type: &str, data: Value| {
            let kind = serde_json::json!({ "event_type": event_type, "data": data });
            let kind = serde_json::from_value(kind).ok()?;
            Some(Event::Stored(StoredEvent {
                session_id,
                seq,
                operation_id,
                at,
                kind,
            }))
        };
        match self {
            Self::Welcome { .. } | Self::Reply { .. } => None,
            Self::Error {
                operation_id,
                session_id,
                seq,
                at,
                data,
                ..
            } => stored(
                session_id?,
                seq?,
                operation_id,
                at?,
                "operation_finished",
                data?,
            ),
            Self::StreamToken {
                operation_id,
                session_id,
                message_id,
                offset,
                token,
            } => Some(Event::Signal(Signal::TextDelta {
                session_id,
                operation_id,
                message_id: message_id.into(),
                offset,
                text: token,
            })),
            Self::Signal { signal } => Some(Event::Signal(signal)),
            Self::Topic { topic } => Some(Event::Topic(topic)),
            Self::OperationEvent {
                operation_id,
                session_id,
                seq,
                at,
                event_type,
                data,
            } => stored(session_id, seq, operation_id, at, &event_type, data),
            Self::SudoApprovalRequest {
                operation_id,
                session_id,
                seq,
                at,
                data,
                ..
            } => stored(
                session_id,
                seq,
                Some(operation_id),
                at,
                "approval_requested",
                data,
            ),
            Self::ChatComplete {
                operation_id,
                session_id,
                seq,
                at,
                data,
                ..
            } => stored(
                session_id,
                seq,
                Some(operation_id),
                at,
                "operation_finished",
                data,
            ),
        }
    }

    /// The reply to a request that was understood (`Ok`) or not.
    pub fn answer(id: Option<Value>, method: &str, result: Result<Value, Failure>) -> Self {
        match result {
            Ok(result) => Self::Reply {
                id,
                method: method.to_owned(),
                result,
            },
            Err(failure) => Self::failed(id, failure),
        }
    }

    /// An error reply.
    pub fn failed(id: Option<Value>, failure: Failure) -> Self {
        Self::Error {
            id,
            failure,
            operation_id: None,
            session_id: None,
            seq: None,
            at: None,
            data: None,
        }
    }
}

/// An event's type and its data, apart.
pub fn split(kind: &EventKind) -> (String, Value) {
    match serde_json::to_value(kind) {
        Ok(Value::Object(mut map)) => {
            let data = map.remove("data").unwrap_or(Value::Null);
            let event_type = match map.remove("event_type") {
                Some(Value::String(text)) => text,
                _ => String::new(),
            };
            (event_type, data)
        }
        _ => (String::new(), Value::Null),
    }
}

/// A client's frame, before its method is known to exist.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientMessage {
    Hello {
        token: String,
        protocol: u32,
    },
    /// Any request of the table, by whichever spelling.
    Request {
        id: Option<Value>,
        method: String,
        params: Value,
    },
    /// Stored events from here on, then live ones. Without a session: the last active one.
    Subscribe {
        id: Option<Value>,
        session_id: Option<SessionId>,
        since_seq: u64,
    },
    Ping {
        id: Option<Value>,
    },
}

/// The seed's message families and the prefix of their methods.
const FAMILIES: &[(&str, &str)] = &[
    ("project_command", "project"),
    ("git_command", "git"),
    ("file_system_command", "file"),
    ("memory_command", "memory"),
    ("code_intelligence_command", "code"),
    ("document_command", "documents"),
    ("session_command", "session"),
    ("sudo_command", "sudo"),
    ("operation_command", "operation"),
    ("job_command", "job"),
    ("settings_command", "settings"),
    ("provider_command", "provider"),
    ("system_command", "system"),
];

impl ClientMessage {
    /// Understands the seed's §9.1 shapes and ours; the error carries the message's `id`.
    #[expect(clippy::result_large_err, reason = "once a frame, and seldom")]
    pub fn decode(text: &str) -> Result<Self, (Option<Value>, Failure)> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            (
                None,
                Failure::new(
                    Code::BadMessage,
                    format!("The message is not JSON: {error}."),
                ),
            )
        })?;
        let Value::Object(mut map) = value else {
            return Err((
                None,
                Failure::new(Code::BadMessage, "The message is not a JSON object."),
            ));
        };
        let id = map.remove("id");
        let bad = |text: String| (id.clone(), Failure::new(Code::BadMessage, text));
        let Some(Value::String(kind)) = map.remove("type") else {
            return Err(bad("The message has no `type`.".into()));
        };
        let request = |method: &str, params: Value| {
            Ok(Self::Request {
                id: id.clone(),
                method: method.to_owned(),
                params,
            })
        };
        match kind.as_str() {
            "hello" => Ok(Self::Hello {
                token: text_of(&map, "token").unwrap_or_default(),
                protocol: map.get("protocol").and_then(Value::as_u64).unwrap_or(0) as u32,
            }),
            "ping" => Ok(Self::Ping { id }),
            "subscribe" => {
                let wrong = |what: &str| {
                    let why = format!("wrong params for subscribe: {what}.");
                    (id.clone(), Failure::new(Code::BadParams, why))
                };
                let since_seq = match map.get("since_seq") {
                    None | Some(Value::Null) => 0,
                    Some(seq) => seq
                        .as_u64()
                        .ok_or_else(|| wrong("`since_seq` is a whole number, 0 or more"))?,
                };
                let session_id = match map.get("session_id") {
                    None | Some(Value::Null) => None,
                    Some(Value::String(id)) => Some(SessionId(id.clone())),
                    Some(_) => return Err(wrong("`session_id` is a text")),
                };
                Ok(Self::Subscribe {
                    session_id,
                    since_seq,
                    id,
                })
            }
            "request" => {
                let Some(method) = text_of(&map, "method") else {
                    return Err(bad("The request has no `method`.".into()));
                };
                request(&method, map.remove("params").unwrap_or(Value::Null))
            }
            "chat" => {
                rename(&mut map, "system_access_mode", "access");
                rename(&mut map, "metadata", "focus");
                map.retain(|_, value| !value.is_null());
                request("operation.start", Value::Object(map))
            }
            "cancel" => request("operation.cancel", Value::Object(map)),
            "steer" => request("operation.steer", Value::Object(map)),
            "approval" => {
                map.retain(|key, _| key == "approval_id" || key == "decision");
                request("approval.decide", Value::Object(map))
            }
            "sudo_approval" => {
                let approved = map
                    .get("approved")
                    .and_then(Value::as_bool)
                    .unwrap_or(false);
                let decision = if approved {
                    Decision::Allow
                } else {
                    Decision::Deny
                };
                let approval_id = map
                    .remove("approval_id")
                    .or_else(|| map.remove("request_id"));
                request(
                    "approval.decide",
                    serde_json::json!({ "approval_id": approval_id, "decision": decision }),
                )
            }
            "command" => {
                let command = text_of(&map, "command").unwrap_or_default();
                let args = match map.remove("args") {
                    Some(Value::Object(args)) => args,
                    None | Some(Value::Null) => serde_json::Map::new(),
                    Some(_) => return Err(bad("The command's `args` are not an object.".into())),
                };
                match slash(&command, args) {
                    Some((method, params)) => request(method, Value::Object(params)),
                    None => Err((id.clone(), unknown_command(&command))),
                }
            }
            family => match FAMILIES.iter().find(|(name, _)| *name == family) {
                Some((_, prefix)) => {
                    let Some(method) = text_of(&map, "method") else {
                        return Err(bad(format!("The {family} has no `method`.")));
                    };
                    let method = if method.contains('.') {
                        method
                    } else {
                        format!("{prefix}.{method}")
                    };
                    let (method, params) =
                        by_other_name(method, map.remove("params").unwrap_or(Value::Null));
                    request(&method, params)
                }
                None => Err((
                    id.clone(),
                    Failure::new(
                        Code::UnknownMethod,
                        format!("Unknown message type {kind:?}."),
                    ),
                )),
            },
        }
    }
}

/// Slash commands that a client may send as `command`, for help and errors.
pub const SLASH_COMMANDS: &[&str] = &[
    "budget", "doctor", "fork", "redo", "rename", "resume", "search", "sessions", "status", "undo",
];

/// The request behind a slash command; None for an unknown one.
fn slash(
    command: &str,
    mut args: serde_json::Map<String, Value>,
) -> Option<(&'static str, serde_json::Map<String, Value>)> {
    let method = match command.trim_start_matches('/') {
        "budget" => "budget.get",
        "doctor" => "system.doctor",
        "status" => "system.status",
        "sessions" => "session.list",
        "search" => "session.search",
        "undo" => "operation.undo",
        "redo" => "operation.redo",
        "rename" => "session.rename",
        "fork" => {
            rename(&mut args, "target_session", "session_id");
            "session.fork"
        }
        "resume" => {
            rename(&mut args, "target_session", "session_id");
            let last = args
                .remove("last")
                .is_some_and(|value| value != Value::Bool(false));
            match args.remove("name") {
                _ if args.contains_key("session_id") => "session.get",
                Some(name) if !last => {
                    args.insert("search".into(), name);
                    "session.list"
                }
                _ => "session.last",
            }
        }
        _ => return None,
    };
    Some((method, args))
}

fn unknown_command(command: &str) -> Failure {
    Failure::new(
        Code::UnknownMethod,
        format!("There is no command {command:?}."),
    )
    .hint(format!("Commands: {}.", SLASH_COMMANDS.join(", ")))
}

/// The seed's spelling of a method and its params → the table's.
fn by_other_name(method: String, params: Value) -> (String, Value) {
    let Value::Object(mut map) = params else {
        return (method, params);
    };
    let own = match method.as_str() {
        "project.open_directory" => "project.open",
        "project.delete" => "project.remove",
        "sudo.list_pending" => {
            map.clear();
            "approval.list"
        }
        "sudo.get_permissions" => "sudo.permissions",
        "sudo.get_blocklist" => "sudo.blocklist",
        "sudo.audit_log" => "sudo.audit",
        "sudo.toggle_permission" => "sudo.change_permission",
        "sudo.set_approval_required" => "sudo.change_permission",
        "sudo.approve" | "sudo.deny" => {
            let decision = if method == "sudo.approve" {
                "allow"
            } else {
                "deny"
            };
            rename(&mut map, "approval_request_id", "approval_id");
            map.retain(|key, _| key == "approval_id");
            map.insert("decision".into(), decision.into());
            "approval.decide"
        }
        "session.fork" => {
            rename(&mut map, "source_id", "session_id");
            "session.fork"
        }
        "session.update" => {
            rename(&mut map, "id", "session_id");
            "session.rename"
        }
        "session.get" | "session.delete" => {
            rename(&mut map, "id", "session_id");
            method.as_str()
        }
        _ => return (method, Value::Object(map)),
    };
    (own.to_owned(), Value::Object(map))
}

fn text_of(map: &serde_json::Map<String, Value>, key: &str) -> Option<String> {
    map.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn rename(map: &mut serde_json::Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = map.remove(from) {
        map.insert(to.to_owned(), value);
    }
}
