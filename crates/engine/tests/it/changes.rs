//! What operations did to files: shown, reviewed, undone, redone.

use std::collections::BTreeMap;

use mira_protocol::change::ReviewMark::{self, Kept, Pending, Rejected};
use mira_protocol::change::{ChangeKind, ChangeSet, FileChange, Review, UndoReport, UndoRequest};
use mira_protocol::operation::{ApproveMode, OperationRef, OperationStarted, StartOperation};
use mira_protocol::table::calls;
use mira_protocol::{Code, EventKind, Failure, OperationId};
use mira_testkit::{Reply, ScriptedModel, TempProject, TestEngine};
use serde_json::json;

type Tree = BTreeMap<String, (u32, Vec<u8>)>;

/// A project whose operations write two files, make one in a new folder, and let a command
/// delete one, chmod one and make a folder.
struct On {
    engine: TestEngine,
    project: TempProject,
    model: ScriptedModel,
    project_id: mira_protocol::ProjectId,
}

impl On {
    async fn new() -> Self {
        let long: String = (1..=40).map(|n| format!("line {n}\r\n")).collect();
        let project = TempProject::new("-- a.txt\nold\n-- gone.txt\ngone\n-- run.sh\n#!/bin/sh\n");
        project.write("long.txt", long);
        let model = ScriptedModel::replies([]);
        let engine = TestEngine::with_model(&model).await;
        let project_id = engine.open(&project).await.id;
        Self {
            engine,
            project,
            model,
            project_id,
        }
    }

    async fn ask(&self, replies: Vec<Reply>) -> OperationStarted {
        self.model.then(replies);
        let request = StartOperation {
            content: "Go".into(),
            project_id: Some(self.project_id.clone()),
            approve: ApproveMode::All,
            ..StartOperation::default()
        };
        self.engine.ask(request).await.0
    }

    async fn work(&self) -> OperationStarted {
        let edits = json!([
            {"old": "line 2\n", "new": "line two\n"},
            {"old": "line 39\n", "new": "line 39\nline 39 and a half\n"},
        ]);
        self.ask(vec![
            Reply::call("edit_project_file", json!({"path": "long.txt", "edits": edits})),
            Reply::call("write_project_file", json!({"path": "a.txt", "content": "new\n"})),
            Reply::call("write_project_file", json!({"path": "made/deep/b.txt", "content": "b\n"})),
            Reply::call(
                "run_command",
                json!({"command": "rm gone.txt; chmod 755 run.sh; mkdir empty; printf '\\0\\1' > blob"}),
            ),
            Reply::text("Done."),
        ])
        .await
    }

    async fn changes(&self, id: &OperationId) -> ChangeSet {
        let of = OperationRef {
            operation_id: id.clone(),
        };
        self.engine
            .engine
            .call(calls::OperationChanges(of))
            .await
            .unwrap()
    }

    async fn review(
        &self,
        id: &OperationId,
        path: &str,
        hunk: Option<&str>,
        mark: ReviewMark,
    ) -> Result<FileChange, Failure> {
        let hunk = hunk.map(str::to_owned);
        let review = Review {
            operation_id: id.clone(),
            path: path.into(),
            hunk,
            mark,
            resolve: None,
        };
        let set = self
            .engine
            .engine
            .call(calls::OperationReview(review))
            .await?;
        Ok(file(&set, path).clone())
    }

    async fn undo(&self, request: UndoRequest) -> Result<UndoReport, Failure> {
        self.engine.engine.call(calls::OperationUndo(request)).await
    }

    async fn redo(&self, request: UndoRequest) -> Result<UndoReport, Failure> {
        self.engine.engine.call(calls::OperationRedo(request)).await
    }

    fn tree(&self) -> Tree {
        self.project.tree()
    }
}

fn file<'a>(set: &'a ChangeSet, path: &str) -> &'a FileChange {
    set.files
        .iter()
        .find(|file| file.summary.path == path)
        .unwrap()
}

fn of(id: &OperationId) -> UndoRequest {
    UndoRequest {
        operation_id: Some(id.clone()),
        ..UndoRequest::default()
    }
}

