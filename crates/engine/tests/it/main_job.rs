//! Ask, read, edit, run, answer, undo, redo.

use mira_protocol::EventKind;
use mira_protocol::change::UndoRequest;
use mira_protocol::operation::{ApproveMode, StartOperation};
use mira_protocol::table::calls;
use mira_testkit::{Reply, ScriptedModel, TempProject, TestEngine};
use serde_json::json;

#[tokio::test]
async fn an_operation_reads_edits_runs_and_can_be_undone_and_redone() {
    let project =
        TempProject::new("-- src/lib.rs\npub fn one() -> u32 { 2 }\n-- README.md\n# Demo\n");
    let model = ScriptedModel::replies([
        Reply::call("read_project_file", json!({"path": "src/lib.rs"})),
        Reply::call(
            "edit_project_file",
            json!({"path": "src/lib.rs", "edits": [{"old": "{ 2 }", "new": "{ 1 }"}]}),
        ),
        Reply::call(
            "run_command",
            json!({"command": "echo built > out.txt && rm README.md"}),
        ),
        Reply::text("one() returns 1 now."),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let opened = engine.open(&project).await;
    let before = project.tree();

    let (started, events) = engine
        .ask(StartOperation {
            content: "Fix one()".into(),
            project_id: Some(opened.id),
            approve: ApproveMode::All,
            ..StartOperation::default()
        })
        .await;

    let Some(EventKind::OperationFinished {
        content,
        failure,
        changes,
        ..
    }) = events
        .iter()
        .map(|event| &event.kind)
        .find(|kind| matches!(kind, EventKind::OperationFinished { .. }))
    else {
        panic!("no terminal event in {events:#?}");
    };
    assert_eq!(failure.as_ref(), None);
    assert_eq!(content, "one() returns 1 now.");
    let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["README.md", "out.txt", "src/lib.rs"]);
    model.assert_clean();
    let after = project.tree();
    assert!(project.read("src/lib.rs").contains("{ 1 }"));

    let undo = UndoRequest {
        operation_id: Some(started.operation_id),
        ..UndoRequest::default()
    };
    let report = engine
        .engine
        .call(calls::OperationUndo(undo.clone()))
        .await
        .expect("undo");
    assert_eq!(report.conflicts, []);
    assert_eq!(project.tree(), before);

    engine
        .engine
        .call(calls::OperationRedo(undo))
        .await
        .expect("redo");
    assert_eq!(project.tree(), after);
}
