//! What a review reads besides the changes: contents, moves, whole sessions, git, remarks, and
//! the person's editor.

use mira_protocol::change::ReviewMark::{Kept, Pending, Rejected};
use mira_protocol::change::{ChangeKind, ChangeSet, FileKind, Review, SessionChanges, UndoRequest};
use mira_protocol::comment::{
    AddComment, CommentRef, EditComment, ListComments, SendComments, Side,
};
use mira_protocol::git::GitDiff;
use mira_protocol::operation::{OperationRef, OperationStarted, StartOperation};
use mira_protocol::project::{FileVersion, OpenInEditor, ReadBlob, ReadFile};
use mira_protocol::session::SessionRef;
use mira_protocol::system::Nothing;
use mira_protocol::table::calls;
use mira_protocol::{Code, OperationId, ProjectId, SessionId};
use mira_testkit::{Reply, ScriptedModel, TempProject, TestEngine};
use serde_json::json;

use crate::support::{restarted, say, say_in};

const PNG: &str = "\\x89PNG\\r\\n\\x1a\\n\\x00";

struct On {
    engine: TestEngine,
    model: ScriptedModel,
    project: TempProject,
    id: ProjectId,
}

impl On {
    async fn new(fixture: &str) -> Self {
        let project = TempProject::new(fixture).with_git();
        let model = ScriptedModel::replies([]);
        let engine = TestEngine::with_model(&model).await;
        let id = engine.open(&project).await.id;
        Self {
            engine,
            model,
            project,
            id,
        }
    }

    async fn run(&self, session: Option<&SessionId>, command: &str) -> OperationStarted {
        let args = json!({ "command": command });
        self.model
            .then([Reply::call("run_command", args), Reply::text("Done.")]);
        let ask = match session {
            Some(session) => say_in(session, "Go on"),
            None => say(&self.id, "Go"),
        };
        self.engine.ask(ask).await.0
    }

    async fn changes(&self, id: &OperationId) -> ChangeSet {
        let of = OperationRef {
            operation_id: id.clone(),
        };
        let call = calls::OperationChanges(of);
        self.engine.engine.call(call).await.unwrap()
    }

    async fn session(&self, id: &SessionId) -> SessionChanges {
        let session_id = id.clone();
        let call = calls::SessionChanges(SessionRef { session_id });
        self.engine.engine.call(call).await.unwrap()
    }

    async fn read(&self, path: &str, version: FileVersion) -> Result<String, Code> {
        let read = ReadFile {
            project_id: self.id.clone(),
            path: path.into(),
            offset: None,
            limit: None,
            version: Some(version),
        };
        let read = self.engine.engine.call(calls::FileRead(read)).await;
        read.map(|page| page.text).map_err(|failure| failure.code)
    }
}

