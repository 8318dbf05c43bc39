//! The file format.

use mira_scenario::format::{Assertion, event_name, parse};

const HEAD: &str = "name: A\nsteps:\n  - prompt: hi\n";

#[test]
fn every_field_and_every_assertion_is_understood() {
    let text = r#"
name: Everything
description: d
tags: [a, b]
timeout_seconds: 5
setup:
  project_path: /tmp
  create_dirs: [x]
  create_files: [{ path: a.txt, content: "x", executable: true }, { path: b.bin, content_base64: "AAE=" }]
  git: true
  env_vars: { MODEL_ROUTER_ENABLED: "false" }
  mock_mode: true
  session_id: s1
steps:
  - name: one
    prompt: hi
    approve: ask
    decisions: [allow, deny, always]
    access: read
    model: m
    max_cost_usd: 0.5
    cancel_on: tool_started
    timeout_seconds: 3
    expect_failure: true
    skip: true
    skip_reason: because
    expect_events: [{ type: operation.completed, content: "a*" }]
    mock_responses:
      - { text: t, reasoning: r, error: reset_text, delay_ms: 1, usage: { input: 1, cached: 0, cache_write: 0, output: 1, reasoning: 0 } }
      - { tool_calls: [{ name: t, args: { a: 1 } }, { name: t, raw_args: "{", id: c }] }
    assertions:
      - { type: event_received, event_type: operation.started }
      - { type: event_count, event_type: tool_result, count: 1 }
      - { type: event_sequence, events: [operation.started, operation.completed] }
      - { type: no_errors }
      - { type: tool_executed, tool_name: t, success: false }
      - { type: tool_sequence, tools: [t] }
      - { type: tool_count, tool_name: t, count: 0 }
      - { type: no_tool_errors }
      - { type: response_contains, text: t, case_sensitive: true }
      - { type: response_matches, pattern: "^t$" }
      - { type: response_not_contains, text: t }
      - { type: file_exists, path: a }
      - { type: file_not_exists, path: a }
      - { type: file_contains, path: a, text: t }
      - { type: file_content_equals, path: a, content: t }
      - { type: completed_within, seconds: 1.5 }
      - { type: completed_successfully }
      - { type: operation_failed, error_contains: e }
  - undo: true
  - redo: true
cleanup:
  remove_project: false
  remove_files: [a.txt]
  remove_dirs: [x]
"#;
    let (scenario, notes) = parse(text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(scenario.steps[0].assertions.len(), 18);
    assert!(matches!(
        &scenario.steps[0].assertions[4],
        Assertion::ToolExecuted { success: false, .. }
    ));
    assert_eq!(notes, Vec::<String>::new());
}

#[test]
fn mistakes_are_named_with_their_line() {
    let cases = [
        (
            "name: A\nsteps:\n  - prompt: hi\n    promt: x\n",
            "promt",
            Some("line 4"),
        ),
        ("name: A\nstep: []\n", "step", Some("line 2")),
        (
            "name: A\nsteps:\n  - prompt: hi\n    assertions:\n      - type: no_such\n",
            "no_such",
            None,
        ),
        (
            "name: A\nsteps:\n  - prompt: hi\n    assertions:\n      - type: file_exists\n        pth: a\n",
            "pth",
            None,
        ),
        ("name: A\nsteps: []\n", "no steps", None),
        (
            "name: A\nsteps:\n  - name: x\n",
            "exactly one of prompt, undo and redo",
            None,
        ),
        (
            "name: A\nsteps:\n  - prompt: hi\n    undo: true\n",
            "exactly one",
            None,
        ),
        (
            "name: A\nsetup: { create_files: [{ path: ../x }] }\nsteps:\n  - prompt: hi\n",
            "inside the project",
            None,
        ),
        (
            "name: A\nsteps:\n  - prompt: hi\n    cancel_on: some_event\n",
            "unknown event",
            None,
        ),
        (
            "name: A\nsteps:\n  - prompt: hi\n    assertions: [{ type: response_matches, pattern: '(' }]\n",
            "unclosed",
            None,
        ),
    ];
    for (text, wanted, line) in cases {
        let error = parse(text).expect_err(text);
        assert!(error.contains(wanted), "{wanted:?} is not in {error}");
        if let Some(line) = line {
            assert!(
                error.contains(line) || error.contains(&line.replace("line ", "")),
                "{line} is not in {error}"
            );
        }
    }
}

#[test]
fn results_in_mocks_are_noted_and_ignored() {
    let text = format!(
        "{HEAD}    mock_response:\n      tool_calls: [{{ name: t, args: {{}}, result: {{ a: 1 }}, success: true }}]\n"
    );
    let (_, notes) = parse(&text).unwrap_or_else(|error| panic!("{error}"));
    assert!(
        notes.len() == 1 && notes[0].contains("tools really run"),
        "{notes:?}"
    );
}

#[test]
fn every_event_of_the_protocol_can_be_named() {
    // Printed from the type itself: a new event without a name here is found.
    let source = include_str!("../../../protocol/src/event.rs");
    let kinds = source
        .split("pub enum EventKind {")
        .nth(1)
        .and_then(|rest| rest.split("\n}\n").next())
        .unwrap_or_default();
    let names = kinds.lines().filter_map(|line| {
        let line = line.strip_prefix("    ")?;
        let name = line.split([' ', '{', '(']).next()?;
        name.starts_with(|c: char| c.is_ascii_uppercase())
            .then(|| snake(name))
    });
    let names: Vec<String> = names.collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(event_name(&name).is_some(), "{name} is not known");
    }
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for (at, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && at > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
