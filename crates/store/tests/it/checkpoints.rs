//! Checkpoints: merged per path, marked, and found again for undo and redo.

use mira_protocol::OperationId;
use mira_protocol::change::ReviewMark;
use mira_store::{Checkpoint, CheckpointFile, FileBeforeAfter, Scope, Store};
use serde_json::json;

use crate::support::*;

struct Fixture {
    store: Store,
    checkpoint: Checkpoint,
}

impl Fixture {
    async fn new() -> Self {
        let store = Store::in_memory().await.unwrap();
        let ses = session(&store, "ses_a", None).await;
        let operation_id = operation(&store, &ses, "op_1", 1).await;
        let checkpoint = Checkpoint {
            operation_id,
            session_id: ses,
            project_id: None,
            created_at: 1,
            not_covered: Vec::new(),
        };
        Self { store, checkpoint }
    }

    /// Entries are numbers here; 0 stands for "no file".
    async fn record(&self, path: &str, before: u32, after: u32) {
        let entry = |number: u32| (number > 0).then(|| json!({ "hash": number }));
        let file = FileBeforeAfter {
            path: path.into(),
            before: entry(before),
            after: entry(after),
        };
        self.store
            .record_changes(&self.checkpoint, &[file])
            .await
            .unwrap();
    }

    async fn files(&self) -> Vec<(String, u64, u64)> {
        let number = |entry: Option<serde_json::Value>| {
            entry.and_then(|entry| entry["hash"].as_u64()).unwrap_or(0)
        };
        let found = self
            .store
            .checkpoint(&self.checkpoint.operation_id)
            .await
            .unwrap();
        let (_, files) = found.unwrap();
        files
            .into_iter()
            .map(|file| (file.path, number(file.before), number(file.after)))
            .collect()
    }
}

#[tokio::test]
async fn the_first_before_and_the_last_after_stay() {
    let on = Fixture::new().await;
    assert_eq!(
        on.store
            .checkpoint(&on.checkpoint.operation_id)
            .await
            .unwrap(),
        None
    );
    on.record("a", 1, 2).await;
    on.record("a", 2, 3).await;
    on.record("new", 0, 7).await;
    on.record("gone", 4, 0).await;
    let expected = [
        ("a".into(), 1, 3),
        ("gone".into(), 4, 0),
        ("new".into(), 0, 7),
    ];
    assert_eq!(on.files().await, expected);
    // Back to where it was: no change any more.
    on.record("a", 3, 1).await;
    on.record("new", 7, 0).await;
    assert_eq!(on.files().await, [("gone".into(), 4, 0)]);
}

#[tokio::test]
async fn what_is_not_covered_is_told_once() {
    let on = Fixture::new().await;
    for lines in [vec!["target/"], vec!["target/", "big.bin"], vec![]] {
        let checkpoint = Checkpoint {
            not_covered: lines.into_iter().map(str::to_owned).collect(),
            ..on.checkpoint.clone()
        };
        on.store.record_changes(&checkpoint, &[]).await.unwrap();
    }
    let (checkpoint, _) = on
        .store
        .checkpoint(&on.checkpoint.operation_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(checkpoint.not_covered, ["target/", "big.bin"]);
}

#[tokio::test]
async fn marks_stay_until_the_file_changes_again() {
    let on = Fixture::new().await;
    let op = &on.checkpoint.operation_id;
    on.record("a", 1, 2).await;
    on.store
        .mark_file(op, "a", ReviewMark::Pending, &["h2".into()], &["h1".into()])
        .await
        .unwrap();
    let mark = async || {
        let (_, files) = on.store.checkpoint(op).await.unwrap().unwrap();
        let CheckpointFile {
            mark,
            kept_hunks,
            rejected_hunks,
            ..
        } = files[0].clone();
        (mark, kept_hunks, rejected_hunks)
    };
    let marked = (
        ReviewMark::Pending,
        vec!["h2".to_owned()],
        vec!["h1".to_owned()],
    );
    assert_eq!(mark().await, marked);
    on.record("a", 2, 3).await;
    assert_eq!(mark().await, (ReviewMark::Pending, vec![], vec![]));
    on.store
        .mark_file(op, "elsewhere", ReviewMark::Kept, &[], &[])
        .await
        .unwrap_err();
}

#[tokio::test]
async fn undo_goes_back_from_the_newest_and_redo_comes_forward_again() {
    let on = Fixture::new().await;
    let ses = on.checkpoint.session_id.clone();
    let project = on.store.open_project("/p", "p", 1).await.unwrap().id;
    for (id, at) in [("op_2", 2), ("op_3", 3)] {
        let operation_id = operation(&on.store, &ses, id, at).await;
        let checkpoint = Checkpoint {
            operation_id,
            created_at: at,
            project_id: Some(project.clone()),
            ..on.checkpoint.clone()
        };
        let file = |path: &str| FileBeforeAfter {
            path: path.into(),
            before: None,
            after: Some(json!(at)),
        };
        on.store
            .record_changes(&checkpoint, &[file("a"), file("b")])
            .await
            .unwrap();
    }
    on.record("a", 1, 2).await;
    let next = async |scope: &Scope| {
        let text = |id: Option<OperationId>| id.map(|id| id.0).unwrap_or_default();
        let undo = on.store.next_undo(scope).await.unwrap();
        let redo = on.store.next_redo(scope).await.unwrap();
        (text(undo), text(redo))
    };
    let set = async |id: &str, paths: &[&str], undone: bool, at: i64| {
        let paths: Vec<_> = paths.iter().map(|&path| path.to_owned()).collect();
        on.store
            .set_files_undone(&id.into(), &paths, undone, at)
            .await
            .unwrap();
    };
    let here = Scope::Session(ses.clone());
    let there = Scope::Project(project);
    assert_eq!(next(&here).await, ("op_3".into(), String::new()));
    set("op_3", &["a", "b"], true, 10).await;
    assert_eq!(next(&here).await, ("op_2".into(), "op_3".into()));
    assert!(
        on.store
            .operation(&"op_3".into())
            .await
            .unwrap()
            .operation
            .undone
    );
    // One file of two: still in force, and still something to redo.
    set("op_2", &["a"], true, 11).await;
    assert_eq!(next(&there).await, ("op_2".into(), "op_2".into()));
    assert!(
        !on.store
            .operation(&"op_2".into())
            .await
            .unwrap()
            .operation
            .undone
    );
    set("op_2", &["b"], true, 12).await;
    assert_eq!(next(&here).await, ("op_1".into(), "op_2".into()));
    assert_eq!(next(&there).await, (String::new(), "op_2".into()));
    set("op_2", &["a", "b"], false, 13).await;
    assert_eq!(next(&here).await, ("op_2".into(), "op_3".into()));
    set("op_3", &["a", "b"], false, 14).await;
    assert_eq!(next(&here).await, ("op_3".into(), String::new()));
}
