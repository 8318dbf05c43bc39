//! Each assertion passes on what is so and fails on what is not.

use std::path::Path;

use mira_protocol::operation::{OperationState, Usage};
use mira_protocol::{Code, EventKind, Failure, OperationId, SessionId, StoredEvent};
use mira_scenario::assertions::{Evidence, check, expect};
use mira_scenario::format::{Assertion, ExpectedEvent};

fn stored(seq: u64, kind: EventKind) -> StoredEvent {
    StoredEvent {
        session_id: SessionId::new(),
        seq,
        operation_id: Some(OperationId::from("op_1")),
        at: 1_000 * seq as i64,
        kind,
    }
}

fn result(tool: &str, success: bool) -> EventKind {
    EventKind::ToolResult {
        call_id: "c".into(),
        tool: tool.into(),
        success,
        output: format!("what {tool} said"),
        coloured: None,
        summary: String::new(),
        duration_ms: 1,
        truncated: false,
        changes: vec![],
    }
}

fn finished(state: OperationState, content: &str) -> EventKind {
    let failure = (state == OperationState::Failed)
        .then(|| Failure::new(Code::QuotaExceeded, "No credit is left."));
    EventKind::OperationFinished {
        state,
        failure,
        content: content.into(),
        usage: Usage::default(),
        cost_micro_usd: 0,
        duration_ms: 1,
        changes: vec![],
    }
}

fn good() -> Vec<StoredEvent> {
    let started = EventKind::OperationState {
        state: OperationState::Started,
        kind: None,
        reason: None,
    };
    let kinds = [
        started,
        result("read", true),
        result("edit", false),
        result("edit", true),
        finished(OperationState::Completed, "All Done."),
    ];
    kinds
        .into_iter()
        .enumerate()
        .map(|(at, kind)| stored(at as u64 + 1, kind))
        .collect()
}

fn bad() -> Vec<StoredEvent> {
    vec![stored(1, finished(OperationState::Failed, ""))]
}

fn one(yaml: &str) -> Assertion {
    let text = format!("name: A\nsteps:\n  - prompt: hi\n    assertions:\n      - {yaml}\n");
    let (scenario, _) =
        mira_scenario::format::parse(&text).unwrap_or_else(|error| panic!("{error}"));
    scenario.steps[0].assertions[0].clone()
}

fn holds(yaml: &str, events: &[StoredEvent], root: &Path) -> bool {
    check(&one(yaml), &Evidence { events, root }).passed
}

#[test]
fn each_one_can_pass_and_can_fail() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    std::fs::write(root.join("a.txt"), "hello\nthere\n").expect("a file");
    let cases = [
        (
            "{ type: event_received, event_type: operation.completed }",
            "{ type: event_received, event_type: compacted }",
        ),
        (
            "{ type: event_count, event_type: tool_result, count: 3 }",
            "{ type: event_count, event_type: tool_result, count: 2 }",
        ),
        (
            "{ type: event_sequence, events: [operation.started, tool_result, operation.completed] }",
            "{ type: event_sequence, events: [operation.completed, tool_result] }",
        ),
        (
            "{ type: tool_executed, tool_name: read }",
            "{ type: tool_executed, tool_name: read, success: false }",
        ),
        (
            "{ type: tool_executed, tool_name: edit, success: false }",
            "{ type: tool_executed, tool_name: write }",
        ),
        (
            "{ type: tool_sequence, tools: [read, edit] }",
            "{ type: tool_sequence, tools: [edit, read] }",
        ),
        (
            "{ type: tool_count, tool_name: edit, count: 2 }",
            "{ type: tool_count, tool_name: edit, count: 1 }",
        ),
        (
            "{ type: response_contains, text: all done }",
            "{ type: response_contains, text: all done, case_sensitive: true }",
        ),
        (
            "{ type: response_matches, pattern: 'D.ne\\.$' }",
            "{ type: response_matches, pattern: '^done' }",
        ),
        (
            "{ type: response_not_contains, text: error }",
            "{ type: response_not_contains, text: DONE }",
        ),
        (
            "{ type: file_exists, path: a.txt }",
            "{ type: file_exists, path: b.txt }",
        ),
        (
            "{ type: file_not_exists, path: b.txt }",
            "{ type: file_not_exists, path: a.txt }",
        ),
        (
            "{ type: file_contains, path: a.txt, text: there }",
            "{ type: file_contains, path: b.txt, text: there }",
        ),
        (
            "{ type: file_content_equals, path: a.txt, content: \"hello\\nthere\" }",
            "{ type: file_content_equals, path: a.txt, content: hello there }",
        ),
        (
            "{ type: completed_within, seconds: 4 }",
            "{ type: completed_within, seconds: 3.9 }",
        ),
    ];
    let events = good();
    for (right, wrong) in cases {
        assert!(holds(right, &events, root), "{right}");
        assert!(!holds(wrong, &events, root), "{wrong}");
    }
    // These two look at the whole: one history each.
    for (yaml, passes, fails) in [
        ("{ type: no_errors }", good(), bad()),
        ("{ type: completed_successfully }", good(), bad()),
        (
            "{ type: operation_failed, error_contains: no credit }",
            bad(),
            good(),
        ),
        ("{ type: no_tool_errors }", bad(), good()),
    ] {
        assert!(holds(yaml, &passes, root), "{yaml}");
        assert!(!holds(yaml, &fails, root), "{yaml}");
    }
    assert!(!holds(
        "{ type: operation_failed, error_contains: key }",
        &bad(),
        root
    ));
}

#[test]
fn expected_events_match_their_data_with_stars() {
    let wanted =
        |yaml: &str| -> ExpectedEvent { serde_json::from_str(yaml).expect("an expected event") };
    let events = good();
    let said = |yaml: &str| expect(&wanted(yaml), &events).passed;
    assert!(said(
        r#"{ "type": "tool_result", "tool": "read", "success": true, "output": "*read*" }"#
    ));
    assert!(said(r#"{ "type": "tool_result", "output": "what*" }"#));
    assert!(said(
        r#"{ "type": "operation.completed", "content": "*Done." }"#
    ));
    assert!(!said(
        r#"{ "type": "tool_result", "tool": "read", "success": false }"#
    ));
    assert!(!said(r#"{ "type": "tool_result", "output": "read*" }"#));
}
