//! An operation becomes a scenario, and the scenario plays to the same events.

use mira_protocol::approval::Decision;
use mira_protocol::operation::{ApproveMode, OperationRef, StartOperation};
use mira_protocol::table::calls;
use mira_protocol::{EventKind, StoredEvent, wire};
use mira_scenario::format::{Loaded, parse};
use mira_scenario::run::{Options, play};
use mira_testkit::{Collector, FakeVendor, Reply, Script, TempProject, TestEngine};
use serde_json::{Value, json};

/// An event without what no two runs share: ids, times, sizes that depend on the folder's name.
fn likeness(event: &StoredEvent, root: &str) -> Option<Value> {
    let (kind, mut data) = wire::split(&event.kind);
    if matches!(event.kind, EventKind::Renamed { .. }) {
        return None;
    }
    scrub(&mut data, root);
    Some(json!({ "kind": kind, "data": data }))
}

fn scrub(value: &mut Value, root: &str) {
    const OWN: &[&str] = &[
        "message_id",
        "approval_id",
        "id",
        "session_id",
        "operation_id",
        "duration_ms",
        "first_token_ms",
        "requested_at",
        "expires_at",
        "receipt",
        "request_bytes",
        "estimated_input_tokens",
        "encrypted_content",
        "usage",
        "cost_micro_usd",
        "reserved_micro_usd",
        "summary",
    ];
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !OWN.contains(&key.as_str()));
            map.values_mut().for_each(|value| scrub(value, root));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| scrub(value, root)),
        Value::String(text) => {
            let times = regex::Regex::new(r"\d+\.\d+ s\b").expect("a pattern");
            *text = times
                .replace_all(&text.replace(root, "ROOT"), "TIME")
                .into_owned();
        }
        _ => {}
    }
}

fn likenesses(events: &[StoredEvent], root: &str) -> Vec<Value> {
    events
        .iter()
        .filter_map(|event| likeness(event, root))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_operation_replays_to_the_same_events() {
    let vendor = FakeVendor::start(Script::new([
        Reply::text("I look first.")
            .reasoning("Reading is cheap.")
            .and_call("read_project_file", json!({ "path": "src/a.txt" })),
        Reply::call(
            "edit_project_file",
            json!({ "path": "src/a.txt", "edits": [{ "old": "one", "new": "two" }] }),
        ),
        Reply::text("Now a folder.").and_call(
            "run_command",
            json!({ "command": "mkdir made && rm gone.bin" }),
        ),
        Reply::call("run_command", json!({ "command": "mkdir never" })),
        Reply::text("It says two now, and\n\n- the folder is made\n- the other is not\n"),
    ]));
    let engine = TestEngine::with_vendor(&vendor).await;
    let project = TempProject::new("-- src/a.txt\none\r\nline\n-- README.md\n# It\n\n  indented\n");
    project.write("gone.bin", [0u8, 159, 146, 150]);
    let opened = engine.open(&project).await;
    let mut collector = Collector::new(&engine.engine);
    collector.decide(vec![Decision::Allow, Decision::Deny]);
    let request = StartOperation {
        content: "Turn one into two: \"carefully\"\nand make a folder".into(),
        project_id: Some(opened.id),
        approve: ApproveMode::Ask,
        ..StartOperation::default()
    };
    let started = engine.start(request).await;
    let events = collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");
    vendor.assert_clean();

    let it = OperationRef {
        operation_id: started.operation_id,
    };
    let exported = engine
        .engine
        .call(calls::OperationExport(it))
        .await
        .expect("exported");
    assert!(exported.file_name.ends_with(".yaml"));
    let (scenario, notes) =
        parse(&exported.yaml).unwrap_or_else(|error| panic!("{error}\n{}", exported.yaml));
    assert_eq!(notes, Vec::<String>::new());
    let loaded = Loaded {
        file: exported.file_name.into(),
        scenario,
        notes,
    };
    let played = play(
        &loaded,
        &Options {
            mock: true,
            timeout: None,
        },
    )
    .await;
    assert!(played.passed, "{:#?}\n{}", played, exported.yaml);

    let replayed = &played.steps[0].events;
    let new_root = replayed.iter().find_map(|event| match &event.kind {
        EventKind::ApprovalRequested { approval } => Some(approval.cwd.clone()),
        _ => None,
    });
    let before = likenesses(&events, &project.root().display().to_string());
    let after = likenesses(replayed, &new_root.expect("an approval"));
    for (a, b) in before.iter().zip(&after) {
        assert_eq!(a, b);
    }
    assert_eq!(before.len(), after.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_operation_is_not_exported() {
    let vendor = FakeVendor::start(Script::new([Reply::text("later").gate("hold")]));
    let engine = TestEngine::with_vendor(&vendor).await;
    let project = TempProject::new("");
    let opened = engine.open(&project).await;
    let started = engine
        .start(StartOperation {
            content: "hi".into(),
            project_id: Some(opened.id),
            ..StartOperation::default()
        })
        .await;
    let it = OperationRef {
        operation_id: started.operation_id,
    };
    let refused = engine
        .engine
        .call(calls::OperationExport(it))
        .await
        .expect_err("it runs");
    assert_eq!(refused.code, mira_protocol::Code::Conflict);
    engine.engine.shutdown().await;
}
