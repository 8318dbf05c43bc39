//! Every event has a form on the wire, and comes back from it unchanged.

use mira_protocol::approval::{Approval, DecidedBy, Decision};
use mira_protocol::budget::{CallMoney, Pause, PauseChoice, Settlement};
use mira_protocol::change::{ChangeKind, FileChangeSummary, ReviewMark};
use mira_protocol::event::NoticeLevel;
use mira_protocol::message::{Fragment, Mention};
use mira_protocol::operation::{OperationKind, OperationState, Tier, Usage};
use mira_protocol::receipt::Receipt;
use mira_protocol::route::{Purpose, RouteDecision, RouteFacts, RouteRule};
use mira_protocol::wire::ServerMessage;
use mira_protocol::{Code, Event, EventKind, Failure, Signal, StoredEvent, Topic};

fn change() -> FileChangeSummary {
    FileChangeSummary {
        path: "src/ä.rs".into(),
        change: ChangeKind::Modified,
        additions: 2,
        deletions: 1,
        binary: false,
    }
}

fn finished(state: OperationState) -> EventKind {
    EventKind::OperationFinished {
        state,
        failure: (state != OperationState::Completed)
            .then(|| Failure::new(Code::KeyMissing, "No key.").hint("Set one.")),
        content: "done".into(),
        usage: Usage {
            input_tokens: 7,
            output_tokens: 5,
            ..Usage::default()
        },
        cost_micro_usd: 45_000,
        duration_ms: 12,
        changes: vec![change()],
    }
}

fn decision() -> RouteDecision {
    RouteDecision {
        tier: Tier::Code,
        model: "m".into(),
        provider: "openai".into(),
        rule: RouteRule::CodeWork,
        reason: "the message asks for a change".into(),
        facts: RouteFacts {
            purpose: Purpose::Chat,
            prompt_tokens: 3,
            files: 0,
            router_enabled: true,
            code_token_threshold: 50_000,
            code_file_count: 3,
            words: vec!["fix".into()],
            message_choice: None,
            session_choice: None,
            project_choice: None,
            current: None,
        },
        tiers: vec![],
    }
}

fn pause() -> Pause {
    Pause {
        operation_id: "op_1".into(),
        session_id: "ses_1".into(),
        since: 1,
        caps: vec![],
        needed_micro_usd: 4,
        missing_micro_usd: 2,
        tier: Tier::Code,
        model: "m".into(),
        waits_for_others: false,
        cheaper: None,
    }
}

/// One of each kind; `next` is an exhaustive match, so that a new kind cannot be forgotten here.
fn kinds() -> Vec<EventKind> {
    let mut all = vec![EventKind::UserMessage {
        message_id: "msg_1".into(),
        content: "hi".into(),
        attachments: vec![],
        steering: true,
        focus: None,
        fragments: vec![],
    }];
    while let Some(kind) = next(&all[all.len() - 1]) {
        all.push(kind);
    }
    all
}

