//! Checkpoints: merged per path, marked, and found again for undo and redo.

use mira_protocol::OperationId;
use mira_protocol::change::ReviewMark;
use mira_protocol::checkpoint::{CheckpointKind, ListCheckpoints};
use mira_store::{
    Checkpoint, CheckpointFile, FileBeforeAfter, PruneWhich, Restore, RowState, Scope, Step, Store,
};
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
            .record_changes(&self.checkpoint, &step(&self.checkpoint), &[file])
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

fn step(checkpoint: &Checkpoint) -> Step {
    Step {
        session_id: checkpoint.session_id.clone(),
        project_id: checkpoint.project_id.clone(),
        operation_id: Some(checkpoint.operation_id.clone()),
        call_id: Some("call_1".into()),
        kind: CheckpointKind::Write,
        title: "write".into(),
        at: checkpoint.created_at,
        not_covered: vec![],
        marks: None,
        journal: None,
    }
}

/// A restore of rows without files.
async fn set_rows(store: &Store, checkpoint: &Checkpoint, rows: Vec<RowState>, at: i64) {
    let step = Step {
        at,
        ..step(checkpoint)
    };
    let restore = Restore {
        step,
        files: vec![],
        rows,
    };
    let event = |_| mira_protocol::EventKind::Undone {
        operation_id: "op".into(),
        undone: true,
        paths: vec![],
    };
    store.record_restore(&restore, event).await.unwrap();
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
        on.store
            .record_changes(&checkpoint, &step(&checkpoint), &[])
            .await
            .unwrap();
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
    let row = RowState {
        operation_id: op.clone(),
        path: "a".into(),
        undone: false,
        standing: None,
        review: Some((ReviewMark::Pending, vec!["h2".into()], vec!["h1".into()])),
    };
    set_rows(&on.store, &on.checkpoint, vec![row], 1).await;
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
            .record_changes(&checkpoint, &step(&checkpoint), &[file("a"), file("b")])
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
        let row = |path: &&str| RowState {
            operation_id: id.into(),
            path: (*path).into(),
            undone,
            standing: None,
            review: None,
        };
        let rows = paths.iter().map(row).collect();
        set_rows(&on.store, &on.checkpoint, rows, at).await;
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

#[tokio::test]
async fn steps_are_listed_let_go_brought_back_and_given_up() {
    let on = Fixture::new().await;
    let entry = |hash: &str, size: u64| Some(json!({"hash": hash, "size": size, "kind": "file"}));
    let file = |path: &str, before: &str, after: &str| FileBeforeAfter {
        path: path.into(),
        before: entry(before, 10),
        after: entry(after, 20),
    };
    let folder = FileBeforeAfter {
        path: "made".into(),
        before: None,
        after: Some(json!({"hash": "e", "size": 0, "kind": "dir"})),
    };
    let mut ids = Vec::new();
    for files in [
        vec![file("a", "h1", "h2"), folder],
        vec![file("a", "h2", "h3"), file("b", "h1", "h4")],
    ] {
        let step = step(&on.checkpoint);
        let id = on.store.record_changes(&on.checkpoint, &step, &files).await;
        ids.push(id.unwrap());
    }
    let list = ListCheckpoints::default();
    let (steps, total) = on.store.steps(&list).await.unwrap();
    assert_eq!(total, 2);
    let shown: Vec<_> = steps
        .iter()
        .map(|step| (step.id, step.files, step.logical_bytes))
        .collect();
    assert_eq!(shown, [(ids[1], 2, 60), (ids[0], 1, 30)]);
    assert_eq!(steps[0].first_paths, ["a", "b"]);
    let search = ListCheckpoints {
        search: Some("B".into()),
        ..list.clone()
    };
    assert_eq!(on.store.steps(&search).await.unwrap().1, 1);
    let counts = on.store.step_counts().await.unwrap();
    assert_eq!(
        (counts.steps, counts.files, counts.logical_bytes),
        (2, 3, 90)
    );

    let live = async || {
        let mut live: Vec<_> = on.store.live_contents().await.unwrap();
        live.sort_by(|a, b| a.hash.cmp(&b.hash));
        live.into_iter()
            .map(|one| (one.hash, one.step))
            .collect::<Vec<_>>()
    };
    let of = |hash: &str, step: i64| (hash.to_owned(), step);
    let all = [
        of("e", ids[1]),
        of("h1", ids[1]),
        of("h2", ids[1]),
        of("h3", ids[1]),
        of("h4", ids[1]),
    ];
    assert_eq!(
        live().await,
        all,
        "the operation as a whole wants its first state too"
    );

    let both = PruneWhich::UpTo(ids[1]);
    assert_eq!(on.store.prune_steps(&both, 100).await.unwrap().len(), 2);
    assert_eq!(on.store.prune_steps(&both, 101).await.unwrap(), [0; 0]);
    assert_eq!(on.store.steps(&list).await.unwrap().1, 0);
    assert_eq!(
        on.store.unprune_steps(Some(&ids[..1])).await.unwrap(),
        ids[..1]
    );
    assert_eq!(
        on.store.give_up_steps(100, 102).await.unwrap(),
        0,
        "its time has not come"
    );
    assert_eq!(on.store.give_up_steps(101, 102).await.unwrap(), 1);
    assert_eq!(on.store.unprune_steps(None).await.unwrap(), [0; 0]);
    assert!(
        !on.store
            .is_given_up(&on.checkpoint.operation_id)
            .await
            .unwrap()
    );
    on.store
        .prune_steps(&PruneWhich::These(ids.clone()), 103)
        .await
        .unwrap();
    on.store.give_up_steps(104, 105).await.unwrap();
    assert!(
        on.store
            .is_given_up(&on.checkpoint.operation_id)
            .await
            .unwrap()
    );
    assert_eq!(live().await, []);
    assert_eq!(
        on.store.step(ids[0]).await.unwrap().1,
        [],
        "names of files go too"
    );
}
