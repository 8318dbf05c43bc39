//! Messages while something runs: into it, or behind it.

use mira_protocol::Code;
use mira_protocol::operation::{OperationRef, Steer};
use mira_protocol::table::calls;
use mira_testkit::{Collector, Entry, Reply, ScriptedModel, TestEngine};
use serde_json::json;

use crate::support::{check_laws, completed, end, project, say, say_in};

#[tokio::test]
async fn a_message_into_a_running_operation_is_told_between_two_requests() {
    let model = ScriptedModel::replies([
        Reply::call("list_project_files", json!({})).gate("first"),
        Reply::text("With your remark in mind."),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "-- a.txt\nx\n").await;
    let mut collector = Collector::new(&engine.engine);
    let started = engine.start(say(&id, "Look around")).await;
    model.wait_gate("first").await;
    let steer = Steer {
        operation_id: started.operation_id.clone(),
        content: "mind the tests".into(),
    };
    engine
        .engine
        .call(calls::OperationSteer(steer))
        .await
        .expect("told");
    model.release("first");
    let events = collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");
    assert_eq!(completed(&events), "With your remark in mind.");

    // Call, result, remark: never the remark between call and result.
    let second = model.turns().pop().expect("a second prompt");
    let tail = &second.entries[second.entries.len() - 3..];
    assert!(
        matches!(tail, [Entry::Call { .. }, Entry::Output { .. }, Entry::User(text)] if text.contains("mind the tests")),
        "{tail:#?}"
    );
    model.assert_clean();
    check_laws(&engine.events(&started.session_id).await);
}

#[tokio::test]
async fn a_remark_during_the_last_words_gets_an_answer_of_its_own() {
    let model = ScriptedModel::replies([
        Reply::text("I am done.").gate_after_text("end"),
        Reply::text("And that too."),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let mut collector = Collector::new(&engine.engine);
    let started = engine.start(say(&id, "Do it")).await;
    model.wait_gate("end").await;
    let steer = Steer {
        operation_id: started.operation_id.clone(),
        content: "one more thing".into(),
    };
    engine
        .engine
        .call(calls::OperationSteer(steer))
        .await
        .expect("told");
    model.release("end");
    let events = collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");
    assert_eq!(completed(&events), "And that too.");
    model.assert_clean();
}

#[tokio::test]
async fn steering_what_is_over_is_refused() {
    let model = ScriptedModel::replies([Reply::text("done")]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let (started, _) = engine.ask(say(&id, "hi")).await;
    let steer = Steer {
        operation_id: started.operation_id,
        content: "late".into(),
    };
    assert_eq!(
        engine
            .engine
            .call(calls::OperationSteer(steer))
            .await
            .expect_err("over")
            .code,
        Code::Conflict
    );
}

#[tokio::test]
async fn messages_queue_behind_each_other_and_run_in_order() {
    let model = ScriptedModel::replies([
        Reply::text("one").gate("hold"),
        Reply::text("two"),
        Reply::text("four"),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let mut collector = Collector::new(&engine.engine);
    let first = engine.start(say(&id, "first")).await;
    model.wait_gate("hold").await;
    let second = engine.start(say_in(&first.session_id, "second")).await;
    let third = engine.start(say_in(&first.session_id, "third")).await;
    let fourth = engine.start(say_in(&first.session_id, "fourth")).await;
    assert_eq!(
        (first.queued, second.queued, fourth.queued),
        (false, true, true)
    );
    // Cancelled while it waits: never told.
    engine
        .engine
        .call(calls::OperationCancel(OperationRef {
            operation_id: third.operation_id.clone(),
        }))
        .await
        .expect("taken out");
    model.release("hold");
    let last = collector
        .finished(&first.session_id, &fourth.operation_id)
        .await
        .expect("an end");
    assert_eq!(end(&last).2, "four");

    let told: Vec<String> = model
        .turns()
        .iter()
        .map(|turn| turn.last_user().to_owned())
        .collect();
    for (text, wanted) in told.iter().zip(["first", "second", "fourth"]) {
        assert!(text.contains(wanted), "{told:?}");
    }
    assert!(!model.turns().iter().any(|turn| {
        turn.entries
            .iter()
            .any(|e| matches!(e, Entry::User(t) if t.contains("third")))
    }));
    model.assert_clean();
    check_laws(&engine.events(&first.session_id).await);
}

#[tokio::test]
async fn sessions_do_not_wait_for_each_other() {
    let model = ScriptedModel::replies([
        Reply::text("slow").when_user("slow").gate("hold"),
        Reply::text("quick").when_user("quick"),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let mut collector = Collector::new(&engine.engine);
    let slow = engine.start(say(&id, "slow one")).await;
    model.wait_gate("hold").await;
    let (_, quick) = engine.ask(say(&id, "quick one")).await;
    assert_eq!(completed(&quick), "quick");
    model.release("hold");
    let events = collector
        .finished(&slow.session_id, &slow.operation_id)
        .await
        .expect("an end");
    assert_eq!(completed(&events), "slow");
}