fn next(kind: &EventKind) -> Option<EventKind> {
    Some(match kind {
        EventKind::UserMessage { .. } => EventKind::MessageEdited {
            message_id: "msg_1".into(),
            content: "hello".into(),
            fragments: vec![Fragment {
                mention: Mention::Commit {
                    commit: "1a2b".into(),
                },
                name: "commit 1a2b".into(),
                text: "Fix".into(),
                tokens: 1,
                dropped: Some("its diff".into()),
            }],
        },
        EventKind::MessageEdited { .. } => EventKind::OperationState {
            state: OperationState::AwaitingApproval,
            kind: Some(OperationKind::Debug),
            reason: Some("waits".into()),
        },
        EventKind::OperationState { .. } => EventKind::Routed {
            tier: Tier::Code,
            model: "m".into(),
            provider: "openai".into(),
            reason: "asked".into(),
            decision: Some(Box::new(decision())),
        },
        EventKind::Routed { .. } => EventKind::ContextGathered {
            receipt: Receipt {
                model: "m".into(),
                context_limit_tokens: Some(10),
                fragments: vec![],
                total_tokens: 3,
                estimated_input_micro_usd: None,
            },
        },
        EventKind::ContextGathered { .. } => EventKind::ModelCallStarted {
            call: 1,
            provider: "openai".into(),
            model: "m".into(),
            request_bytes: 10,
            estimated_input_tokens: 3,
        },
        EventKind::ModelCallStarted { .. } => EventKind::ModelCallFinished {
            call: 1,
            usage: Usage::default(),
            cost_micro_usd: None,
            duration_ms: 4,
            first_token_ms: Some(2),
            finish: "stop".into(),
            money: Some(CallMoney {
                ledger_id: 4,
                settlement: Settlement::Kept,
                reserved_micro_usd: Some(9),
                cache_hit: true,
                saved_micro_usd: 3,
                expected_cached_tokens: Some(1_024),
                prefix_break: Some("another model".into()),
            }),
        },
        EventKind::ModelCallFinished { .. } => EventKind::BudgetPaused { pause: pause() },
        EventKind::BudgetPaused { .. } => EventKind::BudgetResumed {
            choice: Some(PauseChoice::RaiseOnce),
            waited_ms: 5,
        },
        EventKind::BudgetResumed { .. } => EventKind::Notice {
            level: NoticeLevel::Warning,
            code: "retry".into(),
            text: "again".into(),
            until: Some(9),
        },
        EventKind::Notice { .. } => EventKind::Reasoning {
            message_id: "msg_2".into(),
            text: "hm".into(),
        },
        EventKind::Reasoning { .. } => EventKind::AssistantMessage {
            message_id: "msg_3".into(),
            content: "…".into(),
            partial: true,
            superseded: true,
        },
        EventKind::AssistantMessage { .. } => EventKind::ModelItems {
            provider: "openai".into(),
            model: "m".into(),
            items: serde_json::json!([{"type": "reasoning"}]),
        },
        EventKind::ModelItems { .. } => EventKind::ToolCall {
            call_id: "call_1".into(),
            tool: "run_command".into(),
            arguments: serde_json::json!({"command": "ls"}),
        },
        EventKind::ToolCall { .. } => EventKind::ToolStarted {
            call_id: "call_1".into(),
            command: Some("ls".into()),
        },
        EventKind::ToolStarted { .. } => EventKind::ToolResult {
            call_id: "call_1".into(),
            tool: "run_command".into(),
            success: true,
            output: "a\n".into(),
            coloured: Some("\u{1b}[34ma\u{1b}[0m\n".into()),
            summary: "listed".into(),
            duration_ms: 1,
            truncated: false,
            changes: vec![change()],
        },
        EventKind::ToolResult { .. } => EventKind::ApprovalRequested {
            approval: Approval {
                id: "apr_1".into(),
                session_id: "ses_1".into(),
                operation_id: "op_1".into(),
                call_id: "call_1".into(),
                tool: "run_command".into(),
                command: "apt install nginx".into(),
                argv: None,
                cwd: "/p".into(),
                reason: "Install web server".into(),
                purpose: None,
                elevation: None,
                pattern: Some("apt install *".into()),
                rules: vec![],
                requested_at: 1,
                expires_at: 2,
            },
        },
        EventKind::ApprovalRequested { .. } => EventKind::ApprovalDecided {
            approval_id: "apr_1".into(),
            decision: Decision::Always,
            by: DecidedBy::Person,
        },
        EventKind::ApprovalDecided { .. } => EventKind::Compacted {
            up_to_seq: 3,
            summary: "so far".into(),
            dropped_items: 1,
            dropped_tokens: 2,
            kept_tokens: 3,
            condensed: None,
        },
        EventKind::Compacted { .. } => finished(OperationState::Completed),
        EventKind::OperationFinished {
            state: OperationState::Completed,
            ..
        } => finished(OperationState::Failed),
        EventKind::OperationFinished { .. } => EventKind::Undone {
            operation_id: "op_1".into(),
            undone: true,
            paths: vec!["a".into()],
        },
        EventKind::Undone { .. } => EventKind::Reviewed {
            operation_id: "op_1".into(),
            path: "a".into(),
            hunk: None,
            mark: ReviewMark::Rejected,
        },
        EventKind::Reviewed { .. } => EventKind::Rewound {
            what: mira_protocol::rewind::RewindWhat::Both,
            to_seq: 3,
            hidden: vec![mira_protocol::rewind::SeqRange { first: 3, last: 8 }],
            shown: vec![],
            paths: vec!["a".into()],
            undoes_seq: Some(2),
            checkpoint_id: Some(7),
        },
        EventKind::Rewound { .. } => EventKind::Renamed {
            name: "n".into(),
            by_person: false,
        },
        EventKind::Renamed { .. } => EventKind::Forked {
            from_session_id: "ses_0".into(),
            up_to_seq: 4,
        },
        EventKind::Forked { .. } => EventKind::JobStarted {
            job_id: "job_1".into(),
            command: "sleep 1".into(),
        },
        EventKind::JobStarted { .. } => EventKind::JobFinished {
            job_id: "job_1".into(),
            exit_code: Some(1),
        },
        EventKind::JobFinished { .. } => return None,
    })
}