#[tokio::test]
async fn changes_of_tools_and_commands_are_shown_and_undone_together() {
    let on = On::new().await;
    let before = on.tree();
    let id = on.work().await.operation_id;
    let after = on.tree();
    let set = on.changes(&id).await;
    let kinds: Vec<_> = set
        .files
        .iter()
        .map(|file| (file.summary.path.as_str(), file.summary.change))
        .collect();
    assert_eq!(
        kinds,
        [
            ("a.txt", ChangeKind::Modified),
            ("blob", ChangeKind::Created),
            ("gone.txt", ChangeKind::Deleted),
            ("long.txt", ChangeKind::Modified),
            ("made/deep/b.txt", ChangeKind::Created),
            ("run.sh", ChangeKind::Mode),
        ]
    );
    let long = file(&set, "long.txt");
    assert_eq!(
        (
            long.hunks.len(),
            long.summary.additions,
            long.summary.deletions
        ),
        (2, 2, 1)
    );
    assert!(file(&set, "blob").summary.binary);
    assert_eq!(
        file(&set, "run.sh").mode_after.map(|mode| mode & 0o111),
        Some(0o111)
    );
    assert!(
        set.files
            .iter()
            .all(|file| !file.edited_since && !file.undone)
    );

    let report = on.undo(of(&id)).await.unwrap();
    assert_eq!((report.paths.len(), report.conflicts), (6, vec![]));
    assert_eq!(on.tree(), before, "folders that it made are gone too");
    assert!(on.changes(&id).await.undone);
    assert_eq!(on.undo(of(&id)).await.unwrap_err().code, Code::Conflict);
    on.redo(of(&id)).await.unwrap();
    assert_eq!(on.tree(), after);
    assert_eq!(on.redo(of(&id)).await.unwrap_err().code, Code::Conflict);
    let shown = on.changes(&id).await;
    assert!(
        shown
            .files
            .iter()
            .all(|file| !file.edited_since && !file.undone)
    );
}

#[tokio::test]
async fn a_rejected_hunk_is_not_on_disk_and_comes_back_when_kept() {
    let on = On::new().await;
    let original = on.project.read("long.txt");
    let started = on.work().await;
    let id = started.operation_id;
    let changed = on.project.read("long.txt");
    let hunks = file(&on.changes(&id).await, "long.txt").hunks.clone();
    let (first, second) = (hunks[0].id.as_str(), hunks[1].id.as_str());

    let shown = on
        .review(&id, "long.txt", Some(first), Rejected)
        .await
        .unwrap();
    let marks = |file: &FileChange| {
        (
            file.mark,
            file.hunks.iter().map(|hunk| hunk.mark).collect::<Vec<_>>(),
        )
    };
    assert_eq!(marks(&shown), (Pending, vec![Rejected, Pending]));
    assert_eq!(
        on.project.read("long.txt"),
        changed.replace("line two\r\n", "line 2\r\n")
    );
    assert!(!shown.edited_since);
    let shown = on
        .review(&id, "long.txt", Some(second), Kept)
        .await
        .unwrap();
    assert_eq!(marks(&shown), (Kept, vec![Rejected, Kept]));

    // Undo and redo bring back what the person left of it.
    let reviewed = on.tree();
    on.undo(of(&id)).await.unwrap();
    assert_eq!(on.project.read("long.txt"), original);
    let refused = on.review(&id, "long.txt", None, Kept).await.unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
    on.redo(of(&id)).await.unwrap();
    assert_eq!(on.tree(), reviewed);

    let shown = on
        .review(&id, "long.txt", Some(second), Rejected)
        .await
        .unwrap();
    assert_eq!(marks(&shown), (Rejected, vec![Rejected, Rejected]));
    assert_eq!(on.project.read("long.txt"), original);
    let shown = on
        .review(&id, "long.txt", Some(first), Pending)
        .await
        .unwrap();
    assert_eq!(marks(&shown), (Pending, vec![Pending, Rejected]));
    let shown = on.review(&id, "long.txt", None, Kept).await.unwrap();
    assert_eq!(marks(&shown), (Kept, vec![Kept, Kept]));
    assert_eq!(on.project.read("long.txt"), changed);
    let unknown = on
        .review(&id, "long.txt", Some("nothing"), Kept)
        .await
        .unwrap_err();
    assert_eq!(unknown.code, Code::NotFound);

    let events = on.engine.events(&started.session_id).await;
    let reviews = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Reviewed { .. }));
    assert_eq!(reviews.count(), 5);
    let undone = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Undone { .. }));
    assert_eq!(undone.count(), 2);
}

