//! The demonstration plays by itself, without key or network, and does what it says.

use mira_protocol::EventKind;
use mira_protocol::approval::Decision;
use mira_protocol::change::UndoRequest;
use mira_protocol::operation::StartOperation;
use mira_protocol::system::Nothing;
use mira_protocol::table::calls;
use mira_testkit::{Collector, TestEngine, tree_of};

use crate::support::{check_laws, completed, results, say_in};

#[tokio::test]
async fn it_mends_a_real_fault_asks_once_and_can_be_undone() {
    let engine = TestEngine::tuned(None, |_| {}).await;
    let mut collector = Collector::new(&engine.engine);
    collector.decide(vec![Decision::Allow, Decision::Allow]);
    let demo = engine
        .engine
        .call(calls::DemoStart(Nothing {}))
        .await
        .expect("it starts");
    assert!(demo.note.contains("recorded"));
    let root = std::path::PathBuf::from(&demo.project.path);
    assert!(root.starts_with(engine.data_dir()));
    let before = tree_of(&root);
    let events = collector
        .finished(&demo.session_id, &demo.operation.operation_id)
        .await
        .expect("an end");
    let last_words = completed(&events);
    assert!(
        last_words.contains("Mended")
            && last_words.contains("recorded")
            && last_words.contains("Undo"),
        "{last_words}"
    );
    assert!(
        results(&events).iter().all(|(success, _)| *success),
        "{:#?}",
        results(&events)
    );
    assert!(
        results(&events)
            .iter()
            .any(|(_, output)| output.contains("all checks passed"))
    );
    let asked = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::ApprovalRequested { .. }))
        .count();
    assert_eq!(asked, 1);

    // One step more, and then both taken back.
    let more = StartOperation {
        model: Some("demo-instant".into()),
        ..say_in(&demo.session_id, "Please add a test.")
    };
    let (_, second) = engine.ask(more).await;
    assert!(completed(&second).contains("check passes"), "{second:#?}");
    for _ in 0..2 {
        let undo = UndoRequest {
            session_id: Some(demo.session_id.clone()),
            ..UndoRequest::default()
        };
        let report = engine
            .engine
            .call(calls::OperationUndo(undo))
            .await
            .expect("undone");
        assert_eq!(report.conflicts, []);
    }
    assert_eq!(tree_of(&root), before);
    check_laws(&engine.events(&demo.session_id).await);
}

#[tokio::test]
async fn a_denied_approval_and_an_unexpected_question_are_answered_in_words() {
    let engine = TestEngine::tuned(None, |_| {}).await;
    let mut collector = Collector::new(&engine.engine);
    collector.decide(vec![Decision::Deny]);
    let demo = engine
        .engine
        .call(calls::DemoStart(Nothing {}))
        .await
        .expect("it starts");
    let events = collector
        .finished(&demo.session_id, &demo.operation.operation_id)
        .await
        .expect("an end");
    assert!(completed(&events).contains("not tested"));
    let other = StartOperation {
        model: Some("demo-instant".into()),
        ..say_in(&demo.session_id, "What is the weather?")
    };
    assert!(completed(&engine.ask(other).await.1).contains("recording"));
    let again = engine
        .engine
        .call(calls::DemoStart(Nothing {}))
        .await
        .expect("it starts again");
    assert_ne!(again.project.path, demo.project.path);
}