fn signals() -> Vec<Signal> {
    let (session_id, operation_id) = (|| "ses_1".into(), || "op_1".into());
    vec![
        Signal::TextDelta {
            session_id: session_id(),
            operation_id: operation_id(),
            message_id: "msg_1".into(),
            offset: 3,
            text: "ä".into(),
        },
        Signal::ReasoningDelta {
            session_id: session_id(),
            operation_id: operation_id(),
            message_id: "msg_1".into(),
            text: "hm".into(),
        },
        Signal::ToolCallProgress {
            session_id: session_id(),
            operation_id: operation_id(),
            call_id: "call_1".into(),
            tool: "t".into(),
            bytes: 4,
        },
        Signal::ToolOutput {
            session_id: session_id(),
            operation_id: operation_id(),
            call_id: "call_1".into(),
            text: "o".into(),
        },
        Signal::Activity {
            session_id: session_id(),
            operation_id: operation_id(),
            text: "thinks".into(),
            since: 5,
        },
        Signal::Unstored {
            session_id: session_id(),
            operation_id: operation_id(),
            failure: Failure::new(Code::Internal, "The disk is full.").hint("Make room."),
            since: 5,
        },
    ]
}

fn over_the_wire(event: &Event) -> (serde_json::Value, Option<Event>) {
    let text = serde_json::to_string(&ServerMessage::from(event)).unwrap();
    let message: ServerMessage = serde_json::from_str(&text).unwrap();
    (serde_json::from_str(&text).unwrap(), message.into_event())
}

#[test]
fn every_stored_event_comes_back_unchanged() {
    for (position, kind) in kinds().into_iter().enumerate() {
        let event = Event::Stored(StoredEvent {
            session_id: "ses_1".into(),
            seq: position as u64 + 1,
            operation_id: Some("op_1".into()),
            at: 77,
            kind,
        });
        let (json, back) = over_the_wire(&event);
        assert_eq!(json["seq"], position as u64 + 1, "{json}");
        assert_eq!(json["session_id"], "ses_1", "{json}");
        assert_eq!(back.as_ref(), Some(&event), "{json}");
    }
}

#[test]
fn every_signal_and_topic_comes_back_unchanged() {
    let topics = [
        Topic::Projects,
        Topic::Changes {
            session_id: "ses_1".into(),
        },
        Topic::Git {
            project_id: "prj_1".into(),
        },
    ];
    let events = signals()
        .into_iter()
        .map(Event::Signal)
        .chain(topics.into_iter().map(Event::Topic));
    for event in events {
        let (json, back) = over_the_wire(&event);
        assert!(json.get("seq").is_none(), "{json}");
        assert_eq!(back.as_ref(), Some(&event), "{json}");
    }
}

#[test]
fn the_seeds_server_messages_have_their_field_names() {
    let message = |kind| {
        serde_json::to_value(ServerMessage::from(&StoredEvent {
            session_id: "ses_1".into(),
            seq: 3,
            operation_id: Some("op_1".into()),
            at: 77,
            kind,
        }))
        .unwrap()
    };
    let complete = message(finished(OperationState::Completed));
    assert_eq!(complete["type"], "chat_complete");
    assert_eq!(complete["operation_id"], "op_1");
    assert_eq!(complete["tokens_used"], 12);
    assert_eq!(complete["cost_usd"], 0.045);
    assert_eq!(complete["cache_hit"], false);

    let failed = message(finished(OperationState::Failed));
    assert_eq!(failed["type"], "error");
    assert_eq!(failed["code"], "key_missing");
    assert_eq!(failed["message"], "No key.");

    let all = kinds();
    let approval = all
        .iter()
        .find(|kind| matches!(kind, EventKind::ApprovalRequested { .. }));
    let approval = message(approval.unwrap().clone());
    assert_eq!(approval["type"], "sudo_approval_request");
    assert_eq!(approval["request_id"], "apr_1");
    assert_eq!(approval["command"], "apt install nginx");
    assert_eq!(approval["reason"], "Install web server");

    let tool = message(EventKind::ToolCall {
        call_id: "call_1".into(),
        tool: "read_project_file".into(),
        arguments: serde_json::json!({}),
    });
    assert_eq!(tool["type"], "operation_event");
    assert_eq!(tool["event_type"], "tool_call");
    assert_eq!(tool["data"]["tool"], "read_project_file");

    let token = ServerMessage::from(&Event::Signal(signals().remove(0)));
    let token = serde_json::to_value(token).unwrap();
    assert_eq!(token["type"], "stream_token");
    assert_eq!(token["operation_id"], "op_1");
    assert_eq!(token["token"], "ä");
}