#[tokio::test]
async fn rejected_files_leave_the_disk_and_undo_passes_them() {
    let on = On::new().await;
    let before = on.tree();
    let id = on.work().await.operation_id;
    let after = on.tree();
    for path in [
        "made/deep/b.txt",
        "gone.txt",
        "run.sh",
        "blob",
        "a.txt",
        "long.txt",
    ] {
        let shown = on.review(&id, path, None, Rejected).await.unwrap();
        assert!(!shown.edited_since, "{path}");
    }
    assert!(
        !on.project.exists("made"),
        "the folders that it made are gone"
    );
    assert_eq!(on.project.read("gone.txt"), "gone\n");
    on.undo(of(&id)).await.unwrap();
    assert_eq!(on.tree(), before);
    on.redo(of(&id)).await.unwrap();
    assert_eq!(
        on.project.read("a.txt"),
        "old\n",
        "what was rejected stays rejected"
    );
    for path in [
        "made/deep/b.txt",
        "gone.txt",
        "run.sh",
        "blob",
        "a.txt",
        "long.txt",
    ] {
        on.review(&id, path, None, Pending).await.unwrap();
    }
    assert_eq!(on.tree(), after);
}

#[tokio::test]
async fn outside_edits_are_told_and_never_lost() {
    let on = On::new().await;
    let id = on.work().await.operation_id;
    on.project.write("a.txt", "mine\n");
    let set = on.changes(&id).await;
    assert!(file(&set, "a.txt").edited_since && !file(&set, "long.txt").edited_since);
    let refused = on.review(&id, "a.txt", None, Rejected).await.unwrap_err();
    assert_eq!(refused.code, Code::Conflict);

    let tree = on.tree();
    let report = on.undo(of(&id)).await.unwrap();
    assert_eq!(report.paths, Vec::<String>::new());
    assert_eq!(report.conflicts[0].path, "a.txt");
    assert_eq!(on.tree(), tree, "nothing is touched");
    assert!(!on.changes(&id).await.undone);

    let paths = |paths: &[&str]| UndoRequest {
        paths: Some(paths.iter().map(|path| (*path).to_owned()).collect()),
        ..of(&id)
    };
    let report = on
        .undo(paths(&["a.txt", "gone.txt", "made", "never"]))
        .await
        .unwrap();
    assert_eq!(report.paths, ["gone.txt", "made/deep/b.txt"]);
    let conflicts: Vec<_> = report
        .conflicts
        .iter()
        .map(|one| one.path.as_str())
        .collect();
    assert_eq!(conflicts, ["never", "a.txt"]);
    assert_eq!(on.project.read("a.txt"), "mine\n");
    let set = on.changes(&id).await;
    assert!(file(&set, "gone.txt").undone && !file(&set, "long.txt").undone && !set.undone);
    // The rest goes once the person has put the file back.
    on.project.write("a.txt", "new\n");
    on.undo(of(&id)).await.unwrap();
    assert!(on.changes(&id).await.undone);
    on.redo(of(&id)).await.unwrap();
    assert_eq!(on.project.read("made/deep/b.txt"), "b\n");
}

#[tokio::test]
async fn undo_goes_back_step_by_step_and_redo_forward() {
    let on = On::new().await;
    let mut states = vec![on.tree()];
    let mut session = None;
    for text in ["one\n", "two\n", "three\n"] {
        let write = json!({"path": "a.txt", "content": text});
        let started = on
            .ask(vec![
                Reply::call("write_project_file", write),
                Reply::text("Done."),
            ])
            .await;
        session = Some(started.session_id);
        states.push(on.tree());
    }
    let project = UndoRequest {
        project_path: Some(on.project.root().display().to_string()),
        ..UndoRequest::default()
    };
    for state in states.iter().rev().skip(1) {
        on.undo(project.clone()).await.unwrap();
        assert_eq!(on.tree(), *state);
    }
    assert_eq!(
        on.undo(project.clone()).await.unwrap_err().code,
        Code::NotFound
    );
    for state in &states[1..] {
        on.redo(project.clone()).await.unwrap();
        assert_eq!(on.tree(), *state);
    }
    assert_eq!(
        on.redo(project.clone()).await.unwrap_err().code,
        Code::NotFound
    );
    // A session undoes its own; an older one is in the way of nothing but itself.
    let own = UndoRequest {
        session_id: session,
        ..UndoRequest::default()
    };
    assert_eq!(on.undo(own).await.unwrap().paths, ["a.txt"]);
    assert_eq!(on.project.read("a.txt"), "two\n");

    let nothing = on.undo(UndoRequest::default()).await.unwrap_err();
    assert_eq!(nothing.code, Code::BadParams);
    let unknown = on.undo(of(&OperationId::new())).await.unwrap_err();
    assert_eq!(unknown.code, Code::NotFound);
    let idle = on.ask(vec![Reply::text("Nothing to do.")]).await;
    assert_eq!(on.changes(&idle.operation_id).await.files, []);
    assert_eq!(
        on.undo(of(&idle.operation_id)).await.unwrap_err().code,
        Code::NotFound
    );
}