#[tokio::test]
async fn contents_before_and_after_are_read_by_lines_and_whole() {
    let on = On::new("-- a.txt\none\ntwo\nthree\n").await;
    let command = format!(
        "printf 'one\\nTWO\\nthree\\n' > a.txt; printf '{PNG}' > dot.png; ln -s a.txt link"
    );
    let id = on.run(None, &command).await.operation_id;
    on.project.write("a.txt", "mine\n");
    let before = FileVersion::Before {
        operation_id: id.clone(),
    };
    let after = FileVersion::After {
        operation_id: id.clone(),
    };
    let text = "one\ntwo\nthree\n";
    assert_eq!(on.read("a.txt", before.clone()).await.unwrap(), text);
    assert_eq!(on.read("a.txt", FileVersion::Head).await.unwrap(), text);
    assert_eq!(
        on.read("a.txt", after.clone()).await.unwrap(),
        "one\nTWO\nthree\n"
    );
    assert_eq!(on.read("a.txt", FileVersion::Disk).await.unwrap(), "mine\n");
    assert_eq!(on.read("dot.png", before).await, Err(Code::NotFound));
    assert_eq!(
        on.read("../../etc/passwd", after.clone()).await,
        Err(Code::NotFound)
    );
    assert!(on.read("../x", FileVersion::Head).await.is_err());

    let blob = ReadBlob {
        project_id: on.id.clone(),
        path: "dot.png".into(),
        version: Some(after.clone()),
    };
    let blob = on.engine.engine.call(calls::FileBlob(blob)).await.unwrap();
    assert_eq!(
        (blob.media_type.as_str(), blob.size_bytes),
        ("image/png", 9)
    );
    assert_eq!(blob.data_base64.as_deref(), Some("iVBORw0KGgoA"));
    on.project.write("large.bin", vec![0_u8; 9 * 1024 * 1024]);
    let large = ReadBlob {
        project_id: on.id.clone(),
        path: "large.bin".into(),
        version: None,
    };
    let large = on.engine.engine.call(calls::FileBlob(large)).await.unwrap();
    assert_eq!(
        (large.data_base64, large.size_bytes),
        (None, 9 * 1024 * 1024)
    );

    let set = on.changes(&id).await;
    let of = |path: &str| {
        let file = set.files.iter().find(|file| file.summary.path == path);
        file.unwrap().clone()
    };
    let state = of("dot.png").after.unwrap();
    assert_eq!(state.image.as_deref(), Some("image/png"));
    assert_eq!(state.hash, Some(blob.hash));
    assert_eq!(of("a.txt").before.unwrap().lines, Some(3));
    let link = of("link").after.unwrap();
    assert_eq!(
        (link.kind, link.target.as_deref()),
        (FileKind::Symlink, Some("a.txt"))
    );

    // Another project learns nothing of them.
    let other = TempProject::new("");
    let stranger = ReadFile {
        project_id: on.engine.open(&other).await.id,
        path: "a.txt".into(),
        offset: None,
        limit: None,
        version: Some(after),
    };
    let refused = on.engine.engine.call(calls::FileRead(stranger)).await;
    assert_eq!(refused.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn a_moved_file_is_shown_as_one_with_its_edits_only() {
    let lines: String = (1..=20).map(|n| format!("line {n}\n")).collect();
    let on = On::new(&format!("-- old.txt\n{lines}-- same.txt\nthe same\n")).await;
    let command = "mkdir lib; mv old.txt lib/new.txt; sed -i 's/line 9$/line nine/' lib/new.txt; mv same.txt moved.txt";
    let id = on.run(None, command).await.operation_id;
    let set = on.changes(&id).await;
    let of = |set: &ChangeSet, path: &str| {
        let file = set.files.iter().find(|file| file.summary.path == path);
        file.unwrap().clone()
    };
    let new = of(&set, "lib/new.txt");
    assert_eq!(new.renamed_from.as_deref(), Some("old.txt"));
    assert_eq!((new.summary.additions, new.summary.deletions), (1, 1));
    assert_eq!(new.hunks.len(), 1);
    assert_eq!(
        of(&set, "old.txt").renamed_to.as_deref(),
        Some("lib/new.txt")
    );
    let moved = of(&set, "moved.txt");
    assert_eq!(moved.renamed_from.as_deref(), Some("same.txt"));
    assert!(moved.hunks.is_empty());

    // Rejecting the only edit leaves the move; rejecting both files takes the move back.
    let review = async |path: &str, hunk: Option<String>, mark| {
        let review = Review {
            operation_id: id.clone(),
            path: path.into(),
            hunk,
            mark,
            resolve: None,
        };
        let call = calls::OperationReview(review);
        on.engine.engine.call(call).await.unwrap()
    };
    let hunk = Some(new.hunks[0].id.clone());
    let set = review("lib/new.txt", hunk.clone(), Rejected).await;
    assert_eq!(of(&set, "lib/new.txt").hunks[0].mark, Rejected);
    assert!(!of(&set, "lib/new.txt").edited_since);
    assert_eq!(on.project.read("lib/new.txt"), lines);
    review("lib/new.txt", hunk, Pending).await;
    assert!(on.project.read("lib/new.txt").contains("line nine"));
    review("lib/new.txt", None, Rejected).await;
    review("old.txt", None, Rejected).await;
    assert!(!on.project.exists("lib/new.txt"));
    assert_eq!(on.project.read("old.txt"), lines);
}

#[tokio::test]
async fn a_session_s_operations_are_reviewed_together() {
    let on = On::new("-- a.txt\n1\n2\n3\n-- b.txt\nb\n-- c.txt\nc\n").await;
    let first = on
        .run(
            None,
            "printf '1\\ntwo\\n3\\n' > a.txt; echo new > d.txt; echo x > c.txt",
        )
        .await;
    let session = first.session_id.clone();
    let second = on
        .run(
            Some(&session),
            "printf '1\\ntwo\\nthree\\n' > a.txt; echo B > b.txt; rm d.txt; echo c > c.txt",
        )
        .await;
    let all = on.session(&session).await;
    assert_eq!(all.operations.len(), 2);
    assert_eq!(all.operations[0].message, "Go");
    let paths: Vec<_> = all
        .files
        .iter()
        .map(|file| (file.file.summary.path.as_str(), file.operations.len()))
        .collect();
    // c.txt and d.txt are as they were when the session began.
    assert_eq!(paths, [("a.txt", 2), ("b.txt", 1)]);
    let a = &all.files[0].file;
    assert_eq!((a.summary.additions, a.summary.deletions), (2, 2));
    assert_eq!((a.mark, a.edited_since), (Pending, false));
    let b = &all.files[1];
    assert_eq!(b.operations, std::slice::from_ref(&second.operation_id));
    let own = on.changes(&second.operation_id).await;
    let own = own.files.iter().find(|file| file.summary.path == "b.txt");
    assert_eq!(own.unwrap().hunks[0].id, b.file.hunks[0].id);

    for id in [&first.operation_id, &second.operation_id] {
        let keep = Review {
            operation_id: id.clone(),
            path: "a.txt".into(),
            hunk: None,
            mark: Kept,
            resolve: None,
        };
        let call = calls::OperationReview(keep);
        on.engine.engine.call(call).await.unwrap();
    }
    assert_eq!(on.session(&session).await.files[0].file.mark, Kept);
    for (id, left) in [(&second.operation_id, 1), (&first.operation_id, 0)] {
        let reject = Review {
            operation_id: id.clone(),
            path: "a.txt".into(),
            hunk: None,
            mark: Rejected,
            resolve: None,
        };
        let call = calls::OperationReview(reject);
        on.engine.engine.call(call).await.unwrap();
        let all = on.session(&session).await;
        let mut files = all.files.iter();
        let a = files.find(|file| file.file.summary.path == "a.txt");
        assert_eq!(a.map_or(0, |a| a.file.summary.additions), left);
        assert!(a.is_none_or(|a| !a.file.edited_since));
    }
    assert_eq!(on.project.read("a.txt"), "1\n2\n3\n");
    for id in [&first.operation_id, &second.operation_id] {
        let again = Review {
            operation_id: id.clone(),
            path: "a.txt".into(),
            hunk: None,
            mark: Pending,
            resolve: None,
        };
        let call = calls::OperationReview(again);
        on.engine.engine.call(call).await.unwrap();
    }
    let undo = UndoRequest {
        operation_id: Some(second.operation_id),
        ..UndoRequest::default()
    };
    let call = calls::OperationUndo(undo);
    on.engine.engine.call(call).await.unwrap();
    let all = on.session(&session).await;
    assert!(all.operations[1].undone);
    let paths: Vec<_> = all
        .files
        .iter()
        .map(|file| file.file.summary.path.as_str())
        .collect();
    assert_eq!(paths, ["a.txt", "c.txt", "d.txt"]);
}

#[tokio::test]
async fn uncommitted_changes_have_hunks_states_and_moves() {
    let lines: String = (1..=20).map(|n| format!("line {n}\n")).collect();
    let on = On::new(&format!(
        "-- a.txt\nold\n-- gone.txt\ngone\n-- was.txt\n{lines}"
    ))
    .await;
    on.project.write("a.txt", "new\n");
    on.project.write("untracked.txt", "u\n");
    on.project.write("dot.png", b"\x89PNG\r\n\x1a\n\0");
    std::fs::rename(on.project.path("was.txt"), on.project.path("is.txt")).unwrap();
    std::fs::remove_file(on.project.path("gone.txt")).unwrap();
    let request = GitDiff {
        project_id: on.id.clone(),
        target: None,
        base: None,
        commit: None,
        path: None,
    };
    let call = calls::GitChanges(request);
    let changes = on.engine.engine.call(call).await.unwrap();
    assert!(!changes.truncated);
    let seen: Vec<_> = changes
        .files
        .iter()
        .map(|file| {
            let from = file.renamed_from.as_deref();
            (file.summary.path.as_str(), file.summary.change, from)
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("a.txt", ChangeKind::Modified, None),
            ("dot.png", ChangeKind::Created, None),
            ("gone.txt", ChangeKind::Deleted, None),
            ("is.txt", ChangeKind::Modified, Some("was.txt")),
            ("untracked.txt", ChangeKind::Created, None),
        ]
    );
    assert_eq!(changes.files[0].hunks[0].lines.len(), 2);
    let dot = changes.files[1].after.as_ref().unwrap();
    assert_eq!(dot.image.as_deref(), Some("image/png"));
    assert!(changes.files[3].hunks.is_empty());

    let plain = TempProject::new("");
    let request = GitDiff {
        project_id: on.engine.open(&plain).await.id,
        target: None,
        base: None,
        commit: None,
        path: None,
    };
    let refused = on.engine.engine.call(calls::GitChanges(request)).await;
    assert_eq!(refused.unwrap_err().code, Code::Conflict);
}

#[tokio::test]
async fn remarks_wait_across_a_restart_and_go_as_one_message() {
    let project = TempProject::new("-- a.txt\nold\n");
    let model = ScriptedModel::replies([
        Reply::call(
            "write_project_file",
            json!({"path": "a.txt", "content": "new\n"}),
        ),
        Reply::text("Done."),
    ]);
    let on = TestEngine::with_model(&model).await;
    let id = on.open(&project).await.id;
    let started = on.ask(say(&id, "Go")).await.0;
    let session_id = started.session_id.clone();
    let add = |path: &str, line: u32, side: Side, quote: &str, text: &str| AddComment {
        session_id: session_id.clone(),
        operation_id: Some(started.operation_id.clone()),
        path: path.into(),
        side,
        line,
        end_line: None,
        quote: quote.into(),
        text: text.into(),
    };
    let first = on
        .engine
        .call(calls::CommentAdd(add(
            "a.txt",
            1,
            Side::After,
            "new",
            "Wy?",
        )))
        .await
        .unwrap();
    let gone = add("b.txt", 9, Side::Before, "", "Nothing.");
    let gone = on.engine.call(calls::CommentAdd(gone)).await.unwrap();
    let removed = CommentRef {
        comment_id: gone.id.clone(),
    };
    let call = calls::CommentRemove(removed.clone());
    on.engine.call(call).await.unwrap();
    let again = on.engine.call(calls::CommentRemove(removed)).await;
    assert_eq!(again.unwrap_err().code, Code::NotFound);
    for (line, text) in [(0, "x"), (1, " ")] {
        let bad = add("a.txt", line, Side::After, "", text);
        let refused = on.engine.call(calls::CommentAdd(bad)).await;
        assert_eq!(refused.unwrap_err().code, Code::BadParams);
    }
    let edit = EditComment {
        comment_id: first.id.clone(),
        text: "Why?".into(),
    };
    on.engine.call(calls::CommentEdit(edit)).await.unwrap();
    let on = restarted(on, &model).await;
    let list = ListComments {
        session_id: session_id.clone(),
    };
    let waiting = on.engine.call(calls::CommentList(list.clone())).await;
    let waiting = waiting.unwrap().comments;
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (waiting[0].id.clone(), waiting[0].text.as_str()),
        (first.id, "Why?")
    );

    model.then([Reply::text("Because.").when_user("Why?")]);
    let send = SendComments {
        session_id: session_id.clone(),
        start: StartOperation {
            content: "Please:".into(),
            ..StartOperation::default()
        },
    };
    let mut collector = mira_testkit::Collector::new(&on.engine);
    let sent = on.engine.call(calls::CommentSend(send.clone())).await;
    let sent = sent.unwrap();
    assert_eq!(sent.session_id, session_id);
    collector
        .finished(&sent.session_id, &sent.operation_id)
        .await
        .unwrap();
    let last = model.turns().pop().unwrap();
    assert_eq!(
        last.last_user(),
        "Please:\n\nA comment from the review:\n\na.txt:1\n> new\nWhy?"
    );
    let left = on.engine.call(calls::CommentList(list)).await.unwrap();
    assert!(left.comments.is_empty());
    let nothing = on.engine.call(calls::CommentSend(send)).await;
    assert_eq!(nothing.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn the_editor_is_started_with_the_line_and_without_keys() {
    let project = TempProject::new("-- src/a b.rs\nfn main() {}\n");
    let told = project.path("told.txt");
    let script = project.path("my editor");
    let text = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" \"key=$OPENAI_API_KEY\" > '{0}.part' && mv '{0}.part' '{0}'\n",
        told.display()
    );
    std::fs::write(&script, text).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&script, mode).unwrap();
    let own = format!("'{}' --at {{line}}:{{column}} {{file}}", script.display());
    let on = TestEngine::tuned(None, |settings| settings.editor = Some(own)).await;
    let id = on.open(&project).await.id;
    let list = on.engine.call(calls::EditorList(Nothing {})).await.unwrap();
    assert_eq!(list.problem, None);
    assert_eq!(list.editors[0].source, "MIRA_EDITOR");
    let open = |path: &str| {
        calls::EditorOpen(OpenInEditor {
            project_id: id.clone(),
            path: path.into(),
            line: Some(7),
            column: None,
        })
    };
    let opened = on.engine.call(open("src/a b.rs")).await.unwrap();
    assert_eq!(opened.name, "my editor");
    let file = project.path("src/a b.rs");
    assert_eq!(
        std::fs::read_to_string(&told).unwrap(),
        format!("--at\n7:1\n{}\nkey=\n", file.display())
    );
    for path in ["src", "missing.rs", "../outside"] {
        assert!(on.engine.call(open(path)).await.is_err(), "{path}");
    }
    let on = TestEngine::tuned(None, |settings| {
        settings.editor = Some("no-such-editor".into())
    })
    .await;
    let id = on.open(&project).await.id;
    let open = calls::EditorOpen(OpenInEditor {
        project_id: id,
        path: "src/a b.rs".into(),
        line: None,
        column: None,
    });
    let failure = on.engine.call(open).await.unwrap_err();
    assert!(failure.message.contains("no-such-editor") && failure.hint.is_some());
}
