//! Stop, and everything that a stop must leave in order.

use std::time::{Duration, Instant};

use mira_protocol::operation::{OperationRef, OperationState};
use mira_protocol::table::calls;
use mira_protocol::{Code, EventKind};
use mira_testkit::{Collector, Reply, ScriptedModel, TestEngine};
use serde_json::json;

use crate::support::{
    check_laws, completed, end, messages, project, results, resumed, say, say_in, wait_for,
};

#[tokio::test]
async fn a_cancelled_command_dies_with_its_children_and_its_call_is_answered() {
    let length = format!("{}.25", 3_000_000 + std::process::id());
    let model = ScriptedModel::replies([
        Reply::call(
            "run_command",
            json!({ "command": format!("sh -c 'sleep {length} & echo $! > child.pid; sleep 300'") }),
        ),
        Reply::text("It was stopped."),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (folder, id) = project(&engine, "").await;
    let mut collector = Collector::new(&engine.engine);
    let started = engine.start(say(&id, "Sleep")).await;
    wait_for(&mut collector, &started.session_id, |kind| {
        matches!(kind, EventKind::ToolStarted { .. })
    })
    .await;
    let patience = Instant::now() + Duration::from_secs(20);
    while !folder.exists("child.pid") || folder.read("child.pid").trim().is_empty() {
        assert!(
            Instant::now() < patience,
            "the command did not start its child"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Its number in there is another one than out here, and it may still be the shell's copy.
    let child = loop {
        if let Some(child) = sleeping(&length) {
            break child;
        }
        assert!(Instant::now() < patience, "the child never slept");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!(alive(child));

    engine
        .engine
        .call(calls::OperationCancel(OperationRef {
            operation_id: started.operation_id.clone(),
        }))
        .await
        .expect("cancelled");
    let events = collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");
    let (state, failure, _) = end(&events);
    assert_eq!(state, OperationState::Cancelled);
    assert_eq!(failure.map(|failure| failure.code), Some(Code::Cancelled));
    assert_eq!(results(&events).len(), 1);
    while alive(child) {
        assert!(Instant::now() < patience, "the command's child lives on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    // The history is whole: the next request is accepted.
    let (_, next) = engine
        .ask(say_in(&started.session_id, "What happened?"))
        .await;
    assert_eq!(completed(&next), "It was stopped.");
    model.assert_clean();
    check_laws(&engine.events(&started.session_id).await);
}

/// The process that sleeps so long.
fn sleeping(length: &str) -> Option<i32> {
    std::fs::read_dir("/proc")
        .ok()?
        .flatten()
        .find_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let words = std::fs::read(entry.path().join("cmdline")).ok()?;
            (words == format!("sleep\0{length}\0").as_bytes()).then_some(pid)
        })
}

/// Not gone and not a zombie that nobody collects.
fn alive(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .trim_start()
            .starts_with('Z')
    })
}

#[tokio::test]
async fn what_was_shown_before_a_cancellation_is_kept() {
    let model = ScriptedModel::replies([
        Reply::text("This much was shown.").gate_after_text("hold"),
        Reply::text("Going on."),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let mut collector = Collector::new(&engine.engine);
    let started = engine.start(say(&id, "Tell me")).await;
    model.wait_gate("hold").await;
    engine
        .engine
        .call(calls::OperationCancel(OperationRef {
            operation_id: started.operation_id.clone(),
        }))
        .await
        .expect("cancelled");
    let events = collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");
    assert_eq!(end(&events).0, OperationState::Cancelled);
    assert_eq!(messages(&events), [("This much was shown.", true, false)]);

    engine.ask(say_in(&started.session_id, "Go on")).await;
    model.assert_clean();
}

#[tokio::test]
async fn cancelling_twice_or_too_late_says_so() {
    let model = ScriptedModel::replies([Reply::text("done")]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let (started, _) = engine.ask(say(&id, "hi")).await;
    let late = engine
        .engine
        .call(calls::OperationCancel(OperationRef {
            operation_id: started.operation_id,
        }))
        .await;
    assert_eq!(late.expect_err("it is over").code, Code::Conflict);
    let unknown = engine
        .engine
        .call(calls::OperationCancel(OperationRef {
            operation_id: "op_none".into(),
        }))
        .await;
    assert_eq!(unknown.expect_err("there is none").code, Code::NotFound);
}

#[tokio::test]
async fn a_cancelled_operation_can_be_resumed() {
    let model = ScriptedModel::replies([
        Reply::text("x").gate("hold"),
        Reply::text("Now it is done."),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let mut collector = Collector::new(&engine.engine);
    let started = engine.start(say(&id, "Do it")).await;
    model.wait_gate("hold").await;
    let it = OperationRef {
        operation_id: started.operation_id.clone(),
    };
    engine
        .engine
        .call(calls::OperationCancel(it.clone()))
        .await
        .expect("cancelled");
    collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");
    let again = engine
        .engine
        .call(calls::OperationResume(resumed(&it.operation_id)))
        .await
        .expect("resumed");
    let events = collector
        .finished(&started.session_id, &again.operation_id)
        .await
        .expect("an end");
    assert_eq!(completed(&events), "Now it is done.");
    let done = engine
        .engine
        .call(calls::OperationResume(resumed(&again.operation_id)))
        .await;
    assert_eq!(done.expect_err("it completed").code, Code::Conflict);
    model.assert_clean();
}

#[tokio::test]
async fn shutdown_ends_what_runs() {
    let model = ScriptedModel::replies([Reply::call(
        "run_command",
        json!({ "command": "sleep 300" }),
    )]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let mut collector = Collector::new(&engine.engine);
    let started = engine.start(say(&id, "Sleep")).await;
    wait_for(&mut collector, &started.session_id, |kind| {
        matches!(kind, EventKind::ToolStarted { .. })
    })
    .await;
    engine.engine.shutdown().await;
    let events = engine.events(&started.session_id).await;
    check_laws(&events);
    assert_eq!(end(&events).0, OperationState::Cancelled);
}
